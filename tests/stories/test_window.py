"""The articles of the last days: rows, ids, stories and members always tell the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from service.records import ArticleId, StoryId
from service.stories.traits import Traits
from service.stories.window import Window, step
from tests.make import NOW
from tests.stories.small_space import DEAL, MODEL, OTHER_TALE, TALE, placed, told, traits, window_of

NOON = NOW.timestamp() / 86_400


def empty() -> Window:
    return Window(MODEL.traits([]))


def on_days(*days: float) -> tuple[Traits, list[ArticleId]]:
    """Return articles by the days they were reported on; the day is in the vector too."""
    rows = MODEL.traits([placed(1)] * len(days))
    rows.day[:] = days
    rows.meaning[:, 0] = days
    return rows, list(map(ArticleId, range(len(days))))


def members(window: Window, story: int) -> list[ArticleId]:
    return [window.ids[row] for row in window.members(StoryId(story))]


# --- what there is ------------------------------------------------------------------------------


def test_a_new_window_is_empty() -> None:
    window = empty()
    assert len(window) == len(window.traits) == 0
    assert list(window.members(TALE)) == []


def test_articles_come_in_no_story() -> None:
    window = empty()
    window.add(traits(placed(7), placed(9)), [ArticleId(7), ArticleId(9)])
    assert (window.ids, window.stories) == ([7, 9], [None, None])
    assert len(window.traits) == 2


def test_articles_come_into_the_stories_they_are_said_to_be_in() -> None:
    window = window_of(placed(7, story=TALE), placed(8), placed(9, story=TALE))
    assert window.stories == [TALE, None, TALE]
    assert members(window, TALE) == [7, 9]


def test_every_article_must_be_said_to_be_in_a_story_or_none() -> None:
    with pytest.raises(ValueError, match="shorter"):
        empty().add(traits(placed(1), placed(2)), [ArticleId(1), ArticleId(2)], [TALE])


def test_to_ask_for_a_story_that_is_not_there_makes_none() -> None:
    window = window_of(placed(1, story=TALE))
    assert list(window.members(OTHER_TALE)) == []
    window.merge(OTHER_TALE, TALE)
    assert members(window, TALE) == [1]


# --- what moves ---------------------------------------------------------------------------------


def test_an_article_that_moves_leaves_its_story() -> None:
    window = window_of(placed(1, story=TALE), placed(2, story=TALE), placed(3))
    window.move([ArticleId(1), ArticleId(3)], OTHER_TALE)
    assert members(window, TALE) == [2]
    assert members(window, OTHER_TALE) == [1, 3]
    assert window.stories == [OTHER_TALE, TALE, OTHER_TALE]


def test_a_story_that_is_merged_is_gone() -> None:
    window = window_of(placed(1, story=TALE), placed(2, story=OTHER_TALE))
    window.merge(OTHER_TALE, TALE)
    assert members(window, TALE) == [1, 2]
    assert list(window.members(OTHER_TALE)) == []


def test_an_article_that_is_not_there_cannot_move() -> None:
    with pytest.raises(KeyError):
        empty().move([ArticleId(1)], TALE)


# --- what is forgotten --------------------------------------------------------------------------


def test_what_is_too_old_is_thrown_out() -> None:
    window = window_of(placed(1, story=TALE), placed(2, told(DEAL), story=TALE), placed(3))
    window.traits.day[0] = NOON - 5
    assert window.forget(NOON - 4)
    assert (window.ids, window.stories) == ([2, 3], [TALE, None])
    assert members(window, TALE) == [2]
    np.testing.assert_allclose(window.traits.meaning[0], told(DEAL), atol=1e-3)
    window.move([ArticleId(3)], TALE)
    assert members(window, TALE) == [2, 3]


def test_what_is_just_as_old_as_allowed_stays() -> None:
    window = empty()
    window.add(*on_days(4.0, 5.0))
    assert not window.forget(4.0)
    assert len(window) == 2
    assert not empty().forget(4.0)


def test_it_is_thrown_out_by_quarters_of_a_day() -> None:
    window = empty()
    window.add(*on_days(4.0, 4.2, 4.3, 5.0))
    assert not window.forget(4.249)
    assert window.forget(4.25)
    assert window.traits.day.tolist() == [4.3, 5.0]


@given(st.floats(0, 1e5))
def test_what_must_be_held_is_held_and_little_more(day: float) -> None:
    assert day - 0.25 <= step(day) <= day
    assert step(step(day)) == step(day)


def test_a_story_all_of_which_is_old_is_forgotten() -> None:
    window = window_of(placed(1, story=TALE))
    assert window.forget(NOON + 1)
    assert len(window) == 0
    assert list(window.members(TALE)) == []
    window.add(traits(placed(1)), [ArticleId(1)], [OTHER_TALE])
    assert members(window, OTHER_TALE) == [1]


# --- how it grows -------------------------------------------------------------------------------


def test_room_doubles_so_that_rows_are_seldom_copied() -> None:
    window, moved, where = empty(), 0, None
    for number in range(1_000):
        window.add(traits(placed(number)), [ArticleId(number)])
        base = window.traits.meaning.base
        moved += base is not where
        where = base
    assert moved <= 11
    assert len(window) == len(window.traits) == 1_000


def test_rows_stay_what_they_are_while_the_window_grows() -> None:
    window = empty()
    for first in range(0, 60, 6):
        rows, _ = on_days(*range(first, first + 6))
        window.add(rows, list(map(ArticleId, range(first, first + 6))))
    assert window.traits.day.tolist() == window.traits.meaning[:, 0].tolist() == list(range(60))


# --- all of it together -------------------------------------------------------------------------

STORIES = st.integers(1, 4).map(StoryId)
MAYBE = STORIES | st.none()
DAYS = st.integers(0, 18).map(lambda halves: halves / 2)


class AsADict(RuleBasedStateMachine):
    """A window beside a plain dict of articles, each with its day and its story."""

    def __init__(self) -> None:
        super().__init__()
        self.window = empty()
        self.known: dict[ArticleId, tuple[float, StoryId | None]] = {}
        self.next = 1

    @rule(articles=st.lists(st.tuples(DAYS, MAYBE), max_size=7), say=st.booleans())
    def add(self, articles: Sequence[tuple[float, StoryId | None]], say: bool) -> None:
        rows, _ = on_days(*(day for day, _ in articles))
        ids = [ArticleId(self.next + at) for at in range(len(articles))]
        self.next += len(articles)
        self.window.add(rows, ids, [story for _, story in articles] if say else None)
        for id_, (day, story) in zip(ids, articles, strict=True):
            self.known[id_] = (day, story if say else None)

    @precondition(lambda self: self.known)
    @rule(data=st.data(), story=STORIES)
    def move(self, data: st.DataObject, story: StoryId) -> None:
        chosen = data.draw(st.lists(st.sampled_from(sorted(self.known)), max_size=4))
        self.window.move(chosen, story)
        self.known |= {id_: (self.known[id_][0], story) for id_ in chosen}

    @rule(stories=st.lists(STORIES, min_size=2, max_size=2, unique=True))
    def merge(self, stories: list[StoryId]) -> None:
        absorbed, story = stories
        self.window.merge(absorbed, story)
        for id_, (day, its) in self.known.items():
            self.known[id_] = (day, story if its == absorbed else its)

    @rule(before=st.floats(0, 9))
    def forget(self, before: float) -> None:
        kept = {id_: one for id_, one in self.known.items() if one[0] >= step(before)}
        assert self.window.forget(before) == (len(kept) < len(self.known))
        self.known = kept

    @invariant()
    def rows_tell_what_the_dict_tells(self) -> None:
        rows = self.window.traits
        assert len(self.window) == len(rows) == len(self.known)
        found = zip(self.window.ids, rows.day, rows.meaning[:, 0], self.window.stories, strict=True)
        told_ = {id_: (day, story) for id_, day, also, story in found if day == also}
        assert told_ == self.known

    @invariant()
    def members_tell_what_the_dict_tells(self) -> None:
        for story in map(StoryId, range(1, 5)):
            wanted = sorted(id_ for id_, (_, its) in self.known.items() if its == story)
            assert sorted(members(self.window, story)) == wanted


TestAWindowIsAsGoodAsADict = AsADict.TestCase
TestAWindowIsAsGoodAsADict.settings = settings(
    max_examples=60, stateful_step_count=20, deadline=None
)
