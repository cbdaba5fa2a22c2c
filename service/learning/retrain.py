"""Makes a candidate of seeds, curriculum and labels; ``rule`` judges it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.learning.corpus import Example
from service.learning.labels import Judged, weighed
from service.learning.train import Prepared, Progress, Trained, fit, fit_opinions, prepare
from service.records import Topic
from service.relevance.classifier import Classifier
from service.relevance.encoder import Encoder
from service.relevance.mentions import MentionFinder
from service.relevance.vectors import Vector

# The newest labels are held back, as far as they are enough to tell anything.
HELD_BACK_SHARE = 0.3
FEWEST_HELD_BACK = 10


@dataclass(frozen=True, slots=True)
class HeldBack:
    """How many of the newest labels each model gets wrong; the candidate's fit never saw them."""

    texts: int
    wrong_current: int
    wrong_candidate: int


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

    def without(self, places: Sequence[int]) -> Vector:
        """Return both opinions, (n, 2), of a fit without some judged texts on these; NaN: gated."""
        row_of = {int(index): row for row, index in enumerate(self.prepared.kept)}
        rows = [row_of.get(self.first_label + place) for place in places]
        through = np.array([row for row in rows if row is not None], dtype=np.intp)
        opinions = np.full((len(places), 2), np.nan)
        if len(through):
            rest = np.setdiff1d(np.arange(len(row_of)), through)
            meaning, words = fit_opinions(self.prepared, rest)
            asked = self.prepared.features.rows(through)
            found = meaning.decision_function(asked.meaning), words.decision_function(asked.words)
            opinions[[row is not None for row in rows]] = np.column_stack(found)
        return opinions


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


def held_back(
    fitted: Fitted,
    current: Classifier,
    threshold: float | None = None,
    learnt_until: int = -1,
) -> HeldBack | None:
    """Judge both models on the newest labels; None where there are too few.

    Whole groups are held back, so that no near copy of a held-back text is learnt from. What the
    model in use may have learnt from, labels up to number ``learnt_until``, would favour it.
    """
    judged = fitted.judged
    known = {one.example.group for one in judged if one.arrived <= learnt_until}
    unlearnt = [one.example.group for one in judged if one.example.group not in known]
    count = math.ceil(len(judged) * HELD_BACK_SHARE)
    newest = set(unlearnt[-count:])
    places = [i for i, one in enumerate(judged) if one.example.group in newest]
    if min(count, len(places)) < FEWEST_HELD_BACK:
        return None
    texts = [judged[place].example for place in places]
    labels = np.array([example.label for example in texts])
    wanted = fitted.trained.threshold if threshold is None else threshold
    opinions = fitted.without(places)
    gated = np.isnan(opinions[:, 0])
    # The calibration, three numbers fitted on thousands of rows, is the candidate's own.
    estimators = fitted.trained.estimators
    told = ~gated & (estimators.calibrated(np.nan_to_num(opinions)) >= wanted)
    before = np.array([score.relevant for score in current.score([e.item for e in texts])])
    return HeldBack(len(labels), int((before != labels).sum()), int((told != labels).sum()))
