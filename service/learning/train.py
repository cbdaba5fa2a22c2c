"""Fits a classifier on seeds and curriculum, and says how well it does on items held back.

Deterministic: the same files give the same model. Folds keep minimal pairs and the passages
of one seed together, so that no item is judged by its own near-copy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, precision_recall_curve
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.svm import SVC

from service.errors import InputError
from service.learning.corpus import SEED as SEED_PASSAGE
from service.learning.corpus import TWIN, Example
from service.records import Topic
from service.relevance.classifier import Estimators, Features, Vector, encoded_text
from service.relevance.encoder import Encoder
from service.relevance.features import read
from service.relevance.mentions import MentionFinder

FOLDS = 5
SEED = 20261121
# By cross-validation on the curriculum; see "How it was chosen" in docs/benchmarks.md.
WORDS_C = 4.0
MEANING_C, MEANING_GAMMA = 3.0, 0.03
TOPICS_C = 0.2
# Far below the default: two processors round differently, and a solver that stops early makes
# differences in the scores of it that can be seen.
TOLERANCE = 1e-8
# A seed passage weighs less than a written item: there are many, all in one voice.
SEED_WEIGHT = 0.3
FEWEST_EXAMPLES = 20
# Of real feed items that name both sides, four in ten are relevant: a count of several hundred
# items other than those the model is judged on. Written items hold more, lest they teach less;
# probabilities and threshold are made for the share that readers meet (Elkan 2001).
RELEVANT_SHARE = 0.4

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
class Trained:
    """What a training run leaves: the fitted parts, the threshold, and its figures.

    ``encoded_texts`` are those whose vectors are worth keeping for the next run.
    """

    estimators: Estimators
    threshold: float
    figures: Figures
    encoder: str
    encoded_texts: tuple[str, ...]


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
    progress("reading mentions")
    readings = [read(example.item, finder) for example in examples]
    kept = [i for i, reading in enumerate(readings) if not reading.gated]
    labels = np.array([examples[i].label for i in kept], dtype=int)
    chosen = [examples[i] for i in kept]
    _check_enough(chosen)
    weights = np.array([SEED_WEIGHT if e.kind in (SEED_PASSAGE, TWIN) else 1.0 for e in chosen])

    progress("weighing words and meaning")
    texts = [readings[i].masked for i in kept]
    words, characters = _words().fit(texts), _characters().fit(texts)
    parts = Estimators(words, characters, _word_opinion(), _meaning_opinion(), _stack(), {})
    features = parts.features([readings[i] for i in kept], finder.sides, encoder)

    progress(f"judging each example by a model that never saw it ({FOLDS} folds)")
    opinions = _out_of_fold(features, labels, weights, [e.group for e in chosen])
    met = weights * _as_met(labels, weights)
    calibration = _stack().fit(opinions, labels, sample_weight=met)
    held_back = calibration.predict_proba(opinions)[:, 1]
    written = np.array([e.kind != SEED_PASSAGE for e in chosen])
    gated_relevant = sum(e.label for e in examples) - int(labels.sum())
    threshold, figures = _figures(
        held_back[written], labels[written], met[written], gated_relevant, examples
    )

    progress("fitting on all")
    estimators = replace(
        parts,
        word_opinion=_word_opinion().fit(features.words, labels, sample_weight=weights),
        meaning_opinion=_meaning_opinion().fit(features.meaning, labels, sample_weight=weights),
        calibration=calibration,
        topics=_fit_topics(features.meaning, chosen, topics),
    )
    encoded = tuple(encoded_text(readings[i]) for i in kept)
    return Trained(estimators, threshold, figures, encoder.name, encoded)


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


def _words() -> TfidfVectorizer:
    return TfidfVectorizer(
        lowercase=False,
        token_pattern=r"(?u)\b\w\w+\b",  # noqa: S106 - a pattern of words
        ngram_range=(1, 2),
        min_df=2,
        max_features=4_000,
        sublinear_tf=True,
        dtype=np.float64,
    )


def _characters() -> TfidfVectorizer:
    # Stems in inflected languages, and words in those that put no space between them.
    return TfidfVectorizer(
        lowercase=False,
        analyzer="char_wb",
        ngram_range=(2, 5),
        min_df=4,
        max_features=6_000,
        sublinear_tf=True,
        dtype=np.float64,
    )


def _word_opinion() -> LogisticRegression:
    return LogisticRegression(C=WORDS_C, solver="liblinear", random_state=SEED, tol=TOLERANCE)


def _meaning_opinion() -> SVC:
    return SVC(C=MEANING_C, gamma=MEANING_GAMMA, tol=TOLERANCE)


def _stack() -> LogisticRegression:
    return LogisticRegression(C=1.0, solver="newton-cholesky", tol=TOLERANCE)


def _topic_regression() -> LogisticRegression:
    return LogisticRegression(C=TOPICS_C, max_iter=1_000)


def _out_of_fold(
    features: Features, labels: Vector, weights: Vector, groups: Sequence[str]
) -> Vector:
    """Return both opinions of each example, by models that never saw it: shape (n, 2)."""
    folds = StratifiedGroupKFold(n_splits=FOLDS, shuffle=True, random_state=SEED)
    pairs = ((_meaning_opinion(), features.meaning), (_word_opinion(), features.words))
    return np.column_stack(
        [
            cross_val_predict(
                opinion,
                matrix,
                labels,
                groups=groups,
                cv=folds,
                method="decision_function",
                params={"sample_weight": weights},
            )
            for opinion, matrix in pairs
        ]
    )


def _fit_topics(
    meaning: Vector, examples: Sequence[Example], topics: Sequence[Topic]
) -> dict[Topic, LogisticRegression | float]:
    rows = [i for i, example in enumerate(examples) if example.topics]
    fitted: dict[Topic, LogisticRegression | float] = {}
    for topic in topics:
        marks = np.array([topic in examples[i].topics for i in rows])
        both_kinds = 0 < marks.sum() < len(marks)
        fitted[topic] = (
            _topic_regression().fit(meaning[rows], marks) if both_kinds else float(marks.any())
        )
    return fitted


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
