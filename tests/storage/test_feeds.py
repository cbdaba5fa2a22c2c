from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.records import Affiliation, FeedDay, FeedId, FeedState, FeedUpdate, Habit
from service.storage import feeds, tables
from service.storage.database import Database
from tests.make import NOW, feed_config
from tests.storage.rows import arrival, at_once, list_feeds, rows_of, store

LEASE = timedelta(minutes=10)
A, B, C = (f"https://{name}.example/rss" for name in "abc")


def claim(
    database: Database, now: datetime = NOW, limit: int = 100, lease: timedelta = LEASE
) -> list[FeedState]:
    with database.transaction() as connection:
        return feeds.claim_due(connection, now, limit, lease)


def record(database: Database, feed: FeedId, **changes: Any) -> None:
    values: dict[str, Any] = {
        "polled_at": NOW,
        "next_poll_at": NOW + timedelta(minutes=30),
        "failures": 0,
    }
    with database.transaction() as connection:
        feeds.record(connection, [FeedUpdate(feed, **(values | changes))])


def row_of(database: Database, feed: FeedId) -> Any:
    return next(row for row in rows_of(database, tables.feeds) if row.id == feed)


def test_a_new_feed_is_due_at_once(database: Database) -> None:
    ids = list_feeds(database, A, B)
    claimed = claim(database)
    assert [feed.id for feed in claimed] == ids
    expected = FeedState(id=ids[0], url=A, outlet="Outlet", language="en", listed_as=A)
    assert claimed[0] == expected


def test_a_feed_is_not_claimed_before_it_is_due(database: Database) -> None:
    list_feeds(database, A, now=NOW + timedelta(microseconds=1))
    assert claim(database) == []


def test_a_claimed_feed_is_not_claimed_again_until_its_lease_runs_out(database: Database) -> None:
    list_feeds(database, A)
    claim(database)
    assert claim(database, NOW + LEASE - timedelta(microseconds=1)) == []
    assert [feed.url for feed in claim(database, NOW + LEASE)] == [A]


def test_a_claim_that_is_undone_leaves_the_feed_due(database: Database) -> None:
    list_feeds(database, A)

    def claim_and_die() -> None:
        with database.transaction() as connection:
            assert len(feeds.claim_due(connection, NOW, 100, LEASE)) == 1
            raise InterruptedError

    with pytest.raises(InterruptedError):
        claim_and_die()
    assert len(claim(database)) == 1


def test_the_longest_overdue_feeds_are_claimed_first(database: Database) -> None:
    first, second, third = list_feeds(database, A, B, C)
    for feed, minutes in ((first, 5), (second, 60), (third, 30)):
        record(database, feed, next_poll_at=NOW - timedelta(minutes=minutes))
    assert [feed.id for feed in claim(database, limit=2)] == [second, third]
    assert [feed.id for feed in claim(database, limit=2)] == [first]


@given(
    st.lists(st.integers(-90, 90), min_size=1, max_size=12),
    st.integers(1, 5),
)
@settings(max_examples=15, deadline=None)
def test_repeated_claims_take_each_due_feed_once_in_order(minutes: list[int], limit: int) -> None:
    database = Database("sqlite://")
    ids = list_feeds(database, *(f"https://feed.example/{n}" for n in range(len(minutes))))
    for feed, offset in zip(ids, minutes, strict=True):
        record(database, feed, next_poll_at=NOW + timedelta(minutes=offset))
    taken: list[FeedId] = []
    while batch := claim(database, limit=limit):
        assert len(batch) <= limit
        taken += [feed.id for feed in batch]
    database.close()
    due = sorted((offset, id_) for id_, offset in zip(ids, minutes, strict=True) if offset <= 0)
    assert taken == [id_ for _, id_ in due]


def test_processes_that_claim_at_the_same_time_never_take_the_same_feed(tmp_path: Path) -> None:
    databases = [Database(f"sqlite:///{tmp_path / 'shared.sqlite'}") for _ in range(4)]
    ids = list_feeds(databases[0], *(f"https://feed.example/{n}" for n in range(40)))

    def claim_all(database: Database) -> list[FeedId]:
        taken: list[FeedId] = []
        while batch := claim(database, limit=3):
            taken += [feed.id for feed in batch]
        return taken

    taken = at_once([partial(claim_all, opened) for opened in databases])
    for opened in databases:
        opened.close()
    assert sorted(id_ for part in taken for id_ in part) == ids


def test_a_feed_that_left_the_configuration_is_not_polled_and_keeps_its_articles(
    database: Database,
) -> None:
    left, _ = list_feeds(database, A, B)
    store(database, arrival(left))
    list_feeds(database, B)
    assert [feed.url for feed in claim(database)] == [B]
    assert [row.feed_id for row in rows_of(database, tables.articles)] == [left]


def test_a_feed_that_comes_back_is_the_same_feed_where_it_was(database: Database) -> None:
    feed, _ = list_feeds(database, A, B)
    record(database, feed, body_hash="hash", etag='"1"', failures=0)
    list_feeds(database, B)
    assert list_feeds(database, A, B)[0] == feed
    assert [state.url for state in claim(database)] == [B]
    states = {state.id: state for state in claim(database, NOW + timedelta(minutes=30))}
    assert (states[feed].etag, states[feed].body_hash) == ('"1"', "hash")


def test_an_empty_configuration_lists_nothing(database: Database) -> None:
    list_feeds(database, A)
    list_feeds(database)
    assert claim(database) == []
    with database.reading() as connection:
        assert feeds.reports(connection, NOW.date()) == []


