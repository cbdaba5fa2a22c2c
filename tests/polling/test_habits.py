"""What answers teach of a feed, and when they are doubted."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.polling.habits import (
    CONSISTENT,
    DISTRUST,
    FULL_EVERY,
    HALF_LIFE,
    MOST_POLITE,
    Seen,
    answered,
    ask_in_full,
    failed,
    gap,
    max_age,
)
from service.records import Failed, Fetched, Habit, NotModified, ParsedFeed
from tests.make import NOW, parsed_article

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
MOVED = "https://new.example/rss"


def document(entries: int = 20) -> ParsedFeed:
    return ParsedFeed("Feed", tuple(parsed_article(f"Title {n}") for n in range(entries)), ())


def fetched(**changes: str) -> Fetched:
    return Fetched("https://feed.example/rss", b"body", "hash", {}, **changes)


def polled(habit: Habit, *counts: int, every: timedelta = HOUR) -> tuple[Habit, datetime]:
    """Return the habit after polls that found so many new entries, and when the last one was."""
    now = NOW
    for count in counts:
        last, now = now, now + every
        habit = answered(habit, fetched(), document(), Seen(count), last, now)
    return habit, now


def first_look(*ages: timedelta) -> Habit:
    seen = Seen(len(ages), [NOW - age for age in ages])
    return answered(Habit(), fetched(), document(len(ages)), seen, None, NOW)


# --- rate ---------------------------------------------------------------------------------------


def test_the_first_document_tells_the_rate_by_its_dates() -> None:
    assert gap(first_look(*(HOUR * n for n in range(1, 25)))) == pytest.approx(HOUR, rel=0.05)


def test_old_entries_of_the_first_document_make_a_feed_slow() -> None:
    quick = first_look(*(HOUR * n for n in range(1, 11)))
    slow = first_look(*(HOUR * n for n in range(1, 11)), *(HOUR * 24 * n for n in range(3, 23)))
    assert gap(slow) > 3 * gap(quick)


def test_a_first_document_without_dates_leaves_the_rate_unknown() -> None:
    assert gap(answered(Habit(), fetched(), document(), Seen(20), None, NOW)) == timedelta(0)


@given(st.integers(1, 6), st.sampled_from((10 * MINUTE, HOUR, 6 * HOUR)))
def test_the_rate_is_learnt_from_what_polls_find(count: int, every: timedelta) -> None:
    begun = replace(first_look(HOUR, 2 * HOUR), arrivals=1.0)
    polls = int(HALF_LIFE * 7 / every)
    habit, _ = polled(begun, *[count] * polls, every=every)
    assert gap(habit) == pytest.approx(every / count, rel=0.15)


def test_a_day_of_silence_makes_the_gap_longer() -> None:
    habit, _ = polled(first_look(HOUR, 2 * HOUR), *[1] * 48)
    silent, _ = polled(habit, *[0] * 24)
    assert gap(silent) > 1.8 * gap(habit)


def test_where_more_than_two_thirds_are_new_more_are_taken_to_have_been_missed() -> None:
    habit = first_look(HOUR, 2 * HOUR)
    within, _ = polled(habit, 13)
    flooded, _ = polled(habit, 14)
    assert flooded.arrivals > within.arrivals + 13


# --- what servers say ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"cache-control": "max-age=300"}, 5 * MINUTE),
        ({"cache-control": 'public, MAX-AGE="600"'}, 10 * MINUTE),
        ({"cache-control": "max-age=300", "age": "100"}, timedelta(seconds=200)),
        ({"cache-control": "max-age=300", "age": "900"}, None),
        ({"cache-control": "no-cache, max-age=300"}, None),
        ({"cache-control": "s-maxage=300"}, None),
        ({"cache-control": "max-age=never"}, None),
    ],
)
def test_max_age_is_read_less_the_time_already_spent(
    headers: dict[str, str], expected: timedelta | None
) -> None:
    assert max_age(headers) == expected


@given(st.text(), st.text())
def test_no_header_breaks_the_reading_of_max_age(control: str, age: str) -> None:
    found = max_age({"cache-control": control, "age": age})
    assert found is None or found > timedelta(0)


@pytest.mark.parametrize("code", ["http-403", "http-429", "http-503", "host-busy"])
def test_each_slow_down_doubles_the_politeness_and_each_answer_relents(code: str) -> None:
    habit = failed(failed(Habit(), Failed(code, "")), Failed(code, ""))
    assert habit.politeness == 4
    habit, _ = polled(habit, 0)
    assert habit.politeness == 2
    habit, _ = polled(habit, 0, 0)
    assert habit.politeness == 1
    for _ in range(20):
        habit = failed(habit, Failed(code, ""))
    assert habit.politeness == MOST_POLITE


def test_other_failures_are_no_call_for_politeness() -> None:
    assert failed(Habit(), Failed("timeout", "")) == Habit()


# --- moving -------------------------------------------------------------------------------------


def test_a_feed_that_moved_is_asked_at_its_new_place_after_three_consistent_answers() -> None:
    habit = Habit()
    for times in range(1, CONSISTENT + 1):
        assert habit.adopted is None
        habit = answered(habit, fetched(moved_to=MOVED), document(), Seen(), NOW, NOW + HOUR)
        assert habit.moved_seen == times % CONSISTENT
    assert habit.adopted == MOVED


@pytest.mark.parametrize("other", [None, "https://third.example/rss"])
def test_an_answer_from_elsewhere_begins_the_count_anew(other: str | None) -> None:
    habit = Habit(moved_to=MOVED, moved_seen=2)
    result = NotModified(moved_to=other)
    assert answered(habit, result, None, Seen(), NOW, NOW + HOUR).adopted is None


def test_a_new_place_that_is_gone_for_good_gives_way_to_the_listed_one() -> None:
    habit = Habit(adopted=MOVED)
    assert failed(habit, Failed("http-410", "", permanent=True)).adopted is None
    assert failed(habit, Failed("timeout", "")).adopted == MOVED


# --- "not modified" -----------------------------------------------------------------------------


def not_modified(habit: Habit, times: int, now: datetime = NOW) -> tuple[Habit, datetime]:
    for _ in range(times):
        last, now = now, now + HOUR
        habit = answered(habit, NotModified(), None, Seen(), last, now)
    return habit, now


def hourly() -> tuple[Habit, datetime]:
    return polled(first_look(HOUR, 2 * HOUR), *[1] * 48)


def test_not_modified_is_believed_while_it_fits_the_habit() -> None:
    habit, now = not_modified(*reversed_pair(hourly(), 3))
    assert not ask_in_full(habit, now)


def reversed_pair(pair: tuple[Habit, datetime], times: int) -> tuple[Habit, int, datetime]:
    return pair[0], times, pair[1]


def test_not_modified_is_tested_when_the_silence_is_odd_and_once_in_a_while_after_it() -> None:
    habit, now = not_modified(*reversed_pair(hourly(), 12))
    assert ask_in_full(habit, now)
    checked = answered(habit, fetched(), None, Seen(), now, now + HOUR)
    assert not ask_in_full(checked, now + 2 * HOUR)
    later, now = not_modified(checked, 4, now + HOUR)
    assert not ask_in_full(later, now)


def test_not_modified_is_tested_once_a_day_in_any_case() -> None:
    slow = replace(first_look(HOUR, 2 * HOUR), arrivals=0.01, last_full_at=NOW)
    habit, now = not_modified(slow, 2)
    assert not ask_in_full(habit, now)
    assert ask_in_full(habit, NOW + FULL_EVERY)


def test_a_feed_that_never_said_not_modified_needs_no_test() -> None:
    habit, now = hourly()
    assert not ask_in_full(habit, now + timedelta(days=30))


def test_a_server_whose_not_modified_was_untrue_is_asked_in_full_for_a_week() -> None:
    habit, now = not_modified(*reversed_pair(hourly(), 12))
    missed = Seen(2, [now - 5 * HOUR, now - MINUTE])
    caught = answered(habit, fetched(), document(), missed, now, now + HOUR)
    assert caught.distrusted_until == now + HOUR + DISTRUST
    assert ask_in_full(caught, now + DISTRUST)
    assert not ask_in_full(caught, now + HOUR + DISTRUST)


def test_what_appeared_since_not_modified_was_said_is_no_lie() -> None:
    habit, now = not_modified(*reversed_pair(hourly(), 12))
    fresh = Seen(1, [now + 30 * MINUTE])
    assert answered(habit, fetched(), document(), fresh, now, now + HOUR).distrusted_until is None


def test_the_usual_size_of_a_document_is_remembered() -> None:
    habit, _ = polled(Habit(), 0)
    assert habit.usual_entries == 20
    smaller = answered(habit, fetched(), document(10), Seen(), NOW, NOW + HOUR)
    assert smaller.usual_entries == 19
