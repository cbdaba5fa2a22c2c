from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from service.digests.select import likelihood, select
from service.records import Story
from service.settings import Subscription
from tests.make import report, story, subscription

PROBABILITIES = st.floats(0, 1)


def chosen(
    *stories: Story, wanted: Subscription | None = None, told: tuple[Story, ...] = ()
) -> list[int]:
    """Return the ids of the stories told, with a model whose threshold is one half."""
    known = {(s.id, s.version) for s in told}
    return [s.id for s in select(stories, wanted or subscription(), known, 0.5)]


def test_a_story_at_the_threshold_is_told_and_one_just_below_is_not() -> None:
    assert chosen(story(1, report(1, 0.5)), story(2, report(2, 0.4999))) == [1]


def test_the_subscription_s_threshold_wins_over_the_model_s_in_both_directions() -> None:
    weak, strong = story(1, report(1, 0.2)), story(2, report(2, 0.8))
    assert chosen(weak, strong, wanted=subscription(threshold=0.1)) == [2, 1]
    assert chosen(weak, strong, wanted=subscription(threshold=0.9)) == []


def test_a_tiny_threshold_is_a_threshold_and_not_the_want_of_one() -> None:
    assert chosen(story(1, report(1, 0.01)), wanted=subscription(threshold=0.01)) == [1]


def test_a_threshold_that_every_article_passes_is_refused() -> None:
    with pytest.raises(ValidationError, match="greater than 0"):
        subscription(threshold=0.0)


def test_a_story_already_told_is_not_told_again() -> None:
    assert chosen(story(1), story(2), told=(story(1),)) == [2]


def test_a_story_with_a_new_fact_is_told_again() -> None:
    assert chosen(story(1, version=2), told=(story(1, version=1),)) == [1]


def test_one_report_that_suits_is_enough() -> None:
    assert chosen(story(1, report(1, 0.1), report(2, 0.9))) == [1]


def test_only_stories_on_the_wanted_topics_are_told() -> None:
    military = story(1, report(1, topics=("military", "economic")))
    assert chosen(military, story(2), wanted=subscription(topics=("military",))) == [1]


def test_only_stories_in_the_wanted_languages_are_told() -> None:
    persian = story(1, report(1, language="fa"))
    assert chosen(persian, story(2), wanted=subscription(languages=("fa", "ru"))) == [1]


def test_wishes_are_taken_together_and_not_each_from_another_report() -> None:
    # A sure report in English and a doubtful one in Persian are no sure report in Persian.
    mixed = story(1, report(1, 0.9), report(2, 0.1, language="fa"))
    assert chosen(mixed, wanted=subscription(languages=("fa",))) == []
    split = story(2, report(3, topics=("military",)), report(4, topics=(), language="fa"))
    assert chosen(split, wanted=subscription(languages=("fa",), topics=("military",))) == []


def test_stories_of_equal_probability_come_in_the_order_they_were_opened() -> None:
    assert chosen(story(3), story(1), story(2)) == [1, 2, 3]


@given(st.lists(st.lists(PROBABILITIES, min_size=1, max_size=3), max_size=12))
def test_the_most_probable_comes_first_whatever_order_they_are_found_in(
    probabilities: list[list[float]],
) -> None:
    stories = [
        story(number, *(report(i, p) for i, p in enumerate(each)))
        for number, each in enumerate(probabilities)
    ]
    told = select(stories, subscription(), (), 0.5)
    assert [likelihood(s) for s in told] == sorted((likelihood(s) for s in told), reverse=True)
    assert {s.id for s in told} == {s.id for s in stories if likelihood(s) >= 0.5}
    assert select(reversed(stories), subscription(), (), 0.5) == told


@given(st.lists(PROBABILITIES, min_size=1, max_size=5))
def test_a_story_is_as_probable_as_its_surest_report(probabilities: list[float]) -> None:
    reports = tuple(report(i, p) for i, p in enumerate(probabilities))
    one = replace(story(1), reports=reports)
    assert likelihood(one) in probabilities
    assert all(likelihood(one) >= p for p in probabilities)
