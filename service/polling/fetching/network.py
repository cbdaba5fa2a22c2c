"""Opens connections for the HTTP client: to public addresses only, unless told otherwise.

A name is looked up once, each of its addresses is checked, and the connection goes to one that
was: what a name server says a moment later changes nothing. TLS and ``Host`` still go by the name.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from functools import cache
from ipaddress import ip_address
from itertools import zip_longest
from threading import BoundedSemaphore, Thread
from typing import Any

import httpcore

from service.polling.fetching.addresses import is_public
from service.polling.fetching.answers import GaveUpError

# More than the requests under way at once; only lookups that hang can use them up.
LOOKUPS_AT_ONCE = 128
# Addresses of one name that are tried, and how long one is alone before the next may try too.
MOST_ADDRESSES = 8
HEAD_START = 0.25

Lookup = Callable[[str, int], Iterable[str]]


def candidates(host: str, found: Sequence[str], *, allow_private: bool) -> list[str]:
    """Return the addresses of ``host`` that may be tried, in their order.

    Raises:
        GaveUpError: there is none.

    """
    if not found:
        raise GaveUpError("dns", f"{host} has no address")
    allowed = [address for address in found if allow_private or is_public(address)]
    if not allowed:
        message = (
            f"{host} is at {found[0]}, which is not a public address; "
            "set allow_private_addresses = true under [polling] to ask it all the same"
        )
        raise GaveUpError("private-address", message, permanent=True)
    # By turns, so that a broken network of one kind costs one head start.
    newer, older = [a for a in allowed if ":" in a], [a for a in allowed if ":" not in a]
    mixed = [a for pair in zip_longest(newer, older) for a in pair if a is not None]
    return mixed[:MOST_ADDRESSES]


def look_up(host: str, port: int) -> list[str]:
    """Ask the system for the addresses of a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for *_, sockaddr in found]


class Resolver:
    """Looks names up in threads that nobody has to wait for.

    The system's resolver cannot be interrupted. In the event loop's own threads a few names that
    hang would hold up all others, and the end of the process.
    """

    def __init__(self, look_up: Lookup = look_up, at_once: int = LOOKUPS_AT_ONCE) -> None:
        self._look_up = look_up
        self._places = BoundedSemaphore(at_once)

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of ``host``; one that is an address already is its own."""
        try:
            return [str(ip_address(host))]
        except ValueError:
            pass
        if not self._places.acquire(blocking=False):
            raise GaveUpError("dns", "too many lookups hang already")
        answer: Future[list[str]] = Future()
        # From now on it cannot be cancelled, only abandoned.
        answer.set_running_or_notify_cancel()
        Thread(target=self._work, args=(host, port, answer), daemon=True).start()
        return await asyncio.wrap_future(answer)

    def _work(self, host: str, port: int, answer: Future[list[str]]) -> None:
        try:
            found = list(self._look_up(host, port))
        except OSError as error:
            answer.set_exception(GaveUpError("dns", f"{host} has no address: {error}"))
        except UnicodeError as error:
            answer.set_exception(error)
        else:
            answer.set_result(found)
        finally:
            self._places.release()


@cache
def shared_resolver() -> Resolver:
    """Return the resolver of this process, so that lookups that hang are counted over all polls."""
    return Resolver()


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects by TCP to addresses that may be asked. It knows no other sockets."""

    def __init__(self, resolver: Resolver, seconds: float, *, allow_private: bool) -> None:
        self._resolver = resolver
        # For the lookup, and again for the connection.
        self._seconds = seconds
        self._allow_private = allow_private
        self._plain = httpcore.AnyIOBackend()

    async def connect_tcp(
        self, host: str, port: int, *_: Any, **__: Any
    ) -> httpcore.AsyncNetworkStream:
        """Look ``host`` up, and connect to the first of its allowed addresses that answers."""
        try:
            async with asyncio.timeout(self._seconds):
                found = await self._resolver.addresses(host, port)
        except TimeoutError:
            message = f"the name {host} was not looked up within {self._seconds:g} s"
            raise GaveUpError("dns-timeout", message) from None
        allowed = candidates(host, found, allow_private=self._allow_private)
        try:
            async with asyncio.timeout(self._seconds):
                if len(allowed) == 1:
                    return await self._plain.connect_tcp(allowed[0], port)
                return await self._race(allowed, port)
        except TimeoutError:
            raise httpcore.ConnectTimeout from None

    async def _race(self, addresses: Sequence[str], port: int) -> httpcore.AsyncNetworkStream:
        """Try the addresses in their order, each a little after the one before."""
        attempts: list[_Attempt] = []
        winner: _Attempt | None = None
        try:
            for address in addresses:
                attempts.append(asyncio.create_task(self._plain.connect_tcp(address, port)))
                winner = await _winner(attempts, HEAD_START)
                if winner is not None:
                    return winner.result()
            winner = await _winner(attempts, None)
            # With no winner, why the last one failed is as good a reason as any.
            return (winner or attempts[-1]).result()
        finally:
            await _give_up([attempt for attempt in attempts if attempt is not winner])


_Attempt = asyncio.Task[httpcore.AsyncNetworkStream]


async def _winner(attempts: Sequence[_Attempt], patience: float | None) -> _Attempt | None:
    """Wait until one attempt succeeds, all have failed, or patience is at its end."""
    deadline = None if patience is None else asyncio.get_running_loop().time() + patience
    while True:
        for attempt in attempts:
            if attempt.done() and attempt.exception() is None:
                return attempt
        running = [attempt for attempt in attempts if not attempt.done()]
        left = None if deadline is None else deadline - asyncio.get_running_loop().time()
        if not running or (left is not None and left <= 0):
            return None
        await asyncio.wait(running, timeout=left, return_when=asyncio.FIRST_COMPLETED)


async def _give_up(attempts: Sequence[_Attempt]) -> None:
    for attempt in attempts:
        attempt.cancel()
    # One that succeeded in the same moment would stay open.
    for stream in await asyncio.gather(*attempts, return_exceptions=True):
        if not isinstance(stream, BaseException):
            await stream.aclose()
