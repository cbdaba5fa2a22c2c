"""Articles as stored, and the stories they make up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from service.records.basics import ArticleId, FeedId, StoryId, Topic
from service.records.polling import Affiliation
from service.records.relevance import Evidence


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

    @property
    def reported_at(self) -> datetime:
        """When its outlet says it was published, as far as that can be."""
        return min(self.published_at or self.seen_at, self.seen_at)


@dataclass(frozen=True, slots=True)
class Bearings:
    """By what an event is known in any language: ids of actors and matters, and numbers.

    ``leads`` and ``headed`` are the actors and matters that the title names.
    """

    actors: tuple[str, ...] = ()
    leads: tuple[str, ...] = ()
    matters: tuple[str, ...] = ()
    headed: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """An article within a story: what it says and how it scored."""

    article: Article
    probability: float
    topics: tuple[Topic, ...]
    evidence: Evidence
    bearings: Bearings = Bearings()
    # The article whose text this one carries.
    copy_of: ArticleId | None = None


@dataclass(frozen=True, slots=True)
class LooseArticle:
    """A relevant article whose place among the stories is not known; ``story`` if it is in one."""

    article: Article
    story: StoryId | None


@dataclass(frozen=True, slots=True)
class PlacedArticle:
    """An article in a story, as grouping knows it. ``vectors`` are half-precision numbers."""

    id: ArticleId
    story: StoryId | None
    outlet: str
    reported_at: datetime
    language: str
    title: str
    bearings: Bearings
    vectors: bytes


class NewsKind(StrEnum):
    """Why a story is told again."""

    CONFIRMATION = "confirmation"
    REACTION = "reaction"
    DEVELOPMENT = "development"


@dataclass(frozen=True, slots=True)
class StoryNews:
    """What is new in ``version`` of a story, and which article says so."""

    version: int
    kind: NewsKind
    detail: str
    article: ArticleId
    found_at: datetime


@dataclass(frozen=True, slots=True)
class Story:
    """One event, with every report of it, oldest first.

    ``version`` tells one state of knowledge from the next: ``news`` says what came with each.
    """

    id: StoryId
    version: int
    opened_at: datetime
    updated_at: datetime
    reports: tuple[Report, ...]
    news: tuple[StoryNews, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """A story as it is told to one reader.

    ``lead`` is the report that tells it best, ``first`` the earliest. ``origins`` are the outlets
    on whose word it rests: copies, and reports that quote another outlet, do not count. ``actors``
    come most often named first; ``news`` is what came since the reader was told.
    """

    story: Story
    lead: Report
    first: Report
    origins: tuple[str, ...]
    actors: tuple[str, ...]
    languages: tuple[str, ...]
    news: tuple[StoryNews, ...] = ()
