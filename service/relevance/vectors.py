"""What is weighed of an item, as numbers: n-grams, embedding, and how its mentions lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer

from service.relevance.encoder import TEXT_CHARACTERS, Encoder
from service.relevance.features import Reading, layout

Vector = npt.NDArray[np.float64]

# How far apart two items lie is told by their embeddings (unit vectors, scaled) and layouts.
EMBEDDING_SCALE, LAYOUT_SCALE = 10.0, 3.0


@dataclass(frozen=True, slots=True)
class Features:
    """What is weighed: ``words`` are n-grams and layout, ``meaning`` embeddings and layout."""

    words: csr_matrix
    meaning: Vector

    def rows(self, chosen: npt.NDArray[np.intp]) -> Features:
        """Return the features of the chosen rows."""
        return Features(self.words[chosen], self.meaning[chosen])


@dataclass(frozen=True, slots=True)
class Vectorisers:
    """Turn read items into features: ``words`` and ``characters`` count n-grams."""

    words: TfidfVectorizer
    characters: TfidfVectorizer

    def features(
        self, readings: Sequence[Reading], sides: Sequence[str], encoder: Encoder
    ) -> Features:
        """Return the features: one row a reading; words, then character n-grams, then layout."""
        masked = [reading.masked for reading in readings]
        ngrams = (self.words.transform(masked), self.characters.transform(masked))
        return _assembled(ngrams, readings, sides, encoder)

    def fit(self, readings: Sequence[Reading], sides: Sequence[str], encoder: Encoder) -> Features:
        """Learn which n-grams there are, and return the features of ``readings``."""
        masked = [reading.masked for reading in readings]
        ngrams = (self.words.fit_transform(masked), self.characters.fit_transform(masked))
        return _assembled(ngrams, readings, sides, encoder)


def _assembled(
    ngrams: Sequence[Any], readings: Sequence[Reading], sides: Sequence[str], encoder: Encoder
) -> Features:
    """Return the features of ``readings`` whose n-grams are counted already."""
    layouts = np.array([layout(reading, sides) for reading in readings])
    vectors = encoder.encode([encoded_text(reading) for reading in readings])
    return Features(
        words=csr_matrix(hstack([*ngrams, layouts])),
        meaning=np.hstack([vectors * EMBEDDING_SCALE, layouts * LAYOUT_SCALE]),
    )


def encoded_text(reading: Reading) -> str:
    """Return the text whose embedding stands for the item."""
    return reading.plain[:TEXT_CHARACTERS]
