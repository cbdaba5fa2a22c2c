"""When each job of the daemon last came through."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, inspect, select, update

from service.storage.tables import heartbeats


def beat(connection: Connection, job: str, now: datetime) -> None:
    """Note that ``job`` came through."""
    changed = connection.execute(
        update(heartbeats).where(heartbeats.c.job == job).values(beat_at=now)
    )
    if changed.rowcount == 0:
        connection.execute(insert(heartbeats).values(job=job, beat_at=now))


def forget(connection: Connection, job: str) -> None:
    """Forget that ``job`` ever came through."""
    connection.execute(delete(heartbeats).where(heartbeats.c.job == job))


def last_beats(connection: Connection) -> dict[str, datetime]:
    """Return the last time of each job; none where no daemon has ever run."""
    if not inspect(connection).has_table(heartbeats.name):
        return {}
    return {row.job: row.beat_at for row in connection.execute(select(heartbeats))}
