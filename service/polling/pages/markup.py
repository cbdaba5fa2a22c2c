"""Makes text of a web page's bytes, within limits, before any rule looks at it.

Pure. What a page may cost is bounded here and by cutting alone: trafilatura and libxml2 need time
that grows with the number of elements, and with the square of a tag's attributes.
"""

from __future__ import annotations

import codecs
import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import trafilatura
from trafilatura.utils import detect_encoding, load_html

MAX_BODY = 5_000_000
# Of what is left once scripts, styles and comments are gone.
MAX_MARKUP = 1_000_000
MAX_TAGS = 7_000
# A longer tag loses its attributes; a thousand fit in, and no rule needs them.
MAX_TAG = 10_000
MAX_SHOWN = 20_000
# Several times what is kept of it, so that rules see where it ends.
MAX_MAIN = 50_000
# What detecting an encoding reads: the bytes that are not ASCII, and the letters beside them.
MAX_SAMPLE = 4_000
# Of the bytes that are not ASCII, how many may be broken in what is UTF-8 all the same.
BROKEN_SHARE = 0.05

_NOISE = re.compile(
    r"<!--(?:-?>|.*?(?:--!?>|\Z))"
    r"|<(?P<name>script|style|template|iframe|object)(?=[\s/>]).*?(?:</(?P=name)[^>]*+>?|\Z)"
    # A document type, a processing instruction, CDATA: nothing that is shown.
    r"|<[!?][^>]*+>?",
    re.I | re.S,
)
# A start tag as the HTML standard reads it. Possessive throughout: it never goes back.
_START_TAG = re.compile(
    r"<[a-zA-Z][^\s/>]*+"
    r"(?:[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s\"'>][^\s>]*+))?+)*+"
)
_TAG_NAME = re.compile(r"<[a-zA-Z0-9]{1,20}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
_META_CHARSET = re.compile(rb"<meta\b[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.I)
_HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.I)
_FOREIGN = re.compile(rb"[\x80-\xff]{2}[\x80-\xff ,.]{0,200}")
_LANGUAGE = re.compile(r"<html\b[^>]{0,500}?\slang\s*=\s*[\"']?\s*([a-zA-Z]{2,3})\b", re.I)
_LOCALE = re.compile(r"([a-zA-Z]{2,3})(?:[-_]|$)")
# Persian writes words with a mark between their parts that trafilatura would drop as unprintable;
# a letter that no page has stands in for it meanwhile.
_JOINT = "\u200c"
_JOINTS = re.compile("\u200c|&zwnj;?|&#8204;?|&#x200c;?", re.I)
_STAND_IN = "\ua78f"
# Google's schema for paid articles, and the older one of Facebook.
_NOT_FREE = re.compile(
    r"isAccessibleForFree\\?[\"']\s*:\s*\\?[\"']?(true|false)"
    r"|itemprop=[\"']isAccessibleForFree[\"']\s+content=[\"'](true|false)"
    r"|article:content_tier[\"']\s+content=[\"'](free|locked)",
    re.I,
)

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Labels that browsers read as a larger encoding than the one they name.
_WIDER = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
}
# Any other codec of Python is refused: some are no text, some are slow on purpose.
_ENCODINGS = frozenset(
    {"utf-8", "utf-16", "utf-16-le", "utf-16-be", "koi8-r", "koi8-u", "cp866", "cp874"}
    | {"gb18030", "big5", "big5hkscs", "shift_jis", "cp932", "euc_jp"}
    | {"euc_kr", "cp949", "mac-cyrillic", "mac-roman"}
    | {f"cp125{number}" for number in range(9)}
    | {f"iso8859-{number}" for number in range(2, 17)}
)
# What libxml2 and trafilatura were seen or are likely to raise on a broken tree; lxml's own errors
# about markup are SyntaxErrors. What else there is should be heard of.
_BROKEN = (ValueError, TypeError, AttributeError, LookupError, RecursionError, SyntaxError)

# It writes an error for every page without a text, which is no error here.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Page:
    """What the rules look at.

    ``heading`` is the page's title and first headline, ``main`` its article if it has one,
    ``shown`` all the words on it, ``markup`` its source without what is never shown, ``source``
    the start of it with everything.
    """

    heading: str = ""
    main: str = ""
    shown: str = ""
    teaser: str = ""
    language: str | None = None
    for_free: bool | None = None
    asks_password: bool = False
    source: str = ""


def load_page(body: bytes, content_type: str = "") -> Page | None:
    """Return what the page says; None for what is no page, or larger than any."""
    if len(body) > MAX_BODY or not _may_be_html(content_type):
        return None
    source = decode(body, content_type)
    markup = tidy(source)
    if "<" not in markup:
        return None
    try:
        # Both would otherwise take some short pages for no HTML.
        tree = load_html(f"<!DOCTYPE html>\n<html>{markup}")
        return None if tree is None else _read(tree, source)
    except _BROKEN:
        return None


