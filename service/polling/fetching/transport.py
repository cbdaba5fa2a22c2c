"""Carries httpx's requests over connections that were checked.

httpx's own transport takes no network backend, and its client one cookie jar for all feeds, half
a millisecond a request, and proxies from the environment. A proxy would look names up by itself,
where no address can be checked; so there is none.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from functools import cache

import httpcore
import httpx

from service.polling.fetching.network import GuardedBackend

# More idle connections are worth little, as few feeds share a host, and httpcore looks at each
# of them at each request.
IDLE_CONNECTIONS = 8
IDLE_SECONDS = 5.0


@cache
def system_trust() -> ssl.SSLContext:
    """Return the certificates of the system, read once: that takes 30 ms."""
    return ssl.create_default_context()


class Transport(httpx.AsyncBaseTransport):
    """Sends requests; what the network does comes as errors of httpcore."""

    def __init__(self, backend: GuardedBackend, tls: ssl.SSLContext, connections: int) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=connections,
            max_keepalive_connections=IDLE_CONNECTIONS,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=backend,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer as soon as its headers are there."""
        url = request.url
        answer = await self._pool.handle_async_request(
            httpcore.Request(
                request.method,
                httpcore.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                content=request.content,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(answer),
            extensions=answer.extensions,
            request=request,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._answer.aiter_stream()

    async def aclose(self) -> None:
        await self._answer.aclose()
