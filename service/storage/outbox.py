"""The outbox: one row for each digest and channel, from before sending until it is closed.

``pending -> sending -> sent``, back to ``pending`` after a failure worth a retry, ``dead`` after
a final one, and from there to ``pending`` only by an operator's hand. A row left in ``sending`` by
a crash is taken up again when its lease runs out, with the same Message-ID: the digest is never
lost, and a second copy can be told as one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select, update

from service.records import (
    Channel,
    ChannelKind,
    Delivery,
    DeliveryId,
    DeliveryStatus,
    DigestId,
    OutboxRow,
    Revival,
)
from service.storage.documents import DIGEST
from service.storage.tables import digests, outbox

# Rows looked at for one that can be claimed.
AT_ONCE = 20
# A database takes only so many values in one statement.
AT_MOST = 500


def claim_next(connection: Connection, now: datetime, lease: timedelta) -> Delivery | None:
    """Take the oldest delivery that is due, or None."""
    due = or_(
        (outbox.c.status == DeliveryStatus.PENDING) & (outbox.c.next_attempt_at <= now),
        (outbox.c.status == DeliveryStatus.SENDING) & (outbox.c.lease_until <= now),
    )
    statement = (
        select(outbox, digests.c.document)
        .join(digests, digests.c.id == outbox.c.digest_id)
        .where(due)
        .order_by(outbox.c.created_at, outbox.c.id)
        .limit(AT_ONCE)
    )
    for row in connection.execute(statement).all():
        changed = connection.execute(
            update(outbox)
            .where(
                outbox.c.id == row.id,
                outbox.c.status == row.status,
                outbox.c.attempts == row.attempts,
            )
            .values(
                status=DeliveryStatus.SENDING,
                lease_until=now + lease,
                attempts=row.attempts + 1,
            )
        )
        if changed.rowcount != 1:
            continue
        kind, _, target = row.channel.partition(":")
        try:
            channel = Channel(ChannelKind(kind), target)
            digest = DIGEST.validate_python(row.document)
        except ValueError as error:
            # Written by another version: kept, and out of the way of those behind it.
            values = {"status": DeliveryStatus.DEAD, "error_code": "unreadable"}
            told = values | {"error": str(error)[:500], "lease_until": None}
            connection.execute(update(outbox).where(outbox.c.id == row.id).values(told))
            continue
        return Delivery(
            id=DeliveryId(row.id),
            digest_id=DigestId(row.digest_id),
            channel=channel,
            attempts=row.attempts + 1,
            message_id=row.message_id,
            created_at=row.created_at,
            digest=digest,
        )
    return None


def close(connection: Connection, delivery: Delivery, now: datetime) -> None:
    """Note that the channel has taken the digest."""
    _finish(
        connection,
        delivery,
        {"status": DeliveryStatus.SENT, "sent_at": now, "error_code": None, "error": None},
    )


def postpone(
    connection: Connection, delivery: Delivery, until: datetime, code: str, error: str
) -> None:
    """Put the delivery back after a failure, to be tried again at ``until``."""
    _finish(
        connection,
        delivery,
        {
            "status": DeliveryStatus.PENDING,
            "next_attempt_at": until,
            "error_code": code,
            "error": error,
        },
    )


def bury(connection: Connection, delivery: Delivery, code: str, error: str) -> None:
    """Give the delivery up. The row stays, with the reason."""
    _finish(
        connection,
        delivery,
        {"status": DeliveryStatus.DEAD, "error_code": code, "error": error},
    )


def count_by_status(connection: Connection) -> dict[DeliveryStatus, int]:
    """Return how many rows are in each status."""
    rows = connection.execute(select(outbox.c.status, func.count()).group_by(outbox.c.status)).all()
    return {DeliveryStatus(status): count for status, count in rows}


def listed(
    connection: Connection,
    statuses: Iterable[DeliveryStatus] = (),
    since: datetime | None = None,
) -> list[OutboxRow]:
    """Return the rows in any of ``statuses`` (all for none) made at ``since`` or later.

    The newest are first.
    """
    wanted: list[ColumnElement[bool]] = []
    if chosen := sorted(statuses):
        wanted.append(outbox.c.status.in_(chosen))
    if since is not None:
        wanted.append(outbox.c.created_at >= since)
    return _rows(connection, *wanted)


def revive(connection: Connection, ids: Iterable[DeliveryId], now: datetime) -> Revival:
    """Let dead rows wait again: due ``now``, all attempts before them, the Message-ID as it was.

    The last error stays until the row is sent. Each row is changed only if it is still dead when
    it is written, so that of two who do this at once one revives it.
    """
    asked = list(dict.fromkeys(ids))
    revived = {id_ for id_ in asked if _revive(connection, id_, now)}
    rows: dict[DeliveryId, OutboxRow] = {}
    for first in range(0, len(asked), AT_MOST):
        part = _rows(connection, outbox.c.id.in_(asked[first : first + AT_MOST]))
        rows |= {row.id: row for row in part}
    return Revival(
        revived=tuple(rows[id_] for id_ in asked if id_ in revived),
        refused=tuple(rows[id_] for id_ in asked if id_ in rows and id_ not in revived),
        unknown=tuple(id_ for id_ in asked if id_ not in rows),
    )


def _revive(connection: Connection, id_: DeliveryId, now: datetime) -> bool:
    changed = connection.execute(
        update(outbox)
        .where(outbox.c.id == id_, outbox.c.status == DeliveryStatus.DEAD)
        .values(status=DeliveryStatus.PENDING, attempts=0, next_attempt_at=now, lease_until=None)
    )
    return changed.rowcount == 1


def _rows(connection: Connection, *wanted: ColumnElement[bool]) -> list[OutboxRow]:
    # Without the digest itself: it is large, and may be unreadable.
    statement = (
        select(outbox, digests.c.subscription_id)
        .join(digests, digests.c.id == outbox.c.digest_id)
        .where(*wanted)
        .order_by(outbox.c.created_at.desc(), outbox.c.id.desc())
    )
    return [_row(row) for row in connection.execute(statement)]


def _row(row: Row[tuple[object, ...]]) -> OutboxRow:
    status = DeliveryStatus(row.status)
    following = {
        DeliveryStatus.PENDING: row.next_attempt_at,
        DeliveryStatus.SENDING: row.lease_until,
    }
    return OutboxRow(
        id=DeliveryId(row.id),
        digest_id=DigestId(row.digest_id),
        subscription=row.subscription_id,
        channel=row.channel,
        status=status,
        attempts=row.attempts,
        next_attempt_at=following.get(status),
        error_code=row.error_code,
        error=row.error,
        created_at=row.created_at,
        sent_at=row.sent_at,
    )


def _finish(connection: Connection, delivery: Delivery, values: dict[str, object]) -> None:
    # Only the attempt that holds the row may finish it: after a lost lease another one does.
    connection.execute(
        update(outbox)
        .where(
            outbox.c.id == delivery.id,
            outbox.c.status == DeliveryStatus.SENDING,
            outbox.c.attempts == delivery.attempts,
        )
        .values(lease_until=None, **values)
    )
