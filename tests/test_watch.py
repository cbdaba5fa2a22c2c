"""How the feeds are is told in digests, and at once when important ones fail together."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from service.records import Channel, ChannelKind, DigestId, FeedId, FeedUpdate, Habit
from service.settings import Subscription
from service.storage import feeds, tables
from service.storage.database import Database
from service.storage.documents import DIGEST
from service.watch import NAMED, raise_alarm, watched
from tests.make import NOW, feed_config

HOUR = timedelta(hours=1)
DESK = Subscription(id="desk", title="Desk", channels=(Channel(ChannelKind.FILE, ""),))
NIGHT = Subscription(id="night", title="Night", channels=(Channel(ChannelKind.CONSOLE, ""),))


def listed(database: Database, number: int, weight: float = 1.5) -> list[FeedId]:
    configured = [
        feed_config(f"https://feed.example/{n}", outlet=f"Outlet {n}", weight=weight)
        for n in range(number)
    ]
    with database.transaction() as connection:
        feeds.sync_listed(connection, configured, NOW)
        return [FeedId(id_) for id_ in connection.execute(select(tables.feeds.c.id)).scalars()]


def polled(database: Database, ids: list[FeedId], *, failures: int = 0) -> None:
    code, error = ("timeout", "slow") if failures else (None, None)
    habit = Habit(last_new_at=NOW)
    updates = [FeedUpdate(id_, NOW, NOW + HOUR, failures, code, error, habit=habit) for id_ in ids]
    with database.transaction() as connection:
        feeds.record(connection, updates)


def alarm(database: Database) -> list[DigestId]:
    with database.transaction() as connection:
        return raise_alarm(connection, [DESK, NIGHT], "model-1", NOW)


def test_feeds_in_trouble_are_counted_and_the_most_important_named(database: Database) -> None:
    ids = listed(database, NAMED + 3)
    polled(database, ids[:-1], failures=2)
    polled(database, ids[-1:])
    with database.reading() as connection:
        told = watched(connection, NOW)
    assert (told.total, told.failing, told.odd) == (NAMED + 3, NAMED + 2, 0)
    assert len(told.troubles) == NAMED
    assert told.troubles[0] == "Outlet 0: timeout: slow (2 times in a row, never good)"


def test_every_subscription_is_told_at_once_when_important_feeds_fail_together(
    database: Database,
) -> None:
    polled(database, listed(database, 4), failures=2)
    assert len(alarm(database)) == 2
    with database.reading() as connection:
        rows = connection.execute(select(tables.digests.c.document)).scalars().all()
        channels = connection.execute(select(tables.outbox.c.channel)).scalars().all()
    assert sorted(channels) == ["console", "file"]
    notices = DIGEST.validate_python(rows[0]).notices
    assert notices[0].startswith("4 of the important feeds fail together")
    assert len(notices) == 5


def test_an_outage_is_told_once_and_again_only_after_it_was_over(database: Database) -> None:
    ids = listed(database, 4)
    polled(database, ids, failures=2)
    assert len(alarm(database)) == 2
    assert alarm(database) == []
    polled(database, ids[:2])
    # Half of them still fail: it is the same outage.
    assert alarm(database) == []
    polled(database, ids)
    assert alarm(database) == []
    polled(database, ids, failures=2)
    assert len(alarm(database)) == 2


def test_feeds_of_little_weight_wake_nobody(database: Database) -> None:
    polled(database, listed(database, 9, weight=1.0), failures=5)
    assert alarm(database) == []
