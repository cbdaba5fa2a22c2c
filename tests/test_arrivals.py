"""Answers come in batches, read ahead of their storing; one that breaks takes no other with it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from threading import Event

from service.arrivals import AHEAD, Arrived, Read, arrivals
from service.polling.updates import ReadFeed
from service.records import Failed, FeedId, FeedState
from service.settings import Settings
from service.wiring.fetching import open_fetcher
from tests.make import feed_state, rss, rss_item
from tests.servers.http import Answer, HttpServer

PATIENCE_SECONDS = 20


def feeds(web: HttpServer, number: int) -> list[FeedState]:
    for at in range(number):
        web.routes[f"/{at}"] = Answer(body=rss(rss_item(f"Title {at}", f"/{at}")).encode())
    return [feed_state(web.url(f"/{at}"), id=FeedId(at)) for at in range(number)]


def as_they_are(batch: Sequence[Arrived]) -> list[ReadFeed]:
    return [ReadFeed(feed, result) for feed, result in batch]


def brought_in(
    settings: Settings, claimed: list[FeedState], read: Read, *, batches: int | None = None
) -> list[ReadFeed]:
    """Return what arrives, or what the first ``batches`` hold."""

    async def run() -> list[ReadFeed]:
        found: list[ReadFeed] = []
        async with (
            open_fetcher(settings) as fetcher,
            aclosing(arrivals(fetcher, claimed, read, Event())) as coming,
        ):
            seen = 0
            async for batch in coming:
                found += batch
                seen += 1
                if seen == batches:
                    break
        return found

    return asyncio.run(asyncio.wait_for(run(), PATIENCE_SECONDS))


def test_every_answer_arrives_once(settings: Settings, web: HttpServer) -> None:
    found = brought_in(settings, feeds(web, 60), as_they_are)
    assert sorted(one.feed.id for one in found) == list(range(60))


def test_whoever_stops_early_is_not_kept_waiting_for_what_was_read_ahead(
    settings: Settings, web: HttpServer
) -> None:
    claimed = feeds(web, 30 * (AHEAD + 2))
    found = brought_in(settings, claimed, as_they_are, batches=1)
    assert 0 < len(found) < len(claimed)


def test_an_answer_that_breaks_its_reading_is_its_feeds_failure_alone(
    settings: Settings, web: HttpServer
) -> None:
    def choking(batch: Sequence[Arrived]) -> list[ReadFeed]:
        if any(feed.id == 3 for feed, _ in batch):
            raise ValueError("a bone")
        return as_they_are(batch)

    found = {one.feed.id: one.result for one in brought_in(settings, feeds(web, 9), choking)}
    assert found.pop(FeedId(3)) == Failed("fault", "ValueError: a bone")
    assert len(found) == 8
    assert not any(isinstance(result, Failed) for result in found.values())


def test_where_nothing_is_claimed_nothing_arrives(settings: Settings) -> None:
    assert brought_in(settings, [], as_they_are) == []
