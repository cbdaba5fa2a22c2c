"""What a batch of feed answers becomes: articles and scores, in one transaction."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta

import structlog

from service.polling.cadence import Cadence
from service.polling.dates import believable
from service.polling.habits import Seen
from service.polling.reading.parse import parse
from service.polling.updates import ReadFeed, update_of
from service.records import (
    ArticleId,
    Failed,
    FeedId,
    FeedState,
    FeedUpdate,
    Fetched,
    FetchResult,
    IdentifiedArticle,
    Intake,
    Item,
    ParsedArticle,
    ParsedFeed,
    Score,
)
from service.relevance.classifier import Scorer
from service.storage import articles, feeds, grouping, stories
from service.storage.database import Connection, Database
from service.stories import identity

log = structlog.get_logger(__name__)

ATTEMPTS = 5
# So near to the least probability that anybody wants to see, the article's page decides.
UNSURE_BELOW, UNSURE_ABOVE = -0.35, 0.15
# A story runs hot that so many articles joined in so short a time.
HOT_FOR, HOT_REPORTS = timedelta(hours=3), 4

Entry = tuple[FeedId, IdentifiedArticle]
Answer = tuple[FeedState, FetchResult]


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


def parse_here(documents: Sequence[Fetched]) -> list[ParsedFeed | Failed]:
    """Read documents in this process, where one that hangs holds up all."""
    return [parse(document) for document in documents]


@dataclass(frozen=True, slots=True)
class Harvester:
    """Takes feed answers in.

    ``thresholds`` are those that subscriptions have of their own; ``names_any`` tells whether an
    item names one side at least, and ``parse`` reads documents.
    """

    database: Database
    scorer: Scorer
    cadence: Cadence
    chance: Callable[[], float]
    thresholds: tuple[float, ...] = ()
    names_any: Callable[[Item], bool] = lambda _: False
    parse: Callable[[Sequence[Fetched]], list[ParsedFeed | Failed]] = parse_here

    @property
    def floor(self) -> float:
        """The least probability that anybody wants to see."""
        return min([self.scorer.threshold, *self.thresholds])

    def take_in(self, batch: Sequence[Answer], now: datetime) -> Harvest:
        """Read what a batch of feeds answered, and store it; see ``read`` and ``store``."""
        return self.store(self.read(batch), now)

    def store(self, read: Sequence[ReadFeed], now: datetime) -> Harvest:
        """Recognise and score what a batch of feeds holds, and store it all.

        One transaction: after a crash either the whole batch is there, with the feeds' new
        state, or none of it, and the feeds come due again.
        """
        entries = [
            (one.feed.id, entry)
            for one in read
            if one.parsed
            for entry in identity.identify(one.feed.listed_url, _dated(one.parsed, now))
        ]
        languages = {one.feed.id: one.feed.language for one in read}
        for _ in range(ATTEMPTS):
            scores = self._score_unknown(entries, languages)
            try:
                with self.database.transaction() as connection:
                    counts, seen = self._store(connection, entries, languages, scores, now)
                    feeds.record(connection, self._updates(connection, read, seen, now))
            except _OvertakenError:
                continue
            return sum((_counted(one) for one in read), counts)
        raise _OvertakenError(f"articles of the batch changed {ATTEMPTS} times while it was scored")

    def read(self, batch: Sequence[Answer]) -> list[ReadFeed]:
        """Parse the answers; a body that is byte for byte the last one is not read again."""
        changed = [
            result
            for feed, result in batch
            if isinstance(result, Fetched) and result.body_hash != feed.body_hash
        ]
        documents = iter(self.parse(changed))
        read = []
        for feed, result in batch:
            if isinstance(result, Fetched) and result.body_hash != feed.body_hash:
                document = next(documents)
                if isinstance(document, Failed):
                    read.append(ReadFeed(feed, document))
                else:
                    read.append(ReadFeed(feed, result, document))
            else:
                read.append(ReadFeed(feed, result))
        for one in read:
            _tell(one)
        return read

    def _updates(
        self,
        connection: Connection,
        read: Sequence[ReadFeed],
        seen: Mapping[FeedId, Seen],
        now: datetime,
    ) -> list[FeedUpdate]:
        hot = stories.hot_feeds(connection, now - HOT_FOR, HOT_REPORTS)
        return [
            update_of(
                one,
                seen.get(one.feed.id, Seen()),
                self.cadence,
                now,
                self.chance(),
                hot=one.feed.id in hot,
            )
            for one in read
        ]

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

    def _store(
        self,
        connection: Connection,
        entries: Sequence[Entry],
        languages: Mapping[FeedId, str],
        scores: Mapping[str, Score],
        now: datetime,
    ) -> tuple[Harvest, dict[FeedId, Seen]]:
        keys = [key for _, entry in entries for key in entry.keys]
        intake = identity.decide(entries, articles.find_known(connection, keys))
        ids = articles.add(connection, intake.arrivals, languages, now)
        articles.edit(connection, intake.edits, now)
        articles.add_keys(connection, intake.new_keys)
        carried = articles.add_sightings(connection, intake.sightings, now)

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
        vague = [id_ for id_, item, score in scored if self._too_little(item, score)]
        articles.want_pages(connection, vague)
        self.group(connection, ((id_, score) for id_, _, score in scored), now)
        relevant = sum(score.relevant for _, _, score in scored[: len(ids)])
        harvest = Harvest(new=len(ids), edited=len(intake.edits), relevant=relevant)
        return harvest, _seen(intake, carried)

    def _too_little(self, item: Item, score: Score) -> bool:
        """Tell whether the feed says too little of an article to be sure of it."""
        if score.evidence.mentions:
            return UNSURE_BELOW <= score.probability - self.floor < UNSURE_ABOVE
        return not item.summary and self.names_any(item)

    def group(
        self, connection: Connection, scored: Iterable[tuple[ArticleId, Score]], now: datetime
    ) -> None:
        """Let the articles that anybody may want to see be put into stories."""
        wanted = [id_ for id_, score in scored if score.probability >= self.floor]
        grouping.want(connection, wanted, now)


class _OvertakenError(Exception):
    """Another process changed an article in between; to score it now would hold others up."""


def _dated(parsed: ParsedFeed, now: datetime) -> list[ParsedArticle]:
    """Return the articles, without dates that cannot be true."""
    return [
        article
        if believable(article.published_at, now) == article.published_at
        else replace(article, published_at=None)
        for article in parsed.articles
    ]


def _seen(intake: Intake, carried: Mapping[FeedId, int]) -> dict[FeedId, Seen]:
    """Return what each feed brought that it had not brought before."""
    dates: defaultdict[FeedId, list[datetime]] = defaultdict(list)
    new = Counter(carried)
    for arrival in intake.arrivals:
        for feed in (arrival.feed_id, *arrival.also_in):
            new[feed] += 1
            if arrival.article.published_at:
                dates[feed].append(arrival.article.published_at)
    return {feed: Seen(count, dates[feed]) for feed, count in new.items()}


def _tell(read: ReadFeed) -> None:
    feed, result = read.feed, read.result
    if isinstance(result, Failed):
        log.warning(
            "feed failed",
            feed=feed.url,
            code=result.code,
            why=result.message,
            in_a_row=feed.failures + 1,
        )
    elif read.parsed and read.parsed.skipped:
        log.info("entries skipped", feed=feed.url, why=read.parsed.skipped[:5])


def _counted(read: ReadFeed) -> Harvest:
    return Harvest(
        feeds=1,
        unchanged=int(read.unchanged),
        failed=int(isinstance(read.result, Failed)),
        entries=read.parsed.entries_present if read.parsed else 0,
        skipped=len(read.parsed.skipped) if read.parsed else 0,
    )


def _item(article: ParsedArticle, feed_language: str) -> Item:
    return Item(article.title, article.summary, article.language or feed_language)
