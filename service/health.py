"""Is the daemon doing its work? Told by when each job last came through."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

# A round of polling waits for the slowest hosts; the others take moments.
LONGEST_SILENCE = {
    "poll": timedelta(minutes=15),
    "digest": timedelta(minutes=5),
    "deliver": timedelta(minutes=15),
}


def silent_jobs(
    beats: Mapping[str, datetime], now: datetime, ticks: Mapping[str, timedelta]
) -> list[str]:
    """Return, in words, the jobs that have not come through in time; none means healthy.

    ``ticks`` say how often each job is begun: one that is begun rarely may be silent for longer.
    """
    problems = []
    for job, usual in LONGEST_SILENCE.items():
        last, longest = beats.get(job), max(usual, 3 * ticks[job])
        if last is None:
            problems.append(f"{job} has never run")
        elif now - last > longest:
            problems.append(f"{job} last ran {(now - last).total_seconds() / 60:.0f} min ago")
    return problems
