"""When a request may begin: its host's turn first, then a place among all requests.

Time and sleep are arguments; nothing here knows what is asked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

# Beyond so many hosts, those that nobody waits for are forgotten.
REMEMBERED = 1_000


class _Line:
    """Those who want to ask one host."""

    def __init__(self, at_once: int) -> None:
        self.places = asyncio.Semaphore(at_once)
        # Through it one goes at a time, so that each sees when the one before began.
        self.door = asyncio.Lock()
        self.opens_at = float("-inf")
        self.people = 0


class Pacer:
    """At most ``everyone`` requests at once, ``per_host`` to one host, begun ``gap`` apart."""

    def __init__(
        self,
        everyone: int,
        per_host: int,
        gap: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._everyone = asyncio.Semaphore(everyone)
        self._per_host = per_host
        self._gap = gap
        self._clock = clock
        self._sleep = sleep
        self._lines: dict[str, _Line] = {}

    @property
    def hosts(self) -> int:
        """How many hosts are remembered."""
        return len(self._lines)

    @asynccontextmanager
    async def turn(
        self, host: str, wanted: Callable[[], bool] = lambda: True
    ) -> AsyncIterator[bool]:
        """Hold a place for one request to ``host``.

        Gives False, and no place, if ``wanted`` no longer held when the turn came.
        """
        line = self._line(host)
        line.people += 1
        try:
            async with line.places:
                begun = await self._begin(line, wanted)
                try:
                    yield begun
                finally:
                    if begun:
                        self._everyone.release()
        finally:
            line.people -= 1

    async def _begin(self, line: _Line, wanted: Callable[[], bool]) -> bool:
        async with line.door:
            wait = line.opens_at - self._clock()
            if wait > 0 and wanted():
                await self._sleep(wait)
            if not wanted():
                return False
            # Only now, so that who waits for a host holds no place that another host could use;
            # and still at the door, so that the gap is counted from the true beginning.
            await self._everyone.acquire()
            if not wanted():
                self._everyone.release()
                return False
            line.opens_at = self._clock() + self._gap
            return True

    def _line(self, host: str) -> _Line:
        line = self._lines.get(host)
        if line is None:
            if len(self._lines) >= REMEMBERED:
                self._forget()
            line = self._lines[host] = _Line(self._per_host)
        return line

    def _forget(self) -> None:
        now = self._clock()
        self._lines = {
            host: line for host, line in self._lines.items() if line.people or line.opens_at > now
        }
