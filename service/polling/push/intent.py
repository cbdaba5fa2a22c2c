"""What a hub asks us before it believes that we asked it (WebSub, sections 5.2 and 5.3). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from service.polling.push.leases import LEASE, LONGEST_LEASE, renew_at, wait_when_refused
from service.polling.reading.plain import plain_text
from service.records import HubLease, LeaseState

# What we asked for may be confirmed so long after: once would be too few, since a hub that got no
# answer asks again; for ever would let an old confirmation be played back.
CONFIRMED_WITHIN = timedelta(hours=24)
MAX_CHALLENGE = 1_000
MAX_REASON = 300


@dataclass(frozen=True, slots=True)
class Intent:
    """What the hub's request says; empty where it does not say it, or says it twice."""

    mode: str = ""
    topic: str = ""
    challenge: str = ""
    lease_seconds: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Consent:
    """What to answer, and what the lease is afterwards: None where it has ended."""

    answer: str
    lease: HubLease | None


def read_intent(parameters: Iterable[tuple[str, str]]) -> Intent:
    """Return what the parameters of a hub's request say."""
    said: dict[str, str] = {}
    for name, value in parameters:
        key = name.removeprefix("hub.")
        if name != key and key in Intent.__dataclass_fields__:
            said[key] = "" if key in said else value
    return Intent(**said)


def consent(lease: HubLease, intent: Intent, now: datetime, chance: float) -> Consent | None:
    """Return what to answer a hub that asks about ``lease``; None for "not what we asked for".

    ``chance`` in [0, 1) spreads renewals.
    """
    if intent.topic != lease.topic:
        return None
    if intent.mode == "denied":
        return _denied(lease, intent, now, chance)
    if not _is_challenge(intent.challenge) or not _asked_lately(lease, now):
        return None
    if intent.mode == "unsubscribe" and lease.state is LeaseState.LEAVING:
        return Consent(intent.challenge, None)
    if intent.mode == "subscribe" and lease.state is not LeaseState.LEAVING:
        return _confirmed(lease, intent, now, chance)
    return None


def _confirmed(lease: HubLease, intent: Intent, now: datetime, chance: float) -> Consent | None:
    granted = _granted(intent.lease_seconds)
    if granted is None:
        return None
    # A hub that asks again within one and the same lease means the same end.
    begun = lease.asked_at or now
    active = replace(
        lease,
        state=LeaseState.ACTIVE,
        tries=0,
        expires_at=begun + granted,
        ask_at=renew_at(begun, granted, chance),
        error=None,
    )
    return Consent(intent.challenge, active)


def _denied(lease: HubLease, intent: Intent, now: datetime, chance: float) -> Consent:
    if lease.state is LeaseState.LEAVING:
        return Consent("", None)
    # Shown on terminals, where it may be no more than text.
    reason = plain_text(intent.reason, MAX_REASON)
    refused = replace(
        lease,
        state=LeaseState.REFUSED,
        expires_at=None,
        ask_at=now + wait_when_refused(chance),
        error=f"denied: {reason}" if reason else "denied without a reason",
    )
    return Consent("", refused)


def _granted(seconds: str) -> timedelta | None:
    if not seconds:
        # Hubs from before the recommendation do not say.
        return LEASE
    if not seconds.isascii() or not seconds.isdecimal() or not int(seconds[:10]):
        return None
    return min(timedelta(seconds=int(seconds[:10])), LONGEST_LEASE)


def _is_challenge(text: str) -> bool:
    """Tell whether this may be echoed: some text, not a file in disguise."""
    return 0 < len(text) <= MAX_CHALLENGE and text.isprintable()


def _asked_lately(lease: HubLease, now: datetime) -> bool:
    return lease.asked_at is not None and now - lease.asked_at <= CONFIRMED_WITHIN
