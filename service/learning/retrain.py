"""Makes a candidate of seeds, curriculum and labels, and judges it before it is put in use.

The rule. A candidate is refused

- if it is worse than the model in use on the public benchmark, beyond noise (a paired bootstrap of
  the difference, Efron 1979) or by more than ``MOST_LOST`` whatever the noise;
- if what the labels teach makes it worse on the written items, none of which it saw when it judged
  them, by more than ``MOST_LOST_WRITTEN``;
- if it gets more of the held-back labels wrong: the newest ones, judged by a fit without them and
  without their near copies;
- if a reader's labels contradict all else too often;
- if it would silence, or newly raise, more of the last weeks' alerts than ``MOST_STOPPED`` or
  ``MOST_NEW`` of them.

Each reason is told in words; a reader may put it in use all the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from sklearn.metrics import average_precision_score

from service.learning.corpus import Example
from service.learning.evaluate import RESAMPLES, Array, Labelled
from service.learning.labels import Doubtful, Judged, careless, doubtful, weighed
from service.learning.train import (
    SEED,
    Prepared,
    Progress,
    Trained,
    fit,
    fit_opinions,
    prepare,
)
from service.records import ArticleId, Item, Topic
from service.relevance.classifier import Classifier, Vector
from service.relevance.encoder import Encoder
from service.relevance.mentions import MentionFinder

MOST_LOST = 0.01
MOST_LOST_WRITTEN = 0.005
# The newest labels are held back, as far as they are enough to tell anything.
HELD_BACK_SHARE = 0.3
FEWEST_HELD_BACK = 10
MOST_STOPPED, MOST_NEW = 0.25, 1.0
# Changes of so few alerts are no ground for refusing.
ALERTS_OF_NO_ACCOUNT = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of the model in use and of the candidate, and the bounds of their difference."""

    current: float
    candidate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class HeldBack:
    """How many of the newest labels each model gets wrong; the candidate's fit never saw them."""

    texts: int
    wrong_current: int
    wrong_candidate: int


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


