"""How the tests of ``service.polling.fetching.fetch`` ask one feed, and within which limits."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import replace
from typing import Any

from service.polling.fetching.fetch import Fetcher, FetchLimits
from service.polling.fetching.network import Resolver
from service.records import Failed, Fetched, FetchResult
from tests.make import feed_state

LIMITS = FetchLimits(
    concurrency=8,
    per_host=8,
    host_gap=0,
    connect_timeout=2,
    total_timeout=5,
    max_body_bytes=100_000,
    max_redirects=3,
    allow_private_addresses=True,
)


# As in real life: nothing on this machine may be asked.
GUARDED = replace(LIMITS, allow_private_addresses=False)


def resolver(*addresses: str) -> Resolver:
    """Return one for which every name is at these addresses."""
    return Resolver(lambda *_: addresses)


def fetch(
    url: str,
    limits: FetchLimits = LIMITS,
    *,
    names: Resolver | None = None,
    tls: ssl.SSLContext | None = None,
    **state: Any,
) -> FetchResult:
    async def ask() -> FetchResult:
        agent = "CaspianWatch/1 (+https://desk.example)"
        async with Fetcher(limits, agent, resolver=names, tls=tls) as fetcher:
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
