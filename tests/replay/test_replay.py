"""Feeds polled through simulated time: all found, once, soon, and edits told to nobody."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from service.pipeline import Service, digest
from service.settings import Settings, Subscription
from service.storage import tables
from service.storage.documents import DIGEST
from tests.make import NOW, Clock, rss
from tests.replay.simulation import (
    Replayed,
    ScriptedFeed,
    Spell,
    median_gap,
    middle,
    outcome,
    replay,
    series,
)
from tests.servers.http import HttpServer

HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
# Alerts, with a later wording that is no other news.
PACT = "Moscow and Tehran sign a contract for fighter jets"
EDITED = "Moscow and Tehran sign contract for Su-35 fighter jets"


def item(number: int, at: datetime, title: str = "") -> str:
    return (
        f"<item><title>{title or f'Council debates budget paragraph {number}'}</title>"
        f"<link>https://outlet.example/{number}</link><guid>{number}</guid>"
        f"<pubDate>{format_datetime(at, usegmt=True)}</pubDate></item>"
    )


def timeline(every: timedelta, length: timedelta, shown: int = 20) -> list[tuple[datetime, bytes]]:
    """Return a feed that brings an entry ``every`` so often and shows the newest ones."""
    made = []
    for number in range(shown, shown + int(length / every)):
        at = NOW + (number - shown) * every
        newest = (item(n, at - (number - n) * every) for n in range(number, number - shown, -1))
        made.append((at, rss(*newest).encode()))
    return made


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW + MINUTE)


def found_once_and_at_the_first_chance(service: Service, feed: ScriptedFeed) -> Replayed:
    told = outcome(service, feed, feed.good[0])
    assert len(told.found) > 5
    for appeared, stored in told.found.values():
        assert stored == next(moment for moment in feed.good if moment >= appeared)
    assert all(appeared > feed.good[-1] for appeared in told.lost.values())
    return told


@pytest.mark.parametrize(
    ("etag", "last_modified", "zipped"),
    [(True, True, True), (False, True, True), (True, False, False), (False, False, False)],
)
def test_every_article_is_found_once_and_at_the_first_poll_after_it_appeared(
    settings: Settings,
    web: HttpServer,
    clock: Clock,
    *,
    etag: bool,
    last_modified: bool,
    zipped: bool,
) -> None:
    feed = ScriptedFeed("/feed", timeline(HOUR, 2 * DAY), clock, etag, last_modified, zipped)
    service = replay(settings, web, clock, [feed], NOW + 2 * DAY)
    told = found_once_and_at_the_first_chance(service, feed)
    assert middle(told.delays()) <= HOUR / 2
    assert told.requests < 2 * DAY / (15 * MINUTE)
    assert any(status == 304 for _, status in feed.asked) == (etag or last_modified)
    service.close()


def test_a_feed_that_fails_for_hours_is_taken_up_again_and_nothing_is_lost(
    settings: Settings, web: HttpServer, clock: Clock
) -> None:
    fault = Spell(NOW + 10 * HOUR, NOW + 16 * HOUR, 503)
    feed = ScriptedFeed("/feed", timeline(HOUR, 3 * DAY), clock, spells=[fault])
    service = replay(settings, web, clock, [feed], NOW + 3 * DAY)
    found_once_and_at_the_first_chance(service, feed)
    asked = [at for at, status in feed.asked if status == 503]
    # Backing off, and not given up.
    assert 2 <= len(asked) <= 8
    first_good = min(at for at in feed.good if at > fault.until)
    assert first_good - fault.until < 12 * HOUR
    service.close()


def test_a_server_that_asks_for_an_hour_of_quiet_gets_it(
    settings: Settings, web: HttpServer, clock: Clock
) -> None:
    busy = Spell(NOW + 10 * HOUR, NOW + 11 * HOUR, 429, {"retry-after": "3600"})
    feed = ScriptedFeed("/feed", timeline(10 * MINUTE, DAY), clock, spells=[busy])
    replay(settings, web, clock, [feed], NOW + DAY).close()
    (refused,) = [at for at, status in feed.asked if status == 429]
    after = min(at for at, _ in feed.asked if at > refused)
    assert after - refused >= HOUR


def test_a_server_that_lies_about_changes_is_found_out(
    settings: Settings, web: HttpServer, clock: Clock
) -> None:
    lie = Spell(NOW + DAY, NOW + 20 * DAY, 304)
    feed = ScriptedFeed("/feed", timeline(HOUR, 3 * DAY, shown=60), clock, spells=[lie])
    service = replay(settings, web, clock, [feed], NOW + 3 * DAY)
    told = outcome(service, feed, feed.good[0])
    late = [delay for delay in told.delays() if delay > 12 * HOUR]
    assert not late
    # Once it is known for a liar it is asked in full.
    last_day = [status for at, status in feed.asked if at > NOW + 2 * DAY]
    assert set(last_day) == {200}
    service.close()


def test_an_edited_article_is_not_told_again(
    settings: Settings, web: HttpServer, clock: Clock
) -> None:
    documents = [
        (NOW, rss(item(1, NOW, PACT)).encode()),
        (NOW + 5 * HOUR, rss(item(1, NOW, EDITED)).encode()),
    ]
    feed = ScriptedFeed("/feed", documents, clock)
    desk = Subscription.model_validate({"id": "desk", "title": "Desk", "channels": ["file"]})
    watching = settings.model_copy(update={"subscriptions": (desk,)})
    service = replay(watching, web, clock, [feed], NOW + 4 * HOUR)
    digest(service, at_once=True)
    service.close()
    service = replay(watching, web, clock, [feed], NOW + 9 * HOUR)
    digest(service, at_once=True)
    with service.database.reading() as connection:
        made = connection.execute(
            select(tables.digests.c.document).order_by(tables.digests.c.id)
        ).scalars()
        headlines = [
            [story.headline for story in DIGEST.validate_python(one).stories] for one in made
        ]
        titles = connection.execute(select(tables.articles.c.title)).scalars().all()
    assert titles == [EDITED]
    assert headlines == [[PACT], []]
    service.close()


@pytest.mark.parametrize("name", ["nyt_econ", "ft-home"])
def test_real_feeds_are_found_whole_soon_and_with_fewer_requests_than_every_quarter_of_an_hour(
    shared: Path, settings: Settings, web: HttpServer, name: str
) -> None:
    documents = series(shared / "feeds" / "series.tar.gz", name)[:36]
    begin, end = documents[0][0], documents[-1][0]
    clock = Clock(begin + MINUTE)
    feed = ScriptedFeed("/feed", documents, clock)
    service = replay(settings, web, clock, [feed], end)
    told = found_once_and_at_the_first_chance(service, feed)
    assert middle(told.delays()) <= median_gap(documents) / 2
    assert told.requests < (end - begin) / (15 * MINUTE)
    service.close()
