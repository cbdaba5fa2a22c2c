"""Asks feeds for their documents over HTTP, many at once, within limits.

Whatever a server does ends in one of three outcomes: ``Fetched``, ``NotModified`` or ``Failed``
with a stable code. Beside it: where one may connect (``addresses``, ``network``), when
(``pacing``), by which way (``redirects``), and what an answer means (``answers``, ``inflate``).
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
import time
import zlib
from collections.abc import AsyncGenerator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import httpcore
import httpx

from service.polling.fetching.answers import GaveUpError, is_busy, kept_headers, put_off, refused
from service.polling.fetching.inflate import Inflater, TooLargeError
from service.polling.fetching.network import GuardedBackend, Resolver, shared_resolver
from service.polling.fetching.pacing import Pacer
from service.polling.fetching.redirects import REDIRECTS, Route
from service.polling.fetching.transport import Transport, system_trust
from service.records import Failed, FeedState, Fetched, FetchResult, NotModified

ACCEPT = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/rdf+xml, "
    "application/xml;q=0.9, text/xml;q=0.8, application/json;q=0.8, */*;q=0.5"
)
OK, UNCHANGED = 200, 304


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What one request may cost. Sizes in bytes after decompression, times in seconds.

    ``host_gap`` lies between the beginnings of two requests to one host.
    """

    concurrency: int
    per_host: int
    host_gap: float
    connect_timeout: float
    total_timeout: float
    max_body_bytes: int
    max_redirects: int
    allow_private_addresses: bool


# The hosts that asked to be left alone in this round, and how.
Busy = dict[str, Failed]


class Fetcher:
    """Fetches feeds concurrently with one connection pool. Use as an async context manager."""

    def __init__(
        self,
        limits: FetchLimits,
        user_agent: str,
        *,
        resolver: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
        pacer: Pacer | None = None,
    ) -> None:
        self._limits = limits
        self._pacer = pacer or Pacer(limits.concurrency, limits.per_host, limits.host_gap)
        backend = GuardedBackend(
            resolver or shared_resolver(),
            limits.connect_timeout,
            allow_private=limits.allow_private_addresses,
        )
        self._transport = Transport(backend, tls or system_trust(), limits.concurrency)
        self._headers = {
            "User-Agent": user_agent,
            "Accept": ACCEPT,
            # Only what Inflater can unpack within a limit.
            "Accept-Encoding": "gzip",
            "Connection": "keep-alive",
        }
        # For TLS; the whole request has a time limit of its own, see _follow.
        self._extensions = {"timeout": {"connect": limits.connect_timeout}}

    async def __aenter__(self) -> Fetcher:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._transport.aclose()

    async def fetch_all(
        self, feeds: Iterable[FeedState]
    ) -> AsyncGenerator[tuple[FeedState, FetchResult]]:
        """Yield each feed with its outcome, in the order in which they arrive.

        A host that asks to be left alone is not asked again in this round. Closing the iterator
        early cancels the requests still under way.
        """
        busy: Busy = {}
        tasks = [asyncio.create_task(self._fetch_with_feed(feed, busy)) for feed in feeds]
        try:
            for task in asyncio.as_completed(tasks):
                yield await task
        finally:
            for task in tasks:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _fetch_with_feed(self, feed: FeedState, busy: Busy) -> tuple[FeedState, FetchResult]:
        return feed, await self.fetch(feed, busy)

    async def fetch(self, feed: FeedState, busy: Busy | None = None) -> FetchResult:
        """Return what the feed answers, never raising for what a server or network does.

        Without validators in its state the feed is asked in full. ``busy`` is what the round
        knows of its hosts.
        """
        try:
            route = Route(feed, self._limits.max_redirects)
            return await self._follow(route, {} if busy is None else busy)
        except GaveUpError as error:
            return error.failed
        except TimeoutError:
            seconds = self._limits.total_timeout
            return Failed("timeout", f"no complete answer within {seconds:g} s")
        except httpcore.ConnectTimeout:
            return Failed("connect-timeout", "the server did not accept a connection in time")
        except (httpx.InvalidURL, ValueError) as error:
            return Failed("bad-url", f"not an address that can be asked: {error}", permanent=True)
        except httpcore.ConnectError as error:
            return Failed("connect", f"no connection: {error}")
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            return Failed("protocol", f"{type(error).__name__}: {error}")

    async def _follow(self, route: Route, busy: Busy) -> FetchResult:
        # Every redirect takes its turn anew, at the host it leads to. What is waited for a turn
        # does not count against the time of the request.
        left, result = self._limits.total_timeout, None
        while result is None:
            host = route.host
            async with self._pacer.turn(host, partial(_may_be_asked, host, busy)) as begun:
                if not begun:
                    return put_off(host, busy[host])
                begin = time.monotonic()
                async with asyncio.timeout(left):
                    result = await self._ask(route, busy)
                left -= time.monotonic() - begin
        return result

    async def _ask(self, route: Route, busy: Busy) -> FetchResult | None:
        """Send one request; None means that the route goes on."""
        known = route.validators()
        request = httpx.Request(
            "GET", route.url, headers={**self._headers, **known}, extensions=self._extensions
        )
        route.prepare(request)
        response = await self._transport.handle_async_request(request)
        try:
            status, headers = response.status_code, response.headers
            if status in REDIRECTS and "location" in headers:
                route.follow(response)
                return None
            if status == OK:
                return await self._read(response, route)
            if status != UNCHANGED:
                failed = refused(status, response.reason_phrase, headers)
                if is_busy(status, headers):
                    busy[route.host] = failed
                return failed
            if not known:
                return Failed("odd-304", "the server answered 304 though it was asked in full")
            return NotModified(kept_headers(headers, validators=True), route.moved_to)
        finally:
            await response.aclose()

    async def _read(self, response: httpx.Response, route: Route) -> FetchResult:
        encoding = response.headers.get("content-encoding", "").strip().lower()
        try:
            inflater = Inflater(encoding, self._limits.max_body_bytes)
            async for chunk in response.aiter_raw():
                inflater.feed(chunk)
            body = inflater.finish()
        except TooLargeError:
            limit = self._limits.max_body_bytes
            return Failed("too-large", f"more than {limit:,} bytes", permanent=True)
        except zlib.error as error:
            return Failed("encoding", f"not readable as {encoding}: {error}")
        if not body.strip():
            return Failed("empty", "an empty body")
        # What another host than the feed's own said is not sent back; see Route.validators.
        headers = kept_headers(response.headers, validators=route.at_home)
        digest = hashlib.blake2b(body, digest_size=16).hexdigest()
        return Fetched(str(route.url), body, digest, headers, route.moved_to)


def _may_be_asked(host: str, busy: Busy) -> bool:
    return host not in busy
