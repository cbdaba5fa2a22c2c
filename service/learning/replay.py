"""What recent weeks would have been, had another model judged them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from service.records import ArticleId, Item
from service.relevance.classifier import Classifier


@dataclass(frozen=True, slots=True)
class Changed:
    """An article on which the two models disagree."""

    article_id: ArticleId
    title: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Replay:
    """What the last weeks would have been: how many alerts, and which would change."""

    articles: int
    alerts_before: int
    alerts_after: int
    newly: tuple[Changed, ...]
    stopped: tuple[Changed, ...]


def replay(
    recent: Iterable[tuple[ArticleId, Item]], current: Classifier, candidate: Classifier
) -> Replay:
    """Score recent articles with both models and say which alerts would change."""
    articles = before = after = 0
    newly: list[Changed] = []
    stopped: list[Changed] = []
    for chunk in _chunks(recent):
        articles += len(chunk)
        # Both models have the same gate.
        through = [(id_, item) for id_, item in chunk if current.passes(item)]
        items = [item for _, item in through]
        pairs = zip(through, current.score(items), candidate.score(items), strict=True)
        for (id_, item), old, new in pairs:
            before += old.relevant
            after += new.relevant
            if old.relevant != new.relevant:
                title = item.title or item.summary
                change = Changed(id_, title, old.probability, new.probability)
                (newly if new.relevant else stopped).append(change)
    return Replay(articles, before, after, tuple(_boldest(newly)), tuple(_boldest(stopped)))


def _chunks(
    recent: Iterable[tuple[ArticleId, Item]], size: int = 2_000
) -> Iterable[list[tuple[ArticleId, Item]]]:
    chunk: list[tuple[ArticleId, Item]] = []
    for entry in recent:
        chunk.append(entry)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _boldest(changes: list[Changed]) -> list[Changed]:
    return sorted(changes, key=lambda change: -abs(change.after - change.before))
