"""Finds what on a web page leads to feeds: what it announces, and what it links to.

Pure. Only start tags are looked at, by patterns that never go back: time grows with the page, not
with its malice.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from service.polling.reading.entries import MAX_URL
from service.records import Fetched

MAX_PAGE = 3_000_000
MOST_ANNOUNCED = 12
MOST_LINKED = 12

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.S)
# Browsers let "<" and ">" stand in attributes; without them the search is linear.
_TAG = re.compile(r"<(?P<name>link|a|base)\s(?P<rest>[^<>]{1,8000}+)>", re.I)
_ATTRIBUTE = re.compile(
    r"(?<![\w-])([a-z]{2,12}+)\s{0,9}=\s{0,9}(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))", re.I
)
# Types of feeds, as they are and as they are misspelt; text/xml and the like say too little.
_FEED_TYPE = re.compile(r"application/(?:rss|atom|rdf|feed)\+(?:xml|json)|application/json\Z", re.I)
_FEED_ADDRESS = re.compile(
    r"(?:^|[/._?=&-])(?:rss\d?|atom|feeds?|rdf)(?:[/._?=&-]|\Z)|\.xml\Z", re.I
)
# What WordPress announces beside each page's feed of articles, and its pages as JSON.
_NO_NEWS = re.compile(r"/comments/|[?&]feed=comments|/wp-json|oembed", re.I)
# Lead to feed readers, or share the page.
_OTHERS = re.compile(r"(?:^|\.)(?:feedly|inoreader|netvibes|facebook|twitter|x|t)\.(?:com|me)\Z")


@dataclass(frozen=True, slots=True)
class FeedLinks:
    """Addresses that may be feeds, in the page's order, each once."""

    announced: tuple[str, ...]
    linked: tuple[str, ...]


def feed_links(page: Fetched) -> FeedLinks:
    """Return the feeds that the page announces, and the visible links that look like feeds."""
    text = _COMMENT.sub("", page.body[:MAX_PAGE].decode("utf-8", "replace"))
    base, announced, linked = page.url, dict[str, None](), dict[str, None]()
    for name, attributes in _tags(text):
        address = _address(base, attributes.get("href", ""))
        if address is None or _NO_NEWS.search(address):
            continue
        if name == "base":
            base = address
        elif name == "link" and _announces(attributes):
            announced.setdefault(address)
        elif name == "a" and _looks_like_a_feed(address):
            linked.setdefault(address)
    plain = [address for address in linked if address not in announced and address != page.url]
    return FeedLinks(tuple(announced)[:MOST_ANNOUNCED], tuple(plain)[:MOST_LINKED])


def _tags(text: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    for tag in _TAG.finditer(text):
        attributes = {
            found[1].lower(): html.unescape(found[2] or found[3] or found[4] or "").strip()
            for found in _ATTRIBUTE.finditer(tag["rest"])
        }
        yield tag["name"].lower(), attributes


def _announces(attributes: Mapping[str, str]) -> bool:
    relations = attributes.get("rel", "").lower().split()
    of_a_feed = _FEED_TYPE.match(attributes.get("type", ""))
    return "feed" in relations or ("alternate" in relations and of_a_feed is not None)


def _looks_like_a_feed(address: str) -> bool:
    parts = urlsplit(address)
    if _OTHERS.search(parts.hostname or ""):
        return False
    return _FEED_ADDRESS.search(f"{parts.path}?{parts.query}".rstrip("?")) is not None


def _address(base: str, link: str) -> str | None:
    link = re.sub(r"^feed:(?://)?(?=https?:)", "", link, flags=re.I)
    link = re.sub(r"^feed://", "http://", link, flags=re.I)
    try:
        url = urljoin(base, "".join(link.split())).partition("#")[0]
        host = urlsplit(url).hostname
    except ValueError:
        return None
    known = url.lower().startswith(("http://", "https://")) and host
    return url if link and known and len(url) <= MAX_URL else None
