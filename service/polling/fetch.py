"""Asks feeds for their documents over HTTP, many at once, within limits.

The only module that knows the HTTP client. Whatever a server does ends in one of three
outcomes: ``Fetched``, ``NotModified`` or ``Failed`` with a stable code.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
import zlib
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from service.records import Failed, FeedState, Fetched, FetchResult, NotModified

ACCEPT = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/rdf+xml, "
    "application/xml;q=0.9, text/xml;q=0.8, application/json;q=0.8, */*;q=0.5"
)
# Headers that later stages read.
KEPT_HEADERS = ("content-type", "etag", "last-modified")
GZIP_MAGIC = b"\x1f\x8b"
# 32 makes zlib tell the two framings apart by itself.
GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
HIGHEST_PORT = 65_535
REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What one request may cost. Sizes in bytes after decompression, times in seconds."""

    concurrency: int
    per_host: int
    connect_timeout: float
    total_timeout: float
    max_body_bytes: int
    max_redirects: int


class Fetcher:
    """Fetches feeds concurrently with one connection pool. Use as an async context manager."""

    def __init__(self, limits: FetchLimits, user_agent: str) -> None:
        self._limits = limits
        self._client = httpx.AsyncClient(
            headers={
                "User-Agent": user_agent,
                "Accept": ACCEPT,
                # Only what _Inflater can unpack within a limit.
                "Accept-Encoding": "gzip",
            },
            # The whole request has a time limit of its own; see fetch.
            timeout=httpx.Timeout(None, connect=limits.connect_timeout),
            limits=httpx.Limits(max_connections=limits.concurrency),
            verify=ssl.create_default_context(),
            follow_redirects=False,
        )
        self._slots = asyncio.Semaphore(limits.concurrency)
        self._host_slots: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(limits.per_host)
        )

    async def __aenter__(self) -> Fetcher:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def fetch_all(
        self, feeds: Iterable[FeedState]
    ) -> AsyncGenerator[tuple[FeedState, FetchResult]]:
        """Yield each feed with its outcome, in the order in which they arrive.

        Closing the iterator early cancels the requests still under way.
        """
        tasks = [asyncio.create_task(self._fetch_with_feed(feed)) for feed in feeds]
        try:
            for task in asyncio.as_completed(tasks):
                yield await task
        finally:
            for task in tasks:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _fetch_with_feed(self, feed: FeedState) -> tuple[FeedState, FetchResult]:
        # The host's slot first: a slow host must not hold slots that others could use.
        async with self._host_slots[_host(feed.url)], self._slots:
            return feed, await self.fetch(feed)

    async def fetch(self, feed: FeedState) -> FetchResult:
        """Return what the feed answers, never raising for what a server or network does."""
        try:
            async with asyncio.timeout(self._limits.total_timeout):
                return await self._follow(feed)
        except TimeoutError:
            seconds = self._limits.total_timeout
            return Failed("timeout", f"no complete answer within {seconds:g} s")
        except httpx.ConnectTimeout:
            return Failed("connect-timeout", "the server did not accept a connection in time")
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, ValueError) as error:
            return Failed("bad-url", f"not an address that can be asked: {error}", permanent=True)
        except httpx.ConnectError as error:
            return Failed("connect", f"no connection: {error}")
        except httpx.HTTPError as error:
            return Failed("protocol", f"{type(error).__name__}: {error}")

    async def _follow(self, feed: FeedState) -> FetchResult:
        url = feed.url
        for _ in range(self._limits.max_redirects + 1):
            if (httpx.URL(url).port or 0) > HIGHEST_PORT:
                return Failed("bad-url", f"there is no such port: {url}", permanent=True)
            request = self._client.build_request("GET", url, headers=_validators(feed))
            response = await self._client.send(request, stream=True)
            try:
                if response.status_code not in REDIRECTS or "location" not in response.headers:
                    return await self._read(response)
                url = str(response.url.join(response.headers["location"]))
            finally:
                await response.aclose()
        limit = self._limits.max_redirects
        return Failed("redirects", f"more than {limit} redirects", permanent=True)

    async def _read(self, response: httpx.Response) -> FetchResult:
        if response.status_code == httpx.codes.NOT_MODIFIED:
            return NotModified()
        if response.status_code != httpx.codes.OK:
            return _refused(response)
        encoding = response.headers.get("content-encoding", "").strip().lower()
        try:
            inflater = _Inflater(encoding, self._limits.max_body_bytes)
            async for chunk in response.aiter_raw():
                inflater.feed(chunk)
            body = inflater.finish()
        except _TooLargeError:
            limit = self._limits.max_body_bytes
            return Failed("too-large", f"more than {limit:,} bytes", permanent=True)
        except zlib.error as error:
            return Failed("encoding", f"not readable as {encoding}: {error}")
        if not body.strip():
            return Failed("empty", "an empty body")
        headers = {k: response.headers[k] for k in KEPT_HEADERS if k in response.headers}
        digest = hashlib.blake2b(body, digest_size=16).hexdigest()
        return Fetched(str(response.url), body, digest, headers)


class _TooLargeError(Exception):
    """The body exceeds its limit."""


class _Inflater:
    """Unpacks a body chunk by chunk and stops at the limit, however small the chunks look."""

    def __init__(self, encoding: str, limit: int) -> None:
        self._left = limit
        self._parts: list[bytes] = []
        self._decompressor = None
        if encoding in ("gzip", "x-gzip", "deflate"):
            self._decompressor = zlib.decompressobj(GZIP_OR_ZLIB)
        elif encoding not in ("", "identity"):
            raise zlib.error("an encoding that was not asked for")

    def feed(self, chunk: bytes) -> None:
        if self._decompressor is None:
            self._keep(chunk)
            return
        while chunk:
            if self._decompressor.eof:
                # gzip files may be several in a row; what else follows is padding.
                if not chunk.startswith(GZIP_MAGIC):
                    return
                self._decompressor = zlib.decompressobj(GZIP_OR_ZLIB)
            self._keep(self._decompressor.decompress(chunk, self._left + 1))
            chunk = self._decompressor.unused_data

    def _keep(self, part: bytes) -> None:
        if len(part) > self._left:
            raise _TooLargeError
        self._left -= len(part)
        self._parts.append(part)

    def finish(self) -> bytes:
        if self._decompressor is not None and not self._decompressor.eof:
            raise zlib.error("the stream breaks off")
        return b"".join(self._parts)


def _validators(feed: FeedState) -> Mapping[str, str]:
    sent = {"If-None-Match": feed.etag, "If-Modified-Since": feed.last_modified}
    # What a header cannot carry is not sent back, and the feed is simply asked in full.
    return {name: value for name, value in sent.items() if value and value.isascii()}


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""


def _refused(response: httpx.Response) -> Failed:
    status = response.status_code
    return Failed(
        code=f"http-{status}",
        message=f"the server answered {status} {response.reason_phrase}".rstrip(),
        permanent=status in (404, 410, 451),
        retry_after=_retry_after(response.headers.get("retry-after")),
    )


def _retry_after(value: str | None) -> timedelta | None:
    """Read the header in both its forms (RFC 9110, 10.2.3): seconds, or a date."""
    if value is None:
        return None
    if value.strip().isdecimal():
        # Capped where timedelta could not hold it.
        return timedelta(seconds=min(int(value.strip()[:10]), 10_000_000))
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    # The one place that reads a clock: the header is relative to the moment it arrives.
    return max(moment - datetime.now(UTC), timedelta(0))
