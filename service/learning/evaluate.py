"""How good a model is on labelled items, with how sure one can be of it.

Intervals are percentile bootstraps (Efron 1979) over items. The calibration error is the
expected calibration error over ten bins of equal size (Naeini et al. 2015). Items marked
unsure are left out everywhere.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import precision_recall_curve

from service.errors import InputError
from service.learning.resampling import Array, average_precision, f1, ratio, resamples
from service.records import Interval, Item, Score, Topic
from service.relevance.classifier import Scorer

BINS = 10
WORST = 10
# Fewer items than this say nothing of a language or kind.
FEWEST = 8


@dataclass(frozen=True, slots=True)
class Labelled:
    """An item whose answer is known."""

    id: str
    item: Item
    label: bool
    topics: frozenset[Topic]
    kind: str


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of one language or kind. ``f1`` is None where nothing is relevant in it."""

    name: str
    items: int
    relevant: int
    alerts: int
    correct: int
    f1: float | None


@dataclass(frozen=True, slots=True)
class Point:
    """What a threshold would give: a point of the precision-recall curve."""

    threshold: float
    precision: float
    recall: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Items of like probability: what was foretold of them, and what share is relevant."""

    probability: float
    share: float
    items: int


@dataclass(frozen=True, slots=True)
class Mistake:
    """An item the model got wrong, and how sure it was."""

    id: str
    text: str
    lang: str
    kind: str
    relevant: bool
    probability: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything ``caspian evaluate`` tells."""

    items: int
    relevant: int
    threshold: float
    average_precision: Interval
    precision: Interval
    recall: Interval
    f1: Interval
    calibration_error: float
    topics_micro_f1: float
    languages: tuple[Group, ...]
    kinds: tuple[Group, ...]
    topics: tuple[Group, ...]
    curve: tuple[Point, ...]
    reliability: tuple[Bin, ...]
    worst: tuple[Mistake, ...]


def read_labelled(path: Path) -> list[Labelled]:
    """Return the items of a file of JSON lines (``.gz`` too), without those marked unsure.

    Raises:
        InputError: naming file, line and mend.

    """
    found = []
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                row = _row(line)
                if row is None:
                    raise InputError(
                        f"{path}, line {number}: not a labelled item",
                        mend="each line is an object with title, summary and label (0 or 1)",
                    )
                if not row.get("unsure"):
                    found.append(_labelled(row, number))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}", mend="check the path") from error
    if not any(item.label for item in found) or all(item.label for item in found):
        raise InputError(f"{path} does not hold both labels", mend="add items of the other kind")
    return found


def evaluate(labelled: Sequence[Labelled], scorer: Scorer) -> Evaluation:
    """Score all items and compare. At least one must be relevant, and one not."""
    scores = scorer.score([entry.item for entry in labelled])
    labels = np.array([entry.label for entry in labelled])
    probabilities = np.array([score.probability for score in scores])
    alerts = np.array([score.relevant for score in scores])
    samples = resamples(labels)
    reliability = _reliability(labels, probabilities)

    def interval(figure: Callable[[Array], float]) -> Interval:
        values = [figure(sample) for sample in samples]
        low, high = np.percentile(values, [2.5, 97.5])
        whole = figure(np.arange(len(labels)))
        return Interval(round(whole, 4), round(float(low), 4), round(float(high), 4))

    return Evaluation(
        items=len(labels),
        relevant=int(labels.sum()),
        threshold=scorer.threshold,
        average_precision=interval(lambda at: average_precision(labels[at], probabilities[at])),
        precision=interval(lambda at: ratio((labels & alerts)[at], alerts[at])),
        recall=interval(lambda at: ratio((labels & alerts)[at], labels[at])),
        f1=interval(lambda at: f1(labels[at], alerts[at])),
        calibration_error=round(_calibration_error(reliability), 4),
        topics_micro_f1=round(_topics_micro_f1(labelled, scores), 4),
        languages=_groups(labelled, alerts, lambda entry: entry.item.lang),
        kinds=_groups(labelled, alerts, lambda entry: entry.kind),
        topics=_by_topic(labelled, scores),
        curve=_curve(labels, probabilities),
        reliability=reliability,
        worst=_worst(labelled, scores),
    )


