"""Makes texts plain: no tags, entities or control characters. Pure.

What a strict sanitiser (nh3) makes of a text is the measure. It parses every text as a browser
would, which takes most of the time of reading a feed; so texts whose mark-up leaves no doubt are
made plain by patterns, with the same result.
"""

from __future__ import annotations

import html
import re
from itertools import islice

import nh3

# Before markup is removed: bounds the work, not the text.
MAX_MARKUP = 200_000
MAX_TAGS = 2_000

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")

_BLOCKS = "p|br|div|li|ul|ol|h[1-6]|blockquote"
# Elements that neither reorder nor hide text, whatever they stand in. Tables and <pre> do.
_OTHERS = (
    "a|abbr|article|aside|b|big|center|cite|code|del|dfn|em|figcaption|figure|font|footer|header"
    "|hr|i|img|ins|kbd|main|mark|picture|q|s|samp|section|small|span|strike|strong|sub|sup|time|u"
    "|var"
)
# An attribute as it should be: a quote left open would swallow text up to the next one.
_ATTRIBUTE = (
    r"[ \t\n]++[A-Za-z_:][\w:.\-]*+"
    r"(?:[ \t\n]*+=[ \t\n]*+(?:\"[^\"<>]*+\"|'[^'<>]*+'|[^ \t\n\"'=<>`/]++))?+"
)
_SIMPLE_BLOCK = re.compile(rf"</?(?:{_BLOCKS})(?:{_ATTRIBUTE})*+[ \t\n]*+/?>", re.I | re.A)
_SIMPLE_TAG = re.compile(rf"</?(?:{_OTHERS})(?:{_ATTRIBUTE})*+[ \t\n]*+/?>", re.I | re.A)
# References that every reader of HTML takes for the same, and an "&" that every one takes for
# itself; the rest are for the sanitiser.
_SIMPLE_REFERENCE = re.compile(
    r"&(?:amp|lt|gt|quot|nbsp|apos|hellip|[mn]dash|[lr][ds]quo|[lr]aquo|bull|middot|copy|reg|trade"
    r"|euro|pound|deg|times|#0{0,4}(?:3[2-9]|[4-9]\d|1[01]\d|12[0-6]|1[6-9]\d|[2-9]\d\d"
    r"|[1-9]\d{3}|[1-4]\d{4})|#[xX]0{0,4}(?:[2-6][0-9a-fA-F]|7[0-9a-eA-E]|[a-fA-F][0-9a-fA-F]"
    r"|[1-9a-fA-F][0-9a-fA-F]{2}|[1-9a-cA-C][0-9a-fA-F]{3}));|&(?=[ \t\n]|\Z)",
    re.A,
)
# No text holds it once control characters are gone: keeps what stood around a tag apart.
_GAP = "\0"

_BLOCK_TAG = re.compile(r"<(?=/?(?:p|br|div|li|ul|ol|h[1-6]|tr|td|th|table|blockquote)\b)", re.I)
_TAG = re.compile(r"<")


def plain_text(markup: str, limit: int) -> str:
    """Return the text of ``markup`` without tags, entities or control characters."""
    text = without_control(markup[:MAX_MARKUP], " ")
    if "<" in text or "&" in text:
        if text.count("<") > MAX_TAGS:
            text = text[: next(islice(_TAG.finditer(text), MAX_TAGS, None)).start()]
        simple = _simply(text)
        text = without_control(_sanitised(text) if simple is None else simple, " ")
    return " ".join(text.split())[:limit].rstrip()


def without_control(text: str, instead: str = "") -> str:
    """Return the text with ``instead`` in place of every control character."""
    # Most texts have none, which this tells in a tenth of the time.
    return text if text.isprintable() else CONTROL.sub(instead, text)


def _simply(text: str) -> str | None:
    """Return the text without mark-up; None if it has more than the simplest."""
    if "<" in text:
        text = _SIMPLE_TAG.sub(_GAP, _SIMPLE_BLOCK.sub(" ", text))
        if "<" in text:
            return None
    if "&" in text:
        if text.count("&") != len(_SIMPLE_REFERENCE.findall(text)):
            return None
        text = html.unescape(text)
    return text.replace(_GAP, "")


def _sanitised(text: str) -> str:
    text = _BLOCK_TAG.sub(" <", text)
    return html.unescape(nh3.clean(text, tags=set(), clean_content_tags={"script", "style"}))
