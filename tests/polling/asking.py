"""How the tests of ``service.polling.fetch`` ask one feed, and within which limits."""

from __future__ import annotations

import asyncio
from typing import Any

from service.polling.fetch import Fetcher, FetchLimits
from service.records import Failed, Fetched, FetchResult
from tests.make import feed_state

LIMITS = FetchLimits(
    concurrency=8,
    per_host=8,
    connect_timeout=2,
    total_timeout=5,
    max_body_bytes=100_000,
    max_redirects=3,
)


def fetch(url: str, limits: FetchLimits = LIMITS, **state: Any) -> FetchResult:
    async def ask() -> FetchResult:
        async with Fetcher(limits, "CaspianWatch/1 (+https://desk.example)") as fetcher:
            return await fetcher.fetch(feed_state(url, **state))

    return asyncio.run(ask())


def failure(url: str, limits: FetchLimits = LIMITS, **state: Any) -> Failed:
    result = fetch(url, limits, **state)
    assert isinstance(result, Failed), result
    return result


def success(url: str, limits: FetchLimits = LIMITS, **state: Any) -> Fetched:
    result = fetch(url, limits, **state)
    assert isinstance(result, Fetched), result
    return result
