"""Reads an article out of a web page, and tells the pages that are no article.

Pure: bytes and headers in, a ``PageText`` out, in bounded time; nothing a server sends raises.

What a page is, is decided in this order. Lengths are in letters; a Chinese or Japanese one counts
as three. *The text* is what trafilatura takes for the article.

1. What is no HTML, or larger than ``page_markup.MAX_BODY``: OTHER.
2. The first of ``RULES`` that holds: a sign (``page_signs``), the place where it is seen, and the
   length below which the text is no article that merely mentions it. A text that shares words
   with the entry's title is believed to be the article, except by the rules of paywalls: there
   the first lines are the article's.
3. The site's front page, to which some servers send whoever asks for what is gone: OTHER.
4. A text below ``STUB_BELOW``, or no longer than the page's own description of itself: STUB.
5. A text that shares almost no word with the entry's title (an index, something else): OTHER.
6. Anything else: ARTICLE. When in doubt a page is an article: a text too many does less harm
   than a report that is lost.

A parked domain is BLOCKED, like a challenge: nothing of the outlet is there, asking again later
may help. A login page is PAYWALL: the text is there for those with an account.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from service.polling.pages.markup import Page, load_page
from service.polling.pages.signs import HEADINGS, MARKS, PHRASES, Sign, plain, signs_in

MAX_TEXT = 10_000
STUB_BELOW = 200
# With fewer words than this, a page shows nothing but the sign that stands in its source.
BARE_BELOW = 600
# With more, a page without more text than a stub is an index, and its words are of many things.
PAGE_OF_WORDS = 2_000
# Of a title's words, how many the text shares if it is the article, and if it may be.
SHARED = 0.5
SHARED_AT_LEAST = 0.2
# A title of fewer words says too little of what the text must be about.
TITLE_WORDS = 3


class PageKind(StrEnum):
    """What a page turned out to be."""

    ARTICLE = "article"
    STUB = "stub"
    PAYWALL = "paywall"
    CONSENT = "consent"
    BLOCKED = "blocked"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class PageText:
    """``text`` is the article, or as much as a stub or paywall shows of it; else empty."""

    kind: PageKind
    text: str = ""
    language: str | None = None


class Place(StrEnum):
    """Where on a page a sign is seen."""

    # The page's title and first headline.
    HEADING = "heading"
    # The text; without one, all the words of a page that has few.
    TEXT = "text"
    # All the words of the page but its lists of links.
    PAGE = "page"
    # The source of a page that shows next to nothing.
    SOURCE = "source"
    # What the page says of itself for search engines.
    SCHEMA = "schema"


@dataclass(frozen=True, slots=True)
class Rule:
    """``sign`` at ``place`` makes a page ``kind`` if the text is shorter than ``below``."""

    sign: Sign
    place: Place
    below: int
    kind: PageKind


RULES = (
    Rule(Sign.CHALLENGE, Place.HEADING, 1_000, PageKind.BLOCKED),
    Rule(Sign.CHALLENGE, Place.TEXT, 600, PageKind.BLOCKED),
    Rule(Sign.PARKED, Place.HEADING, 1_000, PageKind.BLOCKED),
    Rule(Sign.PARKED, Place.TEXT, 1_000, PageKind.BLOCKED),
    Rule(Sign.MISSING, Place.HEADING, 1_000, PageKind.OTHER),
    Rule(Sign.MISSING, Place.TEXT, 400, PageKind.OTHER),
    Rule(Sign.LOGIN, Place.HEADING, 400, PageKind.PAYWALL),
    Rule(Sign.LOGIN, Place.TEXT, 400, PageKind.PAYWALL),
    Rule(Sign.CONSENT, Place.HEADING, 1_500, PageKind.CONSENT),
    Rule(Sign.CONSENT, Place.TEXT, 1_500, PageKind.CONSENT),
    Rule(Sign.PARKED, Place.SOURCE, STUB_BELOW, PageKind.BLOCKED),
    Rule(Sign.CHALLENGE, Place.SOURCE, STUB_BELOW, PageKind.BLOCKED),
    Rule(Sign.LOGIN, Place.SOURCE, STUB_BELOW, PageKind.PAYWALL),
    Rule(Sign.CONSENT, Place.SOURCE, STUB_BELOW, PageKind.CONSENT),
    Rule(Sign.PAYWALL, Place.SCHEMA, 1_500, PageKind.PAYWALL),
    Rule(Sign.PAYWALL, Place.TEXT, 1_500, PageKind.PAYWALL),
    Rule(Sign.PAYWALL, Place.PAGE, 800, PageKind.PAYWALL),
    Rule(Sign.SUBSCRIBE, Place.TEXT, 500, PageKind.PAYWALL),
    Rule(Sign.SUBSCRIBE, Place.PAGE, STUB_BELOW, PageKind.PAYWALL),
)
_PAYWALLS = frozenset({Sign.PAYWALL, Sign.SUBSCRIBE})
# Which signs the poll of a feed tells apart, among pages that came in its place.
_CODES = frozenset({Sign.LOGIN, Sign.PARKED, Sign.CHALLENGE, Sign.CONSENT})
_WITH_TEXT = frozenset({PageKind.ARTICLE, PageKind.STUB, PageKind.PAYWALL})

_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_WIDE_PAIR = re.compile(r"(?=([\u3040-\u30ff\u3400-\u9fff]{2}))")
_WORD = re.compile(r"[^\W_\u3040-\u30ff\u3400-\u9fff]{3,}")
_ARABIC_WORD = re.compile(r"(?:[وفبکل]?ال|لل)?([\u0620-\u06ff]{3,})")
_SENTENCE_END = re.compile(r"[.!?…؟۔]+[\"'»”’)\]]*(?=\s)|[。！？]+[」』”]*|\n")
_SCRIPTS = (
    ("ru uk be bg mk", re.compile(r"[\u0400-\u04ff]")),
    ("fa ar ur ps", re.compile(r"[\u0600-\u06ff]")),
    ("zh ja", _WIDE),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("en de fr es pl tr it pt nl", re.compile(r"[a-zA-Z\u00c0-\u024f]")),
)


def read_page(body: bytes, url: str, headers: Mapping[str, str], *, title: str) -> PageText:
    """Return what the page at ``url``, where redirects ended, holds of the entry ``title``.

    ``headers`` have lower-case names; only the content type is looked at.
    """
    page = load_page(body, headers.get("content-type", ""))
    if page is None:
        return PageText(PageKind.OTHER)
    kind = _kind(page, url, title)
    text = _before_the_wall(page.main) if kind is PageKind.PAYWALL else page.main
    text = cut(text, MAX_TEXT) if kind in _WITH_TEXT else ""
    return PageText(kind, text, _language(page.language, text or page.shown))


def web_page_code(body: bytes) -> str:
    """Return the code of a web page that came in place of a feed.

    One of ``html-login``, ``html-parked``, ``html-challenge``, ``html-consent``; else ``html``.
    """
    page = load_page(body)
    rule = None if page is None else _first_rule(page, "", _CODES)
    return f"html-{rule.sign}" if rule else "html"


def cut(text: str, limit: int) -> str:
    """Return the beginning of ``text``: whole sentences if there are any, else whole words."""
    if len(text) <= limit:
        return text
    # One more, to see that a sentence ends with the limit.
    ends = [match.end() for match in _SENTENCE_END.finditer(text[: limit + 1])]
    # A sentence end far off would cost more than a sentence.
    whole = next((end for end in reversed(ends) if limit // 2 <= end <= limit), None)
    if whole is None:
        return text[: limit + 1].rpartition(" ")[0][:limit] or text[:limit]
    return text[:whole].rstrip()


def _kind(page: Page, url: str, title: str) -> PageKind:
    rule = _first_rule(page, title, frozenset(Sign))
    if rule:
        return rule.kind
    text = plain(page.main)
    if _is_front_page(url):
        return PageKind.OTHER
    if _length(text) < STUB_BELOW or _is_teaser(text, plain(page.teaser)):
        return PageKind.STUB
    return PageKind.OTHER if _shared(title, text) < SHARED_AT_LEAST else PageKind.ARTICLE


def _first_rule(page: Page, title: str, signs: frozenset[Sign]) -> Rule | None:
    text = plain(page.main)
    length = _length(text)
    seen = _signs(page, text)
    # The title alone says nothing: walls repeat it.
    believed = bool(_words(title)) and _shared(title, text.replace(plain(title), " ")) >= SHARED
    for rule in RULES:
        if rule.sign not in signs or (believed and rule.sign not in _PAYWALLS):
            continue
        if length < rule.below and rule.sign in seen[rule.place]:
            return rule
    return None


def _signs(page: Page, text: str) -> Mapping[Place, frozenset[Sign]]:
    heading, shown = plain(page.heading), plain(page.shown)
    # A line found on a page of many words was only the longest of its lines.
    of_one_thing = _length(text) >= STUB_BELOW or _length(shown) < PAGE_OF_WORDS
    bare = _length(shown) < BARE_BELOW
    return {
        Place.HEADING: signs_in(heading, HEADINGS) | signs_in(heading, PHRASES) - _PAYWALLS,
        Place.TEXT: signs_in(text or shown, PHRASES) if of_one_thing else frozenset(),
        # Who says that it is free may still list what is not.
        Place.PAGE: frozenset() if page.for_free else signs_in(shown, PHRASES),
        Place.SOURCE: _signs_of_source(page) if bare else frozenset(),
        Place.SCHEMA: frozenset({Sign.PAYWALL}) if page.for_free is False else frozenset(),
    }


def _signs_of_source(page: Page) -> frozenset[Sign]:
    asked = frozenset({Sign.LOGIN}) if page.asks_password else frozenset()
    return signs_in(page.source.lower(), MARKS) | asked


def _before_the_wall(text: str) -> str:
    """Leave out the paragraph that asks for a subscription, and what follows it."""
    kept = []
    for paragraph in text.split("\n"):
        if signs_in(plain(paragraph), PHRASES) & {*_PAYWALLS, Sign.LOGIN}:
            break
        kept.append(paragraph)
    return "\n".join(kept).rstrip()


def _is_front_page(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.path in ("", "/") and not parts.query


def _is_teaser(text: str, teaser: str) -> bool:
    return bool(teaser) and (text in teaser or (teaser in text and len(text) < 1.2 * len(teaser)))


def _length(text: str) -> int:
    return len(text) + 2 * len(_WIDE.findall(text))


# --- what a text is about ------------------------------------------------------------------


def _shared(title: str, text: str) -> float:
    """Return how many of the title's words are in ``text``; all, if there are too few to tell."""
    words = _words(title)
    if len(words) < TITLE_WORDS:
        return 1.0
    return sum(word in text for word in words) / len(words)


def _words(title: str) -> frozenset[str]:
    """Return beginnings of the title's words, which endings leave alone; of Chinese, all pairs."""
    bare = plain(title)
    stems = {_stem(word) for word in _WORD.findall(bare)}
    return frozenset(stems | set(_WIDE_PAIR.findall(bare)))


def _stem(word: str) -> str:
    arabic = _ARABIC_WORD.fullmatch(word)
    if arabic:
        return arabic[1][:4]
    return word[:5] if len(word) > 5 else word[:4]


def _language(declared: str | None, text: str) -> str | None:
    """Return the declared language unless the letters belie it: templates are often copied."""
    sample = text[:2_000]
    letters = sum(letter.isalpha() for letter in sample)
    for languages, script in _SCRIPTS:
        if declared in languages.split() and 2 * len(script.findall(sample)) < letters:
            return None
    return declared
