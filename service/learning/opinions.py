"""Fits the estimators of which a classifier is made; see ``service.relevance.classifier``.

Deterministic, and far more exact than scikit-learn's defaults: two processors round differently,
and a solver that stops early makes differences in the scores of it that can be seen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.svm import SVC

from service.learning.resampling import SEED
from service.relevance.kernel import KernelMachine
from service.relevance.vectors import Features, Vector

FOLDS = 5
# By cross-validation on the curriculum; see "How it was chosen" in docs/benchmarks.md.
WORDS_C = 4.0
MEANING_C, MEANING_GAMMA = 3.0, 0.03
TOPICS_C = 0.2
TOLERANCE = 1e-8

Places = npt.NDArray[np.intp]


def word_vectoriser() -> TfidfVectorizer:
    """Return what counts words and pairs of them; not fitted."""
    return TfidfVectorizer(
        lowercase=False,
        token_pattern=r"(?u)\b\w\w+\b",  # noqa: S106 - a pattern of words
        ngram_range=(1, 2),
        min_df=2,
        max_features=4_000,
        sublinear_tf=True,
        dtype=np.float64,
    )


def character_vectoriser() -> TfidfVectorizer:
    """Return what counts pieces of words; not fitted.

    They are stems in inflected languages, and words in those that put no space between them.
    """
    return TfidfVectorizer(
        lowercase=False,
        analyzer="char_wb",
        ngram_range=(2, 5),
        min_df=4,
        max_features=6_000,
        sublinear_tf=True,
        dtype=np.float64,
    )


def fit_words(features: Features, labels: Vector, weights: Vector) -> LogisticRegression:
    """Return the opinion on words."""
    opinion = LogisticRegression(C=WORDS_C, solver="newton-cg", tol=TOLERANCE, max_iter=1_000)
    return opinion.fit(features.words, labels, sample_weight=weights)


def fit_meaning(features: Features, labels: Vector, weights: Vector) -> KernelMachine:
    """Return the opinion on meaning. Takes 8 n^2 bytes for the kernel of n rows."""
    rows = features.meaning
    kernel = rbf_kernel(rows, gamma=MEANING_GAMMA)
    machine = SVC(C=MEANING_C, kernel="precomputed", tol=TOLERANCE)
    machine.fit(kernel, labels, sample_weight=weights)
    offset = float(machine.intercept_[0])
    return KernelMachine(rows[machine.support_], machine.dual_coef_[0], offset, MEANING_GAMMA)


def fit_stack(opinions: Vector, labels: Vector, weights: Vector) -> LogisticRegression:
    """Return what makes one probability of both opinions, (n, 2)."""
    stack = LogisticRegression(C=1.0, solver="newton-cholesky", tol=TOLERANCE)
    return stack.fit(opinions, labels, sample_weight=weights)


def fit_topic(meaning: Vector, marks: npt.NDArray[np.bool_]) -> LogisticRegression | float:
    """Return what tells a topic; its share, 0 or 1, where all or none of the rows have it."""
    if marks.all() or not marks.any():
        return float(marks.any())
    regression = LogisticRegression(C=TOPICS_C, solver="newton-cholesky", tol=TOLERANCE)
    return regression.fit(meaning, marks)


def out_of_fold(
    features: Features, labels: Vector, weights: Vector, groups: Sequence[str]
) -> Vector:
    """Return both opinions of each row, by models that never saw its group: shape (n, 2)."""
    folds = StratifiedGroupKFold(n_splits=FOLDS, shuffle=True, random_state=SEED)
    opinions = np.empty((len(labels), 2))
    for seen, unseen in folds.split(features.meaning, labels, groups):
        known, asked = features.rows(seen), features.rows(unseen)
        meaning = fit_meaning(known, labels[seen], weights[seen])
        words = fit_words(known, labels[seen], weights[seen])
        opinions[unseen, 0] = meaning.decision_function(asked.meaning)
        opinions[unseen, 1] = words.decision_function(asked.words)
    return opinions
