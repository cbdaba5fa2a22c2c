"""Reads feed documents: RSS, Atom and RDF by feedparser, JSON Feed by its specification.

Pure. Every entry of the document is read; one that has neither title nor text nor link is
skipped and named, and never costs the others.
"""

from __future__ import annotations

import calendar
import hashlib
import html
import io
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any, cast
from urllib.parse import urljoin

import feedparser
import nh3
from feedparser.api import LooseFeedParser, StrictFeedParser

from service.records import Failed, Fetched, ParsedArticle, ParsedFeed

# Enough for any headline and lead; a hostile feed cannot fill the database with one entry.
MAX_TITLE = 1_000
MAX_SUMMARY = 10_000
# Before markup is removed: bounds the work, not the text.
MAX_MARKUP = 200_000
MAX_TAGS = 2_000
# Each nested one costs feedparser time that grows with those around it.
MAX_NAMESPACES = 2_000
MAX_URL = 4_000
MAX_GUID = 2_000
# As much of a text without a title as stands in for one.
TITLE_STAND_IN = 120

_BLOCK_TAG = re.compile(r"<(?=/?(?:p|br|div|li|ul|ol|h[1-6]|tr|td|th|table|blockquote)\b)", re.I)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
_SPACE = re.compile(r"\s+")
_MARKUP = re.compile(r"[<&]")
_WEB_ADDRESS = re.compile(r"https?://[^/]")
_TAG = re.compile(r"<")
_REFERENCE = re.compile(rb"&#(x[0-9a-fA-F]{1,8}|[0-9]{1,10});")


def parse(fetched: Fetched) -> ParsedFeed | Failed:
    """Return what the document says, or why it is no feed (codes ``not-a-feed``, ``html``)."""
    if _looks_like_json(fetched.body):
        return _parse_json(fetched)
    return _parse_xml(fetched)


def plain_text(markup: str, limit: int) -> str:
    """Return the text of ``markup`` without tags, entities or control characters."""
    text = _CONTROL.sub(" ", markup[:MAX_MARKUP])
    if _MARKUP.search(text):
        surplus = next(islice(_TAG.finditer(text), MAX_TAGS, None), None)
        text = _BLOCK_TAG.sub(" <", text[: surplus.start()] if surplus else text)
        text = nh3.clean(text, tags=set(), clean_content_tags={"script", "style"})
        text = html.unescape(text)
    return _SPACE.sub(" ", _CONTROL.sub(" ", text)).strip()[:limit].rstrip()


# feedparser looks for names and addresses in authors by a pattern that takes quadratic time on a
# hostile one. Authors are not used here.
for _parser in (LooseFeedParser, StrictFeedParser):
    _parser._sync_author_detail = lambda *_: None


# --- RSS, Atom, RDF ------------------------------------------------------------------------


def _parse_xml(fetched: Fetched) -> ParsedFeed | Failed:
    namespaces = fetched.body.count(b"xmlns") + fetched.body.count(b"xml:base")
    if namespaces > MAX_NAMESPACES:
        return Failed("not-a-feed", f"{namespaces:,} namespaces and bases, more than any feed has")
    try:
        document = feedparser.parse(
            # A stream: feedparser takes bytes for the name of a local file first.
            io.BytesIO(_REFERENCE.sub(_whole_character, fetched.body)),
            response_headers={**fetched.headers, "content-location": fetched.url},
            # Texts are made plain here; sanitising them as HTML first would triple the cost.
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as error:  # noqa: BLE001 - hostile bytes break parsers in any way
        return Failed("parser", f"the parser broke: {type(error).__name__}: {error}")
    head = document.get("feed", {})
    if not document.get("version") and not document.get("entries"):
        return _no_feed(fetched.body, document.get("bozo_exception"))
    read = [_from_entry(entry, fetched.url) for entry in document["entries"]]
    return _feed(head.get("title") or "", read)


def _from_entry(entry: dict[str, Any], base: str) -> ParsedArticle | str:
    return _article(
        title=entry.get("title"),
        summary=_summary(entry),
        url=_absolute(base, entry.get("link")),
        guid=entry.get("id"),
        published_at=_moment(entry),
        language=_language_code(entry.get("language")),
    )


def _summary(entry: Mapping[str, Any]) -> str:
    """The teaser if there is one; else the full text, which some feeds send alone."""
    contents = cast("list[Mapping[str, Any]]", entry.get("content") or [])
    texts = [entry.get("summary") or "", *(content.get("value") or "" for content in contents)]
    return next((text for text in texts if plain_text(text, MAX_SUMMARY)), "")


def _moment(entry: dict[str, Any]) -> datetime | None:
    # dict.get: feedparser's own would pass a missing `updated` off as `published`, and warn.
    parsed = dict.get(entry, "published_parsed") or dict.get(entry, "updated_parsed")
    if parsed is None:
        return None
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC)
    except (ValueError, OverflowError, OSError, TypeError):
        return None


