"""What is missed, and what is told wrongly, estimated from a few articles drawn at random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.learning.audit import (
    EDGES,
    FEWEST_ANSWERS,
    FEWEST_PER_SIDE,
    GATE,
    Audit,
    answers,
    audit,
    cells_at,
    share,
    strata,
)
from service.learning.queue import draw_one, neediest_stratum, spread
from service.records import ArticleId, Draw, Verdict
from tests.labelled import NOT_RELEVANT, RELEVANT, UNSURE, WITHDRAWN, draw, label

THRESHOLD = 0.5


def asked(said: Sequence[tuple[float, bool]]) -> tuple[list[Draw], dict[ArticleId, bool]]:
    """Return draws at these probabilities, and what readers said of them."""
    draws = [draw(number, probability) for number, (probability, _) in enumerate(said)]
    return draws, {ArticleId(number): relevant for number, (_, relevant) in enumerate(said)}


def judged(
    said: Sequence[tuple[float, bool]],
    sizes: Mapping[tuple[float, float], int] | None = None,
    threshold: float = THRESHOLD,
) -> Audit:
    held = dict.fromkeys(cells_at(threshold), 100) if sizes is None else sizes
    return audit(*asked(said), held, threshold)


# --- strata and cells ------------------------------------------------------------------------


def test_the_strata_cover_every_probability_once_and_the_gate_apart() -> None:
    spans = strata()
    assert spans[GATE] is None
    held = [span for span in spans.values() if span is not None]
    assert held == list(pairwise(EDGES))
    assert (held[0][0], held[-1][1] > 1) == (0, True)
    assert all(len(name) <= 16 for name in spans), "more than the column holds"


@given(st.floats(0, 1))
def test_the_stratum_that_holds_the_threshold_is_cut_there(threshold: float) -> None:
    spans = cells_at(threshold)
    assert {low for low, _ in spans} == {threshold, *EDGES[:-1]}
    assert [high for _, high in spans[:-1]] == [low for low, _ in spans[1:]]
    assert all(low < high for low, high in spans)
    assert all(high <= threshold or low >= threshold for low, high in spans)


def test_an_answer_counts_on_its_own_side_of_the_threshold() -> None:
    found = judged([(0.449, True), (0.45, True), (0.45, False), (0.59, False)], threshold=0.45)
    cells = {(cell.low, cell.high): (cell.answered, cell.relevant) for cell in found.cells}
    assert (cells[0.4, 0.45], cells[0.45, 0.6]) == ((1, 1), (3, 1))
    assert sum(answered for answered, _ in cells.values()) == found.answered == 4


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_the_surest_probabilities_are_in_a_cell(probability: float) -> None:
    assert sum(cell.answered for cell in judged([(probability, True)]).cells) == 1


# --- answers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ((RELEVANT,), True),
        ((NOT_RELEVANT,), False),
        ((RELEVANT, UNSURE), True),
        ((NOT_RELEVANT, NOT_RELEVANT, RELEVANT), False),
        ((UNSURE,), None),
        ((WITHDRAWN,), None),
        ((RELEVANT, NOT_RELEVANT), None),
        ((), None),
    ],
)
def test_the_majority_answers_and_a_tie_is_no_answer(
    verdicts: tuple[Verdict, ...], expected: bool | None
) -> None:
    given = [
        label(verdict=verdict, reader=f"{n}", article_id=ArticleId(1))
        for n, verdict in enumerate(verdicts)
    ]
    assert answers([draw(1, 0.5)], given).get(ArticleId(1)) is expected


def test_labels_of_what_was_not_drawn_are_no_answers() -> None:
    given = [label(article_id=ArticleId(2)), label()]
    assert answers([draw(1, 0.5)], given) == {}


# --- estimates -------------------------------------------------------------------------------


def _said(above: int, below: int) -> list[tuple[float, bool]]:
    return [(0.7, True)] * above + [(0.3, False)] * below


def test_few_answers_give_no_estimate() -> None:
    enough = judged(_said(FEWEST_PER_SIDE, FEWEST_ANSWERS - FEWEST_PER_SIDE))
    assert enough.recall is not None
    assert enough.precision is not None
    for few in (
        _said(FEWEST_PER_SIDE, FEWEST_ANSWERS - FEWEST_PER_SIDE - 1),
        _said(FEWEST_PER_SIDE - 1, FEWEST_ANSWERS),
        _said(FEWEST_ANSWERS, FEWEST_PER_SIDE - 1),
        [],
    ):
        found = judged(few)
        assert (found.recall, found.precision) == (None, None)
        assert found.answered == len(few)


@pytest.mark.parametrize("threshold", [0.0, 1.0, 2.0])
def test_a_threshold_at_either_end_is_judged_without_fail(threshold: float) -> None:
    found = judged(_said(20, 20), threshold=threshold)
    assert found.recall is None or found.recall.low > 0


def test_no_answers_at_all_and_no_articles_are_fine() -> None:
    found = audit([], {}, {}, THRESHOLD)
    assert (found.cells, found.answered, found.recall, found.gate_missed) == ((), 0, None, None)


def test_what_was_drawn_and_not_answered_does_not_count() -> None:
    draws, said = asked(_said(20, 20))
    unread = [draw(100 + n, 0.7) for n in range(20)]
    sizes = dict.fromkeys(cells_at(THRESHOLD), 100)
    assert audit([*draws, *unread], said, sizes, THRESHOLD) == audit(draws, said, sizes, THRESHOLD)


def test_where_everything_was_read_the_figures_are_exact() -> None:
    said = [*_said(20, 20), *[(0.3, True)] * 5, *[(0.7, False)] * 10]
    spans = cells_at(THRESHOLD)
    sizes = {(low, high): sum(low <= p < high for p, _ in said) for low, high in spans}
    found = judged(said, sizes)
    assert found.recall is not None
    assert found.precision is not None
    assert (found.recall.low, found.recall.value, found.recall.high) == (0.8, 0.8, 0.8)
    expected = round(20 / 30, 4)
    assert (found.precision.low, found.precision.high) == (expected, expected)


def test_a_cell_counts_by_how_many_articles_it_holds() -> None:
    # The same answers: where more articles lie below the threshold, more is missed.
    said = [*[(0.7, True)] * 20, *[(0.3, True)] * 2, *[(0.3, False)] * 18]
    sizes = dict.fromkeys(cells_at(THRESHOLD), 0) | {(0.6, 0.8): 200}
    few, many = (judged(said, sizes | {(0.2, 0.4): held}).recall for held in (40, 2_000))
    assert few is not None
    assert many is not None
    assert few.low > many.high


def test_more_answers_narrow_the_intervals() -> None:
    answered = [*_said(8, 16), (0.7, False), *[(0.3, True)] * 5]
    few, many = judged(answered).recall, judged(answered * 3).recall
    assert few is not None
    assert many is not None
    assert many.high - many.low < few.high - few.low


def test_the_same_answers_give_the_same_figures() -> None:
    assert judged(_said(20, 20)) == judged(_said(20, 20))


def test_the_gate_is_told_apart() -> None:
    draws, said = asked(_said(20, 20))
    gated = [draw(100 + n, 0.0, GATE) for n in range(FEWEST_PER_SIDE)]
    sizes = dict.fromkeys(cells_at(THRESHOLD), 100)
    without = audit(draws, said, sizes, THRESHOLD)
    told = said | {d.article_id: n == 0 for n, d in enumerate(gated)}
    found = audit([*draws, *gated], told, sizes, THRESHOLD)
    assert (found.recall, found.precision) == (without.recall, without.precision)
    assert found.cells == without.cells
    assert (found.gate_answered, found.answered) == (FEWEST_PER_SIDE, 40)
    assert found.gate_missed == share(1, FEWEST_PER_SIDE)
    few = audit([*draws, *gated[1:]], told, sizes, THRESHOLD)
    assert (few.gate_answered, few.gate_missed) == (FEWEST_PER_SIDE - 1, None)
    assert (without.gate_answered, without.gate_missed) == (0, None)


def test_what_readers_said_of_sent_articles_is_told_apart() -> None:
    found = audit([], {}, {}, THRESHOLD, (9, 3))
    assert (found.feedback, found.feedback_answers) == (share(9, 12), 12)
    few = audit([], {}, {}, THRESHOLD, (FEWEST_PER_SIDE - 2, 1))
    assert (few.feedback, few.feedback_answers) == (None, FEWEST_PER_SIDE - 1)


@given(st.integers(1, 300).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole))))
def test_a_share_lies_with_its_interval_between_none_and_all(said: tuple[int, int]) -> None:
    found = share(*said)
    assert found.value == round(said[0] / said[1], 4)
    assert 0 <= found.low < found.high <= 1
    # Jeffreys' interval leaves a share of nothing or of all just outside.
    if 0 < said[0] < said[1]:
        assert found.low < found.value < found.high


# --- against a population whose every article is known ---------------------------------------

Truth = np.ndarray


def simulated(probability: Truth, relevant: Truth, questions: int, seed: int) -> Audit:
    """Audit a known population as the service does, with answers that are the truth."""
    chance = np.random.default_rng(seed)
    spans = {name: span for name, span in strata().items() if span is not None}
    left = {
        name: [ArticleId(int(n)) for n in np.flatnonzero(_within(probability, span))]
        for name, span in spans.items()
    }
    sizes, drawn = {name: len(ids) for name, ids in left.items()}, dict.fromkeys(left, 0)
    draws = []
    for _ in range(questions):
        name = neediest_stratum(sizes, drawn, {key: spread(span) for key, span in spans.items()})
        assert name is not None
        article = draw_one(left[name], chance.random)
        left[name].remove(article)
        drawn[name] += 1
        draws.append(draw(article, float(probability[article]), name))
    held = {span: int(_within(probability, span).sum()) for span in cells_at(THRESHOLD)}
    said = {one.article_id: bool(relevant[one.article_id]) for one in draws}
    return audit(draws, said, held, THRESHOLD)


def _within(probability: Truth, span: tuple[float, float]) -> Truth:
    low, high = span
    return (probability >= low) & (probability < high)


def population(seed: int, tail: float = 0.15, miscalibrated: float = 1.0) -> tuple[Truth, Truth]:
    """Return probabilities, most of them low, and what is relevant in truth."""
    chance = np.random.default_rng(1_000 + seed)
    probability = chance.beta(tail, 1, 3_000)
    return probability, chance.random(3_000) < probability**miscalibrated


def test_estimates_from_many_answers_lie_near_the_truth() -> None:
    for seed in range(5):
        probability, relevant = population(seed)
        found = simulated(probability, relevant, 900, seed)
        assert found.recall is not None
        assert found.precision is not None
        told = probability >= THRESHOLD
        assert found.recall.value == pytest.approx(relevant[told].sum() / relevant.sum(), abs=0.06)
        assert found.precision.value == pytest.approx(relevant[told].mean(), abs=0.05)
