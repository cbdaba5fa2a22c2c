"""Reads news sitemaps, which some outlets keep better than their feeds.

Pure. Google's news sitemaps give each address a title and a date; plain ones give addresses only,
of which nothing can be told, and indexes give further sitemaps.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import urljoin

from service.polling.reading.entries import MAX_URL, Entry, Head, feed_of
from service.polling.reading.safe_xml import HEAD, Path, XmlError, mended, read_xml, root_of
from service.records import Failed, Fetched, ParsedFeed

LIST, INDEX = "urlset", "sitemapindex"
# Sitemaps often come as files that are packed themselves, whatever the transport did.
GZIP_MAGIC = b"\x1f\x8b"
GZIP = zlib.MAX_WBITS | 16
MAX_UNPACKED = 10_000_000
SHOWN_CHILDREN = 5

_WEB_ADDRESS = re.compile(r"https?://[^/]", re.I)


def is_sitemap(body: bytes) -> bool:
    """Tell whether a document is a sitemap or an index of them."""
    return root_of(_unpacked(body, HEAD)) in (LIST, INDEX)


def parse_sitemap(fetched: Fetched) -> ParsedFeed | Failed:
    """Return the titled addresses as articles (codes ``not-a-sitemap``, ``sitemap-index``)."""
    reader = _read(fetched)
    if isinstance(reader, Failed):
        return reader
    if reader.root == INDEX:
        return Failed("sitemap-index", _how_to_pick(reader.children), permanent=True)
    return feed_of(reader.head, reader.entries, fetched.url)


def children(fetched: Fetched) -> tuple[str, ...]:
    """Return the sitemaps that an index lists, those that look like news first."""
    reader = _read(fetched)
    return () if isinstance(reader, Failed) else tuple(_news_first(reader.children))


def _read(fetched: Fetched) -> _Sitemap | Failed:
    body = _unpacked(fetched.body, MAX_UNPACKED + 1)
    if len(body) > MAX_UNPACKED:
        return Failed("too-large", f"more than {MAX_UNPACKED:,} bytes", permanent=True)
    reader = _Sitemap(fetched.url)
    try:
        read_xml(body, reader)
    except XmlError:
        reader = _Sitemap(fetched.url)
        try:
            read_xml(mended(body), reader)
        except XmlError as error:
            # What came before the break is read; the feed is not lost with its last entry.
            if not reader.entries and not reader.children:
                return Failed("not-a-sitemap", f"not readable as a sitemap: {error}")
            reader.entries.append(f"broken from here on: {error}")
    if reader.root not in (LIST, INDEX):
        return Failed("not-a-sitemap", "no sitemap: neither urlset nor sitemapindex")
    return reader


def _unpacked(body: bytes, limit: int) -> bytes:
    if not body.startswith(GZIP_MAGIC):
        return body[:limit]
    try:
        return zlib.decompressobj(GZIP).decompress(body, limit)
    except zlib.error:
        return b""


def _how_to_pick(addresses: list[str]) -> str:
    shown = _news_first(addresses)[:SHOWN_CHILDREN]
    more = len(addresses) - len(shown)
    return (
        f"an index of {len(addresses):,} sitemaps, not a list of articles; use one of these "
        "instead, the one with news: " + ", ".join(shown) + (f" and {more:,} more" if more else "")
    )


def _news_first(addresses: list[str]) -> list[str]:
    return sorted(addresses, key=lambda address: "news" not in address.lower())


class _Sitemap:
    """Collects what a sitemap says; see ``safe_xml.Reader``."""

    def __init__(self, base: str) -> None:
        self.root = ""
        self.head = Head()
        self.entries: list[Entry | str] = []
        self.children: list[str] = []
        self._base = base
        # Of the entry that is open: texts by their path within it.
        self._facts: dict[str, str] = {}

    def start(self, path: Path, _attributes: Mapping[str, str], _line: int) -> None:
        self.root = path[0]
        if len(path) == 2:
            self._facts = {}

    def end(self, path: Path, text: str) -> None:
        if len(path) > 2:
            self._facts.setdefault("/".join(path[2:]), text.strip())
        elif path == (INDEX, "sitemap"):
            self._child(self._facts.get("loc", ""))
        elif path == (LIST, "url"):
            self.head.title = self.head.title or self._facts.get("news/publication/name", "")
            self.entries.append(_entry(self._facts))

    def _child(self, address: str) -> None:
        with suppress(ValueError):
            address = urljoin(self._base, address)
            if _WEB_ADDRESS.match(address) and len(address) <= MAX_URL:
                self.children.append(address)


def _entry(facts: Mapping[str, str]) -> Entry | str:
    if not facts.get("loc"):
        return "no address"
    if not facts.get("news/title"):
        return "no title"
    return Entry(
        title=facts["news/title"],
        link=facts["loc"],
        published_at=_moment(facts.get("news/publication_date", ""))
        or _moment(facts.get("lastmod", "")),
        # Older sitemaps have it beside the title.
        language=facts.get("news/publication/language") or facts.get("news/language"),
    )


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
