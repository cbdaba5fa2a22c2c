"""How much is missed, and how much of what is told is wrong, by labels of articles drawn at random.

Articles are drawn with known chance from strata of the score range, on both sides of the threshold.
Within each cell (a stratum, cut at the threshold) the share of relevant articles has the posterior
Beta(relevant + m, others + 1 - m), m being what the cell's probabilities foretell: a prior worth
one answer. Recall and precision follow from the cells' sizes, their intervals from draws of the
posteriors and of what is unread; in simulations they cover the truth in 91 to 98 of 100 audits.
What the gate stopped is a cell of its own, told apart: it is so large that its share cannot be
pinned down by reading a few dozen articles, and one number would hide that.

An article can lie elsewhere than where it was drawn, since its score changes when it is edited.
It counts in the cell where it lies now, as it counts in that cell's size, with the weight of where
it was drawn: one over the chance it had (Horvitz and Thompson 1952; with several draws, Hansen and
Hurwitz 1943). Answers of unlike weights count as so many alike ones as are worth the same (Kish
1965). In a cell where all lie where they were drawn the weights are alike, and nothing changes.
That the share in a cell is the same throughout the window is taken for granted: an article seen
early had more draws to be in.
"""

from __future__ import annotations

from collections import Counter, defaultdict
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
    """A part of the score range: how many articles, how many were drawn and answered, and how.

    ``share`` is the weighted share of relevant ones among the answers, ``worth`` how many answers
    of one weight they are worth.
    """

    low: float
    high: float
    articles: int
    answered: int
    relevant: int
    share: float
    worth: float


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
    """Return what readers said of drawn articles; ties and "unsure" are no answer.

    Where an article was edited and judged again, what was said of its text as it stands holds.
    """
    of_text: defaultdict[str, int] = defaultdict(int)
    of_article: defaultdict[ArticleId, int] = defaultdict(int)
    for label in labels:
        sign = {Verdict.RELEVANT: 1, Verdict.NOT_RELEVANT: -1}.get(label.verdict, 0)
        of_text[label.text_hash] += sign
        if label.article_id is not None:
            of_article[label.article_id] += sign
    votes = {
        draw.article_id: of_text.get(draw.text_hash, of_article.get(draw.article_id, 0))
        for draw in draws
    }
    return {article: total > 0 for article, total in votes.items() if total}


def audit(
    draws: Sequence[Draw],
    answered: Mapping[ArticleId, bool],
    sizes: Mapping[tuple[float, float], int],
    threshold: float,
    feedback: tuple[int, int] = (0, 0),
) -> Audit:
    """Return the estimates. ``sizes`` counts the articles of each cell of ``cells_at``.

    Draws and sizes must be of the same scores: the probability of a draw says which cell it is in,
    its stratum and chance only what its answer weighs. ``feedback`` is how many sent articles
    readers called relevant, and how many not.
    """
    told = [draw for draw in draws if draw.article_id in answered]
    weights = _weights(told)
    cells = tuple(
        _cell(span, articles, [d for d in told if _lies_in(span, d)], weights, answered)
        for span, articles in sorted(sizes.items())
    )
    gated = [answered[draw.article_id] for draw in told if draw.stratum == GATE]
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


def _weights(told: Sequence[Draw]) -> dict[ArticleId, float]:
    """Return for how many articles each answered draw stands."""
    number = Counter(draw.stratum for draw in told)
    return {draw.article_id: 1 / (draw.chance * number[draw.stratum]) for draw in told}


def _lies_in(span: tuple[float, float], draw: Draw) -> bool:
    return draw.stratum != GATE and span[0] <= draw.probability < span[1]


def _cell(
    span: tuple[float, float],
    articles: int,
    told: Sequence[Draw],
    weights: Mapping[ArticleId, float],
    answered: Mapping[ArticleId, bool],
) -> Cell:
    relevant = np.array([answered[draw.article_id] for draw in told], dtype=bool)
    weight = np.array([weights[draw.article_id] for draw in told])
    share = worth = 0.0
    if told:
        # Divided by the heaviest, alike ones are 1 each, and worth exactly their number.
        weight /= weight.max()
        share = float(weight[relevant].sum() / weight.sum())
        worth = float(weight.sum() ** 2 / (weight**2).sum())
    held = max(articles, len(told))
    return Cell(*span, held, len(told), int(relevant.sum()), round(share, 4), round(worth, 4))


def _relevant(cells: Sequence[Cell], chance: np.random.Generator) -> np.ndarray:
    """Draw how many articles of the cells are relevant, known ones counted as they are."""
    total = np.zeros(SAMPLES)
    for cell in cells:
        unread = cell.articles - cell.answered
        middle = min(max((cell.low + min(cell.high, 1.0)) / 2, SUREST), 1 - SUREST)
        yes, no = cell.worth * cell.share, cell.worth * (1 - cell.share)
        shares = chance.beta(yes + middle, no + 1 - middle, SAMPLES)
        # Not the share alone is uncertain: so is how many of a few unread articles it makes.
        total += cell.relevant + chance.binomial(unread, shares)
    return total


def _interval(values: np.ndarray) -> Interval:
    low, middle, high = np.percentile(values, [2.5, 50, 97.5])
    return Interval(round(float(middle), 4), round(float(low), 4), round(float(high), 4))
