"""Polls feeds through simulated time from a real local server that answers as scripted."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import io
import tarfile
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from threading import Event

from sqlalchemy import func, select

from service.pipeline import Service, poll
from service.polling.reading.parse import parse
from service.records import Failed, Fetched, ParsedArticle
from service.settings import Settings
from service.storage import tables
from service.stories.identity import identify
from service.wiring.running import build_service
from tests.make import Clock, feed_config
from tests.servers.http import Answer, HttpServer, Request


@dataclass(frozen=True)
class Spell:
    """A time in which the server answers something else; a status of 304 is then a lie."""

    since: datetime
    until: datetime
    status: int
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class ScriptedFeed:
    """What a feed says when: ``documents`` are (from when on, body), in order of time."""

    path: str
    documents: Sequence[tuple[datetime, bytes]]
    clock: Clock
    etag: bool = True
    last_modified: bool = True
    zipped: bool = True
    spells: Sequence[Spell] = ()
    asked: list[tuple[datetime, int]] = field(default_factory=list)

    def __call__(self, request: Request) -> Answer:
        answer = self._answer(request)
        self.asked.append((self.clock.now, answer.status))
        return answer

    def _answer(self, request: Request) -> Answer:
        now = self.clock.now
        validators = {"if-none-match", "if-modified-since"} & request.headers.keys()
        for spell in self.spells:
            lies = spell.status == 304
            if spell.since <= now < spell.until and (validators or not lies):
                return Answer(spell.status, spell.headers)
        times = [since for since, _ in self.documents]
        since, body = self.documents[max(bisect_right(times, now) - 1, 0)]
        headers = {"content-type": "application/rss+xml"}
        tag, date = (
            f'"{hashlib.sha256(body).hexdigest()[:16]}"',
            format_datetime(since, usegmt=True),
        )
        if self.etag:
            headers["etag"] = tag
        if self.last_modified:
            headers["last-modified"] = date
        known = request.headers.get("if-none-match") if self.etag else None
        dated = request.headers.get("if-modified-since") if self.last_modified else None
        if known == tag or (not self.etag and dated == date):
            return Answer(304, headers)
        if self.zipped:
            return Answer(200, headers | {"content-encoding": "gzip"}, gzip.compress(body, 1))
        return Answer(200, headers, body)

    @property
    def good(self) -> list[datetime]:
        """When it was asked and answered truly."""
        lies = [spell for spell in self.spells if spell.status == 304]
        return [
            at
            for at, status in self.asked
            if status == 200
            or (status == 304 and not any(lie.since <= at < lie.until for lie in lies))
        ]


@dataclass(frozen=True)
class Replayed:
    """What came of it: when each stored article had appeared, and what was never stored."""

    found: dict[int, tuple[datetime, datetime]]
    lost: dict[str, datetime]
    requests: int

    def delays(self) -> list[timedelta]:
        return [stored - appeared for appeared, stored in self.found.values()]


def replay(
    settings: Settings,
    server: HttpServer,
    clock: Clock,
    feeds: Sequence[ScriptedFeed],
    until: datetime,
) -> Service:
    """Poll ``feeds`` whenever they are due, from now on; return the service, to be closed."""
    for feed in feeds:
        server.routes[feed.path] = feed
    polling = settings.polling.model_copy(
        update={
            "allow_private_addresses": True,
            "host_gap_seconds": 0,
            "per_host": 8,
            "parser_processes": 0,
        }
    )
    listed = tuple(feed_config(server.url(feed.path)) for feed in feeds)
    service = build_service(
        settings.model_copy(update={"polling": polling, "feeds": listed}),
        clock=clock,
        chance=iter_chance(),
        console=io.StringIO(),
    )
    asyncio.run(_poll_through(service, clock, until))
    return service


def iter_chance() -> Chance:
    return Chance()


class Chance:
    """Evenly spread, and the same each time."""

    def __init__(self) -> None:
        self._state = 0

    def __call__(self) -> float:
        self._state = (self._state * 16_807 + 7) % 2_147_483_647
        return self._state / 2_147_483_647


async def _poll_through(service: Service, clock: Clock, until: datetime) -> None:
    while True:
        with service.database.reading() as connection:
            due = connection.execute(select(func.min(tables.feeds.c.next_poll_at))).scalar_one()
        if due > until:
            return
        clock.now = max(clock.now, due)
        await poll(service, Event())


def outcome(service: Service, feed: ScriptedFeed, since: datetime) -> Replayed:
    """Return what became of the articles of ``feed`` that appeared after ``since``."""
    with service.database.reading() as connection:
        url = connection.execute(
            select(tables.feeds.c.url).where(tables.feeds.c.url.like(f"%{feed.path}"))
        ).scalar_one()
        rows = connection.execute(
            select(tables.article_keys.c.key, tables.articles.c.id, tables.articles.c.seen_at).join(
                tables.articles, tables.articles.c.id == tables.article_keys.c.article_id
            )
        ).all()
    stored = {row.key: (row.id, row.seen_at) for row in rows}
    found: dict[int, tuple[datetime, datetime]] = {}
    lost: dict[str, datetime] = {}
    known: set[int] = set()
    for at, body in feed.documents:
        for entry in identify(url, articles_of(body)):
            id_, seen_at = next((stored[key] for key in entry.keys if key in stored), (0, at))
            if not id_:
                lost.setdefault(entry.article.title, at)
            elif id_ not in known:
                known.add(id_)
                found[id_] = (at, seen_at)
    last = service.clock()
    recent = {id_: times for id_, times in found.items() if since < times[0] <= last}
    gone = {title: at for title, at in lost.items() if since < at <= last}
    return Replayed(recent, gone, len(feed.asked))


def articles_of(body: bytes) -> Sequence[ParsedArticle]:
    parsed = parse(Fetched("https://feed.example/rss", body, ""))
    assert not isinstance(parsed, Failed)
    return parsed.articles


def key(article: ParsedArticle) -> str:
    return article.url or article.title


def median_gap(documents: Sequence[tuple[datetime, bytes]]) -> timedelta:
    """Return the median time between two items, by the dates they bear."""
    dates = {key(a): a.published_at for _, body in documents for a in articles_of(body)}
    known = sorted(date for date in dates.values() if date and date > documents[0][0])
    return middle([later - earlier for earlier, later in pairwise(known)])


def middle(spans: Sequence[timedelta]) -> timedelta:
    """Return the median."""
    return timedelta(seconds=median(span.total_seconds() for span in spans))


def series(archive: Path, name: str) -> list[tuple[datetime, bytes]]:
    """Return the snapshots of a feed in ``series.tar.gz``, named by their time."""
    found = []
    with tarfile.open(archive) as opened:
        for member in opened:
            path = Path(member.name)
            content = opened.extractfile(member) if member.isfile() else None
            if content is not None and path.parent.name == name and path.suffix == ".xml":
                at = datetime.strptime(path.stem, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
                found.append((at, content.read()))
    return sorted(found)
