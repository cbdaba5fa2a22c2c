"""Stories and the articles in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

from sqlalchemy import ColumnElement, Connection, Row, func, select

from service.records import (
    Article,
    ArticleId,
    FeedId,
    NewsKind,
    Report,
    Story,
    StoryId,
    StoryNews,
    Topic,
)
from service.storage.articles import CHUNK, article_of
from service.storage.documents import BEARINGS, EVIDENCE
from service.storage.tables import (
    articles,
    feeds,
    scores,
    sightings,
    stories,
    story_articles,
    story_news,
)


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


def updated_between(connection: Connection, since: datetime, until: datetime) -> list[Story]:
    """Return the stories that gained an article in (since, until], with all their reports.

    Each report carries its newest score.
    """
    return _read(connection, stories.c.updated_at > since, stories.c.updated_at <= until)


def find(connection: Connection, story: StoryId) -> Story | None:
    """Return the story of an id; that of one which was merged leads to the one it went into."""
    row = connection.execute(
        select(stories.c.id, stories.c.merged_into).where(stories.c.id == story)
    ).one_or_none()
    if row is None:
        return None
    found = _read(connection, stories.c.id == (row.merged_into or row.id))
    return found[0] if found else None


def _read(connection: Connection, *wanted: ColumnElement[bool]) -> list[Story]:
    # The newest score of each article, looked up article by article: few are in stories.
    order = (scores.c.scored_at.desc(), scores.c.model_version.desc())
    newest = (
        select(scores.c.model_version)
        .where(scores.c.article_id == articles.c.id)
        .order_by(*order)
        .limit(1)
        .correlate(articles)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(
            stories.c.id.label("story_id"),
            stories.c.version,
            stories.c.opened_at,
            stories.c.updated_at,
            articles,
            feeds.c.outlet,
            feeds.c.affiliation,
            scores.c.probability,
            scores.c.topics,
            scores.c.evidence,
            story_articles.c.bearings,
            story_articles.c.copy_of,
        )
        .join(story_articles, story_articles.c.story_id == stories.c.id)
        .join(articles, articles.c.id == story_articles.c.article_id)
        .join(feeds, feeds.c.id == articles.c.feed_id)
        .join(
            scores,
            (scores.c.article_id == articles.c.id) & (scores.c.model_version == newest),
        )
        .where(*wanted)
        .order_by(stories.c.id, articles.c.id)
    ).all()
    news = _news(connection, {row.story_id for row in rows})
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
                tuple(news[first.story_id]),
            )
        )
    return found


def _news(connection: Connection, ids: Iterable[int]) -> defaultdict[int, list[StoryNews]]:
    found: defaultdict[int, list[StoryNews]] = defaultdict(list)
    wanted = sorted(ids)
    for start in range(0, len(wanted), CHUNK):
        rows = connection.execute(
            select(story_news)
            .where(story_news.c.story_id.in_(wanted[start : start + CHUNK]))
            .order_by(story_news.c.story_id, story_news.c.version)
        )
        for row in rows:
            found[row.story_id].append(
                StoryNews(
                    row.version,
                    NewsKind(row.kind),
                    row.detail,
                    ArticleId(row.article_id),
                    row.found_at,
                )
            )
    return found


def _report(row: Row[tuple[object, ...]]) -> Report:
    return Report(
        article_of(row),
        row.probability,
        tuple(Topic(topic) for topic in row.topics),
        EVIDENCE.validate_python(row.evidence or {}),
        BEARINGS.validate_python(row.bearings or {}),
        None if row.copy_of is None else ArticleId(row.copy_of),
    )
