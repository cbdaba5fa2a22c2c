"""When subscriptions' digests are due, what each was told, and the digests themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Connection, insert, select, update

from service.records import Channel, DeliveryStatus, Digest, DigestId, StoryId
from service.storage.documents import DIGEST
from service.storage.tables import digests, outbox, subscriptions, told


@dataclass(frozen=True, slots=True)
class Agenda:
    """Where a subscription stands: when it is due, and until when it has been told."""

    schedule: str
    next_digest_at: datetime
    told_until: datetime | None


def agenda(connection: Connection, subscription_id: str) -> Agenda | None:
    """Return where the subscription stands, or None for one never seen."""
    row = connection.execute(
        select(subscriptions).where(subscriptions.c.id == subscription_id)
    ).one_or_none()
    return Agenda(row.schedule, row.next_digest_at, row.told_until) if row else None


def schedule(
    connection: Connection, subscription_id: str, expression: str, next_digest_at: datetime
) -> None:
    """Set when the subscription is due next, reckoned from ``expression``."""
    values = {"schedule": expression, "next_digest_at": next_digest_at}
    changed = connection.execute(
        update(subscriptions).where(subscriptions.c.id == subscription_id).values(values)
    )
    if changed.rowcount == 0:
        connection.execute(insert(subscriptions).values(id=subscription_id, **values))


def already_told(
    connection: Connection, subscription_id: str, story_ids: Sequence[StoryId]
) -> set[tuple[StoryId, int]]:
    """Return which of the stories, in which versions, the subscription was told."""
    rows = connection.execute(
        select(told.c.story_id, told.c.version).where(
            told.c.subscription_id == subscription_id, told.c.story_id.in_(story_ids)
        )
    )
    return {(StoryId(row.story_id), row.version) for row in rows}


def issue(
    connection: Connection, digest: Digest, channels: Iterable[Channel], now: datetime
) -> DigestId:
    """Store a digest with one outbox row a channel, and note what it tells.

    All in the caller's transaction, before anything is sent: whatever happens later, each
    channel gets this digest, and no later digest repeats it.
    """
    digest_id = DigestId(
        connection.execute(
            insert(digests)
            .values(
                subscription_id=digest.subscription,
                since=digest.since,
                until=digest.until,
                document=cast("dict[str, object]", DIGEST.dump_python(digest, mode="json")),
                created_at=now,
            )
            .returning(digests.c.id)
        ).scalar_one()
    )
    connection.execute(
        insert(outbox),
        [
            {
                "digest_id": digest_id,
                "channel": str(channel),
                "status": DeliveryStatus.PENDING,
                "attempts": 0,
                "next_attempt_at": now,
                "message_id": f"digest-{digest_id}.{number}.{now:%Y%m%dT%H%M%S}",
                "created_at": now,
            }
            for number, channel in enumerate(dict.fromkeys(channels))
        ],
    )
    rows = [
        {
            "subscription_id": digest.subscription,
            "story_id": story.story_id,
            "version": story.version,
            "digest_id": digest_id,
        }
        for story in digest.stories
    ]
    if rows:
        connection.execute(insert(told), rows)
    return digest_id


def mark_told_until(connection: Connection, subscription_id: str, until: datetime) -> None:
    """Note that everything up to ``until`` was looked at for this subscription."""
    connection.execute(
        update(subscriptions).where(subscriptions.c.id == subscription_id).values(told_until=until)
    )
