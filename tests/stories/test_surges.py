"""When a topic is said to fill the news beyond its own baseline, and when not."""

from __future__ import annotations

import math
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.records import DigestSurge, FeedId, Topic
from service.stories.baseline import Expected, quantile, tail
from service.stories.surges import DAYS, FEWEST_DAYS, SHOWN, surges
from tests.stories.volumes import FEEDS, LAST, World, by_chance, even

TODAY, YESTERDAY = DAYS - 1, DAYS - 2
RATES = {"a": 0.5, "b": 1.0, "c": 2.0, "d": 3.0, "e": 5.0, "f": 10.0}


def usual(day: int) -> int:
    """Return three stories, more or less."""
    return (3, 2, 4, 3, 5, 1)[day % 6]


def today_has(count: int) -> World:
    return even(lambda day: count if day == TODAY else usual(day))


def only(found: tuple[DigestSurge, ...]) -> DigestSurge:
    (one,) = found
    return one


# --- what a surge is ----------------------------------------------------------------------------


def test_many_more_stories_than_usual_are_a_surge() -> None:
    told = only(today_has(14).surges())
    assert (told.topic, told.unit, told.observed, told.days) == ("military", "stories", 14, 1)
    assert told.expected == pytest.approx(3, abs=0.2)
    assert told.times == pytest.approx(14 / told.expected)
    assert told.usual == (2, 4)
    assert (told.until, told.since) == (LAST, None)
    assert len(told.counts) == SHOWN
    assert told.counts[-4:] == (usual(TODAY - 3), usual(TODAY - 2), usual(TODAY - 1), 14)


@pytest.mark.parametrize("count", [0, 3, 5, 6])
def test_a_usual_day_is_none(count: int) -> None:
    assert today_has(count).surges() == ()


@pytest.mark.parametrize(
    ("before", "count", "is_one"),
    [(0, 1, False), (0, 4, False), (0, 8, True), (1, 3, False), (1, 8, True)],
)
def test_from_none_to_one_is_no_surge_and_from_one_to_eight_is(
    before: int, count: int, is_one: bool
) -> None:
    world = even(lambda day: count if day == TODAY else before)
    assert bool(world.surges()) is is_one


def test_a_topic_that_never_had_a_story_has_no_usual_ones() -> None:
    told = only(even(lambda day: 6 if day == TODAY else 0).surges())
    assert told.usual == (0, 0)


def test_two_days_may_be_a_surge_where_neither_is_alone() -> None:
    told = only(even(lambda day: 7 if day >= YESTERDAY else usual(day)).surges())
    assert (told.days, told.observed) == (2, 14)
    assert told.expected == pytest.approx(6, abs=0.4)
    assert told.since == LAST - timedelta(days=1)
    assert even(lambda day: 7 if day == YESTERDAY else usual(day)).surges() == ()


def test_the_surge_of_yesterday_makes_none_of_today() -> None:
    assert even(lambda day: 20 if day == YESTERDAY else usual(day)).surges() == ()
    assert even(lambda day: 20 if day == YESTERDAY else min(usual(day), 4)).surges() == ()


def test_a_surge_that_lasts_says_since_when() -> None:
    told = only(even(lambda day: 12 if day > TODAY - 4 else usual(day)).surges())
    assert told.since == LAST - timedelta(days=3)


def test_what_has_lasted_for_weeks_is_the_usual() -> None:
    assert even(lambda day: usual(day) + 8 * (day > TODAY - 28)).surges() == ()


def test_a_surge_in_the_past_does_not_hide_the_next() -> None:
    past = even(lambda day: 10 if day == TODAY else 20 if day in (40, 41, 60) else usual(day))
    assert only(past.surges()).usual[1] <= 5


def test_week_ends_are_compared_with_week_ends() -> None:
    sunday = date(2026, 3, 15)

    def working(day: int) -> bool:
        return (sunday - timedelta(days=TODAY - day)).weekday() < 5

    def on(last_day: date, count: int) -> World:
        shift = (last_day - sunday).days
        return even(lambda d: count if d == TODAY else usual(d) + 3 if working(d + shift) else 1)

    assert only(on(sunday, 7).surges(last_day=sunday)).usual[1] <= 2
    monday = sunday + timedelta(days=1)
    assert on(monday, 7).surges(last_day=monday) == ()


