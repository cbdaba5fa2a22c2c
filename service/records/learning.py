"""What readers say of articles, and what the service asks them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from service.records.basics import ArticleId, DrawId, LabelId, Topic
from service.records.relevance import Item


class Verdict(StrEnum):
    """What a reader says of an article. ``WITHDRAWN`` takes back what the reader said before."""

    RELEVANT = "relevant"
    NOT_RELEVANT = "not_relevant"
    UNSURE = "unsure"
    WITHDRAWN = "withdrawn"


class Origin(StrEnum):
    """The way a label came in."""

    CLI = "cli"
    WEB = "web"
    EMAIL = "email"
    SLACK = "slack"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Label:
    """One reader's verdict on one text. It holds the text, so that it outlives the article.

    ``text_hash`` tells whether two labels are about the same text; ``seconds`` is how long the
    reader took; ``draw`` is the audit's draw that it answers.
    """

    text_hash: str
    item: Item
    verdict: Verdict
    topics: tuple[Topic, ...]
    reader: str
    origin: Origin
    labelled_at: datetime
    url: str | None = None
    article_id: ArticleId | None = None
    seconds: float | None = None
    draw: DrawId | None = None
    id: LabelId | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the bounds within which it lies with 95 % confidence."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Said:
    """What a reader said, when, and from where; see ``Label``."""

    verdict: Verdict
    topics: tuple[Topic, ...]
    reader: str
    origin: Origin
    at: datetime
    seconds: float | None = None
    draw: DrawId | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An article that a reader could be asked about, with its newest score."""

    article_id: ArticleId
    item: Item
    url: str | None
    outlet: str
    probability: float
    seen_at: datetime
    text_hash: str


@dataclass(frozen=True, slots=True)
class Draw:
    """An article drawn at random for the audit: from which stratum, and with what chance.

    ``probability`` is what the article had then; a later score can put it elsewhere.
    """

    id: DrawId
    article_id: ArticleId
    stratum: str
    chance: float
    probability: float
    drawn_at: datetime
    text_hash: str = ""
