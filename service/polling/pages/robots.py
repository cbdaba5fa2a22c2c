"""Decides by a site's robots.txt (RFC 9309) whether one of its pages may be fetched.

What answers mean, by their status:

| answer | until then | why |
|---|---|---|
| 2xx | its rules, for a day | 2.3.1.1 |
| 3xx, 4xx | everything is allowed, for a day | 2.3.1.2, 2.3.1.3 |
| 429 | as if it could not be reached | it asks for fewer requests, not for more |
| 5xx, or none | the rules of last time; without any, nothing is allowed; for an hour | 2.3.1.4 |
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from protego import Protego

AGENT = "CaspianWatch"
KEPT = timedelta(hours=24)
RETRY_AFTER = timedelta(hours=1)
# As much as the standard asks a crawler to read.
MAX_BODY = 500 * 1024
# A site that wants days between requests is asked no more often than this all the same.
MAX_GAP = timedelta(hours=1)
MAX_ORIGINS = 5_000

_PORTS = {"http": 80, "https": 443}
# In every spelling that Protego takes for one.
_AGENT_LINE = re.compile(r"\s*user[- ]?agent(?:\s*:|\s|$)([^#]*)", re.I)


@dataclass(frozen=True, slots=True)
class RobotsAnswer:
    """What a site answered when asked for its robots.txt; ``status`` is None if it did not."""

    status: int | None
    body: bytes = b""


# Fetches one address and never raises for what a server does. Redirects are followed by it.
FetchRobots = Callable[[str], Awaitable[RobotsAnswer]]


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether a page may be fetched. ``gap`` is the least time between two requests, if told.

    ``code`` says why not: ``robots``, ``robots-unreachable`` (ask again later) or ``bad-url``.
    """

    allowed: bool
    gap: timedelta | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of one origin; ``rules`` is None where nothing could be learnt."""

    rules: Protego | None
    until: datetime


class Robots:
    """Knows the rules of each origin for a day. For one event loop at a time."""

    def __init__(self, fetch: FetchRobots, now: Callable[[], datetime]) -> None:
        self._fetch = fetch
        self._now = now
        self._known: dict[str, _Known] = {}
        self._asking: dict[str, asyncio.Task[_Known]] = {}

    async def permission(self, url: str) -> Permission:
        """Return whether ``url`` may be fetched now, asking its site for the rules if need be."""
        origin = origin_of(url)
        if origin is None:
            return Permission(allowed=False, code="bad-url")
        known = self._known.get(origin)
        if known is None or known.until <= self._now():
            known = await self._learn(origin)
        if known.rules is None:
            return Permission(allowed=False, code="robots-unreachable")
        allowed = known.rules.can_fetch(url, AGENT)
        return Permission(allowed, _gap(known.rules), None if allowed else "robots")

    async def _learn(self, origin: str) -> _Known:
        """Ask once for all who want to know at the same time."""
        task = self._asking.get(origin)
        if task is None:
            task = asyncio.create_task(self._ask(origin))
            self._asking[origin] = task
            # However it ends, even if its event loop does first.
            task.add_done_callback(lambda _: self._asking.pop(origin, None))
        # One who gives up must not take the answer from the others.
        return await asyncio.shield(task)

    async def _ask(self, origin: str) -> _Known:
        answer = await self._fetch(f"{origin}/robots.txt")
        known = _understood(answer, self._known.get(origin), self._now())
        self._remember(origin, known)
        return known

    def _remember(self, origin: str, known: _Known) -> None:
        # Taken out first, so that the first in the dictionary is the one learnt longest ago.
        self._known.pop(origin, None)
        while len(self._known) >= MAX_ORIGINS:
            del self._known[next(iter(self._known))]
        self._known[origin] = known


def origin_of(url: str) -> str | None:
    """Return scheme, host and port of a web address as one name; None for any other address."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = port is None or port == _PORTS[parts.scheme]
    return f"{parts.scheme}://{host}" + ("" if usual else f":{port}")


def _understood(answer: RobotsAnswer, before: _Known | None, now: datetime) -> _Known:
    status = answer.status
    if status is None or status == 429 or not 200 <= status < 500:
        return _Known(before.rules if before else None, now + RETRY_AFTER)
    return _Known(_rules(answer.body if status < 300 else b""), now + KEPT)


def _rules(body: bytes) -> Protego:
    text = body[:MAX_BODY]
    if len(body) > MAX_BODY:
        # Half a path would forbid more than the whole.
        text = text[: text.rfind(b"\n") + 1]
    lines = text.decode("utf-8-sig", "replace").splitlines()
    return Protego.parse("\n".join(map(_with_known_agents, lines)))


def _with_known_agents(line: str) -> str:
    """Give all agents that are not ours one name.

    Protego copies the rules of a group for each of its agents, which a hostile file makes
    billions; and it takes the beginning of our name, ``User-agent: c``, for ours.
    """
    match = _AGENT_LINE.match(line)
    if match is None:
        return line
    name = match[1].strip().lower().partition("/")[0].strip()
    if name == "*":
        return "User-agent: *"
    return f"User-agent: {AGENT if name.rstrip('*') == AGENT.lower() else 'other'}"


def _gap(rules: Protego) -> timedelta | None:
    seconds = rules.crawl_delay(AGENT)
    return None if seconds is None else min(MAX_GAP, timedelta(seconds=min(seconds, 1e6)))
