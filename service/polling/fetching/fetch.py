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
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import urlencode

import httpcore
import httpx

from service.polling.fetching.answers import (
    GaveUpError,
    is_busy,
    kept_headers,
    put_off,
    refused,
    rejected,
)
from service.polling.fetching.inflate import Inflater, TooLargeError
from service.polling.fetching.network import GuardedBackend, Resolver, shared_resolver
from service.polling.fetching.pacing import Pacer
from service.polling.fetching.redirects import KEEPING, REDIRECTS, Route
from service.polling.fetching.transport import Transport, system_trust
from service.polling.reading.plain import plain_text
from service.records import Failed, FeedId, FeedState, Fetched, FetchResult, NotModified

ACCEPT = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/rdf+xml, "
    "application/xml;q=0.9, text/xml;q=0.8, application/json;q=0.8, */*;q=0.5"
)
OK, UNCHANGED = 200, 304
FORM_HEADERS = {
    "Content-Type": "application/x-www-form-urlencoded",
    "Accept": "text/plain, */*;q=0.5",
    "Accept-Encoding": "identity",
}
# As much of an answer to a form as is looked at, in bytes, and as much of it as is told.
MAX_BEGINNING, MAX_SAID = 4_000, 200


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
# Sends one request; None means that the route goes on.
Ask = Callable[[Route, Busy], Awaitable[FetchResult | None]]


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
        return await self._outcome(feed, self._ask, busy)

    async def post(
        self, url: str, form: Mapping[str, str], busy: Busy | None = None
    ) -> Failed | None:
        """Send a form; return None where the server took it (any 2xx), else why not.

        The message has the beginning of the body, where servers say what is wrong. Any 4xx other
        than "later" is permanent. Only redirects that keep the form are followed, and none to
        where others could read it.
        """
        send = partial(self._send, urlencode(form).encode())
        result = await self._outcome(FeedState(FeedId(0), url, "", ""), send, busy)
        return result if isinstance(result, Failed) else None

    async def _outcome(self, feed: FeedState, ask: Ask, busy: Busy | None) -> FetchResult:
        try:
            route = Route(feed, self._limits.max_redirects)
            return await self._follow(route, ask, {} if busy is None else busy)
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

    async def _follow(self, route: Route, ask: Ask, busy: Busy) -> FetchResult:
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
                    result = await ask(route, busy)
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

    async def _send(self, form: bytes, route: Route, busy: Busy) -> FetchResult | None:
        """Send the form once; None means that the route goes on."""
        headers = {**self._headers, **FORM_HEADERS}
        request = httpx.Request(
            "POST", route.url, content=form, headers=headers, extensions=self._extensions
        )
        route.prepare(request)
        response = await self._transport.handle_async_request(request)
        try:
            status = response.status_code
            if status in KEEPING and "location" in response.headers:
                route.follow(response, downgrade=False)
                return None
            if response.is_success:
                return Fetched(str(route.url), b"", "")
            failed = rejected(status, response.reason_phrase, response.headers)
            if is_busy(status, response.headers):
                busy[route.host] = failed
            said = plain_text((await _beginning(response)).decode("utf-8", "replace"), MAX_SAID)
            return replace(failed, message=f"{failed.message}: {said}") if said else failed
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


async def _beginning(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) >= MAX_BEGINNING:
            break
    return bytes(body[:MAX_BEGINNING])


def _may_be_asked(host: str, busy: Busy) -> bool:
    return host not in busy
