"""Fits a classifier on examples, and says how well it does on items held back.

Deterministic: the same examples give the same model. Folds keep minimal pairs, the passages of one
seed and the copies of one story together, so that no item is judged by its own near-copy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, precision_recall_curve

from service.errors import InputError
from service.learning.corpus import LABEL, Example
from service.learning.corpus import SEED as SEED_PASSAGE
from service.learning.opinions import (
    FOLDS,
    Places,
    character_vectoriser,
    fit_meaning,
    fit_stack,
    fit_topic,
    fit_words,
    out_of_fold,
    word_vectoriser,
)
from service.records import Topic
from service.relevance.classifier import Estimators
from service.relevance.encoder import Encoder
from service.relevance.features import read
from service.relevance.kernel import KernelMachine
from service.relevance.mentions import MentionFinder
from service.relevance.vectors import Features, Vector, Vectorisers, encoded_text

FEWEST_EXAMPLES = 20
# Of real feed items that name both sides, four in ten are relevant: a count of several hundred
# items other than those the model is judged on. Written items hold more, lest they teach less;
# probabilities and threshold are made for the share that readers meet (Elkan 2001).
RELEVANT_SHARE = 0.4
# What no figure is reckoned on: passages in one voice, and readers' labels, so that the figures of
# all versions are of the same items.
UNWRITTEN = frozenset({SEED_PASSAGE, LABEL})

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Figures:
    """How the fitted model does on items held back, all from out-of-fold probabilities.

    ``gate_recall`` is the share of relevant examples that the mention gate lets through; the
    others are counted as missed in ``recall``.
    """

    examples: int
    relevant: int
    average_precision: float
    precision: float
    recall: float
    f1: float
    gate_recall: float


@dataclass(frozen=True, slots=True)
class Prepared:
    """Examples as the estimators see them: those that pass the gate, row by row.

    ``kept`` says which example each row is.
    """

    examples: Sequence[Example]
    kept: Places
    features: Features
    labels: Vector
    weights: Vector
    vectorisers: Vectorisers
    encoder: str
    encoded_texts: tuple[str, ...]

    @property
    def groups(self) -> list[str]:
        """The group of each row."""
        return [self.examples[index].group for index in self.kept]


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training run leaves: the fitted parts, the threshold, and its figures.

    ``out_of_fold`` is the probability that each example got from a model which never saw it, NaN
    where the gate stopped it. ``encoded_texts`` are those whose vectors are worth keeping.
    """

    estimators: Estimators
    threshold: float
    figures: Figures
    encoder: str
    encoded_texts: tuple[str, ...]
    out_of_fold: Vector


def train(
    examples: Sequence[Example],
    finder: MentionFinder,
    encoder: Encoder,
    topics: Sequence[Topic],
    progress: Progress = lambda _: None,
) -> Trained:
    """Fit on ``examples``. Items stopped by the gate teach nothing: they never reach the model.

    The threshold is the one that gives the best F1 on out-of-fold probabilities, at the share of
    relevant items that readers meet.

    Raises:
        InputError: when too few examples, or only one kind, pass the gate.

    """
    return fit(prepare(examples, finder, encoder, progress), topics, progress)


def prepare(
    examples: Sequence[Example],
    finder: MentionFinder,
    encoder: Encoder,
    progress: Progress = lambda _: None,
) -> Prepared:
    """Read, gate and encode ``examples``.

    Raises:
        InputError: when too few examples, or only one kind, pass the gate.

    """
    progress("reading mentions")
    readings = [read(example.item, finder) for example in examples]
    kept = [index for index, reading in enumerate(readings) if not reading.gated]
    chosen = [examples[index] for index in kept]
    _check_enough(chosen)
    progress("weighing words and meaning")
    through = [readings[index] for index in kept]
    vectorisers = Vectorisers(word_vectoriser(), character_vectoriser())
    features = vectorisers.fit(through, finder.sides, encoder)
    return Prepared(
        examples=examples,
        kept=np.array(kept, dtype=np.intp),
        features=features,
        labels=np.array([example.label for example in chosen], dtype=int),
        weights=np.array([example.weight for example in chosen]),
        vectorisers=vectorisers,
        encoder=encoder.name,
        encoded_texts=tuple(encoded_text(reading) for reading in through),
    )


