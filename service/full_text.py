"""Reads articles' own pages where the feed says too little to judge them.

Wanted are pages of articles near the threshold, and of those that come as a bare title which names
one side. They are asked for in a job of their own, so that a slow page holds up no feed; with
robots.txt obeyed and each host paced as feeds are. What is there is read and scored anew, and the
score says which text it saw.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from service.harvest import Harvester
from service.polling.fetching.fetch import Fetcher
from service.polling.pages.article import PageKind, PageText, read_page
from service.polling.pages.robots import Robots, RobotsAnswer
from service.records import Failed, FeedId, FeedState, Fetched, Item, Score, WantedPage
from service.storage import articles

log = structlog.get_logger(__name__)

# Pages asked for in one round, and how long one that was asked for may take before it is asked
# for again: a process may have died over it.
ROUND = 32
LEASE = timedelta(minutes=30)
# Later its news is old.
YOUNG = timedelta(hours=24)
# Marks of pages that could not be had.
REFUSED, UNREACHABLE = "robots", "unreachable"
_STATUS = "http-"


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page that was asked for: what it was, and its text."""

    wanted: WantedPage
    kind: str
    text: str = ""


class PageReader:
    """Asks for pages. Keeps what each site's robots.txt says from one round to the next."""

    def __init__(self, open_fetcher: Callable[[], Fetcher], now: Callable[[], datetime]) -> None:
        self._open_fetcher = open_fetcher
        self._now = now
        self._fetcher: Fetcher | None = None
        self._robots = Robots(self._robots_txt, now)

    async def read(self, wanted: Sequence[WantedPage]) -> list[ReadPage]:
        """Return what the pages hold, in order."""
        async with self._open_fetcher() as self._fetcher:
            return list(await asyncio.gather(*(self._read(one) for one in wanted)))

    async def _read(self, wanted: WantedPage) -> ReadPage:
        permission = await self._robots.permission(wanted.url)
        if not permission.allowed:
            return ReadPage(wanted, REFUSED)
        result = await self._ask(wanted.url)
        if not isinstance(result, Fetched):
            code = result.code if isinstance(result, Failed) else UNREACHABLE
            log.info("page not read", url=wanted.url, code=code)
            return ReadPage(wanted, UNREACHABLE)
        # Large pages take a while; feeds are polled meanwhile.
        page: PageText = await asyncio.to_thread(
            read_page, result.body, result.url, result.headers, title=wanted.item.title
        )
        return ReadPage(wanted, page.kind, page.text)

    async def _robots_txt(self, url: str) -> RobotsAnswer:
        result = await self._ask(url)
        if isinstance(result, Fetched):
            return RobotsAnswer(200, result.body)
        code = result.code if isinstance(result, Failed) else ""
        status = code.removeprefix(_STATUS)
        # An empty file, which the fetcher calls a failure, forbids nothing.
        if code == "empty":
            return RobotsAnswer(200, b"")
        return RobotsAnswer(int(status) if status.isdecimal() else None, b"")

    async def _ask(self, url: str) -> object:
        if self._fetcher is None:
            raise RuntimeError("no round is under way")
        return await self._fetcher.fetch(FeedState(FeedId(0), url, "", ""))


async def read_pages(reader: PageReader, harvester: Harvester, now: datetime) -> int:
    """Read the pages that are wanted, score what they hold, and return how many were read."""
    with harvester.database.transaction() as connection:
        wanted = articles.claim_pages(connection, now, now - LEASE, now - YOUNG, ROUND)
    if not wanted:
        return 0
    pages = await reader.read(wanted)
    await asyncio.to_thread(_take_in, harvester, pages, now)
    return sum(page.kind in set(PageKind) for page in pages)


def _take_in(harvester: Harvester, pages: Sequence[ReadPage], now: datetime) -> None:
    telling = [page for page in pages if len(page.text) > len(page.wanted.item.summary)]
    items = [_item(page) for page in telling]
    scores = [_from_page(score) for score in harvester.scorer.score(items)]
    ids = [page.wanted.article_id for page in telling]
    with harvester.database.transaction() as connection:
        articles.save_pages(
            connection, ((page.wanted.article_id, page.kind, page.text) for page in pages)
        )
        articles.save_scores(connection, zip(ids, scores, strict=True), now)
        harvester.group(connection, zip(ids, scores, strict=True), now)


def _item(page: ReadPage) -> Item:
    # The teaser first: editors put there what matters, and the page may begin with a place name.
    summary = page.wanted.item.summary
    text = page.text if page.text.startswith(summary) else f"{summary} {page.text}".strip()
    return replace(page.wanted.item, summary=text)


def _from_page(score: Score) -> Score:
    return replace(score, evidence=replace(score.evidence, text_from="page"))
