"""The nouns of the service: frozen, typed, and free of behaviour that needs the outside world.

All datetimes are aware and in UTC unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

FeedId = NewType("FeedId", int)
ArticleId = NewType("ArticleId", int)
StoryId = NewType("StoryId", int)
DigestId = NewType("DigestId", int)
DeliveryId = NewType("DeliveryId", int)

# Topics are data (``config/topic.toml``): "military", "economic", "diplomatic" for this one.
Topic = NewType("Topic", str)


# --- configuration -------------------------------------------------------------------------


class Level(StrEnum):
    """How grave a finding of ``check-config`` is."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with the configuration: where, what, and how to mend it."""

    id: str
    level: Level
    file: str
    key: str
    message: str
    mend: str

    def __str__(self) -> str:
        where = f"{self.file}: {self.key}" if self.key else self.file
        return f"{self.id} {where}: {self.message}\n  mend: {self.mend}"


# --- polling -------------------------------------------------------------------------------


class Affiliation(StrEnum):
    """Who stands behind an outlet."""

    STATE = "state"
    PUBLIC = "public"
    INDEPENDENT = "independent"


@dataclass(frozen=True, slots=True)
class FeedState:
    """A feed as claimed for one poll: where it is and what it said last time."""

    id: FeedId
    url: str
    outlet: str
    language: str
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Fetched:
    """The feed answered with a body. ``body`` is decompressed; header names are lower-case."""

    url: str
    body: bytes
    body_hash: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotModified:
    """The feed answered 304."""


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
    """A whole feed document. ``entries_present`` = ``len(articles) + len(skipped)``."""

    title: str
    articles: tuple[ParsedArticle, ...]
    skipped: tuple[str, ...]

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


# --- relevance -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Item:
    """What is scored: a title and a summary in some language (ISO 639-1, or "" if unknown)."""

    title: str
    summary: str
    lang: str = ""


@dataclass(frozen=True, slots=True)
class Mention:
    """One naming of one side. ``start`` and ``end`` count characters of ``field``."""

    side: str
    kind: str
    text: str
    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a score is what it is.

    ``sentence`` is the one that carries the link between the sides; ``phrases`` are the words
    that moved the probability most, with their weight in log-odds.
    """

    mentions: tuple[Mention, ...] = ()
    sentence: str = ""
    phrases: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """The model's verdict on one item. ``probability`` is calibrated, in [0, 1]."""

    probability: float
    relevant: bool
    topics: tuple[Topic, ...]
    evidence: Evidence
    model_version: str


# --- articles and stories ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Article:
    """An article as stored. ``seen_at`` is when the service first read it."""

    id: ArticleId
    feed_id: FeedId
    outlet: str
    affiliation: Affiliation
    url: str | None
    title: str
    summary: str
    language: str
    published_at: datetime | None
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """An article within a story: what it says and how it scored."""

    article: Article
    probability: float
    topics: tuple[Topic, ...]
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class OpenStory:
    """As much of a story as grouping needs: its id and the texts of its articles."""

    id: StoryId
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """One event, with every report of it, oldest first.

    ``version`` tells one state of knowledge from the next; grouping leaves it at 1 so far.
    """

    id: StoryId
    version: int
    opened_at: datetime
    updated_at: datetime
    reports: tuple[Report, ...]


# --- digests and delivery ------------------------------------------------------------------


class ChannelKind(StrEnum):
    """The ways a digest can go out."""

    CONSOLE = "console"
    FILE = "file"
    EMAIL = "email"
    SLACK = "slack"


@dataclass(frozen=True, slots=True)
class Channel:
    """A way out and its target: an address, a webhook's name, or "" where none is needed."""

    kind: ChannelKind
    target: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.target}" if self.target else str(self.kind)


@dataclass(frozen=True, slots=True)
class DigestLink:
    """One outlet's report inside a digest's story."""

    outlet: str
    affiliation: Affiliation
    language: str
    title: str
    url: str | None


@dataclass(frozen=True, slots=True)
class DigestStory:
    """One story as a reader sees it. ``highlights`` are (start, end) spans of ``extract``."""

    story_id: StoryId
    version: int
    headline: str
    extract: str
    highlights: tuple[tuple[int, int], ...]
    language: str
    topics: tuple[Topic, ...]
    probability: float
    first_reported_at: datetime
    why: str
    links: tuple[DigestLink, ...]


@dataclass(frozen=True, slots=True)
class DigestSection:
    """The stories of one topic."""

    topic: Topic
    stories: tuple[DigestStory, ...]


@dataclass(frozen=True, slots=True)
class DigestFooter:
    """What stands behind the digest: how much was read, how well the feeds did, which model."""

    articles_read: int
    feeds_total: int
    feeds_failing: int
    model_version: str


@dataclass(frozen=True, slots=True)
class Digest:
    """One digest for one subscription; every channel renders this same object."""

    subscription: str
    title: str
    time_zone: str
    since: datetime
    until: datetime
    sections: tuple[DigestSection, ...]
    footer: DigestFooter
    more_stories: int = 0
    sample: bool = False

    @property
    def stories(self) -> tuple[DigestStory, ...]:
        """All stories, in reading order."""
        return tuple(story for section in self.sections for story in section.stories)


class DeliveryStatus(StrEnum):
    """Life of an outbox row: pending -> sending -> sent | pending again | dead."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Delivery:
    """An outbox row, claimed for sending. ``attempts`` counts this one."""

    id: DeliveryId
    digest_id: DigestId
    channel: Channel
    attempts: int
    message_id: str
    created_at: datetime
    digest: Digest


@dataclass(frozen=True, slots=True)
class Rendered:
    """The faces of one digest: all made from the same object, so they cannot disagree."""

    subject: str
    html: str
    text: str
    slack: Mapping[str, object]
    document: Mapping[str, object]
