"""Stories and the articles in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection, Row, func, insert, select, update

from service.records import (
    Article,
    ArticleId,
    FeedId,
    Item,
    OpenStory,
    Report,
    Story,
    StoryId,
    Topic,
)
from service.storage.articles import article_of
from service.storage.documents import EVIDENCE
from service.storage.tables import articles, feeds, scores, sightings, stories, story_articles


def open_since(connection: Connection, since: datetime) -> list[OpenStory]:
    """Return the stories that gained an article after ``since``, oldest first."""
    rows = connection.execute(
        select(stories.c.id, articles.c.title, articles.c.summary, articles.c.language)
        .join(story_articles, story_articles.c.story_id == stories.c.id)
        .join(articles, articles.c.id == story_articles.c.article_id)
        .where(stories.c.updated_at > since)
        .order_by(stories.c.id, articles.c.id)
    ).all()
    return [
        OpenStory(StoryId(id_), tuple(Item(*row[1:]) for row in members))
        for id_, members in groupby(rows, key=lambda row: row.id)
    ]


def hot_feeds(connection: Connection, since: datetime, reports: int) -> set[FeedId]:
    """Return the feeds that carry a story which gained ``reports`` articles after ``since``."""
    hot = (
        select(story_articles.c.story_id)
        .where(story_articles.c.joined_at > since)
        .group_by(story_articles.c.story_id)
        .having(func.count() >= reports)
    )
    rows = connection.execute(
        select(sightings.c.feed_id)
        .join(story_articles, story_articles.c.article_id == sightings.c.article_id)
        .where(story_articles.c.story_id.in_(hot))
        .distinct()
    )
    return {FeedId(id_) for id_ in rows.scalars()}


def companions(connection: Connection, article: ArticleId) -> list[Article]:
    """Return the articles of the story that ``article`` is in, itself among them."""
    own = select(story_articles.c.story_id).where(story_articles.c.article_id == article)
    rows = connection.execute(
        select(articles, feeds.c.outlet, feeds.c.affiliation)
        .join(story_articles, story_articles.c.article_id == articles.c.id)
        .join(feeds, feeds.c.id == articles.c.feed_id)
        .where(story_articles.c.story_id == own.scalar_subquery())
        .order_by(articles.c.id)
    )
    return [article_of(row) for row in rows]


def without_story(connection: Connection, ids: Iterable[ArticleId]) -> set[ArticleId]:
    """Return those of ``ids`` that are in no story yet."""
    wanted = set(ids)
    taken = connection.execute(
        select(story_articles.c.article_id).where(story_articles.c.article_id.in_(wanted))
    ).scalars()
    return wanted - {ArticleId(id_) for id_ in taken}


def add(
    connection: Connection,
    gains: Iterable[tuple[StoryId | None, Sequence[ArticleId]]],
    now: datetime,
) -> list[StoryId]:
    """Add articles to stories, opening one where the id is None; return the ids touched."""
    touched = []
    for known_id, members in gains:
        if known_id is None:
            row = insert(stories).values(version=1, opened_at=now, updated_at=now)
            story_id = StoryId(connection.execute(row.returning(stories.c.id)).scalar_one())
        else:
            story_id = known_id
            connection.execute(
                update(stories).where(stories.c.id == story_id).values(updated_at=now)
            )
        connection.execute(
            insert(story_articles),
            [{"story_id": story_id, "article_id": id_, "joined_at": now} for id_ in members],
        )
        touched.append(story_id)
    return touched


def updated_between(connection: Connection, since: datetime, until: datetime) -> list[Story]:
    """Return the stories that gained an article in (since, until], with all their reports.

    Each report carries its newest score.
    """
    order = (scores.c.scored_at.desc(), scores.c.model_version.desc())
    ranked = select(
        scores,
        func.row_number().over(partition_by=scores.c.article_id, order_by=order).label("age"),
    ).subquery()
    rows = connection.execute(
        select(
            stories.c.id.label("story_id"),
            stories.c.version,
            stories.c.opened_at,
            stories.c.updated_at,
            articles,
            feeds.c.outlet,
            feeds.c.affiliation,
            ranked.c.probability,
            ranked.c.topics,
            ranked.c.evidence,
        )
        .join(story_articles, story_articles.c.story_id == stories.c.id)
        .join(articles, articles.c.id == story_articles.c.article_id)
        .join(feeds, feeds.c.id == articles.c.feed_id)
        .join(ranked, (ranked.c.article_id == articles.c.id) & (ranked.c.age == 1))
        .where(stories.c.updated_at > since, stories.c.updated_at <= until)
        .order_by(stories.c.id, articles.c.id)
    ).all()
    found = []
    for _, members in groupby(rows, key=lambda row: row.story_id):
        reports = tuple(members)
        first = reports[0]
        found.append(
            Story(
                StoryId(first.story_id),
                first.version,
                first.opened_at,
                first.updated_at,
                tuple(_report(row) for row in reports),
            )
        )
    return found


def _report(row: Row[tuple[object, ...]]) -> Report:
    topics = tuple(Topic(topic) for topic in row.topics)
    evidence = EVIDENCE.validate_python(row.evidence or {})
    return Report(article_of(row), row.probability, topics, evidence)
