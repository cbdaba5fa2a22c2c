"""What is known of the precision and recall in use: the audit of articles drawn at random.

An article is where its newest score puts it, for the answers as for the sizes of the cells. That
is the score it came with, or the one it got when its text was edited: a new model weighs what
comes after it, and not the past again. So for some weeks after a promotion the figures are of both
models, cut at the threshold in use now. Where an article lay when it was drawn decides the weight
of its answer only: see ``learning.audit``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from service.learning.audit import GATE, Audit, answers, audit, cells_at
from service.records import ArticleId, Draw, Label, Verdict
from service.storage import audit as store
from service.storage import labels
from service.storage.database import Connection


def measure(connection: Connection, since: datetime, threshold: float) -> Audit:
    """Return what the audit says of the articles seen after ``since``."""
    draws = _where_they_lie(
        store.drawn(connection, since), store.newest_probabilities(connection, since)
    )
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


def _where_they_lie(draws: Sequence[Draw], newest: Mapping[ArticleId, float]) -> list[Draw]:
    """Return the draws at their articles' newest probability.

    What an edit took across the gate is left out: it stands for nothing on the other side, where
    the chances of a draw are thousands of times as large, or as small.
    """
    return [
        replace(draw, probability=newest.get(draw.article_id, draw.probability))
        for draw in draws
        if (draw.stratum == GATE) != (draw.article_id in newest)
    ]


def _feedback(given: list[Label], sent: set[ArticleId]) -> tuple[int, int]:
    """Return how many sent articles readers called relevant, and how many not."""
    votes: dict[ArticleId, int] = {}
    for label in given:
        sign = {Verdict.RELEVANT: 1, Verdict.NOT_RELEVANT: -1}.get(label.verdict, 0)
        if label.article_id is not None and label.article_id in sent:
            votes[label.article_id] = votes.get(label.article_id, 0) + sign
    return sum(v > 0 for v in votes.values()), sum(v < 0 for v in votes.values())
