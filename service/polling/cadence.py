"""When a feed is polled next. Pure: time and chance are arguments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from service.records import Failed, FetchResult

# Beyond this many doublings the back-off is at its maximum for any sane setting.
MAX_DOUBLINGS = 16


@dataclass(frozen=True, slots=True)
class Cadence:
    """The settings of the rule: interval, spread and the longest back-off."""

    interval: timedelta
    jitter: float
    max_backoff: timedelta

    def next_poll_at(
        self, now: datetime, result: FetchResult, failures: int, chance: float
    ) -> datetime:
        """Return when to ask again.

        ``failures`` counts failures in a row, this one included. ``chance`` in [0, 1) spreads
        feeds so that they do not come due together. A server's Retry-After is honoured up to
        the longest back-off; a failing feed backs off but is never given up.
        """
        if not isinstance(result, Failed):
            return now + self._spread(self.interval, chance)
        doublings = MAX_DOUBLINGS if result.permanent else min(failures - 1, MAX_DOUBLINGS)
        wait = min(self.interval * 2**doublings, self.max_backoff)
        asked = min(result.retry_after or timedelta(0), self.max_backoff)
        return now + max(self._spread(wait, chance), asked)

    def _spread(self, wait: timedelta, chance: float) -> timedelta:
        return wait * (1 + self.jitter * (2 * chance - 1))
