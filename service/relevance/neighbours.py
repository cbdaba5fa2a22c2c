"""The written examples that lie nearest to an item: what it reminds the model of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.records import Item
from service.relevance.encoder import Encoder
from service.relevance.features import read
from service.relevance.mentions import MentionFinder
from service.relevance.vectors import encoded_text


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A written example and how near it lies: cosine similarity, 1 for the same text."""

    text: str
    label: bool
    kind: str
    similarity: float


class Neighbours:
    """Finds the nearest of a fixed set of examples (text, label, kind). Linear in their number."""

    def __init__(
        self,
        finder: MentionFinder,
        encoder: Encoder,
        examples: Sequence[tuple[Item, bool, str]],
    ) -> None:
        self._finder = finder
        self._encoder = encoder
        readings = [(read(item, finder), label, kind) for item, label, kind in examples]
        self._examples = [(r, label, kind) for r, label, kind in readings if not r.gated]
        self._vectors = encoder.encode([encoded_text(r) for r, _, _ in self._examples])

    def nearest(self, item: Item, count: int) -> list[Neighbour]:
        """Return the ``count`` nearest examples, nearest first.

        None for an item that names fewer than two sides: it has no place among them.
        """
        reading = read(item, self._finder)
        if reading.gated:
            return []
        similarity = self._vectors @ self._encoder.encode([encoded_text(reading)])[0]
        found = []
        for index in np.argsort(-similarity, kind="stable")[:count]:
            example, label, kind = self._examples[index]
            text = " - ".join(t for t in (example.item.title, example.item.summary) if t)
            found.append(Neighbour(text, label, kind, round(float(similarity[index]), 4)))
        return found
