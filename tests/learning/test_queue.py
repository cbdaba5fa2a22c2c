"""What is asked next: what teaches most, and what narrows the audit most."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.learning.audit import EDGES, GATE, strata
from service.learning.queue import (
    draw_one,
    most_informative,
    neediest_stratum,
    spread,
    uncertainty,
)
from service.records import ArticleId, Candidate, Item
from tests.labelled import candidate, unit_vectors

NOBODY: Counter[str] = Counter()
NOTHING = unit_vectors()


def chosen(candidates: list[Candidate], *degrees: float, count: int = 1) -> list[int]:
    return most_informative(candidates, unit_vectors(*degrees), NOTHING, 0.5, NOBODY, count)


# --- what teaches most -----------------------------------------------------------------------


def test_the_uncertain_are_asked_about_before_the_certain() -> None:
    candidates = [candidate(n, p) for n, p in enumerate((0.99, 0.5, 0.001, 0.7))]
    assert chosen(candidates, 0, 90, 180, 270, count=4) == [1, 3, 0, 2]


def test_uncertainty_is_about_the_threshold_and_not_about_a_half() -> None:
    candidates = [candidate(1, 0.5), candidate(2, 0.2)]
    apart = unit_vectors(0, 90)
    assert most_informative(candidates, apart, NOTHING, 0.2, NOBODY, 1) == [1]


@given(st.floats(0, 1), st.floats(0.01, 0.99))
def test_uncertainty_is_greatest_at_the_threshold(probability: float, threshold: float) -> None:
    assert 0 < uncertainty(probability, threshold) <= uncertainty(threshold, threshold) == 1


def test_what_is_like_an_answered_text_is_asked_about_last() -> None:
    candidates = [candidate(n) for n in range(3)]
    vectors, answered = unit_vectors(0, 90, 2), unit_vectors(1, 200)
    assert most_informative(candidates, vectors, answered, 0.5, NOBODY, 1) == [1]


def test_of_texts_like_one_another_one_is_asked_about_first() -> None:
    # The three most uncertain are one text in other words.
    candidates = [candidate(n, p) for n, p in enumerate((0.5, 0.5, 0.5, 0.6, 0.35))]
    first, *then = chosen(candidates, 0, 1, 2, 90, 180, count=3)
    assert first in (0, 1, 2)
    assert sorted(then) == [3, 4]


def test_a_language_that_was_seldom_asked_about_is_preferred() -> None:
    candidates = [candidate(n, item=Item("Title", "", lang)) for n, lang in enumerate(("en", "fa"))]
    asked = Counter({"en": 50})
    assert most_informative(candidates, unit_vectors(0, 90), NOTHING, 0.5, asked, 1) == [1]


def test_an_outlet_that_is_seldom_a_candidate_is_preferred() -> None:
    candidates = [candidate(n, outlet=outlet) for n, outlet in enumerate(("Big", "Big", "Small"))]
    assert chosen(candidates, 0, 90, 180) == [2]


def test_no_candidates_give_no_questions() -> None:
    assert most_informative([], NOTHING, NOTHING, 0.5, NOBODY, 5) == []
    assert chosen([candidate(1)], 0, count=0) == []


@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 359)), min_size=1, max_size=12),
    st.integers(0, 20),
)
def test_each_is_asked_about_once_however_alike_they_are(
    told: list[tuple[float, int]], count: int
) -> None:
    candidates = [candidate(n, probability) for n, (probability, _) in enumerate(told)]
    places = chosen(candidates, *(degree for _, degree in told), count=count)
    assert len(places) == min(count, len(told))
    assert len(set(places)) == len(places)
    assert set(places) <= set(range(len(told)))


# --- what the audit draws --------------------------------------------------------------------


def test_the_stratum_where_an_answer_tells_most_is_drawn_from() -> None:
    alike = {"a": 0.5, "b": 0.5}
    assert neediest_stratum({"a": 100, "b": 400}, {}, alike) == "b"
    assert neediest_stratum({"a": 100, "b": 100}, {"b": 3}, alike) == "a"
    assert neediest_stratum({"a": 100, "b": 100}, {}, {"a": 0.2, "b": 0.4}) == "b"


def test_a_stratum_that_is_used_up_is_left_out() -> None:
    doubts = {"a": 0.5, "b": 0.1}
    assert neediest_stratum({"a": 2, "b": 5}, {"a": 2}, doubts) == "b"
    assert neediest_stratum({"a": 2, "b": 5}, {"a": 3, "b": 5}, doubts) is None
    assert neediest_stratum({"a": 0, "b": 0}, {}, doubts) is None
    assert neediest_stratum({}, {}, {}) is None


def test_every_stratum_gets_its_share_however_large_the_others_are() -> None:
    sizes = dict(zip(strata(), (20_000, 800, 300, 200, 200, 100, 200_000), strict=True))
    doubts = {name: spread(span) for name, span in strata().items()}
    drawn: Counter[str] = Counter()
    for _ in range(200):
        name = neediest_stratum(sizes, drawn, doubts)
        assert name is not None
        drawn[name] += 1
    assert set(drawn) == set(sizes)
    assert min(drawn.values()) >= 5
    assert drawn[GATE] < 100


def test_answers_differ_most_where_the_model_is_unsure() -> None:
    by_middle = [spread(span) for span in ((0.0, 0.05), (0.05, 0.2), (0.2, 0.4), (0.4, 0.6))]
    assert by_middle == sorted(by_middle)
    assert spread((0.4, 0.6)) == pytest.approx(0.5)
    assert 0 < spread(None) < spread((EDGES[0], EDGES[1]))


@pytest.mark.parametrize(("chance", "expected"), [(0.0, 1), (0.33, 1), (0.34, 2), (0.999, 3)])
def test_chance_picks_one(chance: float, expected: int) -> None:
    assert draw_one([ArticleId(n) for n in (1, 2, 3)], lambda: chance) == expected


def test_each_is_as_likely_as_the_others() -> None:
    chance = np.random.default_rng(1)
    ids = [ArticleId(n) for n in range(5)]
    counts = Counter(draw_one(ids, chance.random) for _ in range(5_000))
    assert all(abs(counts[id_] - 1_000) < 150 for id_ in ids)
