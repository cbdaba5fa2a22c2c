"""What is remembered of how a feed behaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from service.records.basics import FeedId


@dataclass(frozen=True, slots=True)
class Habit:
    """How a feed behaves, from what it answered so far; see ``polling.habits``.

    ``arrivals`` entries came in ``watched`` of watching, both fading with time. ``politeness`` is
    how many times longer than its rate asks for the feed is left alone, because its server said
    so. ``update_every`` is the feed's own promise, ``max_age`` its server's. ``not_modified``
    counts the answers "not modified" in a row, ``last_full_at`` is the last answer that was none.
    """

    arrivals: float = 0.0
    watched: timedelta = timedelta(0)
    politeness: float = 1.0
    update_every: timedelta | None = None
    max_age: timedelta | None = None
    # How many entries a document usually holds.
    usual_entries: float | None = None
    last_new_at: datetime | None = None
    last_full_at: datetime | None = None
    not_modified: int = 0
    # Its server said "not modified" when there was something new: asked in full until then.
    distrusted_until: datetime | None = None
    # Where permanent redirects lead, and how many times in a row they said so.
    moved_to: str | None = None
    moved_seen: int = 0
    # Asked there instead, once they said so often enough.
    adopted: str | None = None
    # Where it may be subscribed to, and by which address its hub knows it.
    hub: str | None = None
    topic: str | None = None


class Condition(StrEnum):
    """How a feed is."""

    NEW = "new"
    WELL = "well"
    FAILING = "failing"
    GONE = "gone"
    SILENT = "silent"
    FLOODED = "flooded"
    SHRUNK = "shrunk"


@dataclass(frozen=True, slots=True)
class FeedDay:
    """What a feed did on one day, in UTC."""

    day: date
    polls: int
    failures: int
    new: int


@dataclass(frozen=True, slots=True)
class FeedReport:
    """All that is known of a listed feed; ``days`` are the last weeks', oldest first."""

    id: FeedId
    url: str
    outlet: str
    language: str
    weight: float
    next_poll_at: datetime
    last_polled_at: datetime | None
    last_success_at: datetime | None
    failures: int
    error_code: str | None
    error: str | None
    entries: int | None
    skipped: int | None
    habit: Habit
    days: tuple[FeedDay, ...] = ()
