"""What a push changes in polling. Pure.

A push is never taken for the news itself: it makes the feed due, and its own server is asked.
"""

from __future__ import annotations

from datetime import datetime, timedelta

# However many pushes come, a feed is asked so often for them and no more.
APART = timedelta(minutes=1)
# So near a push, what a poll finds is what the hub told of: either may be the first.
ON_TIME = timedelta(minutes=15)
# Where the hub is ahead of the feed, the feed is asked once more after this: caches lag behind.
LAG = timedelta(minutes=5)


def due_after_push(last: datetime | None, now: datetime) -> datetime:
    """Return for when a push makes its feed due; ``last`` is what it was for the push before.

    One that comes too soon after another is put off and not dropped: it may tell of what the poll
    for the other came too early for.
    """
    if last is None or last + APART <= now:
        return now
    return last + APART if last <= now else last


def is_ahead(pushed_at: datetime | None, last_polled_at: datetime | None, *, found: bool) -> bool:
    """Tell whether the hub told of something that the feed does not show yet.

    ``found`` tells whether this poll found anything, ``last_polled_at`` is the one before.
    """
    if pushed_at is None or found:
        return False
    return last_polled_at is None or last_polled_at < pushed_at


def is_relied_on(pushed_at: datetime | None, last_new_at: datetime | None) -> bool:
    """Tell whether the last push told of the last news, so that polling may wait for the next.

    ``pushed_at`` is the last push of a lease that holds, ``last_new_at`` when a poll last found
    something new.
    """
    if pushed_at is None or last_new_at is None:
        return False
    return abs(last_new_at - pushed_at) <= ON_TIME
