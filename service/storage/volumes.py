"""How much each feed read on each day, and when each feed had each story: what surges show in.

Days are 24 hours long, counted back from a moment. What is relevant is found by way of the stories,
what was read by the feeds' own days: articles that are in no story are not looked at.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection, select

from service.records import ArticleId, FeedId, Topic
from service.storage.articles import CHUNK, count_seen
from service.storage.tables import articles, feed_days, scores, sightings, stories, story_articles

DAY = timedelta(days=1)
# Over so many days is taken which share of a day is read before an hour.
WEEK = 7

# For each topic and each of its stories, or articles: the day on which each feed first had it.
Sighted = dict[Topic, dict[int, dict[FeedId, int]]]


@dataclass(frozen=True, slots=True)
class Volumes:
    """Days are indices, the oldest 0. ``read`` has, for each, the feeds that were read on it."""

    read: tuple[Mapping[FeedId, float], ...]
    stories: Sighted
    articles: Sighted


def volumes(
    connection: Connection,
    until: datetime,
    days: int,
    least: float,
    languages: Collection[str] = (),
) -> Volumes:
    """Return the volumes of the ``days`` days up to ``until``.

    Articles count from the probability ``least`` on, by their newest score, and if they are in one
    of ``languages``, where any are given; a story counts by those of its articles.
    """
    start = until - days * DAY
    # What opened before is no news of these days; the first condition is the one with an index.
    members = connection.execute(
        select(story_articles.c.article_id, story_articles.c.story_id)
        .join(stories, stories.c.id == story_articles.c.story_id)
        .where(stories.c.updated_at > start, stories.c.opened_at > start)
    )
    story_of = {ArticleId(article): story for article, story in members}
    topics = _topics(connection, sorted(story_of), least, languages)
    told: Sighted = defaultdict(lambda: defaultdict(dict))
    told_in: Sighted = defaultdict(lambda: defaultdict(dict))
    for article, feed, seen_at in _sightings(connection, sorted(topics), start, until):
        day = math.ceil((seen_at - start) / DAY) - 1
        for topic in topics[article]:
            told[topic][article].setdefault(feed, day)
            told_in[topic][story_of[article]].setdefault(feed, day)
    return Volumes(_read(connection, until, days), told_in, told)


# By their ids, some at a time: without statistics SQLite reads the largest table of a join whole.
def _topics(
    connection: Connection,
    ids: Sequence[ArticleId],
    least: float,
    languages: Collection[str],
) -> dict[ArticleId, tuple[Topic, ...]]:
    """Return the topics, by the newest scores, of those articles that count."""
    columns = (scores.c.article_id, scores.c.probability, scores.c.topics, articles.c.language)
    newest = {}
    for some in _chunks(ids):
        rows = connection.execute(
            select(*columns)
            .join(articles, articles.c.id == scores.c.article_id)
            .where(scores.c.article_id.in_(some), articles.c.id.in_(some))
            .order_by(scores.c.scored_at, scores.c.model_version)
        )
        newest.update({ArticleId(row.article_id): row for row in rows})
    return {
        id_: tuple(Topic(topic) for topic in row.topics)
        for id_, row in newest.items()
        if row.probability >= least and (not languages or row.language in languages)
    }


def _sightings(
    connection: Connection, ids: Sequence[ArticleId], start: datetime, until: datetime
) -> list[tuple[ArticleId, FeedId, datetime]]:
    """Return which feed carried which of the articles when, the earliest first."""
    found = []
    for some in _chunks(ids):
        rows = connection.execute(
            select(sightings).where(
                sightings.c.article_id.in_(some),
                sightings.c.seen_at > start,
                sightings.c.seen_at <= until,
            )
        )
        found += [(ArticleId(row.article_id), FeedId(row.feed_id), row.seen_at) for row in rows]
    return sorted(found, key=lambda one: one[2])


def _chunks(ids: Sequence[ArticleId]) -> list[Sequence[ArticleId]]:
    return [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]


def _read(connection: Connection, until: datetime, days: int) -> tuple[dict[FeedId, float], ...]:
    """Return what each feed brought on each day; a feed that did not answer on it is left out.

    Feeds' own days are those of UTC: a day here is the late part of one and the early part of the
    next, and a feed has to have answered on both.
    """
    today = until.astimezone(UTC).date()
    early = _share_read_by(connection, until)
    read: tuple[dict[FeedId, float], ...] = tuple({} for _ in range(days))
    for feed, brought in _feed_days(connection, today - days * DAY).items():
        for index in range(days - 1):
            second = today - (days - 1 - index) * DAY
            late, next_ = brought.get(second - DAY), brought.get(second)
            if late is not None and next_ is not None:
                read[index][feed] = late * (1 - early) + next_ * early
        # Of the day in progress all counts; a slow feed may not have been asked yet.
        late, next_ = brought.get(today - DAY), brought.get(today, 0)
        if late is not None and next_ is not None:
            read[-1][feed] = late * (1 - early) + next_
    return read


def _feed_days(connection: Connection, first: date) -> dict[FeedId, dict[date, int | None]]:
    """Return how many new entries each feed brought on its days; None where it never answered."""
    brought: defaultdict[FeedId, dict[date, int | None]] = defaultdict(dict)
    columns = (feed_days.c.feed_id, feed_days.c.day, feed_days.c.polls, feed_days.c.failures)
    rows = connection.execute(select(*columns, feed_days.c.new).where(feed_days.c.day >= first))
    for feed, day, polls, failures, new in rows:
        brought[FeedId(feed)][day] = new if polls > failures else None
    return brought


def _share_read_by(connection: Connection, until: datetime) -> float:
    """Return which share of a day's articles is read before that time of the day, in UTC."""
    midnight = datetime.combine(until.astimezone(UTC).date(), time(), UTC)
    whole = count_seen(connection, midnight - WEEK * DAY, midnight)
    starts = [midnight - number * DAY for number in range(1, WEEK + 1)]
    early = sum(count_seen(connection, start, start + (until - midnight)) for start in starts)
    return early / whole if whole else (until - midnight) / DAY
