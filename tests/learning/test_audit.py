"""What is missed, and what is told wrongly, estimated from a few articles drawn at random."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
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


def test_what_was_said_of_a_text_as_it_stands_holds_against_what_was_said_before() -> None:
    drawn = [replace(draw(1, 0.5), text_hash=label("As edited").text_hash)]
    before = label("As it was", article_id=ArticleId(1))
    assert answers(drawn, [before]) == {1: True}
    now = label("As edited", NOT_RELEVANT, "bob")
    assert answers(drawn, [before, now]) == {1: False}
    assert answers(drawn, [before, label("As edited", UNSURE, "bob")]) == {}


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


def test_an_answer_weighs_as_many_articles_as_its_chance_says() -> None:
    # One article in ten was drawn at the low end, and every one in the middle.
    low = [replace(draw(n, 0.1, "low"), chance=1 / 100) for n in range(10)]
    # Edited since: they lie at the low end now, and stand for none but themselves there.
    moved = [replace(draw(100 + n, 0.1, "middle"), chance=1 / 5) for n in range(5)]
    said = {one.article_id: one in moved for one in (*low, *moved)}
    (cell,) = audit([*low, *moved], said, {(0.05, 0.2): 105}, THRESHOLD).cells
    assert (cell.articles, cell.answered, cell.relevant) == (105, 15, 5)
    assert cell.share == pytest.approx(5 / 105, abs=1e-4)
    assert cell.worth == pytest.approx(105**2 / (10 * 10**2 + 5), abs=1e-4)


def test_answers_of_one_stratum_are_worth_their_number_whatever_their_chance() -> None:
    for chance in (1e-6, 0.3, 1.0):
        draws = [replace(draw(n, 0.7), chance=chance) for n in range(7)]
        said = {one.article_id: one.article_id < 3 for one in draws}
        (cell,) = audit(draws, said, {(0.6, 0.8): 90}, THRESHOLD).cells
        assert (cell.worth, cell.share) == (7, round(3 / 7, 4))


DRAWN = st.builds(
    lambda probability, stratum, chance: (probability, stratum, chance),
    st.floats(0, 1),
    st.sampled_from(list(strata())),
    st.floats(1e-9, 1),
)


@given(
    st.lists(st.tuples(DRAWN, st.booleans()), min_size=30, max_size=60),
    st.lists(st.integers(0, 10**9), min_size=8, max_size=8),
    st.floats(0.01, 0.99),
)
@settings(max_examples=50, deadline=None)
def test_every_figure_is_a_share_within_its_interval(
    said: list[tuple[tuple[float, str, float], bool]], held: list[int], threshold: float
) -> None:
    draws = [
        replace(draw(number, probability, stratum), chance=chance)
        for number, ((probability, stratum, chance), _) in enumerate(said)
    ]
    told = {ArticleId(number): relevant for number, (_, relevant) in enumerate(said)}
    sizes = dict(zip(cells_at(threshold), held, strict=False))
    found = audit(draws, told, sizes, threshold)
    for figure in (found.recall, found.precision):
        if figure is not None:
            assert all(map(math.isfinite, (figure.low, figure.value, figure.high)))
            assert 0 <= figure.low <= figure.value <= figure.high <= 1


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


def simulated(
    probability: Truth, relevant: Truth, questions: int, seed: int, later: Truth | None = None
) -> Audit:
    """Audit a known population as the service does, with answers that are the truth.

    ``later`` are the probabilities when it is measured, where they are others than at the draws.
    """
    chance = np.random.default_rng(seed)
    now = probability if later is None else later
    spans = {name: span for name, span in strata().items() if span is not None}
    left = {
        name: [ArticleId(int(n)) for n in np.flatnonzero(_within(probability, span))]
        for name, span in spans.items()
    }
    sizes, drawn = {name: len(ids) for name, ids in left.items()}, dict.fromkeys(left, 0)
    doubts = {key: spread(span) for key, span in spans.items()}
    draws = []
    for _ in range(questions):
        name = neediest_stratum(sizes, drawn, doubts)
        assert name is not None
        article = draw_one(left[name], chance.random)
        left[name].remove(article)
        drawn[name] += 1
        made = draw(article, float(now[article]), name)
        draws.append(replace(made, chance=1 / sizes[name]))
    held = {span: int(_within(now, span).sum()) for span in cells_at(THRESHOLD)}
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


def rescored(probability: Truth, relevant: Truth, seed: int) -> Truth:
    """Return what a better model would make of the same articles: nearly all lie elsewhere."""
    chance = np.random.default_rng(2_000 + seed)
    inside = np.clip(probability, 1e-12, 1 - 1e-12)
    learnt = np.where(relevant, 1, -1) + chance.normal(0, math.sqrt(2), len(inside))
    return np.asarray(1 / (1 + np.exp(-np.log(inside / (1 - inside)) - learnt)))


@pytest.mark.parametrize("moved", [False, True], ids=["as-drawn", "rescored"])
@pytest.mark.parametrize("miscalibrated", [1.0, 1.4], ids=["true", "bold"])
def test_the_interval_of_recall_covers_the_truth_in_most_worlds(
    miscalibrated: float, moved: bool
) -> None:
    covered = 0
    for seed in range(100):
        probability, relevant = population(seed, miscalibrated=miscalibrated)
        later = rescored(probability, relevant, seed) if moved else probability
        found = simulated(probability, relevant, 60 + seed, seed, later)
        assert found.recall is not None
        truth = relevant[later >= THRESHOLD].sum() / relevant.sum()
        covered += found.recall.low <= truth <= found.recall.high
    assert covered >= 88
