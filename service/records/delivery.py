"""Digests and how they go out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from service.records.basics import DeliveryId, DigestId, StoryId, Topic
from service.records.learning import Interval
from service.records.polling import Affiliation


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
    # What is new, in words, where an earlier version was told.
    news: tuple[str, ...] = ()
    # On the word of so many outlets it rests, and so many articles tell it.
    independent: int = 1
    reports: int = 1
    languages: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DigestSection:
    """The stories of one topic."""

    topic: Topic
    stories: tuple[DigestStory, ...]


Unit = Literal["stories", "articles"]


@dataclass(frozen=True, slots=True)
class DigestSurge:
    """A topic that fills the news beyond its own baseline.

    ``observed`` came up on the last day, or the last two (``days``), where ``expected`` were to be
    expected and half of such days have within ``usual``, both ends included; ``times`` is the
    one over the other. ``counts`` are of the last days, one each, up to ``until``; ``since`` is the
    first day of the surge, None if it is the last.
    """

    topic: Topic
    unit: Unit
    days: int
    observed: int
    expected: float
    usual: tuple[int, int]
    times: float
    counts: tuple[int, ...]
    until: date
    since: date | None


@dataclass(frozen=True, slots=True)
class DigestFooter:
    """What stands behind the digest: how much was read, how well the feeds did, which model.

    ``precision`` and ``recall`` are those of the articles it weighs, by labels of ``audited``
    articles drawn at random; None until there are enough.
    """

    articles_read: int
    feeds_total: int
    feeds_failing: int
    model_version: str
    precision: Interval | None = None
    recall: Interval | None = None
    audited: int = 0
    # Answering, but silent, flooded or shrunk against their own past.
    feeds_odd: int = 0
    # Of those and the failing ones the most important, in words.
    feed_troubles: tuple[str, ...] = ()


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
    # What must be told whatever the stories: a digest of these alone is an alarm.
    notices: tuple[str, ...] = ()
    # Topics that surge, the most unusual first.
    surges: tuple[DigestSurge, ...] = ()

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
class OutboxRow:
    """An outbox row as it stands, for whoever looks after the outbox.

    ``channel`` is as it was stored: a row that cannot be read any more is listed too.
    ``next_attempt_at`` is when it is due, or, while it is being sent, when it is taken up again if
    that attempt is lost; None where no attempt will follow. ``error`` holds what the other side
    said last, as it came.
    """

    id: DeliveryId
    digest_id: DigestId
    subscription: str
    channel: str
    status: DeliveryStatus
    attempts: int
    next_attempt_at: datetime | None
    error_code: str | None
    error: str | None
    created_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Revival:
    """What became of deliveries that were to be sent again.

    ``revived`` wait to be sent now; ``refused`` were not dead and are as they were; ``unknown``
    are not in the outbox.
    """

    revived: tuple[OutboxRow, ...] = ()
    refused: tuple[OutboxRow, ...] = ()
    unknown: tuple[DeliveryId, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendered:
    """The faces of one digest: all made from the same object, so they cannot disagree."""

    subject: str
    html: str
    text: str
    slack: Mapping[str, object]
    document: Mapping[str, object]
