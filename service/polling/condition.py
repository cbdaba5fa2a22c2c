"""Tells how a feed is, and why, in words: against its own past, not against others. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median

from service.records import Condition, FeedDay, FeedReport

GONE = frozenset({"http-404", "http-410", "http-451"})
# A baseline needs so many whole days with polls.
FEWEST_DAYS = 5
# Silent: as long as never before, and a day at least. Longer pauses in the past (week-ends) count.
SHORTEST_SILENCE = timedelta(hours=24)
SILENT_SINCE_LISTED = timedelta(days=3)
# Flooded: so many times the fullest day, and so many at least.
FLOOD, FEWEST_OF_A_FLOOD = 4, 50
# Shrunk: the document, or each of the last days, holds less than such a share of what is usual.
SHRUNK_DOCUMENT, FEWEST_USUAL = 0.5, 8
SHRUNK_DAYS, SHRUNK_SHARE = 3, 0.2
# Together: such a share of the important feeds, and so many at least, failing twice in a row.
IMPORTANT_WEIGHT = 1.2
OUTAGE_SHARE, FEWEST_OF_AN_OUTAGE, FAILURES_OF_AN_OUTAGE = 0.5, 3, 2
OVER_SHARE = 0.25


def condition(feed: FeedReport, now: datetime) -> tuple[Condition, str]:
    """Return how a feed is and the reason, which is empty where all is well."""
    if feed.failures:
        return _failing(feed, now)
    if feed.last_polled_at is None:
        return Condition.NEW, "not polled yet"
    whole = [day for day in feed.days if day.day < now.date() and day.polls > day.failures]
    for told in (_silent(feed, whole, now), _flooded(feed, whole, now), _shrunk(feed, whole)):
        if told:
            return told
    moved = feed.habit.adopted
    return Condition.WELL, f"moved to {moved}: list that address instead" if moved else ""


def usual_day(days: Iterable[FeedDay], today: date) -> float | None:
    """Return how many new entries a whole day usually brings; None while too little is known."""
    counts = [day.new for day in days if day.day < today and day.polls > day.failures]
    return float(median(counts)) if len(counts) >= FEWEST_DAYS else None


def outage(feeds: Sequence[FeedReport], *, lasting: bool) -> list[FeedReport]:
    """Return the important feeds that fail together; empty while there is no outage.

    One that is ``lasting`` is over when few of them still fail, lest it be told again and again.
    """
    important = [feed for feed in feeds if feed.weight >= IMPORTANT_WEIGHT]
    down = [feed for feed in important if feed.failures >= FAILURES_OF_AN_OUTAGE]
    share = OVER_SHARE if lasting else OUTAGE_SHARE
    fewest = 1 if lasting else FEWEST_OF_AN_OUTAGE
    return down if len(down) >= max(fewest, share * len(important)) else []


def ago(moment: datetime, now: datetime) -> str:
    """Return how long ago, in words: "40 min", "5 h", "3 days"."""
    minutes = (now - moment).total_seconds() / 60
    if minutes < 90:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.0f} h" if minutes < 48 * 60 else f"{minutes / 1_440:.0f} days"


def _failing(feed: FeedReport, now: datetime) -> tuple[Condition, str]:
    times = "once" if feed.failures == 1 else f"{feed.failures} times in a row"
    last = (
        f", good {ago(feed.last_success_at, now)} ago" if feed.last_success_at else ", never good"
    )
    why = f"{feed.error_code}: {feed.error} ({times}{last})"
    return (Condition.GONE if feed.error_code in GONE else Condition.FAILING), why


def _silent(
    feed: FeedReport, whole: Sequence[FeedDay], now: datetime
) -> tuple[Condition, str] | None:
    last = feed.habit.last_new_at
    if last is None:
        return None
    silence = now - last
    active = [day.day for day in whole if day.new]
    if not active:
        long = len(whole) >= FEWEST_DAYS and silence > SILENT_SINCE_LISTED
        return (Condition.SILENT, f"nothing new for {ago(last, now)}") if long else None
    pauses = [later - earlier for earlier, later in pairwise(active)]
    longest = max([SHORTEST_SILENCE, *pauses])
    # Whole days: an entry early on one and late on the next are two days apart at most.
    if len(active) < FEWEST_DAYS or silence <= longest + SHORTEST_SILENCE:
        return None
    usual = usual_day(whole, now.date()) or 0.0
    return Condition.SILENT, f"nothing new for {ago(last, now)}, usually {usual:.0f} a day"


def _flooded(
    feed: FeedReport, whole: Sequence[FeedDay], now: datetime
) -> tuple[Condition, str] | None:
    today = sum(day.new for day in feed.days if day.day == now.date())
    if len(whole) < FEWEST_DAYS:
        return None
    fullest = max(day.new for day in whole)
    if today < max(FEWEST_OF_A_FLOOD, FLOOD * fullest):
        return None
    return Condition.FLOODED, f"{today} new today, {fullest} on the fullest day before"


def _shrunk(feed: FeedReport, whole: Sequence[FeedDay]) -> tuple[Condition, str] | None:
    usual, entries = feed.habit.usual_entries or 0.0, feed.entries
    if entries is not None and usual >= FEWEST_USUAL and entries < SHRUNK_DOCUMENT * usual:
        return Condition.SHRUNK, f"holds {entries} entries, usually {usual:.0f}"
    recent, before = whole[-SHRUNK_DAYS:], whole[:-SHRUNK_DAYS]
    if len(before) < FEWEST_DAYS:
        return None
    middle = median(day.new for day in before)
    if middle >= FEWEST_USUAL and all(day.new < SHRUNK_SHARE * middle for day in recent):
        few = max(day.new for day in recent)
        return Condition.SHRUNK, f"at most {few} new a day lately, usually {middle:.0f}"
    return None
