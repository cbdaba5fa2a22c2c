"""Which dates of feeds are to be believed. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

# Clocks differ, and some outlets date an item for the hour it is planned for.
MOST_AHEAD = timedelta(hours=1)
# Before there were feeds: 1970 is what a broken clock or an empty field says.
FIRST_FEED = datetime(1999, 3, 1, tzinfo=UTC)


def believable(published_at: datetime | None, now: datetime) -> datetime | None:
    """Return the date if it can be true; None, for "when first seen", if it cannot."""
    if published_at is None or not FIRST_FEED <= published_at <= now + MOST_AHEAD:
        return None
    return published_at
