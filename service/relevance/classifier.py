"""The classifier: fitted on read items, it gives each a calibrated probability and topics.

Two opinions. One is about meaning: a support vector machine with a Gaussian kernel over the
item's embedding, in which both sides go by one name each, and the layout of their mentions. The
other is about words: a logistic regression over word and character n-grams with the sides
masked; it also tells which words spoke for the verdict. A third regression, fitted on the two's
out-of-fold odds (stacking, Wolpert 1992; Platt scaling, Platt 1999), makes one probability of
them, so that 0.8 means eight in ten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
from sklearn.linear_model import LogisticRegression

from service.records import Evidence, Item, Score, Topic
from service.relevance.encoder import Encoder
from service.relevance.features import (
    MASKS,
    Reading,
    carrying_sentence,
    layout_signs,
    passes,
    read,
)
from service.relevance.kernel import KernelMachine
from service.relevance.mentions import MentionFinder
from service.relevance.vectors import Features, Vector, Vectorisers

# What an item that does not name both sides scores: nothing was weighed, so nothing is claimed.
GATED_PROBABILITY = 0.0
TOPIC_THRESHOLD = 0.5
EVIDENCE_PHRASES = 6
# Shorter words are particles, which explain nothing to a reader.
FEWEST_LETTERS = 4


class Scorer(Protocol):
    """What the pipeline needs of a classifier."""

    @property
    def version(self) -> str:
        """The name of the model that scores."""
        ...

    @property
    def threshold(self) -> float:
        """From which probability on it calls an item relevant."""
        ...

    def score(self, items: Sequence[Item]) -> list[Score]:
        """Return one score for each item, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Estimators:
    """The fitted parts."""

    vectorisers: Vectorisers
    word_opinion: LogisticRegression
    meaning_opinion: KernelMachine
    calibration: LogisticRegression
    # Where all examples have a topic, or none has it, its share stands for an estimator.
    topics: Mapping[Topic, LogisticRegression | float]

    def probability(self, features: Features) -> Vector:
        """Return the calibrated probability of each row."""
        opinions = np.column_stack(
            [
                self.meaning_opinion.decision_function(features.meaning),
                self.word_opinion.decision_function(features.words),
            ]
        )
        return self.calibrated(opinions)

    def calibrated(self, opinions: Vector) -> Vector:
        """Return the probability that both opinions, (n, 2), make together."""
        return cast("Vector", self.calibration.predict_proba(opinions)[:, 1])


class Classifier:
    """Scores items. Immutable once built; ``score`` may be called from several threads."""

    def __init__(
        self,
        finder: MentionFinder,
        encoder: Encoder,
        estimators: Estimators,
        *,
        threshold: float,
        version: str,
    ) -> None:
        self.version = version
        self.threshold = threshold
        self._finder = finder
        self._encoder = encoder
        self._estimators = estimators
        # By column: words, then pieces of words, which tell a reader nothing, then the layout.
        self._phrases_by_column = [
            _readable(term, list(finder.names.values()))
            for term in estimators.vectorisers.words.get_feature_names_out()
        ]
        self._signs = layout_signs(finder.names)

    def score(self, items: Sequence[Item]) -> list[Score]:
        """Return one score for each item, in order; relevant at or above the threshold."""
        readings = [read(item, self._finder) for item in items]
        scores = [self._gated(reading) for reading in readings]
        through = [index for index, reading in enumerate(readings) if not reading.gated]
        if through:
            weighed = self._weigh([readings[index] for index in through])
            for index, score in zip(through, weighed, strict=True):
                scores[index] = score
        return scores

    def names_any(self, item: Item) -> bool:
        """Tell whether an item names one side at least."""
        return self._finder.names_any(f"{item.title}\n{item.summary}")

    def passes(self, item: Item) -> bool:
        """Tell whether the gate lets an item through to be weighed; fast."""
        return passes(item, self._finder)

    def _gated(self, reading: Reading) -> Score:
        evidence = Evidence(mentions=reading.mentions)
        return Score(GATED_PROBABILITY, False, (), evidence, self.version)

    def _weigh(self, readings: Sequence[Reading]) -> list[Score]:
        features = self._estimators.vectorisers.features(
            readings, self._finder.sides, self._encoder
        )
        probabilities = self._estimators.probability(features)
        topic_odds = self._topic_odds(features.meaning)
        return [
            Score(
                probability=round(float(p), 6),
                relevant=bool(round(float(p), 6) >= self.threshold),
                topics=self._choose_topics(odds),
                evidence=Evidence(
                    mentions=reading.mentions,
                    sentence=carrying_sentence(reading),
                    phrases=self._phrases(features.words[row]),
                    signs=self._weighed_signs(features.words[row]),
                ),
                model_version=self.version,
            )
            for row, (reading, p, odds) in enumerate(
                zip(readings, probabilities, topic_odds, strict=True)
            )
        ]

    def _topic_odds(self, meaning: Vector) -> Vector:
        """Return the probability of each topic, given that the item is relevant: row by topic."""
        columns = [
            np.full(len(meaning), estimator)
            if isinstance(estimator, float)
            else estimator.predict_proba(meaning)[:, 1]
            for estimator in self._estimators.topics.values()
        ]
        return np.column_stack(columns)

    def _choose_topics(self, odds: Vector) -> tuple[Topic, ...]:
        topics = list(self._estimators.topics)
        chosen = [topic for topic, p in zip(topics, odds, strict=True) if p >= TOPIC_THRESHOLD]
        return tuple(chosen or [topics[int(np.argmax(odds))]])

    def _phrases(self, row: Any) -> tuple[tuple[str, float], ...]:
        """Return the words that moved the word opinion most, in log-odds, strongest first."""
        weights = row.data * self._estimators.word_opinion.coef_[0][row.indices]
        named = [
            (self._phrases_by_column[column], round(float(weight), 3))
            for column, weight in zip(row.indices, weights, strict=True)
            if column < len(self._phrases_by_column) and self._phrases_by_column[column]
        ]
        return tuple(sorted(named, key=lambda pair: -abs(pair[1]))[:EVIDENCE_PHRASES])

    def _weighed_signs(self, row: Any) -> tuple[tuple[str, float], ...]:
        """Return how the names lie in words, with the weight of each in the word opinion."""
        weights = self._estimators.word_opinion.coef_[0]
        first = len(weights) - len(self._signs)
        named = [
            (self._signs[column - first], round(float(value * weights[column]), 3))
            for column, value in zip(row.indices, row.data, strict=True)
            if column >= first
        ]
        return tuple(sorted(named, key=lambda pair: -abs(pair[1])))


def _readable(term: str, names: Sequence[str]) -> str:
    """Return the term with the masks read as the sides' names; "" if it says nothing."""
    masks = dict(zip(MASKS, names, strict=True))
    words = term.split()
    if not any(len(word) >= FEWEST_LETTERS and word not in masks for word in words):
        return ""
    return " ".join(masks.get(word, word) for word in words)