def test_an_event_that_all_report_is_a_surge_of_articles() -> None:
    world = even(usual)
    world.tell("military", TODAY, *FEEDS, articles=8)
    told = only(world.surges())
    assert (told.unit, told.observed) == ("articles", usual(TODAY) + 32)


def test_the_most_unusual_topic_comes_first() -> None:
    world = today_has(12)
    for _ in range(12):
        world.tell("economic", TODAY, FEEDS[0])
    assert [one.topic for one in world.surges()] == ["economic", "military"]


# --- what is known of feeds ---------------------------------------------------------------------


def test_with_too_little_history_nothing_is_said() -> None:
    def known_for(days: int) -> World:
        began = DAYS - 2 - days - 1
        world = even(lambda day: 0 if day <= began else 14 if day == TODAY else usual(day))
        world.read[:began] = [{} for _ in range(began)]
        return world

    assert known_for(FEWEST_DAYS - 1).surges() == ()
    assert only(known_for(FEWEST_DAYS).surges()).observed == 14
    assert surges([{} for _ in range(DAYS)], {}, {}, LAST) == ()


@pytest.mark.parametrize("since", [TODAY, YESTERDAY, TODAY - 10])
def test_a_feed_that_was_added_makes_no_surge(since: int) -> None:
    world, added = even(usual), FeedId(9)
    for day in range(since, DAYS):
        world.read[day][added] = 40.0
        for _ in range(10):
            world.tell("military", day, added)
    assert world.surges() == ()


def test_what_an_added_feed_and_an_old_one_both_have_counts_for_the_old_one() -> None:
    world = even(usual)
    for _ in range(12):
        world.tell("military", TODAY, FEEDS[0], FeedId(9))
    assert only(world.surges()).observed == 12 + usual(TODAY)


def test_a_feed_that_counts_by_now_raises_what_is_expected() -> None:
    world, added = even(usual), FeedId(9)
    for day in range(TODAY - 40, DAYS):
        world.read[day][added] = 40.0
        for _ in range(8):
            world.tell("military", day, added)
    assert world.surges() == ()


def test_when_feeds_are_lost_the_others_are_compared_with_themselves() -> None:
    def with_today(count: int) -> World:
        world = even(lambda day: 0 if day == TODAY else 2 * usual(day))
        world.read[TODAY] = {FEEDS[0]: 50.0}
        for _ in range(count):
            world.tell("military", TODAY, FEEDS[0])
        return world

    # Six a day of all feeds are nothing new; of the one that is left they are.
    assert only(with_today(8).surges()).expected < 3
    assert with_today(3).surges() == ()


def test_what_a_feed_brings_after_a_pause_may_be_old() -> None:
    world = even(usual)
    world.read[YESTERDAY].pop(FEEDS[0])
    for _ in range(20):
        world.tell("military", TODAY, FEEDS[0])
    assert world.surges() == ()


def test_after_a_day_on_which_nothing_was_read_nothing_is_said() -> None:
    world = today_has(40)
    world.read[YESTERDAY] = {}
    assert world.surges() == ()


def test_whoever_reads_four_times_as_much_finds_four_times_as_much() -> None:
    world = today_has(12)
    assert world.surges()
    world.read[TODAY] = dict.fromkeys(FEEDS, 200.0)
    assert world.surges() == ()


def test_a_feed_that_has_nothing_else_cannot_excuse_its_surge() -> None:
    search = FeedId(9)
    world = World([{search: 0.0} for _ in range(DAYS)])
    for day in range(DAYS):
        for _ in range(14 if day == TODAY else usual(day)):
            world.tell("military", day, search)
    assert only(world.surges()).observed == 14


# --- how often it errs --------------------------------------------------------------------------


