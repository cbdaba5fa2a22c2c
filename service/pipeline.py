"""The service's work as short spines: ``poll``, ``digest``, ``deliver``.

Each can be run by hand, by the daemon's scheduler or by a test; each takes all it needs from a
``Service``, the clock included, and can be told to stop between two pieces of work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Event
from zoneinfo import ZoneInfo

import structlog

from service.arrivals import arrivals, at_fault
from service.delivery.sender import Sender
from service.digests import schedule
from service.digests.compose import Vocabulary, compose
from service.digests.render import render
from service.digests.select import select
from service.errors import DeliveryError
from service.full_text import PageReader, read_pages
from service.gathering import Gatherer
from service.harvest import Harvest, Harvester
from service.measured import measure
from service.polling.fetching.fetch import Fetcher
from service.polling.reading.contained import ContainedParser
from service.polling.updates import ReadFeed, as_asked
from service.records import (
    ChannelKind,
    Delivery,
    Digest,
    DigestFooter,
    DigestId,
    DigestSurge,
)
from service.settings import Settings, Subscription
from service.storage import articles, digests, feeds, heartbeats, outbox, stories, volumes
from service.storage.database import Connection, Database
from service.stories.account import account
from service.stories.novelty import Roles
from service.stories.surges import DAYS, surges
from service.watch import raise_alarm, watched

log = structlog.get_logger(__name__)

# Beyond this many the wait is at its longest for any sane setting.
MAX_DOUBLINGS = 16

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Service:
    """All that the spines need; built by ``wiring``."""

    settings: Settings
    database: Database
    harvester: Harvester
    gatherer: Gatherer
    open_fetcher: Callable[[], Fetcher]
    senders: Mapping[ChannelKind, Sender]
    vocabulary: Vocabulary
    roles: Roles
    clock: Callable[[], datetime]
    # Switches to another version of the model, if the reader has put one in use; tells if it did.
    refresh_model: Callable[[], bool] = lambda: False
    learn: Callable[[], object] = lambda: None
    pages: PageReader | None = None
    parser: ContainedParser | None = None
    sample: bool = False

    def close(self) -> None:
        """Give back what is held: connections, and the processes that read feeds."""
        if self.parser is not None:
            self.parser.close()
        self.database.close()


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What one round of delivering did."""

    sent: int = 0
    failed: int = 0
    dead: int = 0


async def poll(service: Service, stop: Event, progress: Progress = lambda *_: None) -> Harvest:
    """Ask every feed that is due, take in what they answer as it arrives, and group what is new."""
    now, polling = service.clock(), service.settings.polling
    await asyncio.to_thread(follow_model, service)
    with service.database.transaction() as connection:
        lease = timedelta(minutes=polling.lease_minutes)
        due = feeds.claim_due(connection, now, polling.batch, lease)
    claimed = [as_asked(feed, now) for feed in due]
    harvest = Harvest()
    progress(0, len(claimed))
    waiting = {feed.id for feed in claimed}
    async with (
        service.open_fetcher() as fetcher,
        aclosing(arrivals(fetcher, claimed, service.harvester.read, stop)) as batches,
    ):
        async for batch in batches:
            harvest += await _store(service, batch)
            waiting -= {one.feed.id for one in batch}
            progress(len(claimed) - len(waiting), len(claimed))
    await asyncio.to_thread(service.gatherer.gather, service.clock())
    with service.database.transaction() as connection:
        if waiting:
            feeds.make_due(connection, now, waiting)
        heartbeats.beat(connection, "poll", service.clock())
    return harvest


async def read_articles(service: Service) -> int:
    """Read the pages of articles of which their feeds say too little; return how many."""
    if service.pages is None:
        return 0
    read = await read_pages(service.pages, service.harvester, service.clock())
    await asyncio.to_thread(service.gatherer.gather, service.clock())
    return read


def follow_model(service: Service) -> None:
    """Let the version that is in use score from now on; between two batches, never within one."""
    if service.refresh_model():
        log.info("model changed", version=service.harvester.scorer.version)


def digest(service: Service, *, at_once: bool = False, only: str | None = None) -> list[DigestId]:
    """Make the digests that are due and put them into the outbox; return their ids.

    ``at_once`` makes them whether due or not; ``only`` names one subscription.
    """
    with service.database.transaction() as connection:
        scorer, wanted = service.harvester.scorer, service.settings.subscriptions
        issued = raise_alarm(connection, wanted, scorer.version, service.clock())
    for subscription in service.settings.subscriptions:
        if only is not None and subscription.id != only:
            continue
        try:
            issued += _digest_one(service, subscription, at_once=at_once)
        except Exception:
            # One subscription's fault must not starve the others; it is tried again next time.
            log.exception("digest broke", subscription=subscription.id)
    with service.database.transaction() as connection:
        heartbeats.beat(connection, "digest", service.clock())
    return issued


def _digest_one(service: Service, subscription: Subscription, *, at_once: bool) -> list[DigestId]:
    with service.database.transaction() as connection:
        now = service.clock()
        _set_schedule(connection, subscription, now)
        if not (at_once or is_due(connection, subscription, now)):
            return []
        made = compose_for(service, connection, subscription, now)
        wanted = made.stories or subscription.when_empty == "send" or at_once
        issued = [digests.issue(connection, made, subscription.channels, now)] if wanted else []
        due = schedule.next_due(subscription, now)
        digests.schedule(connection, subscription.id, schedule.expression(subscription), due)
        digests.mark_told_until(connection, subscription.id, now)
    return issued


