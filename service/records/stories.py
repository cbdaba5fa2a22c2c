"""Articles as stored, and the stories they make up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from service.records.basics import ArticleId, FeedId, StoryId, Topic
from service.records.polling import Affiliation
from service.records.relevance import Evidence, Item


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
