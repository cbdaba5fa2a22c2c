"""Asks each listed feed once and says how it does; nothing is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from service.polling.dates import believable
from service.polling.sources.discover import Ask, ask_for, host_of, read
from service.records import Failed, ParsedFeed
from service.settings import FeedConfig


class Outcome(StrEnum):
    """How a feed does. An empty one may be a news sitemap in a quiet week."""

    OK = "ok"
    EMPTY = "empty"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Probe:
    """What came of asking one feed. ``moved_to`` is the address to list it by from now on."""

    feed: FeedConfig
    outcome: Outcome
    entries: int = 0
    skipped: int = 0
    newest: datetime | None = None
    moved_to: str | None = None
    failure: Failed | None = None


async def probe_all(
    feeds: Sequence[FeedConfig],
    ask: Ask,
    now: datetime,
    at_once: int,
    tell: Callable[[Probe], None],
) -> list[Probe]:
    """Return an outcome for each feed; those of one host are asked in turn.

    ``tell`` is called with each as it arrives.
    """
    hosts: dict[str, list[FeedConfig]] = {}
    for feed in feeds:
        hosts.setdefault(host_of(feed.url), []).append(feed)
    slots = asyncio.Semaphore(at_once)
    outcomes: dict[str, Probe] = {}

    async def in_turn(members: list[FeedConfig]) -> None:
        for feed in members:
            async with slots:
                outcomes[feed.url] = await probe(feed, ask, now)
            tell(outcomes[feed.url])

    async with asyncio.TaskGroup() as group:
        for members in hosts.values():
            group.create_task(in_turn(members))
    return [outcomes[feed.url] for feed in feeds]


async def probe(feed: FeedConfig, ask: Ask, now: datetime) -> Probe:
    """Ask one feed and read what it answers."""
    answer = await ask_for(feed.url, ask)
    if isinstance(answer, Failed):
        return Probe(feed, Outcome.FAILED, failure=answer)
    parsed = read(answer)
    if isinstance(parsed, Failed):
        return Probe(feed, Outcome.FAILED, moved_to=answer.moved_to, failure=parsed)
    return Probe(
        feed,
        Outcome.OK if parsed.articles else Outcome.EMPTY,
        len(parsed.articles),
        len(parsed.skipped),
        newest_of(parsed, now),
        answer.moved_to,
    )


def newest_of(feed: ParsedFeed, now: datetime) -> datetime | None:
    """Return when the newest entry came out, by the dates that can be believed."""
    dates = (believable(article.published_at, now) for article in feed.articles)
    return max((date for date in dates if date is not None), default=None)
