"""What an answer teaches of a feed's habit, and when the habit is to be doubted. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from service.polling.push.advertised import advertised
from service.records import Failed, Fetched, Habit, NotModified, ParsedFeed

# How fast the past fades: a day has its nights, a week its week-end.
HALF_LIFE = timedelta(hours=24)
# Entries of a first document older than this say little about the feed's rate.
FIRST_LOOK = timedelta(days=2)
# Where more than two thirds of a document are new, some were missed: the upper end of the band of
# known entries that Media Cloud's rss-fetcher steers by (a third to two thirds).
KNOWN_AT_LEAST = 1 / 3
# "Slow down": 403 is how many shields say it.
SLOW_DOWN = frozenset({"http-403", "http-429", "http-503", "host-busy"})
MOST_POLITE = 4.0
RELENT = 0.5
# Asked in full once a day; and where so many entries should have come that the silence is odd.
FULL_EVERY = timedelta(hours=24)
ODD_SILENCE = 5
ASKED_BEFORE_ODD = 3
DISTRUST = timedelta(days=7)
# A date this long before "not modified" was said, and the entry was there then.
CLOCKS_DIFFER = timedelta(minutes=15)
CONSISTENT = 3
# Weight of the newest document in what is usual.
USUAL_SHARE = 0.1

_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,8})", re.I)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a poll found: how many entries are new to this feed, and their dates, where known."""

    new: int = 0
    published: Sequence[datetime] = ()


def gap(habit: Habit) -> timedelta:
    """Return the usual time between two new entries; a long one while nothing is known."""
    # Half an entry more than came: silence makes the gap longer, and never endless.
    return habit.watched / (habit.arrivals + 0.5) if habit.watched else timedelta(0)


def answered(
    habit: Habit,
    result: Fetched | NotModified,
    parsed: ParsedFeed | None,
    seen: Seen,
    last_polled_at: datetime | None,
    now: datetime,
) -> Habit:
    """Return the habit after an answer. ``parsed`` is None where nothing had changed."""
    learnt = _rate(habit, parsed, seen, last_polled_at, now)
    learnt = _moved(learnt, result.moved_to)
    learnt = replace(
        learnt,
        politeness=max(1.0, habit.politeness * RELENT),
        max_age=max_age(result.headers),
    )
    if isinstance(result, NotModified):
        return replace(learnt, not_modified=habit.not_modified + 1)
    if parsed is not None:
        learnt = _document(learnt, parsed)
    learnt = _hub(learnt, result, parsed)
    if habit.not_modified and last_polled_at is not None and _lied(seen, last_polled_at):
        learnt = replace(learnt, distrusted_until=now + DISTRUST)
    return replace(learnt, not_modified=0, last_full_at=now)


def failed(habit: Habit, failure: Failed) -> Habit:
    """Return the habit after a failure."""
    if failure.code in SLOW_DOWN:
        habit = replace(habit, politeness=min(MOST_POLITE, habit.politeness * 2))
    if habit.adopted and failure.permanent:
        # Where it moved to there is nothing any more: back to the address that was listed.
        habit = replace(habit, adopted=None, moved_to=None, moved_seen=0)
    return habit


def ask_in_full(habit: Habit, now: datetime) -> bool:
    """Tell whether the next request should not say what is known: to see if "304" is true."""
    if habit.distrusted_until is not None and now < habit.distrusted_until:
        return True
    if not habit.not_modified or habit.last_full_at is None:
        return False
    silence = now - (habit.last_new_at or habit.last_full_at)
    odd = habit.not_modified >= ASKED_BEFORE_ODD and silence > ODD_SILENCE * gap(habit)
    # Once in a silence: it begins anew with each full answer.
    return now - habit.last_full_at >= (min(silence / 2, FULL_EVERY) if odd else FULL_EVERY)


def max_age(headers: Mapping[str, str]) -> timedelta | None:
    """Return how long an answer may be kept by ``Cache-Control`` (RFC 9111, 5.2.2.1)."""
    control = headers.get("cache-control", "")
    found = _MAX_AGE.search(control)
    if found is None or "no-cache" in control.lower():
        return None
    age = headers.get("age", "")
    spent = int(age) if age.isdecimal() and len(age) < 9 else 0
    return timedelta(seconds=max(int(found[1]) - spent, 0)) or None


def _rate(
    habit: Habit,
    parsed: ParsedFeed | None,
    seen: Seen,
    last_polled_at: datetime | None,
    now: datetime,
) -> Habit:
    if last_polled_at is None or not habit.watched:
        first = _first_look(habit, seen, now)
        # Where dates do not tell the rate, what comes from the second document on does.
        if last_polled_at is None or first.watched:
            return first
    passed = max(now - last_polled_at, timedelta(0))
    fading = 0.5 ** (passed / HALF_LIFE)
    came = float(seen.new)
    present = len(parsed.articles) if parsed else 0
    if present and seen.new > (1 - KNOWN_AT_LEAST) * present:
        came *= 2
    return replace(
        habit,
        arrivals=habit.arrivals * fading + came,
        watched=habit.watched * fading + passed,
        last_new_at=now if seen.new else habit.last_new_at,
    )


def _first_look(habit: Habit, seen: Seen, now: datetime) -> Habit:
    """Take the rate from the dates in the first document; nothing is new then, only unknown."""
    recent = [date for date in seen.published if now - FIRST_LOOK <= date <= now]
    if len(recent) < 2:
        return replace(habit, last_new_at=habit.last_new_at or now)
    # The newest of a full document go back to its oldest, not to the beginning of the window.
    whole = len(recent) == len(seen.published)
    watched = now - min(recent) if whole else FIRST_LOOK
    return replace(habit, arrivals=float(len(recent)), watched=watched, last_new_at=max(recent))


def _moved(habit: Habit, moved_to: str | None) -> Habit:
    if moved_to is None:
        return replace(habit, moved_to=None, moved_seen=0)
    times = habit.moved_seen + 1 if moved_to == habit.moved_to else 1
    if times < CONSISTENT:
        return replace(habit, moved_to=moved_to, moved_seen=times)
    return replace(habit, moved_to=None, moved_seen=0, adopted=moved_to)


def _document(habit: Habit, parsed: ParsedFeed) -> Habit:
    entries = parsed.entries_present
    usual = habit.usual_entries
    return replace(
        habit,
        update_every=parsed.update_every,
        usual_entries=entries if usual is None else usual + USUAL_SHARE * (entries - usual),
    )


def _hub(habit: Habit, result: Fetched, parsed: ParsedFeed | None) -> Habit:
    """Take the hub from the header or else from the document; one not read again says the same."""
    told = advertised(result.headers.get("link", ""), result.url)
    if told.hub:
        own = parsed.topic if parsed else habit.topic
        return replace(habit, hub=told.hub, topic=told.topic or own)
    return replace(habit, hub=parsed.hub, topic=parsed.topic) if parsed else habit


def _lied(seen: Seen, last_polled_at: datetime) -> bool:
    """Tell whether an entry is new to us that was there when "not modified" was said."""
    return any(date < last_polled_at - CLOCKS_DIFFER for date in seen.published)
