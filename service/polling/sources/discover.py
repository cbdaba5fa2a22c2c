"""Finds the feeds of a site: what an address is, what its page announces, the usual places.

The addresses are asked a few at a time and each once. Places that are only guessed at are asked
if the site's robots.txt does not forbid it; what a site announces is there to be fetched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urljoin, urlsplit

from protego import Protego

from service.polling.pages.robots import AGENT, MAX_BODY
from service.polling.reading.parse import parse
from service.polling.reading.sitemap import children
from service.polling.sources.links import feed_links
from service.polling.sources.origin import declared_language, language_of
from service.records import Failed, FeedId, FeedState, Fetched, FetchResult, ParsedFeed

USUAL_PLACES = (
    "/feed",
    "/rss",
    "/rss.xml",
    "/feed.xml",
    "/atom.xml",
    "/index.xml",
    "/?feed=rss2",
)
AT_ONCE = 3
MOST_SITEMAPS = 4

Ask = Callable[[FeedState], Awaitable[FetchResult]]


class Found(StrEnum):
    """How a feed was found."""

    GIVEN = "given"
    ANNOUNCED = "announced"
    LINKED = "linked"
    USUAL = "usual place"
    SITEMAP = "news sitemap"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A feed that answers. ``url`` is where to ask for it from now on."""

    url: str
    found: Found
    feed: ParsedFeed
    language: str | None


@dataclass(frozen=True, slots=True)
class Miss:
    """An address that was tried and is no feed."""

    url: str
    found: Found
    why: Failed


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a search brought, in the order in which it was found."""

    candidates: tuple[Candidate, ...]
    misses: tuple[Miss, ...]


async def discover(url: str, ask: Ask) -> Discovery:
    """Return the feeds of a site, of which ``url`` is any page or a feed itself."""
    seeker = _Seeker(ask)
    await seeker.try_all([url], Found.GIVEN)
    await seeker.follow_pages()
    if not seeker.candidates and seeker.site_answers:
        await seeker.guess(url)
    return Discovery(tuple(seeker.candidates), tuple(seeker.misses))


def read(document: Fetched) -> ParsedFeed | Failed:
    """Return a feed or news sitemap as it reads, or why it is none."""
    outcome = parse(document)
    if isinstance(outcome, ParsedFeed) and outcome.skipped and not outcome.articles:
        return Failed("nothing-readable", f"none of its entries can be used: {outcome.skipped[0]}")
    return outcome


async def ask_for(url: str, ask: Ask) -> Fetched | Failed:
    """Return the document at an address of which nothing is known yet."""
    result = await ask(FeedState(id=FeedId(0), url=url, outlet="", language=""))
    if isinstance(result, Fetched | Failed):
        return result
    return Failed("http-304", "the server answered 304 to a request without conditions")


class _Seeker:
    """One search: what it has asked, and what came of it."""

    def __init__(self, ask: Ask) -> None:
        self.candidates: list[Candidate] = []
        self.misses: list[Miss] = []
        self.site_answers = False
        self._ask = ask
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._asked: set[str] = set()
        self._pages: list[Fetched] = []
        self._page_language: str | None = None

    async def try_all(self, urls: Iterable[str], found: Found) -> None:
        """Ask for the addresses; keep the feeds, and the pages to look for links on."""
        new = [url for url in dict.fromkeys(urls) if url not in self._asked]
        self._asked.update(new)
        for url, answer in zip(new, await asyncio.gather(*map(self._get, new)), strict=True):
            await self._sort(url, found, answer)

    async def _get(self, url: str) -> Fetched | Failed:
        async with self._slots:
            return await ask_for(url, self._ask)

    async def _sort(self, url: str, found: Found, answer: Fetched | Failed) -> None:
        if isinstance(answer, Failed):
            # An answer of whatever kind: the site is there.
            self.site_answers = self.site_answers or answer.code.startswith("http-")
            self.misses.append(Miss(url, found, answer))
            return
        self.site_answers = True
        feed = read(answer)
        if isinstance(feed, ParsedFeed):
            self._keep(url, found, feed, answer)
        elif feed.code == "sitemap-index":
            self.misses.append(Miss(url, found, feed))
            await self.try_all(children(answer)[:MOST_SITEMAPS], Found.SITEMAP)
        else:
            self.misses.append(Miss(url, found, feed))
            self._pages.append(answer)

    def _keep(self, url: str, found: Found, feed: ParsedFeed, answer: Fetched) -> None:
        if not feed.articles and found in (Found.USUAL, Found.SITEMAP):
            self.misses.append(Miss(url, found, Failed("empty-feed", "a feed without entries")))
        elif not any(_same(feed, known.feed) for known in self.candidates):
            language = language_of(feed, answer, self._page_language)
            self.candidates.append(Candidate(answer.moved_to or url, found, feed, language))

    async def follow_pages(self) -> None:
        """Try what the pages met so far announce and, failing that, what they link to."""
        pages, self._pages = self._pages, []
        if pages and self._page_language is None:
            self._page_language = declared_language(pages[0].body)
        links = [feed_links(page) for page in pages]
        await self.try_all((url for one in links for url in one.announced), Found.ANNOUNCED)
        if not self.candidates:
            await self.try_all((url for one in links for url in one.linked), Found.LINKED)

    async def guess(self, url: str) -> None:
        """Try the usual places of the site, then the news sitemaps that its robots.txt names."""
        robots = await self._robots(url)
        places = [urljoin(url, place) for place in USUAL_PLACES]
        await self.try_all(
            (place for place in places if robots.can_fetch(place, AGENT)), Found.USUAL
        )
        if not self.candidates:
            # "/rss" is often a page that lists feeds.
            await self.follow_pages()
        if not self.candidates:
            listed = sorted(robots.sitemaps, key=lambda one: "news" not in one.lower())
            await self.try_all(listed[:MOST_SITEMAPS], Found.SITEMAP)

    async def _robots(self, url: str) -> Protego:
        answer = await self._get(urljoin(url, "/robots.txt"))
        text = (
            answer.body[:MAX_BODY].decode("utf-8", "replace") if isinstance(answer, Fetched) else ""
        )
        return Protego.parse(text)


def _same(one: ParsedFeed, other: ParsedFeed) -> bool:
    """Tell whether two feeds carry the same entries, as RSS and Atom of one page do."""
    addresses = [
        {article.url or article.title for article in feed.articles} for feed in (one, other)
    ]
    return bool(addresses[0]) and addresses[0] == addresses[1]


def host_of(url: str) -> str:
    """Return the host that an address asks; empty if it is no address."""
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""