def test_what_the_configuration_says_of_a_feed_is_taken_over(database: Database) -> None:
    (feed,) = list_feeds(database, A)
    changed = feed_config(
        A, outlet="New", language="fa", country="IR", affiliation=Affiliation.STATE, weight=0.5
    )
    with database.transaction() as connection:
        feeds.sync_listed(connection, [changed], NOW)
    row = row_of(database, feed)
    assert (row.outlet, row.language, row.country) == ("New", "fa", "IR")
    assert (row.affiliation, row.weight) == ("state", 0.5)


def test_listing_a_feed_again_does_not_make_it_due(database: Database) -> None:
    (feed,) = list_feeds(database, A)
    record(database, feed, failures=3, error_code="timeout", error="slow")
    list_feeds(database, A, now=NOW + timedelta(minutes=1))
    assert claim(database, NOW + timedelta(minutes=29)) == []
    assert row_of(database, feed).failures == 3


def test_a_poll_leaves_what_the_next_one_needs(database: Database) -> None:
    (feed,) = list_feeds(database, A)
    told = {"etag": '"1"', "last_modified": "Tue, 17 Mar 2026 12:00:00 GMT", "body_hash": "hash"}
    record(database, feed, **told, entries=20, skipped=1)
    (state,) = claim(database, NOW + timedelta(minutes=30))
    assert {name: getattr(state, name) for name in told} == told
    assert (state.failures, state.last_polled_at) == (0, NOW)
    assert (row_of(database, feed).entries, row_of(database, feed).skipped) == (20, 1)


def test_an_answer_of_not_modified_keeps_what_the_feed_last_said(database: Database) -> None:
    (feed,) = list_feeds(database, A)
    record(database, feed, etag='"1"', body_hash="hash", entries=20, skipped=0)
    later = NOW + timedelta(hours=1)
    record(database, feed, polled_at=later)
    row = row_of(database, feed)
    assert (row.etag, row.body_hash, row.entries) == ('"1"', "hash", 20)
    assert row.last_success_at == later


def test_a_failure_is_recorded_and_keeps_what_the_feed_last_said(database: Database) -> None:
    (feed,) = list_feeds(database, A)
    record(database, feed, etag='"1"', body_hash="hash")
    later = NOW + timedelta(hours=1)
    record(database, feed, polled_at=later, failures=1, error_code="timeout", error="slow")
    row = row_of(database, feed)
    assert (row.error_code, row.error, row.failures) == ("timeout", "slow", 1)
    assert (row.etag, row.body_hash) == ('"1"', "hash")
    assert (row.last_polled_at, row.last_success_at) == (later, NOW)


def test_a_success_clears_the_failure(database: Database) -> None:
    (feed,) = list_feeds(database, A)
    record(database, feed, failures=2, error_code="timeout", error="slow")
    record(database, feed, body_hash="hash")
    row = row_of(database, feed)
    assert (row.error_code, row.error, row.failures) == (None, None, 0)


def test_a_new_body_without_an_etag_forgets_the_old_etag(database: Database) -> None:
    (feed,) = list_feeds(database, A)
    record(database, feed, etag='"1"', last_modified="yesterday", body_hash="old")
    record(database, feed, body_hash="new")
    row = row_of(database, feed)
    assert (row.etag, row.last_modified, row.body_hash) == (None, None, "new")


def test_feeds_can_be_made_due_at_once(database: Database) -> None:
    list_feeds(database, A, B)
    claim(database)
    with database.transaction() as connection:
        feeds.make_due(connection, NOW)
    assert [feed.url for feed in claim(database)] == [A, B]


def test_only_feeds_whose_poll_was_called_off_are_made_due_again(database: Database) -> None:
    _, called_off = list_feeds(database, A, B)
    claim(database)
    with database.transaction() as connection:
        feeds.make_due(connection, NOW, [called_off])
    assert [feed.url for feed in claim(database)] == [B]


def test_a_feed_that_left_is_not_made_due(database: Database) -> None:
    left, _ = list_feeds(database, A, B)
    claim(database)
    list_feeds(database, B)
    with database.transaction() as connection:
        feeds.make_due(connection, NOW)
    assert row_of(database, left).next_poll_at == NOW + LEASE


def test_the_reports_are_of_listed_feeds_with_what_they_did_on_each_day(
    database: Database,
) -> None:
    gone, failing, _ = list_feeds(database, A, B, C)
    yesterday = NOW - timedelta(days=1)
    record(database, gone, failures=9, error_code="http-410", error="gone")
    record(database, failing, new=3, polled_at=yesterday - timedelta(days=9))
    record(database, failing, new=3, polled_at=yesterday)
    record(database, failing, new=4, polled_at=yesterday)
    record(database, failing, failures=1, error_code="timeout", error="slow")
    list_feeds(database, B, C)
    with database.reading() as connection:
        one, other = feeds.reports(connection, yesterday.date())
    assert (one.id, one.failures, one.error_code, one.error) == (failing, 1, "timeout", "slow")
    assert one.last_success_at == yesterday
    assert one.days == (
        FeedDay(yesterday.date(), polls=2, failures=0, new=7),
        FeedDay(NOW.date(), polls=1, failures=1, new=0),
    )
    assert (other.url, other.last_polled_at, other.days) == (C, None, ())


def test_a_feeds_habit_comes_back_as_it_was(database: Database) -> None:
    (feed,) = list_feeds(database, A)
    habit = Habit(
        arrivals=2.5,
        watched=timedelta(hours=30),
        update_every=timedelta(minutes=10),
        last_new_at=NOW,
        not_modified=3,
        adopted=B,
    )
    record(database, feed, habit=habit)
    (state,) = claim(database, NOW + timedelta(hours=1))
    assert (state.habit, state.url, state.listed_url) == (habit, B, A)
