"""Articles, the keys they are known by, who carried them, and their scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, func, insert, select, update

from service.records import (
    Affiliation,
    Arrival,
    Article,
    ArticleId,
    FeedId,
    IdentifiedArticle,
    Item,
    KnownArticle,
    Score,
    WantedPage,
)
from service.storage.documents import EVIDENCE
from service.storage.tables import article_keys, articles, feeds, scores, sightings
from service.storage.upsert import insert_or

# Below every database's limit of parameters in one statement.
CHUNK = 500
# The mark of a page that is to be read.
WANTED = "wanted"


def find_known(connection: Connection, keys: Sequence[str]) -> dict[str, KnownArticle]:
    """Return the stored article for each of ``keys`` that is known."""
    known = {}
    columns = (article_keys.c.key, articles.c.id, articles.c.feed_id, articles.c.content_hash)
    for start in range(0, len(keys), CHUNK):
        chunk = keys[start : start + CHUNK]
        rows = connection.execute(
            select(*columns)
            .join(articles, articles.c.id == article_keys.c.article_id)
            .where(article_keys.c.key.in_(chunk))
        )
        for key, id_, feed_id, content_hash in rows:
            known[key] = KnownArticle(ArticleId(id_), FeedId(feed_id), content_hash)
    return known


def add(
    connection: Connection,
    arrivals: Sequence[Arrival],
    languages: Mapping[FeedId, str],
    now: datetime,
) -> list[ArticleId]:
    """Store new articles with their keys and carriers; return their ids in the same order."""
    if not arrivals:
        return []
    rows = [
        {
            "feed_id": arrival.feed_id,
            "url": arrival.article.url,
            "title": arrival.article.title,
            "summary": arrival.article.summary,
            "language": arrival.article.language or languages[arrival.feed_id],
            "published_at": arrival.article.published_at,
            "seen_at": now,
            "content_hash": arrival.content_hash,
        }
        for arrival in arrivals
    ]
    statement = insert(articles).returning(articles.c.id, sort_by_parameter_order=True)
    ids = [ArticleId(id_) for id_ in connection.execute(statement, rows).scalars()]
    pairs = list(zip(ids, arrivals, strict=True))
    add_keys(connection, [(key, id_) for id_, arrival in pairs for key in arrival.keys])
    carried = [
        (id_, feed) for id_, arrival in pairs for feed in (arrival.feed_id, *arrival.also_in)
    ]
    add_sightings(connection, carried, now)
    return ids


def add_keys(connection: Connection, keys: Iterable[tuple[str, ArticleId]]) -> None:
    """Let articles be known by further keys; a key that is taken stays with its article."""
    rows = [{"key": key, "article_id": id_} for key, id_ in keys]
    _insert_or_ignore(connection, article_keys, rows)


def add_sightings(
    connection: Connection, carried: Iterable[tuple[ArticleId, FeedId]], now: datetime
) -> Counter[FeedId]:
    """Note that feeds carry articles; the first time counts. Return how many each has new."""
    rows = [{"article_id": id_, "feed_id": feed, "seen_at": now} for id_, feed in carried]
    if not rows:
        return Counter()
    statement = insert_or(connection, sightings).on_conflict_do_nothing()
    return Counter(connection.execute(statement.returning(sightings.c.feed_id), rows).scalars())


def edit(
    connection: Connection,
    edits: Iterable[tuple[KnownArticle, IdentifiedArticle]],
    now: datetime,
) -> None:
    """Overwrite what outlets changed. When it was first seen, and its story, stay."""
    for known, entry in edits:
        connection.execute(
            update(articles)
            .where(articles.c.id == known.id)
            .values(
                title=entry.article.title,
                summary=entry.article.summary,
                url=entry.article.url,
                content_hash=entry.content_hash,
                edited_at=now,
            )
        )


def save_scores(
    connection: Connection, scored: Iterable[tuple[ArticleId, Score]], now: datetime
) -> None:
    """Store scores; an edited article's new score replaces the old one of the same model."""
    rows = [
        {
            "article_id": id_,
            "model_version": score.model_version,
            "probability": score.probability,
            "relevant": score.relevant,
            "topics": list(score.topics),
            "evidence": EVIDENCE.dump_python(score.evidence, mode="json")
            if score.evidence.sentence
            else None,
            "scored_at": now,
        }
        for id_, score in scored
    ]
    if rows:
        statement = insert_or(connection, scores)
        fresh = {c.name: statement.excluded[c.name] for c in scores.c if not c.primary_key}
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=list(scores.primary_key.columns), set_=fresh
            ),
            rows,
        )


