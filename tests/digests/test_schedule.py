"""Due times over years and zones, the awkward hours of daylight saving above all."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.digests.schedule import expression, next_due
from service.settings import Subscription
from tests.make import subscription

# Half an hour (Lord Howe), midnight (Tehran, until 2022), north and south, west and east.
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tehran", "Australia/Lord_Howe")
# The instants at which those clocks were moved, forth and back.
JUMPS = [
    ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    ("Asia/Tehran", datetime(2022, 3, 21, 20, 30, tzinfo=UTC)),
    ("Asia/Tehran", datetime(2022, 9, 21, 19, 30, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
]
TIMES = st.tuples(st.integers(0, 59), st.integers(0, 23))
# The hours in which clocks are moved, drawn more often than chance would.
AWKWARD = st.tuples(st.integers(0, 59), st.sampled_from((0, 1, 2, 3, 23)))


def daily(time: tuple[int, int], zone: str) -> Subscription:
    minute, hour = time
    return subscription(cron=f"{minute} {hour} * * *", time_zone=zone)


@pytest.mark.parametrize(("zone", "jump"), JUMPS)
def test_the_clock_is_moved_at_each_of_these_instants(zone: str, jump: datetime) -> None:
    # Or the tests below would look for trouble where there is none.
    moment = timedelta(seconds=1)
    before, after = ((jump + d).astimezone(ZoneInfo(zone)) for d in (-moment, moment))
    assert before.utcoffset() != after.utcoffset()


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(ZONES), st.integers(1992, 2036), TIMES | AWKWARD)
def test_a_daily_digest_is_due_once_on_each_day_of_the_year(
    zone: str, year: int, time: tuple[int, int]
) -> None:
    local, wanted = ZoneInfo(zone), daily(time, zone)
    moment, end = (datetime(y, 1, 1, tzinfo=local).astimezone(UTC) for y in (year, year + 1))
    # Midnight of the first day is due itself.
    moment -= timedelta(seconds=1)
    days: Counter[int] = Counter()
    while (moment := next_due(wanted, moment)) < end:
        days[moment.astimezone(local).timetuple().tm_yday] += 1
    length = (datetime(year + 1, 1, 1, tzinfo=UTC) - datetime(year, 1, 1, tzinfo=UTC)).days
    assert days == Counter(range(1, length + 1))


@settings(deadline=None)
@given(
    st.sampled_from(JUMPS),
    AWKWARD,
    st.timedeltas(-timedelta(hours=6), timedelta(hours=6)),
)
def test_the_due_time_is_later_than_now_and_less_than_26_hours_away(
    jump: tuple[str, datetime], time: tuple[int, int], offset: timedelta
) -> None:
    zone, instant = jump
    now = instant + offset
    assert now < next_due(daily(time, zone), now) <= now + timedelta(hours=26)


@settings(deadline=None)
@given(
    st.sampled_from(JUMPS),
    AWKWARD,
    st.timedeltas(-timedelta(hours=6), timedelta(hours=6)),
    st.floats(0, 0.999),
)
def test_asking_again_before_it_is_due_gives_the_same_time(
    jump: tuple[str, datetime], time: tuple[int, int], offset: timedelta, share: float
) -> None:
    # A daemon that is restarted in between must neither skip a digest nor make a second one.
    zone, instant = jump
    wanted, now = daily(time, zone), instant + offset
    due = next_due(wanted, now)
    assert next_due(wanted, now + (due - now) * share) == due


@pytest.mark.parametrize(("zone", "jump"), JUMPS)
@pytest.mark.parametrize("cron", ["0 * * * *", "*/15 * * * *"])
def test_hourly_and_quarterly_digests_come_on_through_the_jump(
    zone: str, jump: datetime, cron: str
) -> None:
    step = timedelta(hours=1) if cron.startswith("0") else timedelta(minutes=15)
    wanted, moment = subscription(cron=cron, time_zone=zone), jump - timedelta(hours=4)
    while moment < jump + timedelta(hours=4):
        due = next_due(wanted, moment)
        # Lord Howe moves by half an hour, which a full hour comes sooner or later by.
        assert timedelta(0) < due - moment <= step + timedelta(minutes=30)
        moment = due


def test_a_time_the_clock_skips_in_spring_comes_right_after_the_jump() -> None:
    wanted = subscription(cron="30 2 * * *", time_zone="Europe/Berlin")
    assert next_due(wanted, datetime(2026, 3, 28, 12, tzinfo=UTC)) == datetime(
        2026, 3, 29, 1, tzinfo=UTC
    )


def test_a_time_the_clock_shows_twice_in_autumn_comes_the_first_time() -> None:
    wanted = subscription(cron="30 2 * * *", time_zone="Europe/Berlin")
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert next_due(wanted, datetime(2026, 10, 24, 12, tzinfo=UTC)) == first
    assert next_due(wanted, first) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_a_digest_made_late_in_the_doubled_hour_is_not_due_a_second_time() -> None:
    # The service was down at the first half past two and starts between it and the second.
    wanted = subscription(cron="30 2 * * *", time_zone="Europe/Berlin")
    started = datetime(2026, 10, 25, 1, 5, tzinfo=UTC)
    assert next_due(wanted, started) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_a_digest_on_working_days_is_not_due_at_the_weekend() -> None:
    wanted = subscription(cron="0 7 * * mon-fri", time_zone="Asia/Tehran")
    friday = datetime(2026, 3, 20, 12, tzinfo=UTC)
    assert next_due(wanted, friday) == datetime(2026, 3, 23, 3, 30, tzinfo=UTC)


@given(st.timedeltas(timedelta(0), timedelta(days=18_000)), st.sampled_from(ZONES))
def test_the_due_time_is_told_in_utc_and_to_the_minute(since: timedelta, zone: str) -> None:
    due = next_due(daily((0, 7), zone), datetime(1990, 1, 1, tzinfo=UTC) + since)
    assert due.tzinfo is UTC
    assert (due.second, due.microsecond) == (0, 0)


def test_a_change_of_time_or_of_zone_is_noticed_and_one_of_title_is_not() -> None:
    one = subscription(cron="0 7 * * *", time_zone="Asia/Dubai")
    assert expression(one) == expression(
        subscription("other", cron=one.cron, time_zone="Asia/Dubai")
    )
    assert expression(one) != expression(daily((0, 8), "Asia/Dubai"))
    assert expression(one) != expression(daily((0, 7), "Asia/Tehran"))
