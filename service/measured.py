"""What is known of the precision and recall in use: the audit of articles drawn at random."""

from __future__ import annotations

from datetime import datetime

from service.learning.audit import Audit, answers, audit, cells_at
from service.records import ArticleId, Label, Verdict
from service.storage import audit as store
from service.storage import labels
from service.storage.database import Connection


def measure(connection: Connection, since: datetime, threshold: float) -> Audit:
    """Return what the audit says of the articles seen after ``since``."""
    draws = store.drawn(connection, since)
    given = labels.current(connection)
    spans = cells_at(threshold)
    sizes = store.population(connection, since, spans) if draws else [0] * len(spans)
    return audit(
        draws,
        answers(draws, given),
        dict(zip(spans, sizes, strict=True)),
        threshold,
        _feedback(given, store.sent_articles(connection, since)),
    )


def _feedback(given: list[Label], sent: set[ArticleId]) -> tuple[int, int]:
    """Return how many sent articles readers called relevant, and how many not."""
    votes: dict[ArticleId, int] = {}
    for label in given:
        sign = {Verdict.RELEVANT: 1, Verdict.NOT_RELEVANT: -1}.get(label.verdict, 0)
        if label.article_id is not None and label.article_id in sent:
            votes[label.article_id] = votes.get(label.article_id, 0) + sign
    return sum(v > 0 for v in votes.values()), sum(v < 0 for v in votes.values())
