"""The articles a reader can be asked about, and those drawn at random for the audit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Subquery, func, insert, select

from service.records import ArticleId, Candidate, Draw, DrawId, Item
from service.storage.labels import holding
from service.storage.tables import articles, draws, feeds, scores, story_articles, told

# What a stratum holds: articles of a probability in [low, high), or those the gate stopped.
Bounds = tuple[float, float] | None


def newest_scores() -> Subquery:
    """Return a subquery of each article's newest score."""
    order = (scores.c.scored_at.desc(), scores.c.model_version.desc())
    ranked = select(
        scores,
        func.row_number().over(partition_by=scores.c.article_id, order_by=order).label("age"),
    ).subquery()
    return select(ranked).where(ranked.c.age == 1).subquery()


def population(connection: Connection, since: datetime, strata: Sequence[Bounds]) -> list[int]:
    """Return how many articles seen after ``since`` each stratum holds."""
    newest = newest_scores()
    weighed = newest.c.evidence.is_not(None)
    columns = [func.count().filter(_within(newest, weighed, bounds)) for bounds in strata]
    row = connection.execute(
        select(*columns)
        .select_from(articles)
        .join(newest, newest.c.article_id == articles.c.id)
        .where(articles.c.seen_at > since)
    ).one()
    return list(row)


def candidates(connection: Connection, since: datetime, most: int) -> list[Candidate]:
    """Return weighed articles that nobody has labelled, newest first, ``most`` at most."""
    newest = newest_scores()
    statement = _candidates(newest, since).where(newest.c.evidence.is_not(None))
    rows = connection.execute(statement.order_by(articles.c.id.desc()).limit(most))
    return [_candidate(row) for row in rows]


def undrawn(connection: Connection, since: datetime, bounds: Bounds) -> tuple[list[ArticleId], int]:
    """Return the articles of a stratum that were never drawn, and how many it holds in all.

    Labelled ones are among them: to leave them out would favour those that nobody looked at.
    """
    newest = newest_scores()
    within = _within(newest, newest.c.evidence.is_not(None), bounds)
    rows = connection.execute(
        select(articles.c.id, draws.c.id.label("draw"))
        .select_from(articles)
        .join(newest, newest.c.article_id == articles.c.id)
        .outerjoin(draws, draws.c.article_id == articles.c.id)
        .where(articles.c.seen_at > since, within)
        .order_by(articles.c.id)
    ).all()
    return [ArticleId(row.id) for row in rows if row.draw is None], len(rows)


def draw(
    connection: Connection, article: ArticleId, stratum: str, chance: float, now: datetime
) -> Draw:
    """Note that an article was drawn for the audit."""
    newest = newest_scores()
    probability, text_hash = connection.execute(
        select(newest.c.probability, articles.c.content_hash)
        .join(articles, articles.c.id == newest.c.article_id)
        .where(newest.c.article_id == article)
    ).one()
    row = insert(draws).values(
        article_id=article,
        stratum=stratum,
        chance=chance,
        probability=probability,
        drawn_at=now,
    )
    id_ = connection.execute(row.returning(draws.c.id)).scalar_one()
    return Draw(DrawId(id_), article, stratum, chance, probability, now, text_hash)


def drawn(connection: Connection, since: datetime) -> list[Draw]:
    """Return the draws of articles seen after ``since``."""
    rows = connection.execute(
        select(draws, articles.c.content_hash)
        .join(articles, articles.c.id == draws.c.article_id)
        .where(articles.c.seen_at > since)
        .order_by(draws.c.id)
    )
    return [
        Draw(
            DrawId(row.id),
            ArticleId(row.article_id),
            row.stratum,
            row.chance,
            row.probability,
            row.drawn_at,
            row.content_hash,
        )
        for row in rows
    ]


def newest_probabilities(connection: Connection, since: datetime) -> dict[ArticleId, float]:
    """Return what the drawn articles seen after ``since`` weigh by their newest score.

    Those that the gate stops, as they stand now, are left out.
    """
    newest = newest_scores()
    rows = connection.execute(
        select(newest.c.article_id, newest.c.probability)
        .join(draws, draws.c.article_id == newest.c.article_id)
        .join(articles, articles.c.id == newest.c.article_id)
        .where(articles.c.seen_at > since, newest.c.evidence.is_not(None))
    )
    return {ArticleId(row.article_id): row.probability for row in rows}


def sent_articles(connection: Connection, since: datetime) -> set[ArticleId]:
    """Return the articles seen after ``since`` whose story was told to anybody."""
    rows = connection.execute(
        select(articles.c.id)
        .join(story_articles, story_articles.c.article_id == articles.c.id)
        .join(told, told.c.story_id == story_articles.c.story_id)
        .where(articles.c.seen_at > since)
        .distinct()
    )
    return {ArticleId(id_) for id_ in rows.scalars()}


def waiting(connection: Connection) -> list[tuple[Draw, Candidate]]:
    """Return the draws whose article nobody has labelled yet, oldest first."""
    newest = newest_scores()
    statement = _candidates(newest, None).add_columns(
        draws.c.id.label("draw_id"),
        draws.c.stratum,
        draws.c.chance,
        draws.c.probability.label("drawn_probability"),
        draws.c.drawn_at,
    )
    rows = connection.execute(
        statement.join(draws, draws.c.article_id == articles.c.id).order_by(draws.c.id)
    )
    return [
        (
            Draw(
                DrawId(row.draw_id),
                ArticleId(row.id),
                row.stratum,
                row.chance,
                row.drawn_probability,
                row.drawn_at,
                row.content_hash,
            ),
            _candidate(row),
        )
        for row in rows
    ]


def _candidates(newest: Subquery, since: datetime | None) -> Select[Any]:
    held = holding()
    statement = (
        select(articles, feeds.c.outlet, newest.c.probability)
        .select_from(articles)
        .join(feeds, feeds.c.id == articles.c.feed_id)
        .join(newest, newest.c.article_id == articles.c.id)
        .where(articles.c.content_hash.not_in(select(held.c.text_hash)))
    )
    return statement if since is None else statement.where(articles.c.seen_at > since)


def _within(newest: Subquery, weighed: Any, bounds: Bounds) -> Any:
    if bounds is None:
        return ~weighed
    low, high = bounds
    return weighed & (newest.c.probability >= low) & (newest.c.probability < high)


def _candidate(row: Any) -> Candidate:
    return Candidate(
        article_id=ArticleId(row.id),
        item=Item(row.title, row.summary, row.language),
        url=row.url,
        outlet=row.outlet,
        probability=row.probability,
        seen_at=row.seen_at,
        text_hash=row.content_hash,
    )
