"""Makes a feed of what any reader of documents found in it. Pure.

Every entry is read; one that has neither title nor text nor link is skipped and named, and never
costs the others.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urljoin

from service.polling.reading.plain import plain_text, without_control
from service.records import ParsedArticle, ParsedFeed

# Enough for any headline and lead; a hostile feed cannot fill the database with one entry.
MAX_TITLE = 1_000
MAX_SUMMARY = 10_000
MAX_URL = 4_000
MAX_GUID = 2_000
# As much of a text without a title as stands in for one.
TITLE_STAND_IN = 120
# What a feed promises beyond this is taken for a mistake.
SHORTEST_PROMISE = timedelta(minutes=1)
LONGEST_PROMISE = timedelta(days=366)

_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_NUMBER = re.compile(r"\+?0{0,9}([1-9][0-9]{0,8})(?:\.0{1,9})?")
_WEB_ADDRESS = re.compile(r"https?://[^/]")
# Addresses that joining leaves as they are, whatever the base.
_PLAIN_ADDRESS = re.compile(
    r"https?://[A-Za-z0-9][A-Za-z0-9.-]*(?:/[A-Za-z0-9/._~%+,@!:-]*)?"
    r"(?:\?[A-Za-z0-9/._~%+,@!:;&=?-]+)?(?:#[A-Za-z0-9/._~%+,@!:;&=?-]+)?"
)
_LANGUAGE = re.compile(r"([a-zA-Z]{2,3})(?:[-_]|$)")


@dataclass(slots=True)
class Entry:
    """One entry as the document has it: texts with their mark-up, the teaser first."""

    title: str = ""
    texts: list[str] = field(default_factory=list)
    link: str | None = None
    guid: str | None = None
    published_at: datetime | None = None
    language: str | None = None


@dataclass(slots=True)
class Head:
    """What the document says of itself; ``links`` are pairs of relation and address."""

    title: str = ""
    ttl: str = ""
    period: str = ""
    frequency: str = ""
    links: list[tuple[str, str]] = field(default_factory=list)


def feed_of(head: Head, read: Iterable[Entry | str], base: str) -> ParsedFeed:
    """Return the feed; what is no entry is given as the reason why."""
    articles, skipped = [], []
    for index, entry in enumerate(read):
        article = entry if isinstance(entry, str) else _article(entry, base)
        if isinstance(article, str):
            skipped.append(f"entry {index + 1}: {article}")
        else:
            articles.append(article)
    return ParsedFeed(
        plain_text(head.title, MAX_TITLE),
        tuple(articles),
        tuple(skipped),
        update_every=_promise(head),
        hub=_linked(head.links, "hub", base),
        topic=_linked(head.links, "self", base),
    )


def _article(entry: Entry, base: str) -> ParsedArticle | str:
    """Return the article, or why the entry is none."""
    heading = plain_text(entry.title, MAX_TITLE)
    # The teaser if there is one; else the full text, which some feeds send alone.
    plain = (plain_text(text, MAX_SUMMARY) for text in entry.texts)
    text = next((text for text in plain if text), "")
    if not heading and not text:
        return "neither title nor text"
    url = web_address(base, entry.link)
    if not heading and not url and not entry.guid:
        return "neither title nor link nor id"
    return ParsedArticle(
        # Title-less entries (microblogs, some Atom feeds) are told by their first words.
        title=heading or _first_words(text),
        summary="" if text == heading else text,
        url=url,
        guid=_guid(entry.guid),
        published_at=entry.published_at,
        language=_language_code(entry.language),
    )


def is_plain_address(link: str) -> bool:
    """Tell whether the address is whole, and of no form that joining might mend."""
    return _PLAIN_ADDRESS.fullmatch(link) is not None


def web_address(base: str, link: str | None) -> str | None:
    """Return the whole http(s) address that a link on the page ``base`` leads to, if it does."""
    if not link:
        return None
    if is_plain_address(link):
        return link if len(link) <= MAX_URL else None
    try:
        # Browsers drop line breaks within addresses; left in, they would forge lines of a text.
        url = urljoin(base, "".join(without_control(link).split()))
    except ValueError:
        return None
    scheme, _, rest = url.partition(":")
    url = f"{scheme.lower()}:{rest}"
    return url if _WEB_ADDRESS.match(url) and len(url) <= MAX_URL else None


def _guid(guid: str | None) -> str | None:
    text = without_control(guid or "").strip()
    if len(text) > MAX_GUID:
        # Still tells the entry from others.
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return text or None


def _first_words(text: str) -> str:
    if len(text) <= TITLE_STAND_IN:
        return text
    return text[: TITLE_STAND_IN + 1].rsplit(" ", 1)[0][:TITLE_STAND_IN]


def _language_code(tag: str | None) -> str | None:
    """Return the language of a tag like "en-GB" or "EN"; None for anything else."""
    match = _LANGUAGE.match((tag or "").strip())
    return match[1].lower() if match else None


def _promise(head: Head) -> timedelta | None:
    """Return the smallest wait that the feed itself calls sensible."""
    minutes = _number(head.ttl)
    times = _number(head.frequency or "1")
    period = _PERIODS.get(head.period.strip().lower())
    waits = [
        wait
        for wait in (
            timedelta(minutes=minutes) if minutes else None,
            period / times if period and times else None,
        )
        if wait and SHORTEST_PROMISE <= wait <= LONGEST_PROMISE
    ]
    return min(waits, default=None)


def _number(text: str) -> int | None:
    match = _NUMBER.fullmatch(text.strip())
    return int(match[1]) if match else None


def _linked(links: Iterable[tuple[str, str]], relation: str, base: str) -> str | None:
    """Return the first address that the document names as its hub, or as its own (WebSub)."""
    named = (web_address(base, href) for kind, href in links if kind == relation)
    return next((address for address in named if address), None)
