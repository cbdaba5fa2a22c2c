"""Subscriptions at hubs: what listed feeds offer, what is agreed, and when pushes came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from service.records import FeedId, HubLease, HubOffer, LeaseState
from service.storage.tables import feeds, hub_leases

# What a push changes, and nothing else does.
BY_PUSHES = frozenset({"last_push_at", "poll_at"})


def offers(connection: Connection) -> list[HubOffer]:
    """Return of each listed feed where it may be subscribed to."""
    habit = feeds.c.habit
    rows = connection.execute(
        select(
            feeds.c.id,
            feeds.c.url,
            habit["hub"].as_string().label("hub"),
            habit["topic"].as_string().label("topic"),
            habit["adopted"].as_string().label("adopted"),
        )
        .where(feeds.c.listed)
        .order_by(feeds.c.id)
    )
    return [HubOffer(FeedId(row.id), row.hub, row.topic or row.adopted or row.url) for row in rows]


def leases(connection: Connection) -> list[HubLease]:
    """Return all that is agreed, or asked for."""
    order = (hub_leases.c.feed_id, hub_leases.c.token)
    return [_lease(row) for row in connection.execute(select(hub_leases).order_by(*order))]


def find(connection: Connection, token: str) -> HubLease | None:
    """Return the lease that ``token`` belongs to."""
    row = connection.execute(select(hub_leases).where(hub_leases.c.token == token)).one_or_none()
    return None if row is None else _lease(row)


def due(connection: Connection, now: datetime, limit: int) -> list[HubLease]:
    """Return the leases whose hubs are to be asked by now, longest overdue first."""
    rows = connection.execute(
        select(hub_leases)
        .where(hub_leases.c.ask_at <= now)
        .order_by(hub_leases.c.ask_at, hub_leases.c.token)
        .limit(limit)
    )
    return [_lease(row) for row in rows]


def add(connection: Connection, new: Iterable[HubLease]) -> None:
    """Store new leases."""
    rows = [_values(lease) for lease in new]
    if rows:
        connection.execute(insert(hub_leases), rows)


def save(connection: Connection, before: HubLease, after: HubLease) -> bool:
    """Write what has become of a lease, unless somebody else did since ``before`` was read.

    Pushes are no such change: they are noted beside it.
    """
    values = {name: value for name, value in _values(after).items() if name not in BY_PUSHES}
    changed = connection.execute(update(hub_leases).where(*_is_still(before)).values(values))
    return changed.rowcount == 1


def end(connection: Connection, lease: HubLease) -> bool:
    """Forget a lease, unless somebody changed it since it was read."""
    return connection.execute(delete(hub_leases).where(*_is_still(lease))).rowcount == 1


def end_all(connection: Connection) -> int:
    """Forget all leases, and return how many there were: nobody hears the hubs any more."""
    return connection.execute(delete(hub_leases)).rowcount


def note_push(connection: Connection, token: str, now: datetime, poll_at: datetime) -> None:
    """Note that a push came now, and for when it makes the feed due."""
    connection.execute(
        update(hub_leases)
        .where(hub_leases.c.token == token)
        .values(last_push_at=now, poll_at=poll_at)
    )


def _is_still(lease: HubLease) -> list[Any]:
    return [
        hub_leases.c.token == lease.token,
        hub_leases.c.state == lease.state,
        hub_leases.c.tries == lease.tries,
        hub_leases.c.ask_at == lease.ask_at,
    ]


def _values(lease: HubLease) -> dict[str, Any]:
    return asdict(lease) | {"state": str(lease.state)}


def _lease(row: Row[Any]) -> HubLease:
    return HubLease(**{**row._mapping, "state": LeaseState(row.state)})
