"""Subscribes feeds at the hubs they name, and takes the hubs' calls (WebSub).

A hub's push makes its feed due, and no more: what is new is read from the feed itself. Requests to
hubs go the way of all others, with addresses checked, hosts paced and time limited.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from service.polling.fetching.fetch import Busy, Fetcher
from service.polling.habits import SLOW_DOWN
from service.polling.push.intent import Intent, consent
from service.polling.push.leases import asked, plan, request, taken, turned_down
from service.polling.push.news import due_after_push
from service.records import Failed, HubLease, LeaseState
from service.storage import feeds, hubs
from service.storage.database import Connection, Database

log = structlog.get_logger(__name__)

# Hubs asked in one round.
ROUND = 32
# In bytes, before they are written as text: the one of 43 letters, the other of 64.
TOKEN_BYTES, SECRET_BYTES = 32, 48


def draw() -> tuple[str, str]:
    """Return a token and a secret that nobody can guess."""
    return secrets.token_urlsafe(TOKEN_BYTES), secrets.token_urlsafe(SECRET_BYTES)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """What subscribing needs. ``public_url`` is where hubs reach us, without a slash at its end."""

    database: Database
    open_fetcher: Callable[[], Fetcher]
    clock: Callable[[], datetime]
    chance: Callable[[], float]
    public_url: str
    draw: Callable[[], tuple[str, str]] = draw


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did: how many hubs took a request, and how many did not."""

    taken: int = 0
    failed: int = 0


async def subscribe(subscriber: Subscriber) -> Round:
    """Ask the hubs that are due: to subscribe, to go on, or to stop."""
    claimed = await asyncio.to_thread(_claim, subscriber)
    if not claimed:
        return Round()
    busy: Busy = {}
    async with subscriber.open_fetcher() as fetcher:
        answers = await asyncio.gather(*(_ask(fetcher, lease, busy) for lease in claimed))
    await asyncio.to_thread(_note, subscriber, claimed, answers)
    failed = sum(answer is not None for answer in answers)
    return Round(len(claimed) - failed, failed)


def confirm(subscriber: Subscriber, token: str, intent: Intent) -> str | None:
    """Return what to answer a hub that asks whether we asked it; None where we did not."""
    # Most who guess get no further than this, and keep no writer waiting.
    if find_lease(subscriber, token) is None:
        return None
    with subscriber.database.transaction() as connection:
        lease = hubs.find(connection, token)
        agreed = lease and consent(lease, intent, subscriber.clock(), subscriber.chance())
        if not lease or not agreed or not _settle(connection, lease, agreed.lease):
            return None
    facts = {"mode": intent.mode, "hub": lease.hub, "topic": lease.topic}
    if intent.mode == "denied":
        log.warning("hub denied", **facts, why=agreed.lease.error if agreed.lease else "")
    else:
        log.info("hub confirmed", **facts, until=agreed.lease and agreed.lease.expires_at)
    return agreed.answer


def find_lease(subscriber: Subscriber, token: str) -> HubLease | None:
    """Return the lease that a hub's call names."""
    with subscriber.database.reading() as connection:
        return hubs.find(connection, token)


def take_push(subscriber: Subscriber, lease: HubLease, *, genuine: bool) -> bool:
    """Let the feed of a genuine push come due; tell whether it is asked sooner for it."""
    facts = {"hub": lease.hub, "topic": lease.topic}
    if not genuine:
        log.warning("push ignored", **facts, why="it is not signed with the secret of this lease")
        return False
    now = subscriber.clock()
    with subscriber.database.transaction() as connection:
        # As it is now: another push may have come in since.
        current = hubs.find(connection, lease.token)
        if current is None:
            return False
        due = due_after_push(current.poll_at, now)
        hubs.note_push(connection, current.token, now, due)
        sooner = feeds.make_due_by_push(connection, current.feed_id, due, SLOW_DOWN)
    log.info("pushed", **facts, sooner=sooner)
    return sooner


def _claim(subscriber: Subscriber) -> list[HubLease]:
    """Bring the leases in line with the feeds, and take those whose hubs are to be asked.

    What is taken is put off first, and stored: a hub may confirm while it is still being asked, and
    a process that dies meanwhile asks again later.
    """
    now = subscriber.clock()
    with subscriber.database.transaction() as connection:
        known = hubs.leases(connection)
        made = plan(hubs.offers(connection), known, subscriber.public_url, now, subscriber.draw)
        for lease in made.ended:
            hubs.end(connection, lease)
        for before, after in made.changed:
            hubs.save(connection, before, after)
        hubs.add(connection, made.new)
        claimed = [
            (lease, asked(lease, now, subscriber.chance()))
            for lease in hubs.due(connection, now, ROUND)
        ]
        return [after for before, after in claimed if hubs.save(connection, before, after)]


async def _ask(fetcher: Fetcher, lease: HubLease, busy: Busy) -> Failed | None:
    address, form = request(lease)
    return await fetcher.post(address, form, busy)


def _note(
    subscriber: Subscriber, claimed: Sequence[HubLease], answers: Sequence[Failed | None]
) -> None:
    now = subscriber.clock()
    with subscriber.database.transaction() as connection:
        for lease, failed in zip(claimed, answers, strict=True):
            if failed is None:
                # Nothing is written where the hub has confirmed meanwhile.
                _settle(connection, lease, taken(lease))
                continue
            _settle(connection, lease, turned_down(lease, failed, now, subscriber.chance()))
            leaving = lease.state is LeaseState.LEAVING
            log.warning(
                "hub not left" if leaving else "hub not subscribed to",
                hub=lease.hub,
                topic=lease.topic,
                code=failed.code,
                why=failed.message,
                in_a_row=lease.tries,
            )


def _settle(connection: Connection, before: HubLease, after: HubLease | None) -> bool:
    """Store what a lease has become; False where it had become something else."""
    return hubs.end(connection, before) if after is None else hubs.save(connection, before, after)