def fit(
    prepared: Prepared, topics: Sequence[Topic], progress: Progress = lambda _: None
) -> Trained:
    """Fit on prepared examples; see ``train``."""
    labels, examples = prepared.labels, prepared.examples
    progress(f"judging each example by a model that never saw it ({FOLDS} folds)")
    opinions = out_of_fold(prepared.features, labels, prepared.weights, prepared.groups)
    met = prepared.weights * _as_met(labels, prepared.weights)
    calibration = fit_stack(opinions, labels, met)
    held_back = calibration.predict_proba(opinions)[:, 1]
    unseen = np.full(len(examples), np.nan)
    unseen[prepared.kept] = held_back
    written = np.array([examples[index].kind not in UNWRITTEN for index in prepared.kept])
    gated_relevant = _gated_relevant(prepared)
    threshold, figures = _figures(
        held_back[written], labels[written], met[written], gated_relevant, examples
    )
    progress("fitting on all")
    meaning, words = fit_opinions(prepared, np.arange(len(labels)))
    told = _fit_topics(prepared, topics)
    estimators = Estimators(prepared.vectorisers, words, meaning, calibration, told)
    return Trained(estimators, threshold, figures, prepared.encoder, prepared.encoded_texts, unseen)


def fit_opinions(prepared: Prepared, rows: Places) -> tuple[KernelMachine, LogisticRegression]:
    """Return both opinions, on meaning and on words, fitted on ``rows`` only."""
    chosen = prepared.features.rows(rows), prepared.labels[rows], prepared.weights[rows]
    return fit_meaning(*chosen), fit_words(*chosen)


def _check_enough(examples: Sequence[Example]) -> None:
    kinds = [[e for e in examples if e.label is label] for label in (True, False)]
    groups = min(len({example.group for example in kind}) for kind in kinds)
    if len(examples) < FEWEST_EXAMPLES or groups < FOLDS:
        raise InputError(
            f"only {len(examples)} examples ({len(kinds[0])} relevant) name both sides",
            mend=f"training needs {FEWEST_EXAMPLES} at least, and {FOLDS} of each kind that are "
            "no minimal pairs of one another: add to curriculum/",
        )


def _as_met(labels: Vector, weights: Vector) -> Vector:
    """Return factors by which the relevant ones among ``labels`` weigh ``RELEVANT_SHARE``."""
    relevant = float(weights[labels == 1].sum())
    others = float(weights[labels == 0].sum())
    factor = RELEVANT_SHARE / (1 - RELEVANT_SHARE) * others / relevant
    return np.where(labels == 1, factor, 1.0)


def _gated_relevant(prepared: Prepared) -> int:
    through = set(prepared.kept.tolist())
    return sum(
        example.label and example.kind not in UNWRITTEN
        for index, example in enumerate(prepared.examples)
        if index not in through
    )


def _fit_topics(
    prepared: Prepared, topics: Sequence[Topic]
) -> dict[Topic, LogisticRegression | float]:
    told = [(row, prepared.examples[index].topics) for row, index in enumerate(prepared.kept)]
    told = [(row, named) for row, named in told if named]
    meaning = prepared.features.meaning[[row for row, _ in told]]
    return {
        topic: fit_topic(meaning, np.array([topic in named for _, named in told]))
        for topic in topics
    }


def _figures(
    probabilities: Vector,
    labels: Vector,
    weights: Vector,
    gated_relevant: int,
    examples: Sequence[Example],
) -> tuple[float, Figures]:
    precision, recall, thresholds = precision_recall_curve(
        labels, probabilities, sample_weight=weights
    )
    found = labels.sum() / max(labels.sum() + gated_relevant, 1)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    best = int(np.argmax(f1[:-1]))
    p, r = float(precision[best]), float(recall[best] * found)
    relevant = sum(example.label for example in examples)
    # Rounded down: rounded up it could pass over the very item it was taken from.
    return math.floor(float(thresholds[best]) * 1e4) / 1e4, Figures(
        examples=len(examples),
        relevant=relevant,
        average_precision=round(
            float(average_precision_score(labels, probabilities, sample_weight=weights)), 4
        ),
        precision=round(p, 4),
        recall=round(r, 4),
        f1=round(2 * p * r / max(p + r, 1e-12), 4),
        gate_recall=round(1 - gated_relevant / max(relevant, 1), 4),
    )
