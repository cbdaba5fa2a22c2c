"""What is agreed with hubs, which tell of news as soon as there is some (WebSub)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from service.records.basics import FeedId


class LeaseState(StrEnum):
    """How far a subscription at a hub has come.

    ``ASKED``: the hub has not confirmed it. ``REFUSED``: it said no, and is asked again much later.
    ``LEAVING``: it is to end, and the hub has not confirmed that.
    """

    ASKED = "asked"
    ACTIVE = "active"
    REFUSED = "refused"
    LEAVING = "leaving"


@dataclass(frozen=True, slots=True)
class HubOffer:
    """Where a listed feed may be subscribed to: nowhere while ``hub`` is None.

    ``topic`` is the address that the hub knows the feed by.
    """

    feed_id: FeedId
    hub: str | None
    topic: str


@dataclass(frozen=True, slots=True)
class HubLease:
    """One subscription of a feed at a hub.

    ``callback`` is where the hub reaches us; its last part is ``token``, which nobody can guess.
    ``secret`` signs what the hub sends; it is empty where the hub is asked in the clear, since who
    listens would learn it. ``ask_at`` is when the hub is asked next, ``tries`` how often it was
    since it last confirmed anything. ``poll_at`` is for when a push last made the feed due.
    """

    token: str = field(repr=False)
    feed_id: FeedId
    hub: str
    topic: str
    callback: str = field(repr=False)
    secret: str = field(repr=False)
    state: LeaseState
    ask_at: datetime
    tries: int = 0
    asked_at: datetime | None = None
    expires_at: datetime | None = None
    last_push_at: datetime | None = None
    poll_at: datetime | None = None
    error: str | None = None

    def holds(self, now: datetime) -> bool:
        """Tell whether the hub has promised to push."""
        is_active = self.state is LeaseState.ACTIVE
        return is_active and self.expires_at is not None and now < self.expires_at
