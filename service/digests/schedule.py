"""When a subscription's digest is due. Pure.

CronSim reckons in the subscription's zone as Debian's cron does: a time that the clock skips
in spring comes right after the jump, one that it shows twice in autumn comes once.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim

from service.settings import Subscription


def next_due(subscription: Subscription, after: datetime) -> datetime:
    """Return the first moment strictly after ``after`` at which the digest is due, in UTC."""
    local = after.astimezone(ZoneInfo(subscription.time_zone))
    moments = (moment.astimezone(UTC) for moment in CronSim(subscription.cron, local))
    # In the hour that autumn shows twice, CronSim may name the first of the two again.
    return next(moment for moment in moments if moment > after)


def expression(subscription: Subscription) -> str:
    """Return what the schedule is reckoned from, to notice when it was changed."""
    return f"{subscription.cron} {subscription.time_zone}"
