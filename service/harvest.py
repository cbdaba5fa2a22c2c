"""What a batch of feed answers becomes: articles, scores and stories, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

import structlog

from service.polling.cadence import Cadence
from service.polling.parse import parse
from service.records import (
    ArticleId,
    Failed,
    FeedId,
    FeedState,
    FeedUpdate,
    Fetched,
    FetchResult,
    IdentifiedArticle,
    Item,
    NotModified,
    ParsedArticle,
    Score,
)
from service.relevance.classifier import Scorer
from service.storage import articles, feeds, stories
from service.storage.database import Connection, Database
from service.stories import grouping, identity

log = structlog.get_logger(__name__)

MAX_ERROR = 500
ATTEMPTS = 5

Entry = tuple[FeedId, IdentifiedArticle]


@dataclass(frozen=True, slots=True)
class Harvest:
    """What polling brought in. Harvests add up."""

    feeds: int = 0
    unchanged: int = 0
    failed: int = 0
    entries: int = 0
    skipped: int = 0
    new: int = 0
    edited: int = 0
    relevant: int = 0

    def __add__(self, other: Harvest) -> Harvest:
        return Harvest(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


@dataclass(frozen=True, slots=True)
class Harvester:
    """Takes feed answers in. ``thresholds`` are those that subscriptions have of their own."""

    database: Database
    scorer: Scorer
    cadence: Cadence
    chance: Callable[[], float]
    story_window: timedelta
    similarity: float
    thresholds: tuple[float, ...] = ()

    @property
    def floor(self) -> float:
        """The least probability that anybody wants to see."""
        return min([self.scorer.threshold, *self.thresholds])

    def take_in(self, batch: Sequence[tuple[FeedState, FetchResult]], now: datetime) -> Harvest:
        """Read, recognise, score and group what a batch of feeds answered, and store it all.

        One transaction: after a crash either the whole batch is there, with the feeds' new
        state, or none of it, and the feeds come due again.
        """
        read = [self._read(feed, result, now) for feed, result in batch]
        entries = [
            (state.feed.id, entry)
            for state in read
            for entry in identity.identify(state.feed.url, state.articles)
        ]
        languages = {feed.id: feed.language for feed, _ in batch}
        for _ in range(ATTEMPTS):
            scores = self._score_unknown(entries, languages)
            try:
                with self.database.transaction() as connection:
                    counts = self._store(connection, entries, languages, scores, now)
                    feeds.record(connection, [state.update for state in read])
            except _OvertakenError:
                continue
            return sum((state.harvest for state in read), counts)
        raise _OvertakenError(f"articles of the batch changed {ATTEMPTS} times while it was scored")

    def _score_unknown(
        self, entries: Sequence[Entry], languages: Mapping[FeedId, str]
    ) -> dict[str, Score]:
        """Score what seems new before the transaction, which others would wait for."""
        keys = [key for _, entry in entries for key in entry.keys]
        with self.database.reading() as connection:
            intake = identity.decide(entries, articles.find_known(connection, keys))
        texts = {
            **{a.content_hash: (a.feed_id, a.article) for a in intake.arrivals},
            **{e.content_hash: (known.feed_id, e.article) for known, e in intake.edits},
        }
        items = [_item(article, languages[feed_id]) for feed_id, article in texts.values()]
        return dict(zip(texts, self.scorer.score(items), strict=True))

    def _read(self, feed: FeedState, result: FetchResult, now: datetime) -> _ReadFeed:
        """Parse one answer; a body that is byte for byte the last one is not read again."""
        unchanged = isinstance(result, NotModified) or (
            isinstance(result, Fetched) and result.body_hash == feed.body_hash
        )
        articles_: tuple[ParsedArticle, ...] = ()
        skipped = 0
        if isinstance(result, Fetched) and not unchanged:
            parsed = parse(result)
            if isinstance(parsed, Failed):
                result = parsed
            else:
                articles_, skipped = parsed.articles, len(parsed.skipped)
                if skipped:
                    log.info("entries skipped", feed=feed.url, why=parsed.skipped[:5])
        failed = isinstance(result, Failed)
        harvest = Harvest(
            feeds=1,
            unchanged=int(unchanged),
            failed=int(failed),
            entries=len(articles_) + skipped,
            skipped=skipped,
        )
        update = self._update(feed, result, now, len(articles_), skipped)
        return _ReadFeed(feed, articles_, update, harvest)

    def _update(
        self, feed: FeedState, result: FetchResult, now: datetime, entries: int, skipped: int
    ) -> FeedUpdate:
        failures = feed.failures + 1 if isinstance(result, Failed) else 0
        due = self.cadence.next_poll_at(now, result, failures, self.chance())
        if isinstance(result, Failed):
            log.warning(
                "feed failed",
                feed=feed.url,
                code=result.code,
                why=result.message,
                in_a_row=failures,
            )
            text = result.message[:MAX_ERROR]
            return FeedUpdate(feed.id, now, due, failures, result.code, text)
        if isinstance(result, NotModified) or result.body_hash == feed.body_hash:
            return FeedUpdate(feed.id, now, due, failures)
        return FeedUpdate(
            feed.id,
            now,
            due,
            failures,
            etag=result.headers.get("etag"),
            last_modified=result.headers.get("last-modified"),
            body_hash=result.body_hash,
            entries=entries,
            skipped=skipped,
        )

    def _store(
        self,
        connection: Connection,
        entries: Sequence[Entry],
        languages: Mapping[FeedId, str],
        scores: Mapping[str, Score],
        now: datetime,
    ) -> Harvest:
        keys = [key for _, entry in entries for key in entry.keys]
        intake = identity.decide(entries, articles.find_known(connection, keys))
        ids = articles.add(connection, intake.arrivals, languages, now)
        articles.edit(connection, intake.edits, now)
        articles.add_keys(connection, intake.new_keys)
        articles.add_sightings(connection, intake.sightings, now)

        changed = [
            *(
                (id_, a.feed_id, a.article, a.content_hash)
                for id_, a in zip(ids, intake.arrivals, strict=True)
            ),
            *((known.id, known.feed_id, e.article, e.content_hash) for known, e in intake.edits),
        ]
        scored = []
        for id_, feed_id, article, content_hash in changed:
            if content_hash not in scores:
                raise _OvertakenError(f"article {id_}")
            scored.append((id_, _item(article, languages[feed_id]), scores[content_hash]))
        articles.save_scores(connection, ((id_, score) for id_, _, score in scored), now)
        self._group(connection, scored, now)
        relevant = sum(score.relevant for _, _, score in scored[: len(ids)])
        return Harvest(new=len(ids), edited=len(intake.edits), relevant=relevant)

    def _group(
        self,
        connection: Connection,
        scored: Iterable[tuple[ArticleId, Item, Score]],
        now: datetime,
    ) -> None:
        wanted = {id_: item for id_, item, score in scored if score.probability >= self.floor}
        if not wanted:
            return
        # An edited article stays in the story it is in.
        loose = stories.without_story(connection, wanted)
        gains = grouping.group(
            [(id_, wanted[id_]) for id_ in sorted(loose)],
            stories.open_since(connection, now - self.story_window),
            self.similarity,
        )
        stories.add(connection, gains, now)


class _OvertakenError(Exception):
    """Another process changed an article in between; to score it now would hold others up."""


@dataclass(frozen=True, slots=True)
class _ReadFeed:
    """One feed's answer, read: what is in it and what its row will say."""

    feed: FeedState
    articles: tuple[ParsedArticle, ...]
    update: FeedUpdate
    harvest: Harvest


def _item(article: ParsedArticle, feed_language: str) -> Item:
    return Item(article.title, article.summary, article.language or feed_language)