def _row(line: str) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    texts_fit = isinstance(row, dict) and all(
        isinstance(row.get(name) or "", str) for name in ("title", "summary", "lang", "kind")
    )
    return row if texts_fit and row.get("label") in (0, 1) else None


def _labelled(row: dict[str, Any], number: int) -> Labelled:
    return Labelled(
        id=str(row.get("id", number)),
        item=Item(row.get("title") or "", row.get("summary") or "", row.get("lang") or ""),
        label=bool(row["label"]),
        topics=frozenset(Topic(topic) for topic in row.get("topics") or ()),
        kind=row.get("kind") or ("relevant" if row["label"] else "other"),
    )


def _curve(labels: Array, probabilities: Array) -> tuple[Point, ...]:
    precision, recall, thresholds = precision_recall_curve(labels, probabilities)
    points = zip(thresholds, precision, recall, strict=False)
    return tuple(Point(*(round(float(value), 4) for value in point)) for point in points)


def _reliability(labels: Array, probabilities: Array) -> tuple[Bin, ...]:
    order = np.argsort(probabilities, kind="stable")
    return tuple(
        Bin(
            round(float(probabilities[part].mean()), 4),
            round(float(labels[part].mean()), 4),
            len(part),
        )
        for part in np.array_split(order, BINS)
        if len(part)
    )


def _calibration_error(bins: Sequence[Bin]) -> float:
    apart = sum(part.items * abs(part.share - part.probability) for part in bins)
    return apart / sum(part.items for part in bins)


def _by_topic(labelled: Sequence[Labelled], scores: Sequence[Score]) -> tuple[Group, ...]:
    """Judge each topic on the relevant items: was it told where it should be, and only there."""
    pairs = [
        (entry, score)
        for entry, score in zip(labelled, scores, strict=True)
        if entry.label and entry.topics
    ]
    groups = []
    for topic in sorted({topic for entry, _ in pairs for topic in entry.topics}):
        wanted = np.array([topic in entry.topics for entry, _ in pairs])
        told = np.array([topic in score.topics for _, score in pairs])
        counts = (len(pairs), int(wanted.sum()), int(told.sum()), int((wanted == told).sum()))
        groups.append(Group(topic, *counts, f1=round(f1(wanted, told), 4)))
    return tuple(groups)


def _topics_micro_f1(labelled: Sequence[Labelled], scores: Sequence[Score]) -> float:
    """Over all topics of the relevant items, as if each item and topic were one decision."""
    pairs = [
        (entry.topics, set(score.topics))
        for entry, score in zip(labelled, scores, strict=True)
        if entry.label
    ]
    hits = sum(len(wanted & told) for wanted, told in pairs)
    total = sum(len(wanted) + len(told) for wanted, told in pairs)
    return 2 * hits / total if total else 0.0


def _groups(
    labelled: Sequence[Labelled], alerts: Array, key: Callable[[Labelled], str]
) -> tuple[Group, ...]:
    names = sorted({key(entry) for entry in labelled})
    groups = (
        _group(name, [key(entry) == name for entry in labelled], labelled, alerts) for name in names
    )
    return tuple(sorted(groups, key=lambda group: -group.items))


def _group(name: str, within: Iterable[bool], labelled: Sequence[Labelled], alerts: Array) -> Group:
    at = [index for index, inside in enumerate(within) if inside]
    labels, told = np.array([labelled[index].label for index in at]), alerts[at]
    return Group(
        name=name,
        items=len(at),
        relevant=int(labels.sum()),
        alerts=int(told.sum()),
        correct=int((labels == told).sum()),
        f1=round(f1(labels, told), 4) if labels.any() else None,
    )


def _worst(labelled: Sequence[Labelled], scores: Sequence[Score]) -> tuple[Mistake, ...]:
    wrong = [
        Mistake(
            e.id,
            e.item.title or e.item.summary,
            e.item.lang,
            e.kind,
            e.label,
            score.probability,
        )
        for e, score in zip(labelled, scores, strict=True)
        if e.label != score.relevant
    ]
    return tuple(sorted(wrong, key=lambda m: -abs(m.relevant - m.probability))[:WORST])
