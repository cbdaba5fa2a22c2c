"""How a feed is told to be, against its own past."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.polling.condition import (
    FAILURES_OF_AN_OUTAGE,
    FEWEST_OF_A_FLOOD,
    IMPORTANT_WEIGHT,
    ago,
    condition,
    outage,
    usual_day,
)
from service.records import Condition, FeedDay, FeedId, FeedReport, Habit
from tests.make import NOW

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def days(*counts: int, today: int = 0) -> tuple[FeedDay, ...]:
    """Return whole days that brought so many new entries, the last one yesterday, and today."""
    past = [
        FeedDay((NOW - (len(counts) - at) * DAY).date(), polls=24, failures=0, new=count)
        for at, count in enumerate(counts)
    ]
    return (*past, FeedDay(NOW.date(), polls=12, failures=0, new=today))


def report(**changes: Any) -> FeedReport:
    values: dict[str, Any] = {
        "id": FeedId(1),
        "url": "https://feed.example/rss",
        "outlet": "Outlet",
        "language": "en",
        "weight": 1.0,
        "next_poll_at": NOW,
        "last_polled_at": NOW,
        "last_success_at": NOW,
        "failures": 0,
        "error_code": None,
        "error": None,
        "entries": 20,
        "skipped": 0,
        "habit": Habit(last_new_at=NOW - HOUR),
    }
    return FeedReport(**(values | changes))


def silent_for(silence: timedelta, *counts: int) -> Condition:
    habit = Habit(last_new_at=NOW - silence)
    return condition(report(habit=habit, days=days(*counts)), NOW)[0]


def test_a_feed_that_was_never_polled_is_new() -> None:
    assert condition(report(last_polled_at=None), NOW)[0] is Condition.NEW


def test_a_feed_that_answers_as_usual_is_well_and_needs_no_reason() -> None:
    assert condition(report(days=days(*[20] * 10, today=9)), NOW) == (Condition.WELL, "")


def test_a_feed_of_which_little_is_known_is_well() -> None:
    assert silent_for(2 * DAY, 20, 20) is Condition.WELL


def test_a_failing_feed_says_how_often_and_when_it_was_last_good() -> None:
    failing = report(
        failures=3,
        error_code="timeout",
        error="no complete answer within 30 s",
        last_success_at=NOW - 5 * HOUR,
    )
    assert condition(failing, NOW) == (
        Condition.FAILING,
        "timeout: no complete answer within 30 s (3 times in a row, good 5 h ago)",
    )
    never = report(failures=1, error_code="dns", error="no such host", last_success_at=None)
    assert condition(never, NOW)[1] == "dns: no such host (once, never good)"


@pytest.mark.parametrize("code", ["http-404", "http-410", "http-451"])
def test_a_feed_whose_server_says_that_it_is_not_there_is_gone(code: str) -> None:
    assert condition(report(failures=1, error_code=code, error="gone"), NOW)[0] is Condition.GONE


def test_a_busy_feed_is_silent_after_two_days_without_anything_new() -> None:
    assert silent_for(2 * DAY - HOUR, *[20] * 14) is Condition.WELL
    assert silent_for(2 * DAY + HOUR, *[20] * 14, 0) is Condition.SILENT


def test_a_feed_that_rests_at_week_ends_is_not_silent_on_monday() -> None:
    week = (20, 20, 20, 20, 20, 0, 0)
    assert silent_for(3 * DAY, *week, *week, *week) is Condition.WELL
    assert silent_for(4 * DAY + HOUR, *week, *week, *week) is Condition.SILENT


def test_a_feed_that_brought_nothing_since_it_was_listed_is_silent() -> None:
    assert silent_for(6 * DAY, *[0] * 6) is Condition.SILENT
    assert silent_for(2 * DAY, *[0] * 2) is Condition.WELL


def test_days_on_which_every_poll_failed_say_nothing_of_a_feeds_rate() -> None:
    failed = [FeedDay((NOW - n * DAY).date(), polls=4, failures=4, new=0) for n in range(2, 9)]
    assert usual_day([*failed, *days(20, 20, 20, 20, 20)], NOW.date()) == 20
    assert usual_day(failed, NOW.date()) is None


def test_a_feed_that_brings_far_more_than_ever_is_flooded() -> None:
    full = 4 * 20
    assert condition(report(days=days(*[20] * 9, today=full - 1)), NOW)[0] is Condition.WELL
    assert condition(report(days=days(*[20] * 9, today=full)), NOW)[0] is Condition.FLOODED
    few = FEWEST_OF_A_FLOOD - 1
    assert condition(report(days=days(*[1] * 9, today=few)), NOW)[0] is Condition.WELL


def test_a_document_that_lost_more_than_half_of_its_entries_is_shrunk() -> None:
    habit = Habit(last_new_at=NOW, usual_entries=30.0)
    assert condition(report(habit=habit, entries=15), NOW)[0] is Condition.WELL
    assert condition(report(habit=habit, entries=14), NOW)[0] is Condition.SHRUNK
    small = Habit(last_new_at=NOW, usual_entries=5.0)
    assert condition(report(habit=small, entries=1), NOW)[0] is Condition.WELL


def test_three_thin_days_are_a_feed_that_shrank() -> None:
    assert condition(report(days=days(*[20] * 9, 3, 2, 3)), NOW)[0] is Condition.SHRUNK
    assert condition(report(days=days(*[20] * 9, 3, 2, 9)), NOW)[0] is Condition.WELL


def test_a_feed_that_moved_says_what_to_list_instead() -> None:
    moved = Habit(last_new_at=NOW, adopted="https://new.example/rss")
    state, why = condition(report(habit=moved), NOW)
    assert state is Condition.WELL
    assert "https://new.example/rss" in why


@given(
    st.lists(st.integers(0, 500), max_size=30),
    st.none() | st.timedeltas(timedelta(0), timedelta(days=60)),
    st.integers(0, 5),
)
def test_every_feed_has_a_condition_and_every_trouble_a_reason(
    counts: list[int], silence: timedelta | None, failures: int
) -> None:
    habit = Habit(last_new_at=None if silence is None else NOW - silence)
    told = report(
        days=days(*counts), habit=habit, failures=failures, error_code="timeout", error="slow"
    )
    state, why = condition(told, NOW)
    assert bool(why) == (state is not Condition.WELL)


# --- together -----------------------------------------------------------------------------------


def important(number: int, failing: int) -> list[FeedReport]:
    return [
        report(weight=IMPORTANT_WEIGHT, failures=FAILURES_OF_AN_OUTAGE if at < failing else 0)
        for at in range(number)
    ]


@pytest.mark.parametrize(
    ("number", "failing", "is_one"), [(10, 5, True), (10, 4, False), (2, 2, False)]
)
def test_half_of_the_important_feeds_and_three_at_least_are_an_outage(
    number: int, failing: int, is_one: bool
) -> None:
    assert bool(outage(important(number, failing), lasting=False)) == is_one


def test_an_outage_lasts_until_few_still_fail() -> None:
    assert outage(important(10, 3), lasting=True)
    assert not outage(important(10, 2), lasting=True)


def test_feeds_of_no_weight_and_single_failures_are_no_outage() -> None:
    light = [report(weight=1.0, failures=9) for _ in range(9)]
    once = [report(weight=1.5, failures=1) for _ in range(9)]
    assert not outage([*light, *once], lasting=False)


@pytest.mark.parametrize(
    ("past", "words"),
    [(40 * timedelta(minutes=1), "40 min"), (5 * HOUR, "5 h"), (3 * DAY, "3 days")],
)
def test_how_long_ago_is_told_in_words(past: timedelta, words: str) -> None:
    assert ago(NOW - past, NOW) == words
