"""When a feed is polled next. Pure: time and chance are arguments.

The wait follows the square root of the usual time between two entries: with so many requests to
spend, that is what makes the news of all feeds together the least late (Sia, Cho and Cho 2007,
"Efficient monitoring algorithm for fast news alerts"). A feed quicker than ``PIVOT`` is asked as
often as it brings something.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import sqrt

from service.polling.habits import SLOW_DOWN, gap
from service.records import Failed, Habit

# Beyond this many doublings the back-off is at its maximum for any sane setting.
MAX_DOUBLINGS = 16
# A feed that brings an entry so often is asked so often.
PIVOT = timedelta(minutes=15)
# Feeds that carry a story which runs hot are asked twice as often.
HOT = 0.5
# Many feeds promise "hourly" because their software does, and few mean it: a promise makes the
# wait longer up to here. What a cache between us and the feed says is a fact, up to an hour.
BELIEVED_PROMISE = timedelta(minutes=30)
BELIEVED_CACHE = timedelta(hours=1)
# Where a hub tells of news, polling only catches what it misses: so many times rarer, up to here.
SAFETY_NET, LONGEST_SAFETY_NET = 4, timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Cadence:
    """The settings of the rule. ``first`` is the wait while nothing is known of a feed."""

    first: timedelta
    shortest: timedelta
    longest: timedelta
    jitter: float
    max_backoff: timedelta
    longest_retry_after: timedelta

    def after_answer(
        self,
        now: datetime,
        habit: Habit,
        chance: float,
        *,
        hot: bool = False,
        pushed: bool = False,
    ) -> datetime:
        """Return when to ask a feed again that answered.

        ``chance`` in [0, 1) spreads feeds so that they do not come due together; ``hot`` tells
        that the feed carries a story that runs hot, ``pushed`` that a hub tells of its news.
        """
        return now + self._spread(self.interval(habit, hot=hot, pushed=pushed), chance)

    def after_failure(
        self, now: datetime, habit: Habit, failure: Failed, failures: int, chance: float
    ) -> datetime:
        """Return when to ask a feed again that failed, ``failures`` times in a row with this one.

        A failing feed is asked ever less often, and never given up. A server's Retry-After is
        obeyed, as long as the settings allow.
        """
        doublings = MAX_DOUBLINGS if failure.permanent else min(failures - 1, MAX_DOUBLINGS)
        # What politeness asks for the doublings give already.
        base = self.interval(replace(habit, politeness=1.0))
        if failure.code in SLOW_DOWN:
            base = max(base, self.first)
        wait = min(base * 2**doublings, self.max_backoff)
        asked = min(failure.retry_after or timedelta(0), self.longest_retry_after)
        return now + max(self._spread(wait, chance), asked)

    def interval(self, habit: Habit, *, hot: bool = False, pushed: bool = False) -> timedelta:
        """Return the wait that a feed's habit asks for, before it is spread."""
        usual = gap(habit)
        wait = self.first
        if usual:
            wait = usual if usual < PIVOT else PIVOT * sqrt(usual / PIVOT)
        if hot:
            wait *= HOT
        else:
            wait = max(wait, min(habit.update_every or wait, BELIEVED_PROMISE))
        wait = max(wait, min(habit.max_age or wait, BELIEVED_CACHE), self.shortest)
        wait *= habit.politeness
        if pushed:
            wait = max(wait, min(wait * SAFETY_NET, LONGEST_SAFETY_NET))
        return min(wait, self.longest)

    def _spread(self, wait: timedelta, chance: float) -> timedelta:
        spread = wait * (1 + self.jitter * (2 * chance - 1))
        return min(max(spread, self.shortest), max(self.longest, self.max_backoff))
