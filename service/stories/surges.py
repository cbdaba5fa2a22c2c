"""Tells when a topic fills the news beyond its own baseline. Pure.

Days are 24 hours long and end when the digest is made, so that the newest is as whole as the rest.
Counted are the stories, and the articles, that came up on each day in feeds that have been read for
weeks and are read now: one that was added or is lost is in no count, neither of today nor before.

What is to be expected is no past count, but a past share of what the same feeds read, feed by feed
(indirect standardisation): adjusted by all that was seen, counts find more at the same rate of
false alarms (Tokars and others 2009; ``baseline`` has the reference, and how a limit is made).
Today is tried alone, and together with yesterday. That 3 a day have become 9 is found within two
days in nine cases of ten, on the first in half of them; with one false alarm in a hundred days, the
best test there can be finds two thirds on the first, and nine tenths by the second.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

from service.records import DigestSurge, FeedId, Topic, Unit
from service.stories.baseline import Day, Usual, quantile, tail, usual_of

# The first day only tells which feeds were read before the second; the last two are tried.
BASELINE = 84
DAYS = 1 + BASELINE + 2
FEWEST_DAYS = 28
# A feed counts once it was read on so many days of the baseline.
ESTABLISHED_DAYS = 14
# So many articles a day pull a feed's activity towards its usual one.
ACTIVITY_PRIOR = 20.0
# Chances of a false alarm a day, by what is tried; together about one in a hundred.
CHANCE: Mapping[Unit, float] = {"stories": 0.005, "articles": 0.0005}
CHANCE_OF_TWO_DAYS = 0.018
# So improbable is each of the days since a surge began.
CHANCE_OF_A_RUN = 0.05
# Whatever the chances: fewer, or less than so many times the usual, are no surge to a reader.
FEWEST: Mapping[Unit, int] = {"stories": 5, "articles": 12}
LEAST_TIMES = 2.0
# So many days are drawn.
SHOWN = 28

# For each story, or article, of a topic: the day on which each feed first carried it.
Carried = Mapping[int, Mapping[FeedId, int]]
# For each day: the feeds that count on it, each with what it read as a multiple of its usual.
Activity = Sequence[Mapping[FeedId, float]]


def surges(
    read: Sequence[Mapping[FeedId, float]],
    stories: Mapping[Topic, Carried],
    articles: Mapping[Topic, Carried],
    last_day: date,
) -> tuple[DigestSurge, ...]:
    """Return the topics that surge on ``last_day``, none while less than four weeks are known.

    ``read`` tells for each of ``DAYS`` days, the oldest first, which feeds were read and how many
    entries each had new; days in ``stories`` and ``articles`` are indices into it. Of a topic the
    stories are told if they surge, else the articles.
    """
    activity = _activity(read, articles)
    found = []
    for topic in stories.keys() | articles.keys():
        surge = _surge(topic, "stories", stories, activity, last_day) or _surge(
            topic, "articles", articles, activity, last_day
        )
        if surge:
            found.append(surge)
    return tuple(sorted(found, key=lambda surge: (-surge.times, surge.topic)))


def _activity(
    read: Sequence[Mapping[FeedId, float]], articles: Mapping[Topic, Carried]
) -> Activity:
    """Return which feeds count on each day, and how busy each was with all else than the topics.

    What a feed brings after a day without an answer may be old: it does not count. What it brings
    of the topics is no activity, or the surge of a feed that has little else would excuse itself.
    """
    of_topics = {
        (article, feed): day
        for carried in articles.values()
        for article, sightings in carried.items()
        for feed, day in sightings.items()
    }
    topical = Counter((feed, day) for (_, feed), day in of_topics.items())
    steady = [set[FeedId](), *(set(now) & set(before) for before, now in pairwise(read))]
    days_read = Counter(feed for day in steady[:-2] for feed in day)
    panel = {feed for feed in steady[-1] & steady[-2] if days_read[feed] >= ESTABLISHED_DAYS}
    other = [
        {feed: max(read[index][feed] - topical[feed, index], 0.0) for feed in feeds & panel}
        for index, feeds in enumerate(steady)
    ]
    total = _summed(other[:-2])
    return [
        {
            feed: (amount + ACTIVITY_PRIOR) / (total[feed] / days_read[feed] + ACTIVITY_PRIOR)
            for feed, amount in day.items()
        }
        for day in other
    ]


def _summed(days: Activity) -> dict[FeedId, float]:
    sums: defaultdict[FeedId, float] = defaultdict(float)
    for day in days:
        for feed, amount in day.items():
            sums[feed] += amount
    return sums


def _days(carried: Carried, activity: Activity, last_day: date) -> list[Day]:
    """Count each story on the day it came up, and what was to be expected of the day's feeds."""
    counts, credit = _came_up(carried, activity)
    done = _summed(activity[:-2])
    # A feed that never had anything of the topic may yet: all of them together half a story.
    share = {feed: (credit[feed] + 0.5 / len(done)) / amount for feed, amount in done.items()}
    before = len(activity) - 1
    return [
        Day(
            counts[index],
            sum(share[feed] * amount for feed, amount in day.items()),
            (last_day - timedelta(days=before - index)).weekday() >= 5,
        )
        for index, day in enumerate(activity)
    ]