def deliver(service: Service, stop: Event) -> Deliveries:
    """Send what waits in the outbox, oldest first; each row is closed right after its sending."""
    lease = timedelta(seconds=service.settings.delivery.lease_seconds)
    sent = failed = dead = 0
    while not stop.is_set():
        with service.database.transaction() as connection:
            delivery = outbox.claim_next(connection, service.clock(), lease)
        if delivery is None:
            break
        try:
            service.senders[delivery.channel.kind].send(delivery, render(delivery.digest))
        except DeliveryError as error:
            final = _give_back(service, delivery, error)
            dead, failed = dead + final, failed + (not final)
        except Exception as error:
            # A fault of ours in one delivery must not hold up the others.
            log.exception("delivery broke", digest=delivery.digest_id)
            fault = DeliveryError(f"{type(error).__name__}: {error}", permanent=False, code="fault")
            final = _give_back(service, delivery, fault)
            dead, failed = dead + final, failed + (not final)
        else:
            with service.database.transaction() as connection:
                outbox.close(connection, delivery, service.clock())
            sent += 1
            log.info("digest sent", digest=delivery.digest_id, channel=str(delivery.channel))
    with service.database.transaction() as connection:
        heartbeats.beat(connection, "deliver", service.clock())
    return Deliveries(sent, failed, dead)


def is_due(connection: Connection, subscription: Subscription, now: datetime) -> bool:
    """Tell whether the subscription's digest is due."""
    agenda = digests.agenda(connection, subscription.id)
    return agenda is not None and agenda.next_digest_at <= now


def compose_for(
    service: Service, connection: Connection, subscription: Subscription, now: datetime
) -> Digest:
    """Return the digest that ``subscription`` would get now; nothing is stored."""
    agenda = digests.agenda(connection, subscription.id)
    lookback = timedelta(hours=service.settings.digest.first_lookback_hours)
    told_until = agenda.told_until if agenda else None
    since = told_until or now - lookback
    # Looked at again: what was being stored while the last digest was made, what did not fit in
    # it, and what an edit has made clearer since. What was told is left out below.
    margin = timedelta(hours=service.settings.stories.window_hours)
    found = stories.updated_between(connection, since - margin if told_until else since, now)
    told = digests.already_told(connection, subscription.id, [story.id for story in found])
    versions = dict(sorted(told))
    chosen = select(found, subscription, told, service.harvester.scorer.threshold)
    made = compose(
        [
            account(story, subscription.languages, service.roles, versions.get(story.id))
            for story in chosen
        ],
        subscription,
        service.vocabulary,
        _footer(service, connection, since, now),
        since=since,
        until=now,
        max_stories=service.settings.digest.max_stories,
        surges=_surges(service, connection, subscription, now),
    )
    return replace(made, sample=service.sample)


def _footer(
    service: Service, connection: Connection, since: datetime, now: datetime
) -> DigestFooter:
    health = watched(connection, now)
    scorer = service.harvester.scorer
    window = timedelta(days=service.settings.learning.replay_days)
    audited = measure(connection, now - window, scorer.threshold)
    return DigestFooter(
        articles_read=articles.count_seen(connection, since, now),
        feeds_total=health.total,
        feeds_failing=health.failing,
        feeds_odd=health.odd,
        feed_troubles=health.troubles,
        model_version=scorer.version,
        precision=audited.precision,
        recall=audited.recall,
        audited=audited.answered,
    )


def _surges(
    service: Service, connection: Connection, subscription: Subscription, now: datetime
) -> tuple[DigestSurge, ...]:
    threshold = service.harvester.scorer.threshold
    least = threshold if subscription.threshold is None else subscription.threshold
    volume = volumes.volumes(connection, now, DAYS, least, subscription.languages)
    # The day up to now goes by the date on which most of it lies.
    last_day = (now - timedelta(hours=12)).astimezone(ZoneInfo(subscription.time_zone)).date()
    return surges(volume.read, volume.stories, volume.articles, last_day)


async def _store(service: Service, read: Sequence[ReadFeed]) -> Harvest:
    """Store a batch; one answer that breaks it is recorded as its feed's failure."""
    store = service.harvester.store
    try:
        # In a thread: answers keep arriving while a batch is scored and stored.
        return await asyncio.to_thread(store, read, service.clock())
    except Exception as error:
        log.exception("batch broke", feeds=[one.feed.url for one in read])
        if len(read) == 1:
            return await asyncio.to_thread(store, [at_fault(read[0].feed, error)], service.clock())
    harvest = Harvest()
    for one in read:
        harvest += await _store(service, [one])
    return harvest


def _set_schedule(connection: Connection, subscription: Subscription, now: datetime) -> None:
    """Reckon a new or changed schedule from now; one that stands is left alone."""
    expression = schedule.expression(subscription)
    agenda = digests.agenda(connection, subscription.id)
    if agenda is None or agenda.schedule != expression:
        due = schedule.next_due(subscription, now)
        digests.schedule(connection, subscription.id, expression, due)


def _give_back(service: Service, delivery: Delivery, error: DeliveryError) -> bool:
    """Put a failed delivery back with a longer wait each time; True if it is given up."""
    settings = service.settings.delivery
    now = service.clock()
    final = error.permanent or delivery.attempts >= settings.max_attempts
    log.warning(
        "delivery failed",
        digest=delivery.digest_id,
        channel=str(delivery.channel),
        code=error.code,
        why=error.message,
        attempt=delivery.attempts,
        given_up=final,
    )
    with service.database.transaction() as connection:
        if final:
            outbox.bury(connection, delivery, error.code, error.message)
        else:
            longest = timedelta(hours=settings.max_backoff_hours)
            doublings = min(delivery.attempts - 1, MAX_DOUBLINGS)
            wait = timedelta(seconds=settings.backoff_seconds) * 2**doublings
            until = now + max(min(wait, longest), error.retry_after or timedelta(0))
            outbox.postpone(connection, delivery, until, error.code, error.message)
    return final
