"""What grouping stores: articles that wait, those placed, stories that open, merge and part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from service.records import (
    ArticleId,
    LooseArticle,
    PlacedArticle,
    StoryId,
    StoryNews,
)
from service.storage.articles import article_of
from service.storage.documents import BEARINGS
from service.storage.tables import (
    articles,
    backgrounds,
    feeds,
    loose_articles,
    namings,
    stories,
    story_articles,
    story_news,
    told,
    turns,
)
from service.storage.upsert import insert_or

# The one turn there is so far.
GROUPING = "grouping"


def want(connection: Connection, ids: Iterable[ArticleId], now: datetime) -> None:
    """Note that these articles are to be put into stories, unless they are in one."""
    wanted = set(ids)
    placed = select(story_articles.c.article_id).where(story_articles.c.article_id.in_(wanted))
    wanted -= {ArticleId(id_) for id_ in connection.execute(placed).scalars()}
    if wanted:
        rows = [{"article_id": id_, "since": now} for id_ in sorted(wanted)]
        connection.execute(insert_or(connection, loose_articles).on_conflict_do_nothing(), rows)


def loose(connection: Connection) -> list[LooseArticle]:
    """Return the articles that wait to be put into a story."""
    waiting = select(loose_articles.c.article_id)
    return _read(connection, articles.c.id.in_(waiting))


def unread(connection: Connection, joined_after: datetime, space: str) -> list[LooseArticle]:
    """Return the articles that were put into stories without being placed in this space."""
    return _read(
        connection,
        story_articles.c.space.is_distinct_from(space),
        story_articles.c.joined_at > joined_after,
    )


def placed_since(connection: Connection, since: datetime, space: str) -> list[PlacedArticle]:
    """Return the articles in stories that were reported from ``since`` on, oldest first."""
    rows = connection.execute(
        select(story_articles, feeds.c.outlet, articles.c.title)
        .join(articles, articles.c.id == story_articles.c.article_id)
        .join(feeds, feeds.c.id == articles.c.feed_id)
        .where(story_articles.c.reported_at >= since, story_articles.c.space == space)
        .order_by(story_articles.c.reported_at, story_articles.c.article_id)
    )
    return [
        PlacedArticle(
            ArticleId(row.article_id),
            StoryId(row.story_id),
            row.outlet,
            row.reported_at,
            row.language,
            row.title,
            BEARINGS.validate_python(row.bearings),
            row.vectors,
        )
        for row in rows
    ]


def take_turn(connection: Connection) -> int:
    """Return the number of this turn at grouping. Whoever else groups waits for its end.

    Who finds the number one above its last turn's knows that nobody else grouped in between.
    """
    statement = insert_or(connection, turns).values(name=GROUPING, count=1)
    taken = statement.on_conflict_do_update(
        index_elements=[turns.c.name], set_={"count": turns.c.count + 1}
    ).returning(turns.c.count)
    return int(connection.execute(taken).scalar_one())


def open_story(connection: Connection, now: datetime) -> StoryId:
    """Open a story; it has no articles yet."""
    row = insert(stories).values(version=1, opened_at=now, updated_at=now)
    return StoryId(connection.execute(row.returning(stories.c.id)).scalar_one())


def place(
    connection: Connection,
    story: StoryId,
    placed: Sequence[PlacedArticle],
    now: datetime,
    space: str,
) -> None:
    """Put articles into a story, out of any other; when they joined is when they came in first."""
    if not placed:
        return
    statement = insert_or(connection, story_articles)
    fresh = {
        name: statement.excluded[name]
        for name in ("story_id", "reported_at", "language", "bearings", "vectors", "space")
    }
    connection.execute(
        statement.on_conflict_do_update(index_elements=[story_articles.c.article_id], set_=fresh),
        [
            {
                "article_id": one.id,
                "story_id": story,
                "joined_at": now,
                "reported_at": one.reported_at,
                "language": one.language,
                "bearings": asdict(one.bearings),
                "vectors": one.vectors,
                "space": space,
            }
            for one in placed
        ],
    )
    ids = [one.id for one in placed]
    connection.execute(delete(loose_articles).where(loose_articles.c.article_id.in_(ids)))
    connection.execute(update(stories).where(stories.c.id == story).values(updated_at=now))


def merge(connection: Connection, absorbed: StoryId, story: StoryId, now: datetime) -> None:
    """Let ``story`` take over the articles of another, whose id leads to it from now on.

    Who was told the one knows the other: it is the same event.
    """
    own = story_articles.c.story_id == absorbed
    connection.execute(update(story_articles).where(own).values(story_id=story))
    led = (stories.c.id == absorbed) | (stories.c.merged_into == absorbed)
    connection.execute(update(stories).where(led).values(merged_into=story))
    connection.execute(update(stories).where(stories.c.id == story).values(updated_at=now))
    _tell_alike(connection, absorbed, story)


def part(connection: Connection, parent: StoryId, story: StoryId) -> None:
    """Let whoever was told the parent count as told its part: no article of it is new."""
    _tell_alike(connection, parent, story)


def add_news(connection: Connection, story: StoryId, news: StoryNews) -> None:
    """Note what is new in a story, which thereby comes to the next version."""
    connection.execute(update(stories).where(stories.c.id == story).values(version=news.version))
    connection.execute(
        insert(story_news).values(
            story_id=story,
            version=news.version,
            kind=news.kind,
            detail=news.detail,
            article_id=news.article,
            found_at=news.found_at,
        )
    )


def mark_copies(
    connection: Connection, story: StoryId, copies: Mapping[ArticleId, ArticleId]
) -> None:
    """Note which articles of a story carry whose text; the others are their own."""
    own = story_articles.c.story_id == story
    connection.execute(update(story_articles).where(own).values(copy_of=None))
    for copy, original in copies.items():
        one = story_articles.c.article_id == copy
        connection.execute(update(story_articles).where(one).values(copy_of=original))


def versions_of(connection: Connection, ids: Iterable[StoryId]) -> dict[StoryId, int]:
    """Return the versions that stories are in."""
    rows = connection.execute(
        select(stories.c.id, stories.c.version).where(stories.c.id.in_(set(ids)))
    )
    return {StoryId(row.id): row.version for row in rows}


def load_named(connection: Connection) -> tuple[float, dict[str, float]]:
    """Return in how many of how many articles each actor was named."""
    row = connection.execute(select(namings)).one_or_none()
    return (row.articles, row.counts) if row else (0.0, {})


def save_named(connection: Connection, articles_: float, counts: Mapping[str, float]) -> None:
    """Store what ``load_named`` returns."""
    statement = insert_or(connection, namings).values(id=1, articles=articles_, counts=dict(counts))
    fresh = {name: statement.excluded[name] for name in ("articles", "counts")}
    connection.execute(statement.on_conflict_do_update(index_elements=[namings.c.id], set_=fresh))


def load_backgrounds(connection: Connection, encoder: str) -> dict[str, tuple[int, bytes, bytes]]:
    """Return each language's number of articles, and the means of their vectors, packed."""
    rows = connection.execute(select(backgrounds).where(backgrounds.c.encoder == encoder))
    return {row.language: (row.articles, row.meaning, row.title) for row in rows}