@dataclass(frozen=True, slots=True)
class Judgement:
    """Everything that was found out about a candidate. No ``reasons`` means it may be used."""

    average_precision: Difference
    f1: Difference
    written: tuple[float, float] | None
    held_back: HeldBack | None
    replay: Replay
    doubtful: tuple[Doubtful, ...]
    careless: dict[str, float]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A candidate, what it was fitted on, and the labels among it."""

    trained: Trained
    prepared: Prepared
    judged: tuple[Judged, ...]
    first_label: int

    @property
    def out_of_fold(self) -> Vector:
        """The probability of each judged text by a model that never saw it."""
        return self.trained.out_of_fold[self.first_label :]


def fit_candidate(
    written: Sequence[Example],
    judged: Sequence[Judged],
    finder: MentionFinder,
    encoder: Encoder,
    topics: Sequence[Topic],
    progress: Progress = lambda _: None,
) -> Fitted:
    """Fit a candidate on what is written and on what readers judged.

    Raises:
        InputError: when too little is left to learn from.

    """
    total = sum(example.weight for example in written)
    examples = [*written, *weighed(judged, total)]
    prepared = prepare(examples, finder, encoder, progress)
    trained = fit(prepared, topics, progress)
    return Fitted(trained, prepared, tuple(judged), len(written))


def judge(
    fitted: Fitted,
    candidate: Classifier,
    current: Classifier,
    *,
    written_before: float | None,
    learnt_until: datetime | None,
    benchmark: Sequence[Labelled],
    recent: Iterable[tuple[ArticleId, Item]],
    progress: Progress = lambda _: None,
) -> Judgement:
    """Judge a candidate against the model in use.

    ``written_before`` is the average precision of the model in use on the written items held back
    from it, None if it learnt other ones; ``learnt_until`` is when the model in use was made of
    labels, None if of none; ``recent`` are the articles to replay.
    """
    progress("judging it on the benchmark")
    precision, f1 = compare(benchmark, current, candidate)
    progress("judging it on labels held back")
    held = held_back(fitted, current, candidate.threshold, learnt_until)
    progress("replaying the last weeks")
    replayed = replay(recent, current, candidate)
    doubts = doubtful(fitted.judged, fitted.out_of_fold)
    loose = careless(fitted.judged, doubts)
    after = fitted.trained.figures.average_precision
    written = None if written_before is None else (written_before, after)
    reasons = [
        *_benchmark_reasons(precision, f1),
        *_written_reasons(written),
        *_label_reasons(held, loose),
        *_replay_reasons(replayed),
    ]
    return Judgement(precision, f1, written, held, replayed, tuple(doubts), loose, tuple(reasons))


def compare(
    benchmark: Sequence[Labelled], current: Classifier, candidate: Classifier
) -> tuple[Difference, Difference]:
    """Return average precision and F1 of both models, and bounds of the differences."""
    items = [entry.item for entry in benchmark]
    labels = np.array([entry.label for entry in benchmark])
    scores = [model.score(items) for model in (current, candidate)]
    p = [np.array([score.probability for score in of_one]) for of_one in scores]
    alerts = [np.array([score.relevant for score in of_one]) for of_one in scores]
    chance = np.random.default_rng(SEED)
    draws = [chance.integers(0, len(labels), len(labels)) for _ in range(RESAMPLES)]
    draws = [draw for draw in draws if 0 < labels[draw].sum() < len(draw)]

    def figure(values: Sequence[Array], of: str) -> Difference:
        def one(which: int, at: Array) -> float:
            if of == "ap":
                return float(average_precision_score(labels[at], values[which][at]))
            return _f1(labels[at], values[which][at])

        whole = np.arange(len(labels))
        low, high = np.percentile([one(1, at) - one(0, at) for at in draws], [2.5, 97.5])
        parts = (one(0, whole), one(1, whole), float(low), float(high))
        return Difference(*(round(part, 4) for part in parts))

    return figure(p, "ap"), figure(alerts, "f1")


def held_back(
    fitted: Fitted,
    current: Classifier,
    threshold: float | None = None,
    learnt_until: datetime | None = None,
) -> HeldBack | None:
    """Judge both models on the newest labels; None where there are too few.

    Whole groups are held back, so that no near copy of a held-back text is learnt from. What the
    model in use may have learnt from, labels from before ``learnt_until``, would favour it.
    """
    judged = fitted.judged
    known = {
        one.example.group for one in judged if learnt_until and one.labelled_at <= learnt_until
    }
    unlearnt = [one.example.group for one in judged if one.example.group not in known]
    count = math.ceil(len(judged) * HELD_BACK_SHARE)
    newest = set(unlearnt[-count:])
    places = [i for i, one in enumerate(judged) if one.example.group in newest]
    if min(count, len(places)) < FEWEST_HELD_BACK:
        return None
    texts = [judged[place].example for place in places]
    labels = np.array([example.label for example in texts])

    prepared, first = fitted.prepared, fitted.first_label
    row_of = {int(index): row for row, index in enumerate(prepared.kept)}
    rows = [row_of.get(first + place, -1) for place in places]
    held = {row for row in rows if row >= 0}
    rest = np.array([row for row in range(len(prepared.labels)) if row not in held])
    fresh = fit_opinions(prepared, rest)
    # The calibration, three numbers fitted on thousands of rows, is the candidate's own.
    estimators = replace(fresh, calibration=fitted.trained.estimators.calibration)
    told = np.zeros(len(labels), dtype=bool)
    weighed_rows = [row for row in rows if row >= 0]
    if weighed_rows:
        probabilities = estimators.probability(prepared.features.rows(np.array(weighed_rows)))
        at = [place for place, row in enumerate(rows) if row >= 0]
        wanted = fitted.trained.threshold if threshold is None else threshold
        told[at] = probabilities >= wanted
    before = np.array([score.relevant for score in current.score([e.item for e in texts])])
    return HeldBack(len(labels), int((before != labels).sum()), int((told != labels).sum()))


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


def _f1(labels: Array, alerts: Array) -> float:
    both = labels.sum() + alerts.sum()
    return float(2 * (labels & alerts).sum() / both) if both else 0.0


def _benchmark_reasons(precision: Difference, f1: Difference) -> Iterable[str]:
    for name, figure in (("average precision", precision), ("F1", f1)):
        lost = figure.current - figure.candidate
        if figure.high < 0 or lost > MOST_LOST:
            yield (
                f"{name} on the benchmark falls from {figure.current:.3f} to "
                f"{figure.candidate:.3f} (difference {figure.low:+.3f} to {figure.high:+.3f})"
            )


def _written_reasons(written: tuple[float, float] | None) -> Iterable[str]:
    before, after = written or (0.0, 0.0)
    if before - after > MOST_LOST_WRITTEN:
        yield (
            f"average precision on the written items falls from {before:.3f} to {after:.3f}: "
            "the labels contradict them"
        )


def _label_reasons(held: HeldBack | None, loose: dict[str, float]) -> Iterable[str]:
    if held and held.wrong_candidate > held.wrong_current:
        yield (
            f"of {held.texts} labels held back it gets {held.wrong_candidate} wrong, "
            f"the model in use {held.wrong_current}"
        )
    for reader, share in sorted(loose.items()):
        yield f"{share:.0%} of the labels of {reader} contradict all else: look at them first"


def _replay_reasons(replayed: Replay) -> Iterable[str]:
    stopped, newly, before = len(replayed.stopped), len(replayed.newly), replayed.alerts_before
    if stopped > max(ALERTS_OF_NO_ACCOUNT, MOST_STOPPED * before):
        yield f"it would silence {stopped} of {before} alerts of the last weeks"
    if newly > max(ALERTS_OF_NO_ACCOUNT, MOST_NEW * before):
        yield f"it would raise {newly} alerts more than the {before} of the last weeks"
