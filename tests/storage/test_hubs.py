"""Subscriptions at hubs in the database, and what pushes do to feeds there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from service.records import FeedId, FeedUpdate, Habit, HubLease, HubOffer, LeaseState
from service.storage import feeds, hubs, tables
from service.storage.database import Database
from tests.make import NOW
from tests.polling.test_push_leases import active, lease
from tests.storage.rows import at_once, list_feeds, rows_of

A, B = "https://a.example/rss", "https://b.example/rss"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
CLAIM = timedelta(minutes=10)


def store(database: Database, *leases: HubLease) -> None:
    with database.transaction() as connection:
        hubs.add(connection, leases)


def stored(database: Database) -> list[HubLease]:
    with database.reading() as connection:
        return hubs.leases(connection)


def polled(database: Database, feed: FeedId, at: datetime = NOW, **changes: Any) -> None:
    due = changes.pop("due", at + HOUR)
    with database.transaction() as connection:
        feeds.record(connection, [FeedUpdate(feed, at, due, **({"failures": 0} | changes))])


def next_poll(database: Database, feed: FeedId) -> datetime:
    with database.reading() as connection:
        query = select(tables.feeds.c.next_poll_at).where(tables.feeds.c.id == feed)
        moment: datetime = connection.execute(query).scalar_one()
        return moment


def push(database: Database, feed: FeedId, due: datetime, unless: Collection[str] = ()) -> bool:
    with database.transaction() as connection:
        hubs.note_push(connection, "token", due, due)
        return feeds.make_due_by_push(connection, feed, due, unless)


@pytest.fixture
def feed(database: Database) -> FeedId:
    return list_feeds(database, A)[0]


# --- offers -------------------------------------------------------------------------------------


def test_each_listed_feed_is_offered_with_its_hub_if_it_names_one(database: Database) -> None:
    one, two, three, four = list_feeds(database, *(f"https://{x}.example/" for x in "abcd"))
    polled(database, one, habit=Habit(hub="https://hub.example/", topic="https://a.example/all"))
    polled(database, two, habit=Habit(hub="https://hub.example/", adopted="https://new.example/"))
    polled(database, three, habit=Habit(topic="https://c.example/all"))
    with database.reading() as connection:
        assert hubs.offers(connection) == [
            HubOffer(one, "https://hub.example/", "https://a.example/all"),
            HubOffer(two, "https://hub.example/", "https://new.example/"),
            HubOffer(three, None, "https://c.example/all"),
            HubOffer(four, None, "https://d.example/"),
        ]
    list_feeds(database, "https://a.example/")
    with database.reading() as connection:
        assert [offer.feed_id for offer in hubs.offers(connection)] == [one]


# --- leases -------------------------------------------------------------------------------------


def test_a_lease_comes_back_as_it_was(database: Database, feed: FeedId) -> None:
    full = active(
        feed_id=feed,
        tries=3,
        last_push_at=NOW,
        poll_at=NOW + MINUTE,
        error="why",
    )
    store(database, full, lease(feed_id=feed, token="other"))
    with database.reading() as connection:
        assert hubs.find(connection, "token") == full
        assert hubs.find(connection, "other") == lease(feed_id=feed, token="other")
        assert hubs.find(connection, "") is None
    store(database)
    assert len(stored(database)) == 2


def test_two_leases_never_have_one_token(database: Database, feed: FeedId) -> None:
    store(database, lease(feed_id=feed))
    with pytest.raises(IntegrityError):
        store(database, lease(feed_id=feed))


def test_those_due_come_longest_overdue_first_and_no_more_than_wanted(
    database: Database, feed: FeedId
) -> None:
    for number in range(5):
        due = NOW - number * MINUTE if number else NOW + MINUTE
        store(database, lease(feed_id=feed, token=f"t{number}", ask_at=due))
    with database.reading() as connection:
        assert [one.token for one in hubs.due(connection, NOW, 3)] == ["t4", "t3", "t2"]
        assert len(hubs.due(connection, NOW, 9)) == 4


def test_what_somebody_else_changed_is_not_overwritten(database: Database, feed: FeedId) -> None:
    before = lease(feed_id=feed)
    store(database, before)
    confirmed = replace(before, state=LeaseState.ACTIVE, expires_at=NOW + HOUR)
    failed = replace(before, error="timeout")
    with database.transaction() as connection:
        assert hubs.save(connection, before, confirmed)
        assert not hubs.save(connection, before, failed)
        assert not hubs.end(connection, before)
    assert stored(database) == [confirmed]
    with database.transaction() as connection:
        assert hubs.end(connection, confirmed)
    assert stored(database) == []


def test_a_push_that_comes_between_reading_and_writing_is_kept(
    database: Database, feed: FeedId
) -> None:
    before = lease(feed_id=feed)
    store(database, before)
    push(database, feed, NOW)
    with database.transaction() as connection:
        assert hubs.save(connection, before, replace(before, tries=1))
    (after,) = stored(database)
    assert (after.tries, after.last_push_at, after.poll_at) == (1, NOW, NOW)


def test_a_hub_is_asked_by_one_process_alone(database: Database, feed: FeedId) -> None:
    before = lease(feed_id=feed)
    store(database, before)

    def claim() -> bool:
        with database.transaction() as connection:
            after = replace(before, tries=1, ask_at=NOW + HOUR)
            return hubs.save(connection, before, after)

    assert sorted(at_once([claim] * 4)) == [False, False, False, True]


def test_all_leases_can_be_forgotten(database: Database, feed: FeedId) -> None:
    store(database, lease(feed_id=feed), lease(feed_id=feed, token="other"))
    with database.transaction() as connection:
        assert hubs.end_all(connection) == 2
        assert hubs.end_all(connection) == 0


# --- pushes -------------------------------------------------------------------------------------


def claimed(database: Database, now: datetime) -> list[tuple[FeedId, datetime | None]]:
    with database.transaction() as connection:
        return [(one.id, one.pushed_at) for one in feeds.claim_due(connection, now, 10, CLAIM)]


def test_a_push_lets_a_feed_come_due_sooner_and_never_later(
    database: Database, feed: FeedId
) -> None:
    store(database, active(feed_id=feed))
    polled(database, feed)
    assert push(database, feed, NOW + MINUTE)
    assert next_poll(database, feed) == NOW + MINUTE
    assert not push(database, feed, NOW + 2 * MINUTE)
    assert next_poll(database, feed) == NOW + MINUTE


def test_a_feed_that_left_the_list_is_not_asked_for_a_push(
    database: Database, feed: FeedId
) -> None:
    polled(database, feed)
    list_feeds(database, B)
    assert not push(database, feed, NOW)


@pytest.mark.parametrize(
    ("failures", "code", "asked"),
    [(0, None, True), (1, "timeout", True), (1, "http-429", False), (9, "http-404", True)],
)
def test_a_server_that_wants_to_be_left_alone_is(
    database: Database, feed: FeedId, failures: int, code: str | None, asked: bool
) -> None:
    polled(database, feed, failures=failures, error_code=code)
    assert push(database, feed, NOW, {"http-429"}) is asked


@pytest.mark.parametrize(
    ("held", "told"),
    [
        (active(last_push_at=NOW - HOUR), NOW - HOUR),
        (active(), None),
        (active(last_push_at=NOW - HOUR, expires_at=NOW), None),
        (lease(last_push_at=NOW - HOUR), None),
        (active(last_push_at=NOW - HOUR, state=LeaseState.LEAVING), None),
        (None, None),
    ],
)
def test_a_claimed_feed_knows_its_last_push_while_the_lease_holds(
    database: Database, feed: FeedId, held: HubLease | None, told: datetime | None
) -> None:
    if held is not None:
        store(database, replace(held, feed_id=feed))
    assert claimed(database, NOW) == [(feed, told)]


def test_a_push_that_comes_while_the_feed_is_asked_is_not_lost(
    database: Database, feed: FeedId
) -> None:
    store(database, active(feed_id=feed))
    claimed(database, NOW)
    assert push(database, feed, NOW + MINUTE)
    polled(database, feed, NOW + 2 * MINUTE)
    assert next_poll(database, feed) == NOW + MINUTE
    # Once: the next poll is after the push.
    claimed(database, NOW + 3 * MINUTE)
    polled(database, feed, NOW + 3 * MINUTE)
    assert next_poll(database, feed) == NOW + 3 * MINUTE + HOUR


def test_a_push_does_not_override_what_the_server_said_meanwhile(
    database: Database, feed: FeedId
) -> None:
    store(database, active(feed_id=feed))
    claimed(database, NOW)
    push(database, feed, NOW + MINUTE)
    polled(database, feed, NOW + 2 * MINUTE, failures=1, error_code="http-429")
    assert next_poll(database, feed) == NOW + 2 * MINUTE + HOUR


def test_feeds_that_are_recorded_together_are_told_apart(database: Database) -> None:
    one, two = list_feeds(database, A, B)
    store(database, active(feed_id=one))
    claimed(database, NOW)
    push(database, one, NOW + MINUTE)
    with database.transaction() as connection:
        changes = [
            FeedUpdate(feed, NOW + MINUTE, NOW + HOUR, 0, habit=Habit(hub="x"))
            for feed in (one, two)
        ]
        feeds.record(connection, changes)
    assert (next_poll(database, one), next_poll(database, two)) == (NOW + MINUTE, NOW + HOUR)
    assert [row.last_polled_at for row in rows_of(database, tables.feeds)] == [NOW + MINUTE] * 2


def test_a_feed_with_an_odd_habit_offers_nothing(database: Database, feed: FeedId) -> None:
    # As the first versions left it.
    with database.transaction() as connection:
        connection.execute(update(tables.feeds).values(habit=None))
    with database.reading() as connection:
        assert hubs.offers(connection) == [HubOffer(feed, None, A)]