def _may_be_html(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return not kind or "html" in kind or kind in ("text/plain", "application/octet-stream")


# --- bytes to characters -------------------------------------------------------------------


def decode(body: bytes, content_type: str = "") -> str:
    """Return the text of ``body``: by its mark, as UTF-8 if it is that, as declared, or guessed.

    UTF-8 goes before what is declared: by chance no other text of any length reads as it.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    declared = list(_declared(body, content_type))
    if declared and declared[0].startswith("utf-16"):
        return body.decode(declared[0], "replace")
    # A broken byte here and there must not make another encoding of it.
    broken = BROKEN_SHARE * len(body.translate(None, bytes(range(128))))
    for encoding in ("utf-8", *declared, *_guessed(body)):
        text = body.decode(encoding, "replace")
        if text.count("\ufffd") <= broken:
            return text
    return body.decode("utf-8", "replace")


def _declared(body: bytes, content_type: str) -> Iterator[str]:
    in_header = _HEADER_CHARSET.search(content_type[:500])
    in_page = _META_CHARSET.search(body[:10_000])
    labels = (
        in_header[1] if in_header else "",
        in_page[1].decode("ascii", "replace") if in_page else "",
    )
    return _known(labels)


def _guessed(body: bytes) -> Iterator[str]:
    sample = b" ".join(match[0] for match in islice(_FOREIGN.finditer(body), 500))[:MAX_SAMPLE]
    return _known(detect_encoding(sample) if sample else ())


def _known(labels: Iterable[str]) -> Iterator[str]:
    for label in labels:
        try:
            name = codecs.lookup(label.strip().lower()).name
        except (LookupError, ValueError):
            continue
        name = _WIDER.get(name, name)
        if name in _ENCODINGS:
            yield name


# --- characters to a tree ------------------------------------------------------------------


def tidy(markup: str) -> str:
    """Drop what is never shown, and cut to what can be read in a bounded time."""
    text = _CONTROL.sub(" ", _NOISE.sub(" ", markup))[:MAX_MARKUP]
    text = _JOINTS.sub(_STAND_IN, text)
    text = _START_TAG.sub(_bounded, text)
    surplus = next(islice(re.finditer("<[a-zA-Z]", text), MAX_TAGS, None), None)
    return text[: surplus.start()] if surplus else text


def _bounded(tag: re.Match[str]) -> str:
    if tag.end() - tag.start() <= MAX_TAG:
        return tag[0]
    name = _TAG_NAME.match(tag[0])
    return name[0] if name else "<p"


# --- a tree to texts -----------------------------------------------------------------------
# lxml has no types; what comes out of it is made str at once.


def _read(tree: Any, source: str) -> Page:
    title, headline = tree.findtext(".//title") or "", tree.find(".//h1")
    if headline is not None:
        title = f"{title} \n {headline.text_content()}"
    heading = _text(title, 1_000)
    teaser = _meta(tree, "description", "og:description")
    main = _main_text(tree)
    return Page(
        heading=heading,
        main=_without_headline(main, heading),
        shown=_shown(tree),
        teaser=teaser,
        language=_language(tree, source),
        for_free=_for_free(source),
        asks_password=tree.find(".//input[@type='password']") is not None,
        source=source[:200_000],
    )


def _main_text(tree: Any) -> str:
    document = trafilatura.bare_extraction(
        tree, favor_precision=True, include_comments=False, include_tables=False
    )
    # Typed as a dictionary too, which it is only on request.
    return _text(getattr(document, "text", None), MAX_MAIN)


def _without_headline(main: str, heading: str) -> str:
    first, _, rest = main.partition("\n")
    return rest if " ".join(first.split()) in " ".join(heading.split()) else main


def _shown(tree: Any) -> str:
    """The words of the page without its lists of links. Takes the tree apart."""
    body = tree.find(".//body")
    if body is None:
        return ""
    for element in list(body.iter("nav", "footer", "li")):
        element.drop_tree()
    return _text(body.text_content(), MAX_SHOWN)


def _text(value: object, limit: int) -> str:
    return str(value or "")[:limit].replace(_STAND_IN, _JOINT)


def _meta(tree: Any, *names: str) -> str:
    for element in tree.iterfind(".//meta"):
        if (element.get("name") or element.get("property") or "").lower() in names:
            return _text(element.get("content"), 2_000)
    return ""


def _language(tree: Any, source: str) -> str | None:
    declared = _LANGUAGE.search(source[:20_000]) or _LOCALE.match(_meta(tree, "og:locale"))
    return declared[1].lower() if declared else None


def _for_free(source: str) -> bool | None:
    """What the page says of itself first; what follows may be about its parts, or others."""
    match = _NOT_FREE.search(source)
    if match is None:
        return None
    return (match[1] or match[2] or match[3]).lower() in ("true", "free")
