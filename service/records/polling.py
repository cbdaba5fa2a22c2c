"""What polling fetches and reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from service.records.basics import ArticleId, FeedId
from service.records.habit import Habit
from service.records.relevance import Item


class Affiliation(StrEnum):
    """Who stands behind an outlet."""

    STATE = "state"
    PUBLIC = "public"
    INDEPENDENT = "independent"


@dataclass(frozen=True, slots=True)
class FeedState:
    """A feed as claimed for one poll: where it is and what it said last time.

    ``url`` is where it is asked, ``listed_url`` what it goes by in the list of feeds and in the
    keys of its articles; they differ once it has moved. ``pushed_at`` is when its hub last told of
    news, as long as it has promised to.
    """

    id: FeedId
    url: str
    outlet: str
    language: str
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    failures: int = 0
    habit: Habit = field(default_factory=Habit)
    last_polled_at: datetime | None = None
    listed_as: str = ""
    pushed_at: datetime | None = None

    @property
    def listed_url(self) -> str:
        """The address in the list of feeds."""
        return self.listed_as or self.url


@dataclass(frozen=True, slots=True)
class Fetched:
    """The feed answered with a body. ``body`` is decompressed; header names are lower-case.

    ``moved_to`` is where permanent redirects led, if all that were followed were permanent.
    """

    url: str
    body: bytes
    body_hash: str
    headers: Mapping[str, str] = field(default_factory=dict)
    moved_to: str | None = None


@dataclass(frozen=True, slots=True)
class NotModified:
    """The feed answered 304; see ``Fetched`` for what it may say besides."""

    headers: Mapping[str, str] = field(default_factory=dict)
    moved_to: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The feed did not give a usable answer. ``code`` is stable; ``message`` is for people."""

    code: str
    message: str
    permanent: bool = False
    retry_after: timedelta | None = None


FetchResult = Fetched | NotModified | Failed


@dataclass(frozen=True, slots=True)
class ParsedArticle:
    """One entry as the feed tells it; texts are plain, ``language`` only if the entry says."""

    title: str
    summary: str
    url: str | None
    guid: str | None
    published_at: datetime | None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A whole feed document. ``entries_present`` = ``len(articles) + len(skipped)``.

    ``update_every`` is how often the feed says it changes (RSS ``ttl``, the syndication module's
    period and frequency); ``hub`` is where it may be subscribed to (WebSub), ``topic`` the address
    that it calls its own, by which its hub knows it.
    """

    title: str
    articles: tuple[ParsedArticle, ...]
    skipped: tuple[str, ...]
    update_every: timedelta | None = None
    hub: str | None = None
    topic: str | None = None

    @property
    def entries_present(self) -> int:
        """How many entries the document holds, readable or not."""
        return len(self.articles) + len(self.skipped)


@dataclass(frozen=True, slots=True)
class IdentifiedArticle:
    """A parsed article with the keys by which it is known again, strongest first."""

    article: ParsedArticle
    keys: tuple[str, ...]
    content_hash: str


@dataclass(frozen=True, slots=True)
class KnownArticle:
    """As much of a stored article as is needed to tell an edit from a repetition."""

    id: ArticleId
    feed_id: FeedId
    content_hash: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """An article never seen before: its origin, every key it came with, who else carries it."""

    feed_id: FeedId
    article: ParsedArticle
    content_hash: str
    keys: tuple[str, ...]
    also_in: tuple[FeedId, ...] = ()


@dataclass(frozen=True, slots=True)
class Intake:
    """What a batch of feed documents adds to what is known."""

    arrivals: tuple[Arrival, ...]
    edits: tuple[tuple[KnownArticle, IdentifiedArticle], ...]
    new_keys: tuple[tuple[str, ArticleId], ...]
    sightings: tuple[tuple[ArticleId, FeedId], ...]


@dataclass(frozen=True, slots=True)
class WantedPage:
    """An article whose own page is to be read, and what the feed says of it."""

    article_id: ArticleId
    url: str
    item: Item


@dataclass(frozen=True, slots=True)
class FeedUpdate:
    """What one poll of a feed leaves behind in its row."""

    feed_id: FeedId
    polled_at: datetime
    next_poll_at: datetime
    failures: int
    error_code: str | None = None
    error: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    entries: int | None = None
    skipped: int | None = None
    habit: Habit = field(default_factory=Habit)
    new: int = 0
