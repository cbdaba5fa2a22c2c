"""The outbox: one row for each digest and channel, from before sending until it is closed.

``pending -> sending -> sent``, back to ``pending`` after a failure worth a retry, ``dead`` after
a final one. A row left in ``sending`` by a crash is taken up again when its lease runs out, with
the same Message-ID: the digest is never lost, and a second copy can be told as one.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, or_, select, update

from service.records import (
    Channel,
    ChannelKind,
    Delivery,
    DeliveryId,
    DeliveryStatus,
    DigestId,
)
from service.storage.documents import DIGEST
from service.storage.tables import digests, outbox

# Rows looked at for one that can be claimed.
AT_ONCE = 20


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
