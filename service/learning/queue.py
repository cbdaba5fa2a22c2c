"""What to ask readers next.

Most questions are those whose answers teach most: articles the model is unsure of (uncertainty
sampling, Lewis and Gale 1994), unlike those already answered and unlike one another (as in the
core sets of Sener and Savarese 2018), of outlets and languages that were seldom asked about. Every
few questions one is for the audit: an article drawn at random from the whole score range, so that
what the model wrongly thinks it knows comes to light too.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from service.records import ArticleId, Candidate
from service.relevance.encoder import Vectors

# One question in so many is the audit's.
AUDIT_EVERY = 4
# How fast interest falls with distance from the threshold, in log-odds.
WIDTH = 1.5
# What is this similar to an answered text has been answered; e5's vectors all lie close together.
SAME, OTHER = 0.97, 0.80
NOVELTY = 0.25


def most_informative(
    candidates: Sequence[Candidate],
    vectors: Vectors,
    answered: Vectors,
    threshold: float,
    asked: Counter[str],
    count: int,
) -> list[int]:
    """Return the places of ``count`` candidates to ask about, the most informative first.

    ``vectors`` and ``answered`` are unit vectors of the candidates and of what readers have
    answered; ``asked`` counts their answers by language.
    """
    if not candidates:
        return []
    worth = np.array([uncertainty(c.probability, threshold) for c in candidates])
    worth *= _novelty(candidates, asked)
    nearest = (vectors @ answered.T).max(axis=1) if len(answered) else np.full(len(worth), -1.0)
    chosen: list[int] = []
    while len(chosen) < min(count, len(candidates)):
        value = worth * _unlikeness(nearest)
        value[chosen] = -1.0
        best = int(np.argmax(value))
        chosen.append(best)
        nearest = np.maximum(nearest, vectors @ vectors[best])
    return chosen


def uncertainty(probability: float, threshold: float) -> float:
    """Return how unsure a probability is, 1 at the threshold and falling to 0 on both sides."""
    return math.exp(-(((_logit(probability) - _logit(threshold)) / WIDTH) ** 2) / 2)


def neediest_stratum(
    sizes: Mapping[str, int], drawn: Mapping[str, int], doubts: Mapping[str, float]
) -> str | None:
    """Return the stratum to draw from next: where one more answer narrows the estimate most.

    By Neyman's allocation (1934): in proportion to size times the spread of the answers;
    ``doubts`` foretells that spread. A stratum that is used up is left out.
    """
    open_ = [name for name, size in sizes.items() if size > drawn.get(name, 0)]
    if not open_:
        return None
    return max(open_, key=lambda name: (_need(sizes[name], drawn.get(name, 0), doubts[name]), name))


def spread(span: tuple[float, float] | None) -> float:
    """Return how far answers within a stratum are likely to differ, from its probabilities.

    Of what the gate stopped next to nothing is relevant, but that is what the audit is to find out.
    """
    middle = 0.01 if span is None else min(max(sum(span) / 2, 0.02), 0.98)
    return math.sqrt(middle * (1 - middle))


def draw_one(ids: Sequence[ArticleId], chance: Callable[[], float]) -> ArticleId:
    """Return one of ``ids``, each as likely; ``chance`` gives numbers in [0, 1)."""
    return ids[min(int(chance() * len(ids)), len(ids) - 1)]


def _need(size: int, drawn: int, spread: float) -> float:
    # The square root keeps the huge strata of what is surely nothing from taking every question.
    return math.sqrt(size) * spread / (drawn + 1)


def _novelty(candidates: Sequence[Candidate], asked: Counter[str]) -> list[float]:
    """Return a factor for each candidate: more where few of its language or outlet were asked."""
    outlets = Counter(candidate.outlet for candidate in candidates)
    return [
        1 + NOVELTY * (1 / (1 + asked[c.item.lang]) + 1 / outlets[c.outlet]) for c in candidates
    ]


def _unlikeness(nearest: np.ndarray) -> np.ndarray:
    return np.clip((SAME - nearest) / (SAME - OTHER), 0.02, 1.0)


def _logit(probability: float) -> float:
    inside = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(inside / (1 - inside))
