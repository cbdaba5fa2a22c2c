"""What a poll leaves behind in the feed's row. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from service.polling import habits
from service.polling.cadence import Cadence
from service.polling.habits import Seen
from service.polling.push.news import LAG, is_ahead, is_relied_on
from service.records import Failed, FeedState, FeedUpdate, Fetched, FetchResult, ParsedFeed

MAX_ERROR = 500


@dataclass(frozen=True, slots=True)
class ReadFeed:
    """One feed's answer, read. ``parsed`` is None where nothing had changed, or it failed."""

    feed: FeedState
    result: FetchResult
    parsed: ParsedFeed | None = None

    @property
    def unchanged(self) -> bool:
        """Whether the feed answered, and said nothing that it had not said before."""
        return self.parsed is None and not isinstance(self.result, Failed)


def as_asked(feed: FeedState, now: datetime) -> FeedState:
    """Return the feed as it is to be asked: in full where "not modified" is to be tested."""
    if habits.ask_in_full(feed.habit, now):
        return replace(feed, etag=None, last_modified=None)
    return feed


def update_of(
    read: ReadFeed, seen: Seen, cadence: Cadence, now: datetime, chance: float, *, hot: bool
) -> FeedUpdate:
    """Return what the feed's row will say; ``seen`` is what the poll found."""
    feed, result = read.feed, read.result
    if isinstance(result, Failed):
        failures = feed.failures + 1
        habit = habits.failed(feed.habit, result)
        due = cadence.after_failure(now, habit, result, failures, chance)
        text = result.message[:MAX_ERROR]
        return FeedUpdate(feed.id, now, due, failures, result.code, text, habit=habit)
    habit = habits.answered(feed.habit, result, read.parsed, seen, feed.last_polled_at, now)
    ahead = is_ahead(feed.pushed_at, feed.last_polled_at, found=seen.new > 0)
    pushed = not ahead and is_relied_on(feed.pushed_at, habit.last_new_at)
    due = cadence.after_answer(now, habit, chance, hot=hot, pushed=pushed)
    update = FeedUpdate(
        feed.id,
        now,
        min(due, now + LAG * habit.politeness) if ahead else due,
        failures=0,
        habit=habit,
        new=seen.new,
    )
    if read.parsed is None or not isinstance(result, Fetched):
        return update
    return replace(
        update,
        etag=result.headers.get("etag"),
        last_modified=result.headers.get("last-modified"),
        body_hash=result.body_hash,
        entries=len(read.parsed.articles),
        skipped=len(read.parsed.skipped),
    )
