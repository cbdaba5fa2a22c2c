"""The space in which reports of one event lie near one another, whatever their language.

An encoder puts all texts of one language near one another, and all of one theme: what two reports
of one event share beyond that is small beside it. So each vector is taken against the running mean
of its language, and kept in the directions in which written items differ most: common directions
drown the telling ones (Mu & Viswanath 2018, "All-but-the-Top").
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]

# For how many articles the mean of the written items counts, and of how many the last ones' does.
PRIOR_ARTICLES, REMEMBERED_ARTICLES = 10, 300


@dataclass(frozen=True, slots=True)
class Background:
    """The running mean of one language: of ``articles`` articles' ``meaning`` and ``title``."""

    articles: int
    meaning: Floats
    title: Floats

    def with_more(self, meaning: Floats, title: Floats) -> Background:
        """Return the mean with further articles, one a row, in any order."""
        before = min(self.articles, REMEMBERED_ARTICLES)
        return Background(
            before + len(meaning),
            _mean_with(self.meaning, before, meaning),
            _mean_with(self.title, before, title),
        )


Backgrounds = Mapping[str, Background]


@dataclass(frozen=True, slots=True)
class Space:
    """Means of written items a language, shape (languages, dimensions), and directions to keep.

    ``basis`` has shape (dimensions, kept). ``encoder`` names whose vectors it is made for.
    """

    encoder: str
    languages: tuple[str, ...]
    meaning_means: Floats
    title_means: Floats
    basis: Floats

    def mark(self) -> str:
        """Return what tells vectors in this space from those in another."""
        content = hashlib.blake2b(self.encoder.encode(), digest_size=8)
        for array in (self.meaning_means, self.title_means, self.basis):
            content.update(np.ascontiguousarray(array).tobytes())
        return content.hexdigest()

    def language_of(self, meaning: Floats) -> list[str]:
        """Return the language of each row: that of the nearest mean. Feeds are often wrong."""
        nearness = meaning @ _unit(self.meaning_means).T
        return [self.languages[index] for index in nearness.argmax(axis=1)]

    def learn(
        self, backgrounds: Backgrounds, meaning: Floats, title: Floats, languages: Sequence[str]
    ) -> dict[str, Background]:
        """Return the backgrounds of the languages that gain articles."""
        named = np.array(languages)
        learnt = {}
        for language in sorted(set(languages)):
            rows = named == language
            before = backgrounds.get(language) or self._none()
            learnt[language] = before.with_more(meaning[rows], title[rows])
        return learnt

    def place(
        self, backgrounds: Backgrounds, meaning: Floats, title: Floats, languages: Sequence[str]
    ) -> tuple[Floats, Floats]:
        """Return unit rows (n, kept) for meaning and title, against their languages' means."""
        index = [self.languages.index(language) for language in languages]
        known = [backgrounds.get(language) or self._none() for language in languages]
        counts = np.array([min(one.articles, REMEMBERED_ARTICLES) for one in known])[:, None]
        shares = (counts / (counts + PRIOR_ARTICLES)).astype(np.float32)
        own = (
            np.stack([one.meaning for one in known]),
            np.stack([one.title for one in known]),
        )
        prior = self.meaning_means[index], self.title_means[index]
        centred = (
            vectors - shares * mean - (1 - shares) * written
            for vectors, mean, written in zip((meaning, title), own, prior, strict=True)
        )
        placed_meaning, placed_title = (_unit(rows @ self.basis) for rows in centred)
        return placed_meaning, placed_title

    def _none(self) -> Background:
        nothing = np.zeros(self.basis.shape[0], dtype=np.float32)
        return Background(0, nothing, nothing)


def _mean_with(mean: Floats, articles: int, more: Floats) -> Floats:
    # In double precision the sum is the same in any order.
    summed = mean.astype(np.float64) * articles + more.sum(axis=0, dtype=np.float64)
    mixed: Floats = (summed / (articles + len(more))).astype(np.float32)
    return mixed


def _unit(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Floats = (rows / np.maximum(lengths, 1e-6)).astype(np.float32)
    return unit
