"""Fills and reads a real database, where a test is about something else than the filling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Table, select

from service.records import (
    Arrival,
    ArticleId,
    Bearings,
    Evidence,
    FeedId,
    PlacedArticle,
    Score,
    StoryId,
    Topic,
)
from service.storage import articles, feeds, grouping, tables
from service.storage.database import Database
from tests.make import NOW, feed_config, parsed_article

T = TypeVar("T")
SPACE = "space"


def list_feeds(database: Database, *urls: str, now: datetime = NOW) -> list[FeedId]:
    """Make these the listed feeds, due at ``now`` where they are new; return their ids."""
    with database.transaction() as connection:
        feeds.sync_listed(connection, [feed_config(url) for url in urls], now)
    ids = {row.url: FeedId(row.id) for row in rows_of(database, tables.feeds)}
    return [ids[url] for url in urls]


def arrival(feed: FeedId, title: str = "Title", **changes: Any) -> Arrival:
    values: dict[str, Any] = {
        "feed_id": feed,
        "article": parsed_article(title),
        "content_hash": f"hash of {title}",
        "keys": (f"key of {title}",),
    }
    return Arrival(**(values | changes))


def store(database: Database, *arrivals: Arrival, now: datetime = NOW) -> list[ArticleId]:
    languages = {FeedId(feed.id): feed.language for feed in rows_of(database, tables.feeds)}
    with database.transaction() as connection:
        return articles.add(connection, arrivals, languages, now)


def score(probability: float = 0.9, **changes: Any) -> Score:
    values: dict[str, Any] = {
        "relevant": probability >= 0.5,
        "topics": (Topic("economic"),),
        "evidence": Evidence(sentence="Russia and Iran signed a gas deal."),
        "model_version": "model-1",
    }
    return Score(probability, **(values | changes))


def rate(database: Database, article: ArticleId, given: Score, now: datetime = NOW) -> None:
    with database.transaction() as connection:
        articles.save_scores(connection, [(article, given)], now)


def placed(article: ArticleId, now: datetime = NOW, **changes: Any) -> PlacedArticle:
    values: dict[str, Any] = {
        "id": article,
        "story": None,
        "outlet": "Outlet",
        "reported_at": now,
        "language": "en",
        "title": "Title",
        "bearings": Bearings(),
        "vectors": b"",
    }
    return PlacedArticle(**(values | changes))


def tell_in(
    database: Database, story: StoryId | None, *members: ArticleId, now: datetime = NOW
) -> StoryId:
    """Put articles into a story, a new one for None."""
    with database.transaction() as connection:
        known = story or grouping.open_story(connection, now)
        grouping.place(connection, known, [placed(m, now) for m in members], now, SPACE)
    return known


def some_story(database: Database, title: str = "Title") -> StoryId:
    """Return a story with one scored article."""
    (feed,) = list_feeds(database, "https://feed.example/rss")
    (article,) = store(database, arrival(feed, title))
    rate(database, article, score())
    return tell_in(database, None, article)


def rows_of(database: Database, table: Table) -> Sequence[Any]:
    with database.reading() as connection:
        return connection.execute(select(table).order_by(*table.primary_key.columns)).all()


def at_once(workers: Sequence[Callable[[], T]]) -> list[T]:
    """Run each in a thread of its own, all at the same time; return what they return."""
    with ThreadPoolExecutor(len(workers)) as pool:
        return [running.result() for running in [pool.submit(worker) for worker in workers]]
