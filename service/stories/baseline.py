"""What a topic's daily count usually is, and how improbable another count would be. Pure.

A level each for working days and week-ends, after Tokars and others, "Enhancing time-series
detection algorithms for automated biosurveillance", Emerging Infectious Diseases 15 (2009) 533-539.
Past surges are capped by their residuals before the level is taken, and the chance of a count is a
negative binomial's with the baseline's spread and the level's own uncertainty, both after Noufaily
and others, "An improved algorithm for outbreak detection in multiple surveillance systems",
Statistics in Medicine 32 (2013) 1206-1222.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

# So many stories pull the level of working days, and of week-ends, towards that of all days.
LEVEL_PRIOR = 4.0
# Counts beyond so many standard deviations, robustly estimated, are past surges.
CAP, ROUNDS = 4.0, 3
# Within a standard error of one a spread is chance. What is beyond counts so many times, since too
# small a spread is believed too readily.
SPREAD_COUNTS = 2.0


@dataclass(frozen=True, slots=True)
class Day:
    """A day's count, and the one that its feeds usually have when they read so much.

    How working days and week-ends differ beyond what is read is no part of ``exposure``.
    """

    count: int
    exposure: float
    weekend: bool


@dataclass(frozen=True, slots=True)
class Expected:
    """A count to come: its mean, and by how much its variance is more than a Poisson one's."""

    mean: float
    excess: float


@dataclass(frozen=True, slots=True)
class Usual:
    """Levels of working days (False) and week-ends (True), and how many each rests on."""

    level: Mapping[bool, float]
    behind: Mapping[bool, float]
    spread: float

    def expect(self, *days: Day) -> Expected:
        """Return what is to be expected of the days together."""
        means = dict.fromkeys(self.level, 0.0)
        for day in days:
            means[day.weekend] += day.exposure * self.level[day.weekend]
        mean = sum(means.values())
        unsure = sum(part**2 / self.behind[kind] for kind, part in means.items())
        return Expected(mean, (self.spread - 1) * mean + self.spread * unsure)


def usual_of(days: Sequence[Day]) -> Usual:
    """Return levels and spread, after capping what was a surge itself."""
    counts = [float(day.count) for day in days]
    level, behind = _levels(days, counts)
    for _ in range(ROUNDS - 1):
        means = [day.exposure * level[day.weekend] for day in days]
        scale = _scale([_residual(day.count, mean) for day, mean in zip(days, means, strict=True)])
        counts = [
            min(day.count, mean + CAP * scale * math.sqrt(mean))
            for day, mean in zip(days, means, strict=True)
        ]
        level, behind = _levels(days, counts)
    means = [day.exposure * level[day.weekend] for day in days]
    freedom = len(days) - 2
    spread = sum(_residual(c, m) ** 2 for c, m in zip(counts, means, strict=True)) / freedom
    shown = max(spread - 1 - math.sqrt(2 / freedom), 0.0)
    return Usual(level, behind, 1 + SPREAD_COUNTS * shown)


def _levels(
    days: Sequence[Day], counts: Sequence[float]
) -> tuple[dict[bool, float], dict[bool, float]]:
    overall = (sum(counts) + 0.5) / sum(day.exposure for day in days)
    level, behind = {}, {}
    for kind in (False, True):
        count = sum(c for c, day in zip(counts, days, strict=True) if day.weekend is kind)
        usual = overall * sum(day.exposure for day in days if day.weekend is kind)
        behind[kind] = count + LEVEL_PRIOR
        level[kind] = overall * behind[kind] / (usual + LEVEL_PRIOR)
    return level, behind


def _residual(count: float, mean: float) -> float:
    return (count - mean) / math.sqrt(mean)


def _scale(residuals: Sequence[float]) -> float:
    """Return the residuals' standard deviation by their median deviation, one at least."""
    middle = median(residuals)
    return max(1.0, 1.4826 * median(abs(residual - middle) for residual in residuals))


def tail(count: int, expected: Expected) -> float:
    """Return the chance of ``count`` or more."""
    if count <= expected.mean:
        return 1.0
    size = expected.mean**2 / expected.excess
    ratio = expected.mean / (expected.mean + size)
    chance, total = _chance(count, expected), 0.0
    while chance > 1e-9 * total:
        total += chance
        chance *= (count + size) / (count + 1) * ratio
        count += 1
    return total


def _chance(count: int, expected: Expected) -> float:
    """Return the negative binomial chance of exactly ``count``."""
    size = expected.mean**2 / expected.excess
    return math.exp(
        math.lgamma(count + size)
        - math.lgamma(size)
        - math.lgamma(count + 1)
        + count * math.log(expected.mean / (expected.mean + size))
        - size * math.log1p(expected.mean / size)
    )


def quantile(share: float, expected: Expected) -> int:
    """Return the least count that at least ``share`` of days do not exceed."""
    count, total = 0, _chance(0, expected)
    while total < share:
        count += 1
        total += _chance(count, expected)
    return count
