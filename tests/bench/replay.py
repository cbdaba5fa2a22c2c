"""How soon, and with how many requests, the articles of real feeds are found.

    python -m tests.bench.replay ../shared/feeds/series.tar.gz

Two real feeds, 240 snapshots each over eight weeks of 2025, polled through simulated time from a
local server. The delay is from the first snapshot that holds an article to its being stored.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from datetime import timedelta
from pathlib import Path

from service.settings import load
from tests.make import Clock
from tests.replay.simulation import ScriptedFeed, median_gap, middle, outcome, replay, series
from tests.servers.http import http_server

ROOT = Path(__file__).parents[2]
QUARTER = timedelta(minutes=15)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("archive", type=Path)
    given = options.parse_args()
    shipped = load(ROOT / "config", {})
    for name in ("nyt_econ", "ft-home"):
        documents = series(given.archive, name)
        begin, end = documents[0][0], documents[-1][0]
        clock = Clock(begin)
        feed = ScriptedFeed("/feed", documents, clock)
        with tempfile.TemporaryDirectory() as folder, http_server() as server:
            settings = shipped.model_copy(update={"data_dir": folder, "subscriptions": ()})
            service = replay(settings, server, clock, [feed], end)
            told = outcome(service, feed, feed.good[0])
            service.close()
        delays = sorted(told.delays())
        print(
            json.dumps(
                {
                    "feed": name,
                    "articles": len(delays),
                    "lost": len(told.lost),
                    "median_delay_min": round(middle(delays) / timedelta(minutes=1), 1),
                    "p95_delay_min": round(
                        delays[int(0.95 * len(delays))] / timedelta(minutes=1), 1
                    ),
                    "median_gap_min": round(median_gap(documents) / timedelta(minutes=1), 1),
                    "requests": told.requests,
                    "requests_every_15_min": round((end - begin) / QUARTER),
                    "not_modified": sum(status == 304 for _, status in feed.asked),
                }
            )
        )


if __name__ == "__main__":
    main()
