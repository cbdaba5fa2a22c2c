"""How likely two articles report one event."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.stories.space import Floats
from service.stories.traits import Flags, Traits

Odds = npt.NDArray[np.float64]

# Reports of one event come within days; further apart nothing is told of their likeness.
LONGEST_GAP_DAYS = 4.0

FEATURES = (
    "meaning",
    "title",
    "gap",
    "same outlet",
    "same language",
    "mixed",
    "number shared",
    "numbers differ",
    "actors",
    "leads",
    "leads differ",
)


@dataclass(frozen=True, slots=True)
class PairModel:
    """A logistic regression over ``FEATURES``: one weight each, and the bias.

    ``actor_weights`` say how much each actor tells: see ``rarity``.
    """

    weights: npt.NDArray[np.float64]
    bias: float
    actor_weights: Floats

    def odds(self, some: Traits, others: Traits) -> Odds:
        """Return the log-odds that each pair reports one event: (len(some), len(others))."""
        # Not as one product: a copy of all features in double precision takes much room.
        odds: Odds = np.einsum("f,fij->ij", self.weights, self.compare(some, others)) + self.bias
        return odds

    def compare(self, some: Traits, others: Traits) -> Floats:
        """Return the features of all pairs: (len(FEATURES), len(some), len(others))."""
        shared = some.numbers.astype(np.float32) @ others.numbers.T.astype(np.float32) > 0
        leads = _likeness(some.leads, others.leads, self.actor_weights)
        return np.stack(
            [
                some.meaning @ others.meaning.T,
                some.title.astype(np.float32) @ others.title.T.astype(np.float32),
                _days_between(some.day, others.day),
                some.outlet[:, None] == others.outlet[None, :],
                some.language[:, None] == others.language[None, :],
                some.mixed[:, None] | others.mixed[None, :],
                shared,
                _both(some.numbers, others.numbers) & ~shared,
                _likeness(some.actors, others.actors, self.actor_weights),
                leads,
                _both(some.leads, others.leads) & (leads == 0),
            ],
            dtype=np.float32,
            casting="unsafe",
        )


def _days_between(some: Odds, others: Odds) -> Odds:
    """Count the midnights between: of many reports no more than their day is known."""
    gap: Odds = np.abs(np.floor(some)[:, None] - np.floor(others)[None, :])
    return np.minimum(gap, LONGEST_GAP_DAYS)


def _likeness(some: Flags, others: Flags, weights: Floats) -> Floats:
    """Cosine of what is named, each weighed; 0 where either names nothing."""
    return _unit(some * weights) @ _unit(others * weights).T


def _unit(rows: Floats) -> Floats:
    unit: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return unit


def _both(some: Flags, others: Flags) -> Flags:
    both: Flags = np.logical_and.outer(some.any(axis=1), others.any(axis=1))
    return both
