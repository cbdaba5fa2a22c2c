"""Brings feeds' answers in: fetched, then read, in batches, each while the next is under way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from threading import Event

import structlog

from service.polling.fetching.fetch import Fetcher
from service.polling.updates import ReadFeed
from service.records import Failed, FeedState, FetchResult

log = structlog.get_logger(__name__)

# Feeds stored in one transaction, and how often a running poll looks whether it should stop.
BATCH = 24
STOP_TICK_SECONDS = 0.25
# Batches that may be read before they are stored: more would only fill the memory.
AHEAD = 2

Arrived = tuple[FeedState, FetchResult]
Read = Callable[[Sequence[Arrived]], list[ReadFeed]]


async def arrivals(
    fetcher: Fetcher, claimed: Sequence[FeedState], read: Read, stop: Event
) -> AsyncGenerator[list[ReadFeed]]:
    """Yield what feeds answer, read, in batches; end early when told to stop."""
    ready: asyncio.Queue[list[ReadFeed] | None] = asyncio.Queue()
    room = asyncio.Semaphore(AHEAD)

    async def read_ahead() -> None:
        try:
            async with aclosing(_batches(fetcher, claimed, stop)) as batches:
                async for batch in batches:
                    await room.acquire()
                    ready.put_nowait(await _read(read, batch))
        finally:
            ready.put_nowait(None)

    reading = asyncio.create_task(read_ahead())
    try:
        while (batch := await ready.get()) is not None:
            yield batch
            room.release()
        await reading
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


def at_fault(feed: FeedState, error: Exception) -> ReadFeed:
    """Return the failure of a feed whose answer broke what takes it in."""
    return ReadFeed(feed, Failed("fault", f"{type(error).__name__}: {error}"))


async def _read(read: Read, batch: Sequence[Arrived]) -> list[ReadFeed]:
    """Read a batch; one answer that breaks it is its feed's failure."""
    try:
        return await asyncio.to_thread(read, batch)
    except Exception as error:
        log.exception("reading broke", feeds=[feed.url for feed, _ in batch])
        if len(batch) == 1:
            return [at_fault(batch[0][0], error)]
    return [one for answer in batch for one in await _read(read, [answer])]


async def _batches(
    fetcher: Fetcher, claimed: Sequence[FeedState], stop: Event
) -> AsyncGenerator[list[Arrived]]:
    """Yield answers in batches, as many as have arrived; end early when told to stop."""
    arrived: asyncio.Queue[Arrived | None] = asyncio.Queue()

    async def pump() -> None:
        try:
            async with aclosing(fetcher.fetch_all(claimed)) as answers:
                async for answer in answers:
                    arrived.put_nowait(answer)
        finally:
            arrived.put_nowait(None)

    pumping = asyncio.create_task(pump())
    try:
        ended = False
        while not ended and not stop.is_set():
            try:
                batch = [await asyncio.wait_for(arrived.get(), STOP_TICK_SECONDS)]
            except TimeoutError:
                continue
            while len(batch) < BATCH and not arrived.empty():
                batch.append(arrived.get_nowait())
            ended = None in batch
            answers = [answer for answer in batch if answer is not None]
            if answers:
                yield answers
        if ended:
            await pumping
    finally:
        pumping.cancel()
        await asyncio.gather(pumping, return_exceptions=True)
