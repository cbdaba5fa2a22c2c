"""What is weighed of two reports, and how likely they are of one event."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.records import Bearings, PlacedArticle
from service.stories.pairs import FEATURES, LONGEST_GAP_DAYS
from tests.make import NOW
from tests.stories.small_space import (
    ACTORS,
    DEAL,
    MODEL,
    STRIKE,
    TALKS,
    pair_model,
    placed,
    told,
    traits,
)

PAIRS = MODEL.rule.model


def feature(name: str, one: PlacedArticle, other: PlacedArticle) -> float:
    """Return one feature of a pair, which is the same from either side."""
    place = FEATURES.index(name)
    there = float(PAIRS.compare(traits(one), traits(other))[place, 0, 0])
    assert there == float(PAIRS.compare(traits(other), traits(one))[place, 0, 0])
    return there


def naming(number: int = 1, **names: tuple[str, ...]) -> PlacedArticle:
    return placed(number, bearings=Bearings(**names))


# --- one by one ---------------------------------------------------------------------------------


def test_meaning_and_title_are_cosines() -> None:
    vectors = np.hstack([told(STRIKE, DEAL, 60), told(TALKS)]).astype(np.float16).tobytes()
    one, other = placed(1, told(STRIKE)), placed(2, vectors=vectors)
    assert feature("meaning", one, other) == pytest.approx(0.5, abs=1e-3)
    assert feature("title", one, other) == 0
    assert feature("title", one, one) == pytest.approx(1)


@pytest.mark.parametrize(
    ("later", "gap"),
    [
        (timedelta(), 0),
        (timedelta(hours=11, minutes=59), 0),
        (timedelta(hours=12), 1),
        (timedelta(days=2, hours=11), 2),
        (timedelta(days=-3), 3),
        (timedelta(days=40), LONGEST_GAP_DAYS),
    ],
)
def test_the_gap_is_of_whole_days_and_no_longer_than_the_longest(
    later: timedelta, gap: float
) -> None:
    noon, then = placed(1, reported_at=NOW), placed(2, reported_at=NOW + later)
    assert feature("gap", noon, then) == gap


def test_outlets_and_languages_are_the_same_or_not() -> None:
    one, other = placed(1, outlet="TASS", language="en"), placed(2, outlet="TASS", language="ru")
    assert feature("same outlet", one, other) == 1
    assert feature("same language", one, other) == 0
    assert feature("same outlet", one, placed(3, outlet="Tass")) == 0
    assert feature("same language", one, placed(3)) == 1


@pytest.mark.parametrize(
    ("one", "other", "mixed"),
    [
        ("Iran and Russia sign deal", "Russia and Iran sign deal", 0),
        ("Iran and Russia sign deal", "Iran live updates: talks end", 1),
        ("Morning briefing: oil, talks", "Iran live updates: talks end", 1),
    ],
)
def test_one_live_blog_or_round_up_makes_a_pair_mixed(one: str, other: str, mixed: int) -> None:
    assert feature("mixed", placed(1, title=one), placed(2, title=other)) == mixed


@pytest.mark.parametrize(
    ("one", "other", "shared", "differ"),
    [
        ((), (), 0, 0),
        (("24",), (), 0, 0),
        (("24", "700"), ("700",), 1, 0),
        (("24",), ("700",), 0, 1),
    ],
)
def test_numbers_are_shared_or_differ_where_both_tell_some(
    one: tuple[str, ...], other: tuple[str, ...], shared: int, differ: int
) -> None:
    pair = naming(1, numbers=one), naming(2, numbers=other)
    assert feature("number shared", *pair) == shared
    assert feature("numbers differ", *pair) == differ


def test_what_is_named_by_both_tells_the_more_the_rarer_it_is() -> None:
    both = naming(actors=("lavrov", "kyiv"))
    rare, common = naming(actors=("kyiv",)), naming(actors=("lavrov",))
    assert feature("actors", both, both) == pytest.approx(1)
    assert feature("actors", both, rare) == pytest.approx(2 / 5**0.5)
    assert feature("actors", both, common) == pytest.approx(1 / 5**0.5)


def test_who_names_nothing_has_nothing_in_common_with_anyone() -> None:
    for name in ("actors", "leads", "leads differ"):
        assert feature(name, naming(), naming()) == 0
        assert feature(name, naming(), naming(actors=ACTORS, leads=ACTORS)) == 0


def test_leads_differ_where_both_titles_name_actors_and_none_is_the_same() -> None:
    lavrov, araghchi = naming(leads=("lavrov",)), naming(leads=("araghchi",))
    assert feature("leads differ", lavrov, araghchi) == 1
    assert feature("leads differ", lavrov, naming(leads=("lavrov", "araghchi"))) == 0
    assert feature("leads", lavrov, lavrov) == pytest.approx(1)


def test_names_that_the_model_does_not_know_are_not_weighed() -> None:
    unknown = naming(actors=("gandalf",), leads=("gandalf",))
    assert feature("actors", unknown, unknown) == 0
    assert feature("leads differ", unknown, naming(leads=("lavrov",))) == 0


# --- together -----------------------------------------------------------------------------------


def test_odds_are_the_weighed_sum() -> None:
    model = pair_model(bias=-1, meaning=10, same_outlet=-2, mixed=0)
    some = traits(placed(1, told(STRIKE, DEAL, 60), outlet="Same"))
    others = traits(placed(2, outlet="Same"), placed(3, told(TALKS), outlet="Other"))
    np.testing.assert_allclose(model.odds(some, others), [[2, -1]], atol=0.01)


def test_odds_have_a_row_for_each_of_the_some_and_a_column_for_each_of_the_others() -> None:
    some, others = traits(placed(1)), traits(*map(placed, range(5)))
    assert PAIRS.compare(some, others).shape == (len(FEATURES), 1, 5)
    assert PAIRS.odds(some, others).shape == (1, 5)
    assert PAIRS.odds(traits(), others).shape == (0, 5)


NAMES = st.lists(st.sampled_from([*ACTORS, "unknown"]), max_size=3).map(tuple)


@st.composite
def articles(draw: st.DrawFn) -> PlacedArticle:
    changes: dict[str, Any] = {
        "outlet": draw(st.text(max_size=3)),
        "title": draw(st.text(max_size=20)),
        "reported_at": NOW + timedelta(hours=draw(st.integers(-200, 200))),
        "bearings": Bearings(*draw(st.tuples(NAMES, NAMES, NAMES, NAMES, NAMES))),
    }
    where = told(degrees=draw(st.integers(0, 360)))
    return placed(draw(st.integers(1, 99)), where, **changes)


@settings(max_examples=100, deadline=None)
@given(st.lists(articles(), min_size=1, max_size=8))
def test_two_reports_are_as_like_as_the_other_way_round(given_: list[PlacedArticle]) -> None:
    rows = traits(*given_)
    odds = pair_model(gap=-1, title=1, actors=2, leads_differ=-1, number_shared=1).odds(rows, rows)
    assert np.isfinite(odds).all()
    np.testing.assert_allclose(odds, odds.T, atol=1e-4)