def _whole_character(reference: re.Match[bytes]) -> bytes:
    """Halves of a surrogate pair, which some feeds write for emoji, are no XML: replace them."""
    digits = reference[1]
    number = int(digits[1:], 16) if digits[:1] == b"x" else int(digits)
    return b"&#xFFFD;" if 0xD800 <= number <= 0xDFFF else reference[0]


def _no_feed(body: bytes, problem: object) -> Failed:
    start = body[:2000].lower()
    if b"<html" in start or b"<!doctype html" in start:
        return Failed("html", "a web page came instead of a feed")
    return Failed("not-a-feed", f"not readable as a feed: {problem or 'no feed element'}")


# --- JSON Feed (jsonfeed.org/version/1.1) --------------------------------------------------


def _looks_like_json(body: bytes) -> bool:
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"


def _parse_json(fetched: Fetched) -> ParsedFeed | Failed:
    try:
        document = json.loads(fetched.body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        return Failed("not-a-feed", f"not readable as JSON: {error}")
    version, items = document.get("version"), document.get("items")
    if "jsonfeed.org" not in str(version) or not isinstance(items, list):
        return Failed("not-a-feed", "JSON, but not a JSON Feed")
    return _feed(_text(document.get("title")), [_from_item(item, fetched.url) for item in items])


def _from_item(item: object, base: str) -> ParsedArticle | str:
    if not isinstance(item, dict):
        return "not an object"
    guid = item.get("id")
    return _article(
        title=_text(item.get("title")),
        summary=next(
            (
                text
                for key in ("summary", "content_text", "content_html")
                if (text := _text(item.get(key)))
            ),
            "",
        ),
        url=_absolute(base, _text(item.get("url")) or _text(item.get("external_url"))),
        guid=str(guid) if isinstance(guid, str | int) and not isinstance(guid, bool) else None,
        published_at=_iso(item.get("date_published")) or _iso(item.get("date_modified")),
        language=_language_code(item.get("language")),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _iso(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(_text(value))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


# --- common to all -------------------------------------------------------------------------


def _article(
    *,
    title: str | None,
    summary: str,
    url: str | None,
    guid: str | None,
    published_at: datetime | None,
    language: str | None,
) -> ParsedArticle | str:
    """Return the article, or why the entry is none."""
    heading = plain_text(title or "", MAX_TITLE)
    text = plain_text(summary, MAX_SUMMARY)
    if not heading and not text:
        return "neither title nor text"
    if not heading and not url and not guid:
        return "neither title nor link nor id"
    return ParsedArticle(
        # Title-less entries (microblogs, some Atom feeds) are told by their first words.
        title=heading or _first_words(text),
        summary="" if text == heading else text,
        url=url,
        guid=_guid(guid),
        published_at=published_at,
        language=language,
    )


def _feed(title: str, read: Iterable[ParsedArticle | str]) -> ParsedFeed:
    articles, skipped = [], []
    for index, entry in enumerate(read):
        if isinstance(entry, str):
            skipped.append(f"entry {index + 1}: {entry}")
        else:
            articles.append(entry)
    return ParsedFeed(plain_text(title, MAX_TITLE), tuple(articles), tuple(skipped))


def _absolute(base: str, link: str | None) -> str | None:
    if not link:
        return None
    try:
        # Browsers drop line breaks within addresses; left in, they would forge lines of a text.
        url = urljoin(base, "".join(_CONTROL.sub("", link).split()))
    except ValueError:
        return None
    scheme, _, rest = url.partition(":")
    url = f"{scheme.lower()}:{rest}"
    return url if _WEB_ADDRESS.match(url) and len(url) <= MAX_URL else None


def _guid(guid: str | None) -> str | None:
    text = _CONTROL.sub("", guid or "").strip()
    if len(text) > MAX_GUID:
        # Still tells the entry from others.
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return text or None


def _first_words(text: str) -> str:
    if len(text) <= TITLE_STAND_IN:
        return text
    return text[: TITLE_STAND_IN + 1].rsplit(" ", 1)[0][:TITLE_STAND_IN]


def _language_code(value: object) -> str | None:
    """Return the language of a tag like "en-GB" or "EN"; None for anything else."""
    match = re.match(r"([a-zA-Z]{2,3})(?:[-_]|$)", _text(value).strip())
    return match[1].lower() if match else None
