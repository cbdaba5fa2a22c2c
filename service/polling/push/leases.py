"""Which hubs are asked for what, when, and when they are left alone. Pure: chance is an argument.

A hub is asked to subscribe, confirms it (``intent``), and is asked again before the lease ends. One
that does not confirm is asked ever less often, down to once a week; one that refuses, once a week.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from service.records import Failed, FeedId, HubLease, HubOffer, LeaseState

# What is asked for; the hub decides. Longer ones than the longest are not believed.
LEASE = timedelta(days=7)
LONGEST_LEASE = timedelta(days=30)
# Renewed when such a share of the lease has passed, but no hub is asked more often than so.
RENEW_FROM, RENEW_UNTIL = 0.7, 0.85
SOONEST_RENEWAL = timedelta(hours=1)
# Waits for a hub that does not confirm: the first, doubling up to the longest.
FIRST_WAIT, LONGEST_WAIT = timedelta(hours=1), timedelta(days=7)
MAX_DOUBLINGS = 16
JITTER = 0.1
# A feed that names another hub at each poll would have us write to whomever it likes.
SETTLED = timedelta(hours=6)
# A hub that does not confirm the end is left to find out by itself when the lease ends.
MOST_GOODBYES = 4
MAX_ERROR = 300
UNCONFIRMED = "the hub took the request and has not confirmed it: can it reach web.public_url?"


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of the leases: those that are new, changed, and no more."""

    new: tuple[HubLease, ...] = ()
    changed: tuple[tuple[HubLease, HubLease], ...] = ()
    ended: tuple[HubLease, ...] = ()


def callback(public_url: str, token: str) -> str:
    """Return the address at which the hub reaches us for one lease."""
    return f"{public_url}/push/{token}"


def plan(
    offers: Iterable[HubOffer],
    leases: Iterable[HubLease],
    public_url: str,
    now: datetime,
    draw: Callable[[], tuple[str, str]],
) -> Plan:
    """Compare what listed feeds offer with what is agreed.

    ``offers`` holds each listed feed once. ``draw`` returns a token and a secret, never guessable
    and never twice the same.
    """
    offered = {offer.feed_id: offer for offer in offers}
    changed, ended, kept = [], [], set()
    for lease in leases:
        if lease.state is LeaseState.LEAVING:
            if lease.tries >= MOST_GOODBYES or not _is_known_to_hub(lease, now):
                ended.append(lease)
        elif _stays(lease, offered, public_url, now):
            kept.add(lease.feed_id)
        elif _is_known_to_hub(lease, now):
            changed.append((lease, replace(lease, state=LeaseState.LEAVING, ask_at=now, tries=0)))
        else:
            ended.append(lease)
    new = [
        _lease(offer, offer.hub, public_url, now, draw())
        for offer in offered.values()
        if offer.hub is not None and offer.feed_id not in kept
    ]
    return Plan(tuple(new), tuple(changed), tuple(ended))


def asked(lease: HubLease, now: datetime, chance: float) -> HubLease:
    """Return the lease as it is from the moment its hub is asked, whatever comes of it."""
    state = lease.state
    if state is LeaseState.ACTIVE and not lease.holds(now):
        state = LeaseState.ASKED
    tries = lease.tries + 1
    wait = _spread(min(FIRST_WAIT * 2 ** min(tries - 1, MAX_DOUBLINGS), LONGEST_WAIT), chance)
    return replace(lease, state=state, asked_at=now, tries=tries, ask_at=now + wait)


def request(lease: HubLease) -> tuple[str, dict[str, str]]:
    """Return where the hub is asked, and the form it gets (WebSub, section 5.1)."""
    leaving = lease.state is LeaseState.LEAVING
    form = {
        "hub.mode": "unsubscribe" if leaving else "subscribe",
        "hub.topic": lease.topic,
        "hub.callback": lease.callback,
    }
    if not leaving:
        form["hub.lease_seconds"] = str(int(LEASE.total_seconds()))
        if lease.secret:
            form["hub.secret"] = lease.secret
    return (_over_tls(lease.hub) if lease.secret else lease.hub), form


def taken(lease: HubLease) -> HubLease:
    """Return the lease after the hub took the request, as long as nothing else is heard of it."""
    return replace(lease, error=UNCONFIRMED)


def turned_down(lease: HubLease, failed: Failed, now: datetime, chance: float) -> HubLease | None:
    """Return the lease after the hub did not take the request; None where it has ended."""
    error = f"{failed.code}: {failed.message}"[:MAX_ERROR]
    if lease.state is LeaseState.LEAVING:
        return None if failed.permanent else replace(lease, error=error)
    if lease.state is not LeaseState.ACTIVE and lease.secret and not _is_tls(lease.hub):
        # It was not advertised for TLS; without it, and so without a secret, it may answer.
        return replace(lease, secret="", ask_at=now, error=error)
    if failed.permanent:
        state = lease.state if lease.holds(now) else LeaseState.REFUSED
        return replace(lease, state=state, ask_at=now + wait_when_refused(chance), error=error)
    later = now + min(failed.retry_after or timedelta(0), LONGEST_WAIT)
    return replace(lease, ask_at=max(lease.ask_at, later), error=error)


def renew_at(begun: datetime, granted: timedelta, chance: float) -> datetime:
    """Return when to ask for a lease anew that was ``granted`` from ``begun`` on."""
    share = RENEW_FROM + (RENEW_UNTIL - RENEW_FROM) * chance
    return begun + max(granted * share, SOONEST_RENEWAL)


def wait_when_refused(chance: float) -> timedelta:
    """Return how long a hub that said no is left alone."""
    return _spread(LONGEST_WAIT, chance)


def _lease(
    offer: HubOffer, hub: str, public_url: str, now: datetime, drawn: tuple[str, str]
) -> HubLease:
    token, secret = drawn
    return HubLease(
        token=token,
        feed_id=offer.feed_id,
        hub=hub,
        topic=offer.topic,
        callback=callback(public_url, token),
        secret=secret if _is_tls(_over_tls(hub)) else "",
        state=LeaseState.ASKED,
        ask_at=now,
    )


def _stays(
    lease: HubLease, offered: Mapping[FeedId, HubOffer], public_url: str, now: datetime
) -> bool:
    offer = offered.get(lease.feed_id)
    if offer is None or lease.callback != callback(public_url, lease.token):
        return False
    if (offer.hub, offer.topic) == (lease.hub, lease.topic):
        return True
    return lease.asked_at is not None and now - lease.asked_at < SETTLED


def _is_known_to_hub(lease: HubLease, now: datetime) -> bool:
    """Tell whether the hub still pushes, as far as it has said."""
    return lease.expires_at is not None and now < lease.expires_at


def _over_tls(hub: str) -> str:
    """Return the hub's address with TLS, which is to be preferred wherever it may be there."""
    host, slash, path = hub.removeprefix("http://").partition("/")
    # With a port of its own it is not known where TLS would be.
    if _is_tls(hub) or ":" in host:
        return hub
    return f"https://{host}{slash}{path}"


def _is_tls(hub: str) -> bool:
    return hub.startswith("https://")


def _spread(wait: timedelta, chance: float) -> timedelta:
    return wait * (1 + JITTER * (2 * chance - 1))