def save_backgrounds(
    connection: Connection, encoder: str, means: Mapping[str, tuple[int, bytes, bytes]]
) -> None:
    """Store what ``load_backgrounds`` returns, of the languages that changed."""
    if not means:
        return
    statement = insert_or(connection, backgrounds)
    fresh = {name: statement.excluded[name] for name in ("articles", "meaning", "title")}
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[backgrounds.c.encoder, backgrounds.c.language], set_=fresh
        ),
        [
            {
                "encoder": encoder,
                "language": language,
                "articles": articles_,
                "meaning": meaning,
                "title": title,
            }
            for language, (articles_, meaning, title) in means.items()
        ],
    )


def _read(connection: Connection, *wanted: ColumnElement[bool]) -> list[LooseArticle]:
    rows = connection.execute(
        select(articles, feeds.c.outlet, feeds.c.affiliation, story_articles.c.story_id)
        .join(feeds, feeds.c.id == articles.c.feed_id)
        .outerjoin(story_articles, story_articles.c.article_id == articles.c.id)
        .where(*wanted)
    )
    return [
        LooseArticle(article_of(row), StoryId(row.story_id) if row.story_id else None)
        for row in rows
    ]


def _tell_alike(connection: Connection, known: StoryId, story: StoryId) -> None:
    """Count those as told ``story``, as it is, who were told ``known`` as it is."""
    versions = versions_of(connection, (known, story))
    rows = connection.execute(
        select(told.c.subscription_id, told.c.digest_id).where(
            told.c.story_id == known, told.c.version == versions[known]
        )
    ).all()
    if rows:
        connection.execute(
            insert_or(connection, told).on_conflict_do_nothing(),
            [
                {
                    "subscription_id": row.subscription_id,
                    "story_id": story,
                    "version": versions[story],
                    "digest_id": row.digest_id,
                }
                for row in rows
            ],
        )
