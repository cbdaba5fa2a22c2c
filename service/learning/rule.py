"""Judges a candidate: what speaks against putting it in use.

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

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from service.learning.doubts import Doubtful, careless, doubtful, suspects
from service.learning.evaluate import Labelled
from service.learning.replay import Replay, replay
from service.learning.resampling import Array, average_precision, f1, resamples
from service.learning.retrain import Fitted, HeldBack, held_back
from service.learning.train import Progress
from service.records import ArticleId, Item
from service.relevance.classifier import Classifier

MOST_LOST = 0.01
MOST_LOST_WRITTEN = 0.005
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
class Judgement:
    """Everything that was found out about a candidate. No ``reasons`` means it may be used."""

    average_precision: Difference
    f1: Difference
    written: tuple[float, float] | None
    held_back: HeldBack | None
    replay: Replay
    doubtful: tuple[Doubtful, ...]
    careless: dict[str, float]
    # Where to look first, if there are reasons.
    suspects: dict[str, float]
    reasons: tuple[str, ...]


def judge(
    fitted: Fitted,
    candidate: Classifier,
    current: Classifier,
    *,
    written_before: float | None,
    learnt_until: int,
    benchmark: Sequence[Labelled],
    recent: Iterable[tuple[ArticleId, Item]],
    progress: Progress = lambda _: None,
) -> Judgement:
    """Judge a candidate against the model in use.

    ``written_before`` is the average precision of the model in use on the written items held back
    from it, None if it learnt other ones; ``learnt_until`` is the number of the last label that it
    was made of, -1 if of none; ``recent`` are the articles to replay.
    """
    progress("judging it on the benchmark")
    precision, balance = compare(benchmark, current, candidate)
    progress("judging it on labels held back")
    held = held_back(fitted, current, candidate.threshold, learnt_until)
    progress("replaying the last weeks")
    replayed = replay(recent, current, candidate)
    loose = careless(fitted)
    after = fitted.trained.figures.average_precision
    written = None if written_before is None else (written_before, after)
    reasons = [
        *_benchmark_reasons(precision, balance),
        *_written_reasons(written),
        *_label_reasons(held, loose),
        *_replay_reasons(replayed),
    ]
    if reasons:
        progress("looking whose labels contradict all others")
    return Judgement(
        precision,
        balance,
        written,
        held,
        replayed,
        doubtful(fitted),
        loose,
        suspects(fitted) if reasons else {},
        tuple(reasons),
    )


def compare(
    benchmark: Sequence[Labelled], current: Classifier, candidate: Classifier
) -> tuple[Difference, Difference]:
    """Return average precision and F1 of both models, and bounds of the differences."""
    items = [entry.item for entry in benchmark]
    labels = np.array([entry.label for entry in benchmark])
    scores = [model.score(items) for model in (current, candidate)]
    p = [np.array([score.probability for score in of_one]) for of_one in scores]
    alerts = [np.array([score.relevant for score in of_one]) for of_one in scores]
    draws = resamples(labels)

    def difference(figure: Callable[[Array, Array], float], told: Sequence[Array]) -> Difference:
        current, candidate = (figure(labels, of_one) for of_one in told)
        gained = [figure(labels[at], told[1][at]) - figure(labels[at], told[0][at]) for at in draws]
        low, high = (float(bound) for bound in np.percentile(gained, [2.5, 97.5]))
        return Difference(*(round(part, 4) for part in (current, candidate, low, high)))

    return difference(average_precision, p), difference(f1, alerts)


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
