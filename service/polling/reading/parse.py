"""Reads documents: RSS, Atom and RDF, JSON Feed by its specification, news sitemaps. Pure.

feedparser is the measure of what RSS, Atom and RDF mean, and what reads a document that is broken
or out of the ordinary. The ordinary ones, nearly all, are read by ``fast``, with the same result.
"""

from __future__ import annotations

import calendar
import io
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import feedparser
from feedparser.api import LooseFeedParser, StrictFeedParser

from service.polling.reading import fast
from service.polling.reading.entries import MAX_SUMMARY, MAX_TITLE, MAX_URL, Entry, Head, feed_of
from service.polling.reading.plain import plain_text
from service.polling.reading.sitemap import is_sitemap, parse_sitemap
from service.records import Failed, Fetched, ParsedFeed

__all__ = [
    "MAX_SUMMARY",
    "MAX_TITLE",
    "MAX_URL",
    "parse",
    "parse_quickly",
    "parse_thoroughly",
    "plain_text",
]

# What came in place of a feed, in words.
WEB_PAGES = {
    "html-login": "a page that asks for a login came instead of a feed",
    "html-parked": "the domain is parked: a page that offers it for sale came instead of a feed",
    "html-challenge": "a page that wants to know whether we are human came instead of a feed",
    "html-consent": "a page that asks for consent to cookies came instead of a feed",
}

# Each nested one costs feedparser time that grows with those around it.
MAX_NAMESPACES = 2_000

# Any number that names half of a surrogate pair, and a few more.
_REFERENCE = re.compile(rb"&#(x0{0,4}[dD][0-9a-fA-F]{3}|0{0,5}5[5-7][0-9]{3});")


def parse(fetched: Fetched) -> ParsedFeed | Failed:
    """Return what the document says, or why it is no feed (codes ``not-a-feed``, ``html``)."""
    if _looks_like_json(fetched.body):
        return _parse_json(fetched)
    if is_sitemap(fetched.body):
        return parse_sitemap(fetched)
    namespaces = fetched.body.count(b"xmlns") + fetched.body.count(b"xml:base")
    if namespaces > MAX_NAMESPACES:
        return Failed("not-a-feed", f"{namespaces:,} namespaces and bases, more than any feed has")
    return parse_quickly(fetched) or parse_thoroughly(fetched)


# --- RSS, Atom, RDF ------------------------------------------------------------------------

# feedparser looks for names and addresses in authors by a pattern that takes quadratic time on a
# hostile one. Authors are not used here.
for _parser in (LooseFeedParser, StrictFeedParser):
    _parser._sync_author_detail = lambda *_: None


def parse_quickly(fetched: Fetched) -> ParsedFeed | None:
    """Return what ``parse_thoroughly`` would, if that is certain; else None."""
    read = None
    # Whatever breaks the quick reader, feedparser may yet read; or it says what is wrong.
    with suppress(Exception):
        read = fast.read(fetched, _mended(fetched.body))
    return feed_of(*read, fetched.url) if read else None


def parse_thoroughly(fetched: Fetched) -> ParsedFeed | Failed:
    """Return what feedparser reads, which takes any document for a feed that might be one."""
    try:
        document = feedparser.parse(
            # A stream: feedparser takes bytes for the name of a local file first.
            io.BytesIO(_mended(fetched.body)),
            response_headers={**fetched.headers, "content-location": fetched.url},
            # Texts are made plain here; sanitising them as HTML first would triple the cost.
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as error:  # noqa: BLE001 - hostile bytes break parsers in any way
        return Failed("parser", f"the parser broke: {type(error).__name__}: {error}")
    if not document.get("version") and not document.get("entries"):
        return _no_feed(fetched.body, document.get("bozo_exception"))
    read = [_from_entry(entry) for entry in document["entries"]]
    return feed_of(_from_head(document.get("feed", {})), read, fetched.url)


def _from_head(head: Mapping[str, Any]) -> Head:
    return Head(
        title=_text(head.get("title")),
        ttl=_text(head.get("ttl")),
        period=_text(head.get("sy_updateperiod")),
        frequency=_text(head.get("sy_updatefrequency")),
        links=[
            (_text(link.get("rel")), _text(link.get("href")))
            for link in head.get("links") or []
            if isinstance(link, Mapping)
        ],
    )


def _from_entry(entry: dict[str, Any]) -> Entry:
    contents = entry.get("content") or []
    return Entry(
        title=entry.get("title") or "",
        texts=[
            entry.get("summary") or "",
            *(content.get("value") or "" for content in contents),
        ],
        link=entry.get("link"),
        guid=entry.get("id"),
        published_at=_moment(entry),
        language=_text(entry.get("language")),
    )


def _moment(entry: dict[str, Any]) -> datetime | None:
    # dict.get: feedparser's own would pass a missing `updated` off as `published`, and warn.
    parsed = dict.get(entry, "published_parsed") or dict.get(entry, "updated_parsed")
    if parsed is None:
        return None
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC)
    except (ValueError, OverflowError, OSError, TypeError):
        return None


def _mended(body: bytes) -> bytes:
    # Some outlets send an empty line before the declaration, which may only come first.
    return _REFERENCE.sub(_whole_character, body.lstrip(b" \t\r\n"))


def _whole_character(reference: re.Match[bytes]) -> bytes:
    """Halves of a surrogate pair, which some feeds write for emoji, are no XML: replace them."""
    digits = reference[1]
    number = int(digits[1:], 16) if digits[:1] == b"x" else int(digits)
    return b"&#xFFFD;" if 0xD800 <= number <= 0xDFFF else reference[0]


def _no_feed(body: bytes, problem: object) -> Failed:
    start = body[:2000].lower()
    if b"<html" in start or b"<!doctype html" in start:
        from service.polling.pages.article import web_page_code  # noqa: PLC0415 - slow, and rarely needed

        code = web_page_code(body)
        return Failed(code, WEB_PAGES.get(code, "a web page came instead of a feed"))
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
    links = [*_hubs(document.get("hubs")), ("self", _text(document.get("feed_url")))]
    head = Head(title=_text(document.get("title")), links=links)
    return feed_of(head, [_from_item(item) for item in items], fetched.url)


def _hubs(hubs: object) -> list[tuple[str, str]]:
    named = hubs if isinstance(hubs, list) else []
    return [
        ("hub", _text(hub.get("url")))
        for hub in named
        if isinstance(hub, dict) and _text(hub.get("type")).lower() == "websub"
    ]


def _from_item(item: object) -> Entry | str:
    if not isinstance(item, dict):
        return "not an object"
    guid = item.get("id")
    texts = (_text(item.get(key)) for key in ("summary", "content_text", "content_html"))
    return Entry(
        title=_text(item.get("title")),
        texts=[next((text for text in texts if text), "")],
        link=_text(item.get("url")) or _text(item.get("external_url")),
        guid=str(guid) if isinstance(guid, str | int) and not isinstance(guid, bool) else None,
        published_at=_iso(item.get("date_published")) or _iso(item.get("date_modified")),
        language=_text(item.get("language")),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _iso(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(_text(value))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
