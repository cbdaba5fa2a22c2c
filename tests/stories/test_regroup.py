"""How new articles join stories, open them, bring two together and pull one apart."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.records import ArticleId, PlacedArticle, StoryId
from service.stories.pairs import LONGEST_GAP_DAYS
from service.stories.regroup import CANDIDATES, HELD, TOUCHED, WEIGHED, Regrouped, Rule, regroup
from service.stories.space import Floats
from tests.make import NOW
from tests.stories.small_space import (
    CRASH,
    DEAL,
    MODEL,
    OTHER_TALE,
    STRIKE,
    TALE,
    TALKS,
    pair_model,
    placed,
    regrouped,
    told,
    window_of,
)

LATER_TALE = StoryId(3)
OUT_OF_REACH = timedelta(days=LONGEST_GAP_DAYS, minutes=1)
LIVE = "Iran live updates: latest news"


def ids(*numbers: int) -> tuple[ArticleId, ...]:
    return tuple(map(ArticleId, numbers))


def story(
    number: StoryId, first: int, *events: Floats, **changes: Any
) -> tuple[PlacedArticle, ...]:
    """Return the articles of a story, numbered from ``first`` on."""
    return tuple(placed(first + at, one, story=number, **changes) for at, one in enumerate(events))


def cosine(odds: float) -> float:
    """Return how many degrees apart two reports lie that have these odds."""
    return float(np.degrees(np.arccos((odds + 5) / 10)))


# --- joining and opening ------------------------------------------------------------------------


def test_a_report_near_to_a_story_joins_it() -> None:
    tale = story(TALE, 1, told(), told(degrees=10))
    assert regrouped(*tale, placed(9, told(degrees=20))) == [Regrouped(TALE, ids(9))]


def test_a_far_report_opens_a_story_of_its_own() -> None:
    tale = story(TALE, 1, told(), told(degrees=10))
    assert regrouped(*tale, placed(9, told(TALKS))) == [Regrouped(None, ids(9))]


def test_the_first_report_of_all_opens_the_first_story() -> None:
    assert regrouped(placed(9)) == [Regrouped(None, ids(9))]


def test_two_new_ones_that_belong_together_open_one_story_together() -> None:
    changes = regrouped(placed(1, told(TALKS)), placed(2, told(CRASH)), placed(3, told(TALKS)))
    assert sorted(one.articles for one in changes) == [ids(1, 3), ids(2)]
    assert {one.story for one in changes} == {None}


def test_a_new_one_may_join_by_way_of_another_new_one() -> None:
    tale = story(TALE, 1, told())
    step, further = placed(8, told(degrees=45)), placed(9, told(degrees=62))
    assert regrouped(*tale, further) == [Regrouped(None, ids(9))]
    assert regrouped(*tale, step, further) == [Regrouped(TALE, ids(8, 9))]


def test_nothing_new_changes_nothing() -> None:
    assert regroup(window_of(), [], MODEL.rule) == []
    assert regrouped(*story(TALE, 1, told(), told(DEAL))) == []


def test_stories_that_nothing_new_touches_stay_as_they_are() -> None:
    torn = story(TALE, 1, told(), told(DEAL))
    assert regrouped(*torn, placed(9, told(TALKS))) == [Regrouped(None, ids(9))]


# --- out of reach -------------------------------------------------------------------------------


def test_an_article_out_of_reach_is_not_weighed() -> None:
    now = NOW + timedelta(days=9)
    old = placed(1, story=TALE, reported_at=now - OUT_OF_REACH)
    assert regrouped(old, placed(9, reported_at=now)) == [Regrouped(None, ids(9))]
    assert regrouped(placed(9, reported_at=now), placed(1, reported_at=now - OUT_OF_REACH)) == [
        Regrouped(None, ids(9)),
        Regrouped(None, ids(1)),
    ]


def test_an_article_just_within_reach_is_weighed() -> None:
    reach = timedelta(days=LONGEST_GAP_DAYS)
    for when in (NOW - reach, NOW + reach):
        near = placed(1, story=TALE, reported_at=when)
        assert regrouped(near, placed(9, reported_at=NOW)) == [Regrouped(TALE, ids(9))]


def test_a_long_story_is_reached_by_its_last_articles() -> None:
    now = NOW + timedelta(days=9)
    tale = [
        placed(1, story=TALE, reported_at=now - OUT_OF_REACH),
        placed(2, story=TALE, reported_at=now - OUT_OF_REACH / 2),
    ]
    assert regrouped(*tale, placed(9, reported_at=now)) == [Regrouped(TALE, ids(9))]


# --- two stories become one ---------------------------------------------------------------------


def halves(degrees: float) -> tuple[PlacedArticle, ...]:
    """Two stories of one event each, so many degrees apart."""
    return (
        *story(OTHER_TALE, 1, told(), told()),
        *story(LATER_TALE, 3, told(degrees=degrees)),
    )


def test_a_bridge_brings_two_stories_together_under_the_older_id() -> None:
    bridge = placed(9, told(degrees=32))
    assert regrouped(*halves(65), bridge) == [Regrouped(OTHER_TALE, ids(9, 3), (LATER_TALE,))]
    assert regrouped(*halves(75), bridge) == [Regrouped(OTHER_TALE, ids(9))]


def test_the_older_id_stays_even_with_the_smaller_story() -> None:
    young = story(LATER_TALE, 2, told(degrees=50), told(degrees=50), told(degrees=50))
    old = story(TALE, 1, told())
    (change,) = regrouped(*old, *young, placed(9, told(degrees=25)))
    assert change == Regrouped(TALE, ids(9, 2, 3, 4), (LATER_TALE,))


def test_three_stories_may_become_one() -> None:
    stories = (
        *story(TALE, 1, told()),
        *story(OTHER_TALE, 2, told(degrees=50)),
        *story(LATER_TALE, 3, told(STRIKE, TALKS, 50)),
    )
    lying_between = told() + told(degrees=50) + told(STRIKE, TALKS, 50)
    bridge = placed(9, lying_between / np.linalg.norm(lying_between))
    (change,) = regrouped(*stories, bridge)
    assert (change.story, change.absorbed) == (TALE, (OTHER_TALE, LATER_TALE))
    assert sorted(change.articles) == list(ids(2, 3, 9))


def test_one_report_does_not_bring_two_events_together() -> None:
    apart = (
        *story(TALE, 1, told(), told(), told()),
        *story(OTHER_TALE, 4, told(DEAL), told(DEAL), told(DEAL)),
    )
    (change,) = regrouped(*apart, placed(9, told(degrees=44)))
    assert change == Regrouped(TALE, ids(9))


def test_a_live_blog_does_not_swallow_two_stories() -> None:
    between = told(degrees=20)
    plain, live = placed(9, between), placed(9, between, title=LIVE)
    assert regrouped(*halves(65), plain)[0].absorbed == (LATER_TALE,)
    assert regrouped(*halves(65), live) == [Regrouped(OTHER_TALE, ids(9))]


def test_a_live_blog_that_is_there_already_draws_no_story_to_another() -> None:
    mixed = placed(5, told(degrees=27), story=OTHER_TALE, title=LIVE)
    new = placed(9, told(degrees=70))
    assert regrouped(*halves(70), mixed, new) == [Regrouped(LATER_TALE, ids(9))]


# --- one story becomes two ----------------------------------------------------------------------


def torn(*more: PlacedArticle) -> list[Regrouped]:
    """Take articles into a story that holds two reports 70 degrees apart."""
    return regrouped(*story(TALE, 1, told(), told(degrees=70)), *more)


def test_a_story_falls_apart_when_new_articles_pull_its_halves_away() -> None:
    to_one = [placed(8, told()), placed(9, told(STRIKE, TALKS, 10))]
    to_other = [placed(6, told(DEAL)), placed(7, told(DEAL, TALKS, 10))]
    stays, leaves = sorted(torn(*to_one, *to_other), key=lambda one: one.story is None)
    assert stays == Regrouped(TALE, ids(8, 9))
    assert sorted(leaves.articles) == list(ids(2, 6, 7))
    assert (leaves.story, leaves.split_from, leaves.absorbed) == (None, TALE, ())


def test_what_stands_together_is_held_together_a_little() -> None:
    just_too_far = cosine(-HELD / 2)
    away = told(STRIKE, DEAL, -58)
    tale = story(TALE, 1, told(), told(degrees=just_too_far))
    assert regrouped(*tale, placed(9, away)) == [Regrouped(None, ids(9))]
    # Of articles that are all new the nearest two are put together.
    assert regrouped(placed(1), placed(2, told(degrees=just_too_far)), placed(9, away)) == [
        Regrouped(None, ids(1, 9)),
        Regrouped(None, ids(2)),
    ]


def test_what_is_held_together_falls_apart_under_a_stronger_pull() -> None:
    far_too_far = cosine(-HELD * 1.5)
    tale = story(TALE, 1, told(), told(degrees=far_too_far))
    near_to_one = placed(9, told(STRIKE, TALKS, 5))
    assert regrouped(*tale, near_to_one) == [
        Regrouped(TALE, ids(9)),
        Regrouped(None, ids(2), split_from=TALE),
    ]


def test_the_id_stays_with_most_of_the_articles() -> None:
    tale = story(TALE, 1, told(), told(degrees=80), told(degrees=80), told(degrees=80))
    near_to_first = [placed(8, told(STRIKE, TALKS, 5)), placed(9, told(STRIKE, TALKS, 9))]
    changes = regrouped(*tale, *near_to_first)
    assert changes == [Regrouped(None, ids(8, 9, 1), split_from=TALE)]


def test_of_equal_halves_the_id_stays_with_the_first_article() -> None:
    first, second = story(TALE, 1, told(), told(degrees=80))
    (change,) = regrouped(first, second, placed(9, told(DEAL)))
    assert change == Regrouped(None, ids(9, 2), split_from=TALE)
    # What is new may have been reported before either.
    earlier = placed(9, told(DEAL), reported_at=NOW - timedelta(days=1))
    assert regrouped(first, second, earlier) == [Regrouped(None, ids(9, 2), split_from=TALE)]


def test_an_article_may_go_over_to_another_story() -> None:
    tale = story(TALE, 1, told(), told(), told(degrees=75))
    other = story(OTHER_TALE, 4, told(DEAL), told(DEAL))
    (change,) = regrouped(*tale, *other, placed(9, told(DEAL, STRIKE, 5)))
    assert change == Regrouped(OTHER_TALE, ids(9, 3))


def test_a_story_may_be_absorbed_while_a_part_of_it_goes_its_own_way() -> None:
    tale = story(TALE, 1, told(), told())
    other = story(OTHER_TALE, 3, told(degrees=50), told(degrees=50), told(degrees=115))
    new = [placed(8, told(degrees=25)), placed(9, told(degrees=120))]
    changes = regrouped(*tale, *other, *new)
    assert Regrouped(TALE, ids(8, 3, 4), (OTHER_TALE,)) in changes
    assert Regrouped(None, ids(9, 5), split_from=OTHER_TALE) in changes
    assert len(changes) == 2


# --- long stories -------------------------------------------------------------------------------


def test_of_a_long_story_the_last_articles_are_weighed_however_they_came_in() -> None:
    hours = [number % 40 for number in range(WEIGHED + 20)]
    first_weighed = sorted(hours)[20]
    tale = [
        placed(
            number,
            told() if hour >= first_weighed else told(degrees=80),
            story=TALE,
            reported_at=NOW + timedelta(hours=hour),
        )
        for number, hour in enumerate(hours, 1)
    ]
    new = placed(999, reported_at=NOW + timedelta(hours=41))
    assert regrouped(*tale, new) == [Regrouped(TALE, ids(999))]
    assert regrouped(*tale[::-1], new) == [Regrouped(TALE, ids(999))]


def test_a_long_story_is_absorbed_whole() -> None:
    long = story(OTHER_TALE, 100, *[told(degrees=50)] * (WEIGHED + 5))
    (change,) = regrouped(*story(TALE, 1, told()), *long, placed(9, told(degrees=25)))
    assert (change.story, change.absorbed) == (TALE, (OTHER_TALE,))


# --- whatever comes -----------------------------------------------------------------------------

ARTICLES = st.tuples(
    st.sampled_from([STRIKE, DEAL, TALKS]),
    st.floats(0, 90),
    st.sampled_from([None, TALE, OTHER_TALE, LATER_TALE]),
    st.integers(0, 150),
    st.booleans(),
)
RULES = st.builds(Rule, st.just(pair_model(gap=-0.5)), st.floats(-2, 2))


def applied(articles: Iterable[PlacedArticle], changes: Iterable[Regrouped]) -> dict[int, object]:
    """Return the story of each article afterwards, as the daemon carries changes out."""
    stories: dict[int, object] = {one.id: one.story for one in articles}
    for number, change in enumerate(changes):
        story_ = change.story or f"new {number}"
        for id_, its in stories.items():
            if its in change.absorbed or id_ in change.articles:
                stories[id_] = story_
    return stories


@settings(max_examples=200, deadline=None)
@given(st.lists(ARTICLES, min_size=1, max_size=14), RULES)
def test_whatever_comes_all_end_up_in_stories_and_changes_say_what_they_do(
    given_: list[tuple[int, float, StoryId | None, int, bool]], rule: Rule
) -> None:
    articles = [
        placed(
            number,
            told(event, CRASH, degrees),
            story=tale,
            reported_at=NOW + timedelta(hours=hours),
            title=LIVE if live else "Report",
        )
        for number, (event, degrees, tale, hours, live) in enumerate(given_, 1)
    ]
    before = {one.id: one.story for one in articles}
    changes = regrouped(*articles, rule=rule)
    after = applied(articles, changes)
    assert None not in after.values()
    moved = [id_ for change in changes for id_ in change.articles]
    assert len(moved) == len(set(moved))
    for id_ in moved:
        assert before[id_] != after[id_]
    kept = [change.story for change in changes if change.story]
    gone = [tale for change in changes for tale in change.absorbed]
    assert len(kept) == len(set(kept))
    assert len(gone) == len(set(gone))
    assert not set(kept) & set(gone)
    assert not set(gone) & set(after.values())
    for change in changes:
        assert change.articles
        assert all(change.story and change.story < tale for tale in change.absorbed)
        if change.split_from is not None:
            assert change.story is None
            assert change.split_from in {before[id_] for id_ in change.articles}


# --- floods -------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [CANDIDATES - 1, CANDIDATES, CANDIDATES + 1, 200])
def test_a_story_finds_its_reports_among_any_number_that_come_at_once(count: int) -> None:
    new = (placed(9 + n, told(degrees=n % 7)) for n in range(count))
    changes = regrouped(*story(TALE, 1, told(), told(), told()), *new)
    assert [(one.story, len(one.articles)) for one in changes] == [(TALE, count)]


def test_copies_of_one_text_do_not_hide_the_story_they_belong_to() -> None:
    copies = [placed(9 + n, told(degrees=30)) for n in range(3 * TOUCHED)]
    (change,) = regrouped(*story(TALE, 1, told()), *copies)
    assert (change.story, len(change.articles)) == (TALE, len(copies))


def test_copies_in_one_story_do_not_hide_the_other_that_it_is_one_with() -> None:
    copied = story(TALE, 10, *[told(degrees=30)] * (3 * TOUCHED))
    other = story(OTHER_TALE, 1, told(degrees=75), told(degrees=75))
    bridge = [placed(8, told(degrees=45)), placed(9, told(degrees=50))]
    (change,) = regrouped(*copied, *other, *bridge)
    assert (change.story, change.absorbed) == (TALE, (OTHER_TALE,))