def want_pages(connection: Connection, ids: Iterable[ArticleId]) -> None:
    """Note that the own pages of these articles are to be read."""
    wanted = list(ids)
    if wanted:
        connection.execute(
            update(articles)
            .where(articles.c.id.in_(wanted), articles.c.url.is_not(None))
            .values(page_kind=WANTED)
        )


def claim_pages(
    connection: Connection, now: datetime, asked_before: datetime, seen_after: datetime, limit: int
) -> list[WantedPage]:
    """Return wanted pages, newest first, not asked for since ``asked_before``."""
    rows = connection.execute(
        select(articles)
        .where(
            articles.c.page_kind == WANTED,
            articles.c.seen_at > seen_after,
            articles.c.page_at.is_(None) | (articles.c.page_at <= asked_before),
        )
        .order_by(articles.c.id.desc())
        .limit(limit)
    ).all()
    if rows:
        ids = [row.id for row in rows]
        connection.execute(update(articles).where(articles.c.id.in_(ids)).values(page_at=now))
    return [
        WantedPage(ArticleId(row.id), row.url, Item(row.title, row.summary, row.language))
        for row in rows
    ]


def save_pages(connection: Connection, pages: Iterable[tuple[ArticleId, str, str]]) -> None:
    """Store what the pages were, and their texts."""
    for id_, kind, text in pages:
        connection.execute(
            update(articles)
            .where(articles.c.id == id_)
            .values(page_kind=kind, page_text=text or None)
        )


def find(connection: Connection, key: str | int) -> Article | None:
    """Return the article of an id, or known by a key."""
    statement = select(articles, feeds.c.outlet, feeds.c.affiliation).join(
        feeds, feeds.c.id == articles.c.feed_id
    )
    if isinstance(key, int):
        statement = statement.where(articles.c.id == key)
    else:
        statement = statement.join(article_keys, article_keys.c.article_id == articles.c.id)
        statement = statement.where(article_keys.c.key == key)
    row = connection.execute(statement).one_or_none()
    return None if row is None else article_of(row)


def article_of(row: Row[Any]) -> Article:
    """Return the article that a row of ``articles`` joined with ``feeds`` holds."""
    return Article(
        id=ArticleId(row.id),
        feed_id=FeedId(row.feed_id),
        outlet=row.outlet,
        affiliation=Affiliation(row.affiliation),
        url=row.url,
        title=row.title,
        summary=row.summary,
        language=row.language,
        published_at=row.published_at,
        seen_at=row.seen_at,
    )


def texts_since(connection: Connection, since: datetime) -> Iterator[tuple[ArticleId, Item]]:
    """Yield the texts of the articles first seen after ``since``, oldest first, as they are read.

    The connection must stay open while they are; rows are not held in memory all at once.
    """
    statement = (
        select(articles.c.id, articles.c.title, articles.c.summary, articles.c.language)
        .where(articles.c.seen_at > since)
        .order_by(articles.c.id)
    )
    for id_, title, summary, language in connection.execution_options(yield_per=5_000).execute(
        statement
    ):
        yield ArticleId(id_), Item(title, summary, language)


def count_seen(connection: Connection, since: datetime, until: datetime) -> int:
    """Return how many articles were first seen in (since, until]."""
    return connection.execute(
        select(func.count())
        .select_from(articles)
        .where(articles.c.seen_at > since, articles.c.seen_at <= until)
    ).scalar_one()


def _insert_or_ignore(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert_or(connection, table).on_conflict_do_nothing(), rows)
