"""When clusters are joined, and that neither order nor hostile numbers change or stop that."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import numpy.typing as npt
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from service.stories.clusters import DECIMALS, agglomerate

Matrix = npt.NDArray[np.float64]
ANYTHING = st.integers(0, 9).flatmap(
    lambda n: arrays.arrays(np.float64, (n, n), elements=st.floats(allow_nan=False))
)


def odds(count: int, otherwise: float = -8.0, **pairs: float) -> Matrix:
    """Return odds by pairs of letters, as ab=2.0."""
    matrix = np.full((count, count), otherwise)
    for pair, value in pairs.items():
        at = "abcdefgh".index(pair[0]), "abcdefgh".index(pair[1])
        matrix[at] = matrix[at[::-1]] = value
    return matrix


@st.composite
def distinct(draw: st.DrawFn, most: int = 9) -> Matrix:
    """Odds of which no two are the same."""
    count = draw(st.integers(2, most))
    pairs = list(combinations(range(count), 2))
    values = draw(
        st.lists(
            st.integers(-80_000, 80_000), min_size=len(pairs), max_size=len(pairs), unique=True
        )
    )
    matrix = np.zeros((count, count))
    for (one, other), value in zip(pairs, values, strict=True):
        matrix[one, other] = matrix[other, one] = value / 10**DECIMALS
    return matrix


def together(numbers: list[int]) -> set[frozenset[int]]:
    return {
        frozenset(row for row, number in enumerate(numbers) if number == cluster)
        for cluster in numbers
    }


def by_definition(matrix: Matrix, threshold: float) -> set[frozenset[int]] | None:
    """Join as the words say, in exact numbers; None where two pairs lie equally near."""
    exact = [[Fraction(round(value * 10**DECIMALS)) for value in row] for row in matrix]
    least = Fraction(threshold) * 10**DECIMALS
    clusters = [frozenset([row]) for row in range(len(matrix))]
    while len(clusters) > 1:
        near = {}
        for one, other in combinations(clusters, 2):
            values = [exact[a][b] for a in one for b in other]
            near[one, other] = sum(values) / len(values)
        nearest = max(near.values())
        if nearest < least:
            break
        pairs = [pair for pair, value in near.items() if value == nearest]
        if len(pairs) > 1:
            return None
        one, other = pairs[0]
        clusters = [rest for rest in clusters if rest not in (one, other)] + [one | other]
    return set(clusters)


# --- what is joined -----------------------------------------------------------------------------


def test_what_lies_near_is_joined_and_the_rest_is_not() -> None:
    assert agglomerate(odds(5, ab=2.0, cd=1.0), 0.0) == [0, 0, 1, 1, 2]


def test_what_lies_just_as_near_as_the_threshold_is_joined() -> None:
    assert agglomerate(odds(2, ab=0.5), 0.5) == [0, 0]
    assert agglomerate(odds(2, ab=0.4999), 0.5) == [0, 1]


def test_one_bridge_does_not_join_two_events() -> None:
    two_events = odds(4, ab=4.0, cd=4.0, bc=3.0)
    assert agglomerate(two_events, 0.0) == [0, 0, 1, 1]


def test_a_report_between_two_events_goes_to_the_nearer_one() -> None:
    between = odds(5, ab=4.0, de=4.0, ca=3.0, cb=3.0, cd=2.0, ce=2.0)
    assert agglomerate(between, 0.0) == [0, 0, 0, 1, 1]


def test_a_report_must_be_near_to_a_story_on_the_whole_and_not_to_all_of_it() -> None:
    assert agglomerate(odds(3, ab=4.0, bc=4.5, ac=-3.0), 0.0) == [0, 0, 0]
    assert agglomerate(odds(3, ab=4.0, bc=4.5, ac=-5.0), 0.0) == [0, 1, 1]


def test_a_chain_is_no_story() -> None:
    chain = odds(5, ab=1.0, bc=1.5, cd=2.0, de=2.5)
    assert agglomerate(chain, 0.0) == [0, 1, 1, 2, 2]


def test_none_and_one_are_as_they_are() -> None:
    assert agglomerate(np.zeros((0, 0)), 0.0) == []
    assert agglomerate(np.array([[9.0]]), 0.0) == [0]


def test_clusters_are_numbered_as_they_come() -> None:
    assert agglomerate(odds(5, ae=2.0, bd=1.0), 0.0) == [0, 1, 2, 1, 0]


def test_the_odds_that_come_in_stay_as_they_are() -> None:
    given_ = odds(3, ab=2.0, bc=1.0)
    kept = given_.copy()
    agglomerate(given_, 0.0)
    np.testing.assert_array_equal(given_, kept)


@settings(max_examples=200, deadline=None)
@given(distinct(), st.integers(-5, 5))
def test_it_does_what_the_definition_says(matrix: Matrix, threshold: int) -> None:
    wanted = by_definition(matrix, threshold)
    assume(wanted is not None)
    assert together(agglomerate(matrix, threshold)) == wanted


@settings(max_examples=100, deadline=None)
@given(distinct(), st.integers(-4, 4), st.integers(0, 4))
def test_a_lower_threshold_joins_more_and_parts_nothing(
    matrix: Matrix, threshold: int, less: int
) -> None:
    fine = together(agglomerate(matrix, threshold))
    coarse = together(agglomerate(matrix, threshold - less))
    assert all(any(part <= whole for whole in coarse) for part in fine)


# --- order and noise ----------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(distinct(), st.integers(-5, 5), st.data())
def test_the_order_of_rows_makes_no_difference(
    matrix: Matrix, threshold: int, data: st.DataObject
) -> None:
    assume(by_definition(matrix, threshold) is not None)
    order = np.array(data.draw(st.permutations(range(len(matrix)))))
    shuffled = together(agglomerate(matrix[np.ix_(order, order)], threshold))
    back = {frozenset(int(order[row]) for row in cluster) for cluster in shuffled}
    assert back == together(agglomerate(matrix, threshold))


@settings(max_examples=100, deadline=None)
@given(distinct(), st.integers(0, 99))
def test_what_rounding_leaves_of_sums_makes_no_difference(matrix: Matrix, seed: int) -> None:
    noise = np.random.default_rng(seed).uniform(-1e-9, 1e-9, matrix.shape)
    assert agglomerate(matrix + noise, 0.0) == agglomerate(matrix, 0.0)


def test_equally_near_pairs_are_joined_in_the_order_of_rows() -> None:
    assert agglomerate(odds(4, otherwise=-99.0, ab=1.0, cd=1.0), 0.0) == [0, 0, 1, 1]
    assert agglomerate(np.zeros((4, 4)), 0.0) == [0, 0, 0, 0]


# --- anything -----------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(ANYTHING, st.floats(allow_nan=False))
def test_it_comes_to_an_end_whatever_the_numbers(matrix: Matrix, threshold: float) -> None:
    found = agglomerate(matrix, threshold)
    assert len(found) == len(matrix)
    assert list(dict.fromkeys(found)) == list(range(len(set(found))))


def test_what_is_never_and_what_is_surely_one_event_is_told_apart() -> None:
    sure = odds(4, otherwise=-np.inf, ab=np.inf, cd=1e300)
    assert agglomerate(sure, 0.0) == [0, 0, 1, 1]


def test_a_thousand_articles_take_no_longer_than_a_moment() -> None:
    chance = np.random.default_rng(7)
    rows = chance.normal(size=(1_000, 6))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    found = agglomerate(10 * rows @ rows.T - 6, 0.0)
    assert 20 < len(set(found)) < 300
