"""Reads feed documents: RSS, Atom and RDF by feedparser, JSON Feed by its specification.

Pure. Every entry of the document is read; one that has neither title nor text nor link is
skipped and named, and never costs the others.
"""

from __future__ import annotations

import calendar
import html
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urljoin

import feedparser
import nh3

from service.records import Failed, Fetched, ParsedArticle, ParsedFeed

# Enough for any headline and lead; a hostile feed cannot fill the database with one entry.
MAX_TITLE = 1_000
MAX_SUMMARY = 10_000
# Before markup is removed: bounds the work, not the text.
MAX_MARKUP = 200_000

_BLOCK_TAG = re.compile(r"<(?=/?(?:p|br|div|li|ul|ol|h[1-6]|tr|td|th|table|blockquote)\b)", re.I)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_SPACE = re.compile(r"\s+")
_MARKUP = re.compile(r"[<&]")


def parse(fetched: Fetched) -> ParsedFeed | Failed:
    """Return what the document says, or why it is no feed (codes ``not-a-feed``, ``html``)."""
    if _looks_like_json(fetched.body):
        return _parse_json(fetched)
    return _parse_xml(fetched)


def plain_text(markup: str, limit: int) -> str:
    """Return the text of ``markup`` without tags, entities or control characters."""
    text = markup[:MAX_MARKUP]
    if _MARKUP.search(text):
        text = _BLOCK_TAG.sub(" <", text)
        text = nh3.clean(text, tags=set(), clean_content_tags={"script", "style"})
        text = html.unescape(text)
    return _SPACE.sub(" ", _CONTROL.sub(" ", text)).strip()[:limit].rstrip()


# --- RSS, Atom, RDF ------------------------------------------------------------------------


def _parse_xml(fetched: Fetched) -> ParsedFeed | Failed:
    try:
        document = feedparser.parse(
            fetched.body,
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
    teaser = entry.get("summary") or ""
    contents = cast("list[Mapping[str, Any]]", entry.get("content") or [])
    return teaser or next((c["value"] for c in contents if c.get("value")), "")


def _moment(entry: dict[str, Any]) -> datetime | None:
    # dict.get: feedparser's own would pass a missing `updated` off as `published`, and warn.
    parsed = dict.get(entry, "published_parsed") or dict.get(entry, "updated_parsed")
    if parsed is None:
        return None
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC)
    except (ValueError, OverflowError, OSError):
        return None


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
        guid=str(guid) if isinstance(guid, str | int | float) else None,
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
        title=heading or text[:120].rsplit(" ", 1)[0],
        summary="" if text == heading else text,
        url=url,
        guid=_CONTROL.sub("", guid).strip() or None if guid else None,
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
        url = urljoin(base, _CONTROL.sub("", link).strip())
    except ValueError:
        return None
    return url if url.startswith(("http://", "https://")) else None


def _language_code(value: object) -> str | None:
    """Return the language of a tag like "en-GB" or "EN"; None for anything else."""
    match = re.match(r"([a-zA-Z]{2,3})(?:[-_]|$)", _text(value).strip())
    return match[1].lower() if match else None