def test_false_alarms_are_about_one_in_a_hundred_topic_days() -> None:
    alarms: list[bool] = []
    for seed, (spread, dip) in enumerate([(1.0, 1.0), (1.0, 0.5), (1.5, 0.5), (2.5, 0.5)]):
        days = DAYS + 59
        world = by_chance(Random(seed), RATES, days, spread=spread, dip=dip)
        for last in range(DAYS - 1, days):
            found = world.surges(last, LAST - timedelta(days=days - 1 - last))
            alarms += [topic in {one.topic for one in found} for topic in RATES]
    assert len(alarms) == 1_440
    assert sum(alarms) / len(alarms) <= 0.012


@pytest.mark.parametrize("dip", [1.0, 0.5])
def test_a_topic_that_trebles_is_found_within_a_day_of_its_first(dip: float) -> None:
    topics = dict.fromkeys("abcdefgh", 3.0)
    first, either = [], []
    for seed in range(50):
        # The last two days are a Monday and a Tuesday up to a Thursday and a Friday.
        last_day = LAST + timedelta(days=seed % 4)
        world = by_chance(
            Random(seed),
            topics,
            DAYS + 1,
            dip=dip,
            last_day=last_day,
            times=lambda day: 3.0 if day >= DAYS - 1 else 1.0,
        )
        one = {s.topic for s in world.surges(DAYS - 1, last_day - timedelta(days=1))}
        two = {s.topic for s in world.surges(DAYS, last_day)}
        first += [topic in one for topic in topics]
        either += [topic in one | two for topic in topics]
    assert sum(either) / len(either) >= 0.9
    assert sum(first) / len(first) >= 0.45


def test_a_busy_topic_that_trebles_is_found_on_the_first_day() -> None:
    topics = dict.fromkeys("abcdef", 10.0)
    found = []
    for seed in range(8):
        chance = Random(seed)
        world = by_chance(chance, topics, DAYS, times=lambda day: 3.0 if day == TODAY else 1.0)
        found += [topic in {one.topic for one in world.surges()} for topic in topics]
    assert sum(found) / len(found) >= 0.9


# --- chances ------------------------------------------------------------------------------------


@given(st.floats(0.001, 50), st.integers(0, 120))
def test_without_any_excess_the_chance_is_poisson_s(mean: float, count: int) -> None:
    below = sum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(count))
    chance = tail(count, Expected(mean, mean**2 * 1e-9))
    assert chance == pytest.approx(1 - below, abs=1e-5) or count <= mean


@given(st.floats(1e-6, 2_000), st.floats(1e-3, 10), st.integers(0, 5_000))
def test_more_is_never_likelier_and_no_chance_leaves_its_bounds(
    mean: float, spread: float, count: int
) -> None:
    expected = Expected(mean, mean * spread)
    one, more = tail(count, expected), tail(count + 1, expected)
    assert 0 <= more <= one <= 1 + 1e-9


@given(st.floats(0.01, 200), st.floats(0.01, 3))
def test_half_of_all_days_lie_between_the_quartiles(mean: float, spread: float) -> None:
    expected = Expected(mean, mean * spread)
    low, high = quantile(0.25, expected), quantile(0.75, expected)
    assert low <= high
    assert tail(high + 1, expected) <= 0.25 + 1e-6 or high + 1 <= mean


READINGS = st.lists(
    st.dictionaries(st.sampled_from(FEEDS), st.floats(0, 1e6), max_size=4),
    min_size=DAYS,
    max_size=DAYS,
)
CARRIED = st.dictionaries(
    st.sampled_from([Topic("military"), Topic("economic")]),
    st.dictionaries(
        st.integers(1, 40),
        st.dictionaries(st.sampled_from(FEEDS), st.integers(0, DAYS - 1), min_size=1),
        max_size=40,
    ),
)


@settings(max_examples=30, deadline=None)
@given(READINGS, CARRIED, CARRIED)
def test_whatever_was_read_a_surge_adds_up(
    read: list[dict[FeedId, float]],
    stories: dict[Topic, dict[int, dict[FeedId, int]]],
    articles: dict[Topic, dict[int, dict[FeedId, int]]],
) -> None:
    for told in surges(read, stories, articles, LAST):
        assert told.observed == sum(told.counts[-told.days :])
        assert told.times * told.expected == pytest.approx(told.observed)
        assert told.usual[0] <= told.usual[1] < told.observed
        assert told.since is None or told.since < LAST
