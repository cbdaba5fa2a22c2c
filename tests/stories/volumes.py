"""Days on which feeds read articles and some of them are of a topic, as surges are told from."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from service.records import DigestSurge, FeedId, Topic
from service.stories.surges import DAYS, surges

# A Tuesday.
LAST = date(2026, 3, 17)
FEEDS = tuple(map(FeedId, range(1, 5)))


@dataclass
class World:
    """``read`` tells for each day what each feed read; stories and articles are added to it."""

    read: list[dict[FeedId, float]] = field(default_factory=list)
    stories: dict[Topic, dict[int, dict[FeedId, int]]] = field(default_factory=dict)
    articles: dict[Topic, dict[int, dict[FeedId, int]]] = field(default_factory=dict)
    number: int = 0

    def tell(self, topic: str, day: int, *feeds: FeedId, articles: int = 1) -> None:
        """Let a story come up in each of the feeds, in so many articles a feed."""
        self.number += 1
        self.stories.setdefault(Topic(topic), {})[self.number] = dict.fromkeys(feeds, day)
        for feed in feeds:
            self.read[day][feed] = self.read[day].get(feed, 0.0) + articles
            for _ in range(articles):
                self.number += 1
                self.articles.setdefault(Topic(topic), {})[self.number] = {feed: day}

    def surges(self, last: int = DAYS - 1, last_day: date = LAST) -> tuple[DigestSurge, ...]:
        """Return what surges on the day of that index."""
        first = last - DAYS + 1
        return surges(
            self.read[first : last + 1],
            _within(self.stories, first, last),
            _within(self.articles, first, last),
            last_day,
        )


def _within(
    told: dict[Topic, dict[int, dict[FeedId, int]]], first: int, last: int
) -> dict[Topic, dict[int, dict[FeedId, int]]]:
    return {
        topic: {
            item: {feed: day - first for feed, day in sightings.items()}
            for item, sightings in carried.items()
            if first <= min(sightings.values()) <= last
        }
        for topic, carried in told.items()
    }


def even(per_day: Callable[[int], int], days: int = DAYS, feeds: Sequence[FeedId] = FEEDS) -> World:
    """Return days on which each feed reads 50 articles, and the feeds have the stories in turn."""
    world = World([dict.fromkeys(feeds, 50.0) for _ in range(days)])
    for day in range(days):
        for number in range(per_day(day)):
            world.tell("military", day, feeds[number % len(feeds)])
    return world


def by_chance(
    chance: Random,
    means: dict[str, float],
    days: int,
    *,
    spread: float = 1.0,
    dip: float = 1.0,
    last_day: date = LAST,
    times: Callable[[int], float] = lambda _: 1.0,
) -> World:
    """Return a stream in which all is left to chance.

    ``means`` are stories a working day, week-ends have ``dip`` as many, of the topics as of all
    that is read; variances are ``spread`` times the means. Most stories are in several feeds.
    """
    world = World()
    for day in range(days):
        week_end = (last_day - timedelta(days=days - 1 - day)).weekday() >= 5
        busy = dip if week_end else 1.0
        world.read.append({f: float(poisson(chance, 15 * f * f * busy)) for f in FEEDS})
        for topic, mean in means.items():
            for _ in range(drawn(chance, mean * busy * times(day), spread)):
                carriers = chance.sample(FEEDS, 1 + min(poisson(chance, 0.8), 3))
                world.tell(topic, day, *carriers)
    return world


def drawn(chance: Random, mean: float, spread: float) -> int:
    """Draw a count whose variance is ``spread`` times its mean."""
    if spread <= 1:
        return poisson(chance, mean)
    return poisson(chance, chance.gammavariate(mean / (spread - 1), spread - 1))


def poisson(chance: Random, mean: float) -> int:
    """Draw a Poisson count, by the products of Knuth; parts of large means add up."""
    count = 0
    while mean > 30:
        mean -= 30
        count += poisson(chance, 30)
    least, product = math.exp(-mean), chance.random()
    while product > least:
        count += 1
        product *= chance.random()
    return count
