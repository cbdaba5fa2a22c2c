"""When a feed is polled next."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from service.polling.cadence import BELIEVED_CACHE, BELIEVED_PROMISE, HOT, PIVOT
from service.records import Failed, Habit
from tests.make import NOW, cadence

CADENCE = cadence()
CHANCES = st.floats(0, 1, exclude_max=True)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
SPANS = st.timedeltas(timedelta(0), timedelta(days=400))
HABITS = st.builds(
    Habit,
    arrivals=st.floats(0, 1e6),
    watched=SPANS,
    politeness=st.floats(1, 16),
    update_every=st.none() | SPANS,
    max_age=st.none() | SPANS,
)


def every(gap: timedelta, **changes: object) -> Habit:
    """Return the habit of a feed that brings an entry every ``gap``, watched for a day."""
    return Habit(arrivals=DAY / gap - 0.5, watched=DAY, **changes)  # type: ignore[arg-type]


@given(HABITS, CHANCES, st.booleans())
def test_every_feed_that_answers_is_asked_between_two_minutes_and_a_day_later(
    habit: Habit, chance: float, hot: bool
) -> None:
    wait = CADENCE.after_answer(NOW, habit, chance, hot=hot) - NOW
    assert 2 * MINUTE <= wait <= DAY


def test_a_feed_of_which_nothing_is_known_is_asked_after_the_first_interval() -> None:
    assert CADENCE.interval(Habit()) == 30 * MINUTE


@given(st.floats(2, 15))
def test_a_quick_feed_is_asked_as_often_as_it_brings_something(minutes: float) -> None:
    gap = minutes * MINUTE
    assert abs(CADENCE.interval(every(gap)) - gap) < timedelta(seconds=1)


@given(SPANS.filter(lambda gap: gap > PIVOT), SPANS.filter(lambda gap: gap > PIVOT))
def test_a_slower_feed_is_asked_less_often_but_more_often_than_it_brings_something(
    one: timedelta, other: timedelta
) -> None:
    slow, slower = sorted((one, other))
    # Both watched for as long, one with fewer arrivals.
    habits = [Habit(arrivals=600 * DAY / gap, watched=600 * DAY) for gap in (slow, slower)]
    waits = [CADENCE.interval(habit) for habit in habits]
    assert waits[0] <= waits[1] <= slower


def test_nine_times_slower_is_asked_three_times_less_often() -> None:
    hourly, nine = every(HOUR), every(9 * HOUR)
    assert abs(CADENCE.interval(nine) / CADENCE.interval(hourly) - 3) < 0.01


@given(CHANCES)
def test_jitter_stays_within_its_share_of_the_interval(chance: float) -> None:
    wait = CADENCE.after_answer(NOW, Habit(), chance) - NOW
    assert 27 * MINUTE <= wait <= 33 * MINUTE


def test_a_feed_that_carries_a_hot_story_is_asked_twice_as_often() -> None:
    habit = every(4 * HOUR, update_every=HOUR)
    assert CADENCE.interval(habit, hot=True) == CADENCE.interval(every(4 * HOUR)) * HOT


def test_a_feeds_promise_makes_the_wait_longer_up_to_where_it_is_believed() -> None:
    quick = every(5 * MINUTE)
    assert CADENCE.interval(every(5 * MINUTE, update_every=10 * MINUTE)) == 10 * MINUTE
    assert CADENCE.interval(every(5 * MINUTE, update_every=DAY)) == BELIEVED_PROMISE
    assert CADENCE.interval(every(5 * MINUTE, update_every=MINUTE)) == CADENCE.interval(quick)


def test_a_cache_is_not_asked_for_what_it_would_only_repeat() -> None:
    assert CADENCE.interval(every(5 * MINUTE, max_age=20 * MINUTE)) == 20 * MINUTE
    assert CADENCE.interval(every(5 * MINUTE, max_age=DAY), hot=True) == BELIEVED_CACHE


def test_a_server_that_asked_to_be_left_alone_is_asked_less_often_for_a_while() -> None:
    assert CADENCE.interval(every(10 * MINUTE, politeness=4.0)) == 4 * CADENCE.interval(
        every(10 * MINUTE)
    )


@given(HABITS, st.integers(1, 10_000), CHANCES)
def test_a_failing_feed_is_asked_ever_less_often_but_never_given_up(
    habit: Habit, failures: int, chance: float
) -> None:
    failed = Failed("timeout", "slow")
    now, later = (
        CADENCE.after_failure(NOW, habit, failed, count, chance)
        for count in (failures, failures + 1)
    )
    assert NOW < now <= later <= NOW + DAY


def test_a_permanent_failure_is_asked_again_a_day_later() -> None:
    gone = Failed("http-410", "gone", permanent=True)
    assert CADENCE.after_failure(NOW, Habit(), gone, 1, 0.5) == NOW + DAY


@given(SPANS, CHANCES)
def test_retry_after_is_obeyed_up_to_the_longest_that_is_allowed(
    asked: timedelta, chance: float
) -> None:
    slow_down = Failed("http-429", "slow down", retry_after=asked)
    wait = CADENCE.after_failure(NOW, Habit(), slow_down, 1, chance) - NOW
    assert min(asked, DAY) <= wait <= max(asked, 33 * MINUTE)


def test_retry_after_can_be_overridden() -> None:
    slow_down = Failed("http-429", "slow down", retry_after=DAY)
    deaf = cadence(longest_retry_after=timedelta(0))
    assert deaf.after_failure(NOW, Habit(), slow_down, 1, 0.5) == NOW + 30 * MINUTE


def test_politeness_and_back_off_are_not_multiplied() -> None:
    refused = Failed("http-503", "busy")
    waits = [
        CADENCE.after_failure(NOW, Habit(politeness=polite), refused, 3, 0.5) - NOW
        for polite in (1.0, 4.0)
    ]
    assert waits == [4 * 30 * MINUTE] * 2


def test_a_quick_feed_that_says_slow_down_waits_the_first_interval_at_least() -> None:
    refused = Failed("http-403", "forbidden")
    wait = CADENCE.after_failure(NOW, every(3 * MINUTE), refused, 1, 0.5) - NOW
    assert wait >= 30 * MINUTE