def _came_up(
    carried: Carried, activity: Activity
) -> tuple[Counter[int], defaultdict[FeedId, float]]:
    """Return how many came up on each day, and what each feed has of those of the baseline."""
    counts: Counter[int] = Counter()
    credit: defaultdict[FeedId, float] = defaultdict(float)
    for sightings in carried.values():
        first, ahead = len(activity), list[FeedId]()
        for feed, day in sightings.items():
            if day <= first and feed in activity[day]:
                ahead = [*ahead, feed] if day == first else [feed]
                first = day
        if ahead:
            counts[first] += 1
        if first < len(activity) - 2:
            for feed in ahead:
                credit[feed] += 1 / len(ahead)
    return counts, credit


def _surge(
    topic: Topic,
    unit: Unit,
    carried: Mapping[Topic, Carried],
    activity: Activity,
    last_day: date,
) -> DigestSurge | None:
    days = _days(carried.get(topic, {}), activity, last_day)
    *past, yesterday, today = days
    past = [day for day in past if day.exposure]
    if len(past) < FEWEST_DAYS or not today.exposure:
        return None
    usual = usual_of(past)
    tried = _tried(unit, usual, yesterday, today)
    if not tried:
        return None
    observed, expected = sum(day.count for day in tried), usual.expect(*tried)
    return DigestSurge(
        topic=topic,
        unit=unit,
        days=len(tried),
        observed=observed,
        expected=expected.mean,
        usual=(quantile(0.25, expected), quantile(0.75, expected)),
        times=observed / expected.mean,
        counts=tuple(day.count for day in days[-SHOWN:]),
        until=last_day,
        since=_since(days, usual, len(tried), last_day),
    )


def _tried(unit: Unit, usual: Usual, yesterday: Day, today: Day) -> tuple[Day, ...]:
    """Return the days that surge: today, or yesterday and today together; empty if none do."""
    if _beyond(unit, usual, CHANCE[unit], today):
        return (today,)
    both = (yesterday, today)
    if unit == "articles" or _beyond(unit, usual, CHANCE[unit], yesterday):
        return ()
    # One day alone that fell short must not be carried by the other.
    if any(day.count <= usual.expect(day).mean for day in both):
        return ()
    return both if _beyond(unit, usual, CHANCE_OF_TWO_DAYS, *both) else ()


def _beyond(unit: Unit, usual: Usual, chance: float, *days: Day) -> bool:
    count, expected = sum(day.count for day in days), usual.expect(*days)
    enough = count >= max(FEWEST[unit], LEAST_TIMES * expected.mean)
    return enough and tail(count, expected) <= chance


def _since(days: Sequence[Day], usual: Usual, tried: int, last_day: date) -> date | None:
    """Return the first day of the run up to today; None if it is today alone."""
    run = tried
    for day in reversed(days[-SHOWN:-tried]):
        if not day.exposure or tail(day.count, usual.expect(day)) > CHANCE_OF_A_RUN:
            break
        run += 1
    return last_day - timedelta(days=run - 1) if run > 1 else None
