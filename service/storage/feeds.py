"""Feeds: listed from the configuration, claimed when due, updated after each poll."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from service.records import FeedDay, FeedId, FeedReport, FeedState, FeedUpdate, Habit, LeaseState
from service.settings import FeedConfig
from service.storage.documents import HABIT
from service.storage.tables import feed_days, feeds, hub_leases
from service.storage.upsert import insert_or

COUNTS = ("polls", "failures", "new")


def sync_listed(connection: Connection, listed: Sequence[FeedConfig], now: datetime) -> None:
    """Make the listed feeds those of the configuration. A feed that left keeps its articles."""
    known: set[str] = set(connection.execute(select(feeds.c.url)).scalars())
    connection.execute(update(feeds).values(listed=False))
    new, old = [], []
    for feed in listed:
        facts = feed.model_dump(exclude={"url"}) | {"listed": True}
        if feed.url in known:
            old.append(facts | {"b_url": feed.url})
        else:
            new.append(facts | {"url": feed.url, "next_poll_at": now, "failures": 0})
    if new:
        connection.execute(insert(feeds), new)
    if old:
        connection.execute(update(feeds).where(feeds.c.url == bindparam("b_url")), old)


def claim_due(
    connection: Connection, now: datetime, limit: int, lease: timedelta
) -> list[FeedState]:
    """Return the feeds that are due, longest overdue first, and put each off by ``lease``.

    The lease is written before any request is made: a process that dies in the middle leaves
    its feeds to come due again, and a second process never takes the same ones.
    """
    last_push = (
        select(func.max(hub_leases.c.last_push_at))
        .where(
            hub_leases.c.feed_id == feeds.c.id,
            hub_leases.c.state == LeaseState.ACTIVE,
            hub_leases.c.expires_at > now,
        )
        .scalar_subquery()
    )
    due = connection.execute(
        select(feeds, last_push.label("pushed_at"))
        .where(feeds.c.listed, feeds.c.next_poll_at <= now)
        .order_by(feeds.c.next_poll_at, feeds.c.id)
        .limit(limit)
    ).all()
    claimed = []
    for row in due:
        changed = connection.execute(
            update(feeds)
            .where(feeds.c.id == row.id, feeds.c.next_poll_at == row.next_poll_at)
            .values(next_poll_at=now + lease)
        )
        if changed.rowcount == 1:
            claimed.append(_state(row))
    return claimed


def _state(row: Row[Any]) -> FeedState:
    habit = _habit(row)
    return FeedState(
        id=FeedId(row.id),
        url=habit.adopted or row.url,
        outlet=row.outlet,
        language=row.language,
        etag=row.etag,
        last_modified=row.last_modified,
        body_hash=row.body_hash,
        failures=row.failures,
        habit=habit,
        last_polled_at=row.last_polled_at,
        listed_as=row.url,
        pushed_at=row.pushed_at,
    )


def make_due(connection: Connection, now: datetime, ids: Iterable[FeedId] | None = None) -> None:
    """Let feeds come due at once: all listed ones, or those whose poll was called off."""
    statement = update(feeds).where(feeds.c.listed).values(next_poll_at=now)
    if ids is not None:
        statement = statement.where(feeds.c.id.in_(list(ids)))
    connection.execute(statement)


def record(connection: Connection, updates: Sequence[FeedUpdate]) -> None:
    """Write what polls left behind. After a failure, what the feed last said of itself stays.

    A feed that answered while a push came in stays due: the answer may be older than the push.
    """
    _count_day(connection, updates)
    told: defaultdict[tuple[str, ...], list[dict[str, object]]] = defaultdict(list)
    pushed = _pushed_meanwhile(connection, [change.feed_id for change in updates])
    for change in updates:
        values = _values(change)
        if change.feed_id in pushed and change.error_code is None:
            del values["next_poll_at"]
        told[tuple(values)].append(values | {"b_id": change.feed_id})
    # Alike ones in one statement.
    for names, rows in told.items():
        setting: dict[str, Any] = {name: bindparam(name) for name in names}
        statement = update(feeds).where(feeds.c.id == bindparam("b_id")).values(setting)
        connection.execute(statement, rows)


def _pushed_meanwhile(connection: Connection, ids: Sequence[FeedId]) -> set[FeedId]:
    """Return the feeds that a push made due after they were claimed, which had put them off."""
    rows = connection.execute(
        select(feeds.c.id)
        .join(hub_leases, hub_leases.c.feed_id == feeds.c.id)
        .where(feeds.c.id.in_(ids), feeds.c.next_poll_at == hub_leases.c.poll_at)
    )
    return set(rows.scalars())


def make_due_by_push(
    connection: Connection, feed: FeedId, due: datetime, unless: Iterable[str]
) -> bool:
    """Let a listed feed come due at ``due`` if it would later; tell whether that changed anything.

    One that failed last with a code of ``unless`` is left alone: its server asked for that.
    """
    changed = connection.execute(
        update(feeds)
        .where(
            feeds.c.id == feed,
            feeds.c.listed,
            feeds.c.next_poll_at > due,
            (feeds.c.failures == 0) | feeds.c.error_code.not_in(list(unless)),
        )
        .values(next_poll_at=due)
    )
    return changed.rowcount == 1


def _values(change: FeedUpdate) -> dict[str, object]:
    values: dict[str, object] = {
        "last_polled_at": change.polled_at,
        "next_poll_at": change.next_poll_at,
        "failures": change.failures,
        "error_code": change.error_code,
        "error": change.error,
        "habit": HABIT.dump_python(change.habit, mode="json"),
    }
    if change.error_code is None:
        values["last_success_at"] = change.polled_at
    if change.body_hash is not None:
        values |= {
            "etag": change.etag,
            "last_modified": change.last_modified,
            "body_hash": change.body_hash,
            "entries": change.entries,
            "skipped": change.skipped,
        }
    return values


def _count_day(connection: Connection, updates: Sequence[FeedUpdate]) -> None:
    rows = [
        {
            "feed_id": change.feed_id,
            "day": change.polled_at.date(),
            "polls": 1,
            "failures": int(change.error_code is not None),
            "new": change.new,
        }
        for change in updates
    ]
    if not rows:
        return
    statement = insert_or(connection, feed_days)
    counts = {name: feed_days.c[name] + statement.excluded[name] for name in COUNTS}
    keys = list(feed_days.primary_key.columns)
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=counts), rows)


def reports(connection: Connection, since: date) -> list[FeedReport]:
    """Return all that is known of the listed feeds, with what they did from ``since`` on."""
    days: defaultdict[int, list[FeedDay]] = defaultdict(list)
    counted = select(feed_days).where(feed_days.c.day >= since).order_by(feed_days.c.day)
    for row in connection.execute(counted):
        days[row.feed_id].append(FeedDay(row.day, row.polls, row.failures, row.new))
    listed = connection.execute(select(feeds).where(feeds.c.listed).order_by(feeds.c.id))
    return [
        FeedReport(
            id=FeedId(row.id),
            url=row.url,
            outlet=row.outlet,
            language=row.language,
            weight=row.weight,
            next_poll_at=row.next_poll_at,
            last_polled_at=row.last_polled_at,
            last_success_at=row.last_success_at,
            failures=row.failures,
            error_code=row.error_code,
            error=row.error,
            entries=row.entries,
            skipped=row.skipped,
            habit=_habit(row),
            days=tuple(days[row.id]),
        )
        for row in listed
    ]


def _habit(row: Row[Any]) -> Habit:
    return Habit() if row.habit is None else HABIT.validate_python(row.habit)
