"""Makes labels, and what readers are asked about, with defaults that do not matter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from service.records import ArticleId, Candidate, Draw, DrawId, Item, Label, Origin, Topic, Verdict
from service.relevance.encoder import Vectors
from service.stories.identity import text_hash
from tests.make import NOW

RELEVANT, NOT_RELEVANT = Verdict.RELEVANT, Verdict.NOT_RELEVANT
UNSURE, WITHDRAWN = Verdict.UNSURE, Verdict.WITHDRAWN
MILITARY, ECONOMIC = Topic("military"), Topic("economic")


def label(
    title: str = "Title", verdict: Verdict = RELEVANT, reader: str = "ann", **changes: Any
) -> Label:
    item = changes.pop("item", Item(title, changes.pop("summary", ""), changes.pop("lang", "en")))
    values: dict[str, Any] = {
        "text_hash": text_hash(item.title, item.summary),
        "topics": (),
        "origin": Origin.CLI,
        "labelled_at": NOW,
    }
    return Label(item=item, verdict=verdict, reader=reader, **(values | changes))


def candidate(number: int, probability: float = 0.5, **changes: Any) -> Candidate:
    values: dict[str, Any] = {
        "article_id": ArticleId(number),
        "item": Item(f"Title {number}", "", "en"),
        "url": None,
        "outlet": "Outlet",
        "probability": probability,
        "seen_at": NOW,
        "text_hash": f"hash {number}",
    }
    return Candidate(**(values | changes))


def draw(number: int, probability: float, stratum: str = "any") -> Draw:
    return Draw(DrawId(number), ArticleId(number), stratum, 0.1, probability, NOW)


def unit_vectors(*degrees: float) -> Vectors:
    """Return vectors of length one at these angles: as alike as the angles are near."""
    return np.array([_at(degree) for degree in degrees], dtype=np.float32).reshape(-1, 2)


def _at(degree: float) -> Sequence[float]:
    return (float(np.cos(np.radians(degree))), float(np.sin(np.radians(degree))))
