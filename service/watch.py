"""Watches the feeds: tells in each digest how they are, and at once when important ones fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.polling.condition import condition, outage
from service.records import Condition, Digest, DigestFooter, DigestId, FeedReport
from service.settings import Subscription
from service.storage import digests, feeds, heartbeats
from service.storage.database import Connection

# How far back a feed's own baseline reaches.
BASELINE = timedelta(days=28)
ALARM = "alarm: feeds"
FAILING = frozenset({Condition.FAILING, Condition.GONE})
ODD = frozenset({Condition.SILENT, Condition.FLOODED, Condition.SHRUNK})
# A footer is no report: `caspian feeds` lists them all.
NAMED = 5


@dataclass(frozen=True, slots=True)
class Watched:
    """How all listed feeds are; ``troubles`` are the worst, in words."""

    total: int
    failing: int
    odd: int
    troubles: tuple[str, ...]


def reports(connection: Connection, now: datetime) -> list[FeedReport]:
    """Return what is known of the listed feeds, with as much of their past as a baseline needs."""
    return feeds.reports(connection, (now - BASELINE).date())


def watched(connection: Connection, now: datetime) -> Watched:
    """Return how the listed feeds are; of those in trouble the most important are named."""
    known = reports(connection, now)
    told = [(feed, *condition(feed, now)) for feed in known]
    counts = Counter(state for _, state, _ in told)
    troubled = [(feed, why) for feed, state, why in told if state in FAILING | ODD]
    troubled.sort(key=lambda pair: (-pair[0].weight, pair[0].outlet))
    return Watched(
        total=len(known),
        failing=sum(counts[state] for state in FAILING),
        odd=sum(counts[state] for state in ODD),
        troubles=tuple(f"{feed.outlet}: {why}" for feed, why in troubled[:NAMED]),
    )


def raise_alarm(
    connection: Connection,
    subscriptions: Sequence[Subscription],
    model_version: str,
    now: datetime,
) -> list[DigestId]:
    """Tell every subscription at once when important feeds fail together, once an outage."""
    raised = ALARM in heartbeats.last_beats(connection)
    known = reports(connection, now)
    down = outage(known, lasting=raised)
    if not down:
        heartbeats.forget(connection, ALARM)
        return []
    if raised:
        return []
    heartbeats.beat(connection, ALARM, now)
    notices = (
        f"{len(down)} of the important feeds fail together: what they carry is not being read.",
        *(f"{feed.outlet}: {condition(feed, now)[1]}" for feed in down),
    )
    failing = sum(feed.failures > 0 for feed in known)
    footer = DigestFooter(0, len(known), failing, model_version)
    return [
        digests.issue(connection, _alarm(subscription, notices, footer, now), channels, now)
        for subscription in subscriptions
        if (channels := subscription.channels)
    ]


def _alarm(
    subscription: Subscription, notices: tuple[str, ...], footer: DigestFooter, now: datetime
) -> Digest:
    return Digest(
        subscription=subscription.id,
        title=subscription.title,
        time_zone=subscription.time_zone,
        since=now,
        until=now,
        sections=(),
        footer=footer,
        notices=notices,
    )
