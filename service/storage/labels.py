"""What readers said of articles. Nothing is overwritten: a change of mind is a row of its own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Subquery, func, insert, select

from service.records import (
    ArticleId,
    DrawId,
    Item,
    Label,
    LabelId,
    Origin,
    Topic,
    Verdict,
)
from service.storage.tables import labels

# The least by which two moments differ.
TICK = timedelta(microseconds=1)


def append(connection: Connection, given: Sequence[Label]) -> list[Label]:
    """Store what readers say now, as the last word of each, and return it as stored.

    Two sayings can share an instant, and a clock can be behind what it was, or behind another's.
    Each label is therefore dated after all that its reader said of the text before.
    """
    last = _last_said(connection, {label.text_hash for label in given})
    stored = []
    for label in given:
        before = last.get((label.text_hash, label.reader))
        at = label.labelled_at if before is None else max(label.labelled_at, before + TICK)
        stored.append(replace(label, labelled_at=at))
    add(connection, stored)
    return stored


def add(connection: Connection, given: Iterable[Label], *, dated: bool = True) -> int:
    """Store labels that came with their dates, and return how many are new.

    What was stored before is not stored again: the same reader's same verdict on the same text at
    the same time, or, if not ``dated``, at any time.
    """
    rows: dict[str, dict[str, Any]] = {}
    for label in given:
        row = _row(label)
        rows.setdefault(row["fingerprint"] if dated else _saying(label), row)
    known = _known(connection, list(rows.values()), dated=dated)
    fresh = [row for key, row in rows.items() if key not in known]
    if fresh:
        connection.execute(insert(labels), fresh)
    return len(fresh)


def current(connection: Connection) -> list[Label]:
    """Return what holds now, oldest first: each reader's newest label of each text."""
    held = holding()
    rows = connection.execute(select(held).order_by(held.c.labelled_at, held.c.id))
    return [_label(row) for row in rows]


def holding() -> Subquery:
    """Return a subquery of what holds now; of one instant, what was stored last."""
    order = (labels.c.labelled_at.desc(), labels.c.id.desc())
    voice = (labels.c.text_hash, labels.c.reader)
    age = func.row_number().over(partition_by=voice, order_by=order).label("age")
    ranked = select(labels, age).subquery()
    return select(ranked).where(ranked.c.age == 1, ranked.c.verdict != Verdict.WITHDRAWN).subquery()


def history(connection: Connection, text_hash: str | None = None) -> list[Label]:
    """Return every label ever given, of one text or of all, in the order they came."""
    statement = select(labels).order_by(labels.c.id)
    if text_hash is not None:
        statement = statement.where(labels.c.text_hash == text_hash)
    return [_label(row) for row in connection.execute(statement)]


def last_of(connection: Connection, reader: str) -> Label | None:
    """Return the label that a reader gave last."""
    row = connection.execute(
        select(labels).where(labels.c.reader == reader).order_by(labels.c.id.desc()).limit(1)
    ).one_or_none()
    return None if row is None else _label(row)


def count_after(connection: Connection, number: int) -> int:
    """Return how many labels came in after the one of that number, whenever they were given."""
    statement = select(func.count()).select_from(labels).where(labels.c.id > number)
    return connection.execute(statement).scalar_one()


def newest(connection: Connection) -> int:
    """Return the number of the label that came in last; 0 for none."""
    number: int | None = connection.execute(select(func.max(labels.c.id))).scalar_one()
    return number or 0


def _last_said(
    connection: Connection, texts: Iterable[str], chunk: int = 500
) -> dict[tuple[str, str], datetime]:
    """Return when each reader last said anything of each of the texts."""
    sought, last = sorted(texts), {}
    for start in range(0, len(sought), chunk):
        rows = connection.execute(
            select(labels.c.text_hash, labels.c.reader, func.max(labels.c.labelled_at).label("at"))
            .where(labels.c.text_hash.in_(sought[start : start + chunk]))
            .group_by(labels.c.text_hash, labels.c.reader)
        )
        last.update({(row.text_hash, row.reader): row.at for row in rows})
    return last


def _known(
    connection: Connection, rows: Sequence[dict[str, Any]], *, dated: bool, chunk: int = 500
) -> set[str]:
    column = labels.c.fingerprint if dated else labels.c.text_hash
    sought = sorted({row[column.name] for row in rows})
    known: set[str] = set()
    for start in range(0, len(sought), chunk):
        found = connection.execute(select(labels).where(column.in_(sought[start : start + chunk])))
        known.update(row.fingerprint if dated else _saying(_label(row)) for row in found)
    return known


def _saying(label: Label, when: str = "") -> str:
    """Return what is the same for the same saying, at any time or at that."""
    told = [label.text_hash, label.reader, label.verdict, sorted(label.topics), when]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _row(label: Label) -> dict[str, Any]:
    return {
        "text_hash": label.text_hash,
        "title": label.item.title,
        "summary": label.item.summary,
        "language": label.item.lang,
        "url": label.url,
        "article_id": label.article_id,
        "verdict": label.verdict.value,
        "topics": list(label.topics),
        "reader": label.reader,
        "origin": label.origin.value,
        "labelled_at": label.labelled_at,
        "seconds": label.seconds,
        "draw_id": label.draw,
        "fingerprint": _saying(label, label.labelled_at.astimezone(UTC).isoformat()),
    }


def _label(row: Row[Any]) -> Label:
    return Label(
        text_hash=row.text_hash,
        item=Item(row.title, row.summary, row.language),
        verdict=Verdict(row.verdict),
        topics=tuple(map(Topic, row.topics)),
        reader=row.reader,
        origin=Origin(row.origin),
        labelled_at=row.labelled_at,
        url=row.url,
        article_id=None if row.article_id is None else ArticleId(row.article_id),
        seconds=row.seconds,
        draw=None if row.draw_id is None else DrawId(row.draw_id),
        id=LabelId(row.id),
    )
