"""What a push changes in polling: the feed is due, and else it is asked less often."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from service.polling.cadence import LONGEST_SAFETY_NET, SAFETY_NET
from service.polling.habits import Seen
from service.polling.push.news import APART, LAG, ON_TIME, due_after_push, is_relied_on
from service.polling.updates import ReadFeed, update_of
from service.records import Failed, Fetched, Habit, NotModified, ParsedFeed
from tests.make import NOW, cadence, feed_state
from tests.polling.test_cadence import CHANCES, HABITS, every

CADENCE = cadence()
DAY, HOUR, MINUTE, SECOND = (
    timedelta(days=1),
    timedelta(hours=1),
    timedelta(minutes=1),
    timedelta(seconds=1),
)


# --- due ----------------------------------------------------------------------------------------


def test_a_push_makes_the_feed_due_at_once() -> None:
    assert due_after_push(None, NOW) == NOW
    assert due_after_push(NOW - APART, NOW) == NOW


def test_a_push_soon_after_another_is_put_off_and_not_lost() -> None:
    assert due_after_push(NOW - 10 * SECOND, NOW) == NOW + 50 * SECOND
    # And one more has nothing to add.
    assert due_after_push(NOW + 50 * SECOND, NOW) == NOW + 50 * SECOND


@given(st.lists(st.integers(0, 120), min_size=1, max_size=60))
def test_however_many_pushes_come_a_feed_is_due_once_a_minute_and_after_the_last(
    pauses: list[int],
) -> None:
    last: datetime | None = None
    due, now = set(), NOW
    for pause in pauses:
        now += pause * SECOND
        last = due_after_push(last, now)
        due.add(last)
        assert now <= last <= now + APART
    assert all(later - earlier >= APART for earlier, later in pairwise(sorted(due)))


# --- how far it is relied on --------------------------------------------------------------------


def test_a_hub_is_relied_on_while_its_last_push_told_of_the_last_news() -> None:
    assert not is_relied_on(None, None)
    assert not is_relied_on(None, NOW)
    assert not is_relied_on(NOW, None)
    # The poll that a push set off finds the news a little later; another may have a little before.
    assert is_relied_on(NOW, NOW + 20 * SECOND)
    assert is_relied_on(NOW, NOW - 20 * SECOND)
    assert is_relied_on(NOW, NOW + ON_TIME)
    assert not is_relied_on(NOW, NOW + ON_TIME + SECOND)
    assert not is_relied_on(NOW, NOW - DAY)


def test_polling_a_feed_that_is_pushed_is_a_safety_net() -> None:
    quick, slow, slowest = every(15 * MINUTE), every(4 * HOUR), every(100 * DAY)
    assert CADENCE.interval(quick, pushed=True) == SAFETY_NET * CADENCE.interval(quick)
    assert CADENCE.interval(slow, pushed=True) == SAFETY_NET * CADENCE.interval(slow)
    assert CADENCE.interval(every(60 * HOUR), pushed=True) == LONGEST_SAFETY_NET
    # What is asked more seldom anyway is not asked more often for it.
    assert CADENCE.interval(slowest, pushed=True) == CADENCE.interval(slowest)


@given(HABITS, CHANCES, st.booleans())
def test_a_feed_that_is_pushed_is_asked_no_sooner_and_within_the_same_bounds(
    habit: Habit, chance: float, hot: bool
) -> None:
    plain = CADENCE.after_answer(NOW, habit, chance, hot=hot)
    pushed = CADENCE.after_answer(NOW, habit, chance, hot=hot, pushed=True)
    assert plain <= pushed
    assert 2 * MINUTE <= pushed - NOW <= DAY


@given(HABITS)
def test_the_longest_interval_is_the_longest_for_pushed_feeds_too(habit: Habit) -> None:
    assert cadence(longest=HOUR).interval(habit, pushed=True) <= HOUR


# --- after a poll -------------------------------------------------------------------------------

HABIT = Habit(arrivals=24.0, watched=DAY, last_new_at=NOW - 3 * HOUR)


def next_poll(pushed_at: datetime | None, new: int = 0) -> timedelta:
    feed = feed_state(habit=HABIT, pushed_at=pushed_at, last_polled_at=NOW - HOUR)
    document = ParsedFeed("Feed", (), ())
    read = ReadFeed(feed, Fetched(feed.url, b"", "hash"), document)
    update = update_of(read, Seen(new), CADENCE, NOW, 0.5, hot=False)
    return update.next_poll_at - NOW


def test_news_that_was_pushed_lets_the_next_poll_wait() -> None:
    plain = next_poll(None, 1)
    assert plain < HOUR
    assert next_poll(NOW - 20 * SECOND, 1) == SAFETY_NET * plain


def test_news_that_a_poll_found_by_itself_ends_the_reliance() -> None:
    assert next_poll(NOW - HOUR, 1) == next_poll(None, 1)


def test_a_push_that_told_of_the_last_news_holds_through_the_silence_after_it() -> None:
    assert next_poll(NOW - 3 * HOUR) == SAFETY_NET * next_poll(None)


def test_a_feed_that_does_not_show_yet_what_its_hub_told_of_is_asked_once_more_soon() -> None:
    assert next_poll(NOW - 20 * SECOND) == LAG
    # Asked once more, and there is still nothing: as if nobody had pushed.
    assert next_poll(NOW - HOUR - LAG) == next_poll(None)


def test_who_is_asked_sooner_anyway_is_not_put_off_for_a_push() -> None:
    busy = replace(HABIT, arrivals=DAY / (3 * MINUTE))
    feed = feed_state(habit=busy, pushed_at=NOW, last_polled_at=NOW - HOUR)
    read = ReadFeed(feed, NotModified())
    update = update_of(read, Seen(), CADENCE, NOW, 0.5, hot=False)
    assert update.next_poll_at - NOW < LAG


def test_a_feed_that_fails_is_asked_as_if_nobody_pushed() -> None:
    def after(pushed_at: datetime | None) -> datetime:
        feed = feed_state(habit=HABIT, pushed_at=pushed_at)
        read = ReadFeed(feed, Failed("timeout", "slow"))
        return update_of(read, Seen(), CADENCE, NOW, 0.5, hot=False).next_poll_at

    assert after(NOW) == after(None)


def test_the_newest_of_a_feed_without_dates_is_known_too() -> None:
    # Else its hub would look reliable for ever.
    habit, at = Habit(), None
    for hour in range(3):
        feed = feed_state(habit=habit, last_polled_at=at)
        read = ReadFeed(feed, Fetched(feed.url, b"", "hash"), ParsedFeed("Feed", (), ()))
        at = NOW + hour * HOUR
        habit = update_of(read, Seen(1), CADENCE, at, 0.5, hot=False).habit
    assert habit.last_new_at == at
    assert habit.watched > HOUR
