"""How much is missed, and how much of what is told is wrong, by labels of articles drawn at random.

Articles are drawn with known probability from strata of the score range, on both sides of the
threshold. Within each cell (a stratum, cut at the threshold) the share of relevant articles has the
posterior Beta(relevant + m, others + 1 - m), m being what the cell's probabilities foretell: a
prior worth one answer. Recall and precision follow from the cells' sizes, their intervals from
draws of the posteriors and of what is unread; in simulations they cover the truth in 91 to 97 of
100 audits. What the gate stopped is a cell of its own, told apart: it is so large that its share
cannot be pinned down by reading a few dozen articles, and one number would hide that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from service.records import ArticleId, Draw, Interval, Label, Verdict

GATE = "gate"
# Fine where articles are uncertain, coarse where there are many and all alike.
EDGES = (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 1.000001)
SAMPLES = 10_000
# What is known of a cell before anything was read counts as much as one answer: the model's word,
# but never surer than this.
SUREST = 0.2
SEED = 20261122
# With fewer answers the intervals say nothing.
FEWEST_ANSWERS = 30
FEWEST_PER_SIDE = 8


@dataclass(frozen=True, slots=True)
class Cell:
    """A part of the score range: how many articles, how many were drawn and answered, and how."""

    low: float
    high: float
    articles: int
    answered: int
    relevant: int


@dataclass(frozen=True, slots=True)
class Audit:
    """What the audit says. ``None`` stands for "too few answers yet".

    ``gate_missed`` is the share of relevant articles among those the gate stopped, of which
    ``gate_answered`` were read. ``feedback`` is the precision by readers' verdicts on what was
    sent, which they choose to give and so is no random sample.
    """

    cells: tuple[Cell, ...]
    threshold: float
    answered: int
    recall: Interval | None
    precision: Interval | None
    gate_answered: int
    gate_missed: Interval | None
    feedback: Interval | None
    feedback_answers: int


def strata() -> dict[str, tuple[float, float] | None]:
    """Return the strata to draw from, by name; None is what the gate stopped."""
    named = {f"{low:.2f}-{min(high, 1):.2f}": (low, high) for low, high in pairwise(EDGES)}
    return named | {GATE: None}


def cells_at(threshold: float) -> list[tuple[float, float]]:
    """Return the strata's spans, with the one that holds the threshold cut there."""
    edges = sorted({*EDGES, min(max(threshold, EDGES[0]), EDGES[-1])})
    return list(pairwise(edges))


def answers(draws: Sequence[Draw], labels: Sequence[Label]) -> dict[ArticleId, bool]:
    """Return what readers said of drawn articles; ties and "unsure" are no answer."""
    asked = {draw.article_id for draw in draws}
    by_text: defaultdict[str, set[ArticleId]] = defaultdict(set)
    for draw in draws:
        by_text[draw.text_hash].add(draw.article_id)
    votes: dict[ArticleId, int] = {}
    for label in labels:
        sign = {Verdict.RELEVANT: 1, Verdict.NOT_RELEVANT: -1}.get(label.verdict, 0)
        for article in ({label.article_id} & asked) | by_text.get(label.text_hash, set()):
            if article is not None:
                votes[article] = votes.get(article, 0) + sign
    return {article: total > 0 for article, total in votes.items() if total}


def audit(
    draws: Sequence[Draw],
    answered: Mapping[ArticleId, bool],
    sizes: Mapping[tuple[float, float], int],
    threshold: float,
    feedback: tuple[int, int] = (0, 0),
) -> Audit:
    """Return the estimates. ``sizes`` counts the articles of each cell of ``cells_at``.

    ``feedback`` is how many sent articles readers called relevant, and how many not.
    """
    cells = tuple(
        _cell(span, articles, draws, answered) for span, articles in sorted(sizes.items())
    )
    gated = [
        answered[d.article_id] for d in draws if d.stratum == GATE and d.article_id in answered
    ]
    above = [cell for cell in cells if cell.low >= threshold]
    below = [cell for cell in cells if cell.low < threshold]
    enough = all(sum(c.answered for c in side) >= FEWEST_PER_SIDE for side in (above, below))
    total = sum(cell.answered for cell in cells)
    recall = precision = None
    if enough and total >= FEWEST_ANSWERS:
        chance = np.random.default_rng(SEED)
        found, alerts = _relevant(above, chance), sum(cell.articles for cell in above)
        missed = _relevant(below, chance)
        recall = _interval(found / np.maximum(found + missed, 1e-9))
        precision = _interval(found / max(alerts, 1))
    return Audit(
        cells=cells,
        threshold=threshold,
        answered=total,
        recall=recall,
        precision=precision,
        gate_answered=len(gated),
        gate_missed=share(sum(gated), len(gated)) if len(gated) >= FEWEST_PER_SIDE else None,
        feedback=share(feedback[0], sum(feedback)) if sum(feedback) >= FEWEST_PER_SIDE else None,
        feedback_answers=sum(feedback),
    )


def share(part: int, whole: int) -> Interval:
    """Return a share with its 95 % interval (Jeffreys)."""
    chance = np.random.default_rng(SEED)
    posterior = chance.beta(part + 0.5, whole - part + 0.5, SAMPLES)
    low, high = np.percentile(posterior, [2.5, 97.5])
    return Interval(round(part / whole, 4), round(float(low), 4), round(float(high), 4))


def _cell(
    span: tuple[float, float],
    articles: int,
    draws: Sequence[Draw],
    answered: Mapping[ArticleId, bool],
) -> Cell:
    low, high = span
    told = [
        answered[draw.article_id]
        for draw in draws
        if draw.stratum != GATE and low <= draw.probability < high and draw.article_id in answered
    ]
    return Cell(low, high, max(articles, len(told)), len(told), sum(told))


def _relevant(cells: Sequence[Cell], chance: np.random.Generator) -> np.ndarray:
    """Draw how many articles of the cells are relevant, known ones counted as they are."""
    total = np.zeros(SAMPLES)
    for cell in cells:
        unread = cell.articles - cell.answered
        middle = min(max((cell.low + min(cell.high, 1.0)) / 2, SUREST), 1 - SUREST)
        others = cell.answered - cell.relevant + 1 - middle
        shares = chance.beta(cell.relevant + middle, others, SAMPLES)
        # Not the share alone is uncertain: so is how many of a few unread articles it makes.
        total += cell.relevant + chance.binomial(unread, shares)
    return total


def _interval(values: np.ndarray) -> Interval:
    low, middle, high = np.percentile(values, [2.5, 50, 97.5])
    return Interval(round(float(middle), 4), round(float(low), 4), round(float(high), 4))
