"""How well and how fast articles are grouped into stories.

    python -m tests.bench.grouping quality [FILE ...]
    python -m tests.bench.grouping cost

``quality`` groups reports whose stories are known, as they would have come: the project's own
benchmark in six languages and, where they are at hand, real items beside the checkout. ``cost``
fills a window and times what comes next; vectors are made up and at hand, as they are in a service
that has encoded the articles already, and lie as near to one another as real ones do.
"""

from __future__ import annotations

import argparse
import resource
import time
from datetime import timedelta
from pathlib import Path

import numpy as np

from service.records import ArticleId, Bearings
from service.settings import load
from service.stories.model import Newcomer
from service.stories.stream import Stream
from service.wiring.stories import grouping_model, judge_grouping
from tests.make import NOW

ROOT = Path(__file__).parents[2]
OWN = sorted((ROOT / "models" / "benchmark" / "stories").glob("*.jsonl"))
REAL = ROOT.parent / "shared" / "data" / "stories_dev.jsonl"
SIZES = (1_000, 10_000, 50_000)
# Articles that come at once, and how many batches are timed.
BATCH, BATCHES = 3, 100
WINDOW = timedelta(days=4)
OUTLETS, AN_EVENT = 200, 3
# Likeness of reports: of one event, and of different ones (by the written sets).
SAME, OTHER = 0.55, 0.12


class MadeUp:
    """Articles of made-up events: vectors, actors, outlets; deterministic."""

    def __init__(self, dimensions: int, actors: tuple[str, ...]) -> None:
        self._random = np.random.default_rng(1)
        self._dimensions = dimensions
        self._actors = actors
        self._theme = self._unit()
        self._events: list[tuple[np.ndarray, tuple[str, ...]]] = []

    def article(self, number: int, count: int) -> Newcomer:
        """Return article ``number`` of ``count`` in the window."""
        if not self._events or self._random.random() < 1 / AN_EVENT:
            chosen = self._random.choice(len(self._actors), 3, replace=False)
            self._events.append((self._unit(), tuple(self._actors[one] for one in chosen)))
        # An event is reported within a tenth of the window.
        recent = self._events[-max(count // (10 * AN_EVENT), 2) :]
        event, named = recent[self._random.integers(len(recent))]
        text, title = (self._near(event) for _ in range(2))
        return Newcomer(
            ArticleId(number + 1),
            f"Outlet {self._random.integers(OUTLETS)}",
            NOW - WINDOW + WINDOW * (number / count),
            f"Report {number}",
            Bearings(named, named[:1]),
            text,
            title,
        )

    def _near(self, event: np.ndarray) -> np.ndarray:
        own = np.sqrt(1 - SAME) * self._unit()
        vector = np.sqrt(SAME - OTHER) * event + np.sqrt(OTHER) * self._theme + own
        return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)

    def _unit(self) -> np.ndarray:
        vector = self._random.normal(size=self._dimensions)
        return np.asarray(vector / np.linalg.norm(vector))


def quality(paths: list[Path]) -> None:
    settings = load(ROOT / "config", {})
    for path in paths:
        made = judge_grouping(settings, [path])
        print(
            f"{path.name}: {made.articles} reports of {made.stories} events: "
            f"pairs F1 {made.f1:.3f} (precision {made.precision:.3f}, recall {made.recall:.3f}), "
            f"B-cubed F1 {made.b_cubed:.3f}"
        )


def cost() -> None:
    model = grouping_model(load(ROOT / "config", {}))
    for size in SIZES:
        made = MadeUp(model.space.basis.shape[0], model.actors)
        articles = [made.article(number, size) for number in range(size + BATCH * BATCHES)]
        stream = Stream(model)
        for start in range(0, size, 50):
            stream.take(articles[start : start + 50])
        began = time.perf_counter()
        for start in range(size, len(articles), BATCH):
            stream.take(articles[start : start + BATCH])
        taken = (time.perf_counter() - began) / (BATCH * BATCHES)
        held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{size:>6} in the window: {1000 * taken:.2f} ms an article, {held:.0f} MB held")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("quality", "cost"))
    parser.add_argument("files", nargs="*", type=Path)
    chosen = parser.parse_args()
    if chosen.what == "cost":
        cost()
        return
    quality(chosen.files or [path for path in (*OWN, REAL) if path.is_file()])


if __name__ == "__main__":
    main()
