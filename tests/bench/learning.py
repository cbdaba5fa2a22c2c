"""What labels are worth: the learning loop simulated on labelled items, pool and test apart.

    python -m tests.bench.learning ../shared/data/real_dev.jsonl --splits 10 --out var/learning.json

In each split half of the items are the pool that a reader is asked about, half are for the test.
After 10, 25, 50 and 100 answers a candidate is fitted as `caspian retrain` fits it, once by the
queue (three questions in four the most informative, one drawn at random) and once in random order;
average precision and F1 on the test half, beside those of the shipped model. At 100 random answers
a fifth of them is turned round as well, and the candidate judged by the rule: refused, or how much
it loses. Evaluation only: nothing here chooses anything.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from sklearn.metrics import average_precision_score

from service.learning.corpus import LABEL, Example
from service.learning.evaluate import Labelled, read_labelled
from service.learning.labels import LABEL_WEIGHT, Judged, weighed
from service.learning.queue import AUDIT_EVERY, most_informative
from service.learning.retrain import Fitted
from service.learning.rule import judge
from service.learning.train import Prepared, Trained, fit, prepare
from service.records import ArticleId, Candidate
from service.relevance.classifier import Classifier
from service.relevance.features import read
from service.relevance.vectors import Vector, encoded_text
from service.settings import Settings, load
from service.wiring.models import (
    benchmark,
    encoder_of,
    load_classifier,
    load_neighbours,
    mention_finder,
    topics_of,
    training_data,
)
from tests.make import NOW

ROOT = Path(__file__).parents[2]
STEPS = (10, 25, 50, 100)
FLIPPED = 0.2


@dataclass(frozen=True)
class World:
    """Everything that stays the same over the splits."""

    settings: Settings
    items: Sequence[Labelled]
    prepared: Prepared
    written: int
    shipped: Classifier
    vectors: np.ndarray

    def labels(self) -> Vector:
        return np.array([entry.label for entry in self.items])


def build(settings: Settings, items: Sequence[Labelled]) -> World:
    finder, encoder = mention_finder(settings.topic), encoder_of(settings)
    load_neighbours(settings)  # so that the training texts' vectors are known
    written, _ = training_data(settings)
    examples = [*written, *(_example(entry, at) for at, entry in enumerate(items))]
    texts = [encoded_text(read(entry.item, finder)) for entry in items]
    return World(
        settings,
        items,
        prepare(examples, finder, encoder),
        len(written),
        load_classifier(settings),
        encoder.encode(texts),
    )


def _example(entry: Labelled, at: int, *, label: bool | None = None) -> Example:
    relevant = entry.label if label is None else label
    topics = tuple(sorted(entry.topics)) if relevant else ()
    return Example(entry.item, relevant, topics, LABEL, f"label:{at}", LABEL_WEIGHT)


def candidate(
    world: World, chosen: Sequence[int], flipped: frozenset[int] = frozenset()
) -> tuple[Classifier, Fitted]:
    """Fit on what is written and on the chosen items, as `caspian retrain` does."""
    base = world.prepared.examples[: world.written]
    judged = [
        Judged(
            _example(world.items[at], at, label=world.items[at].label != (at in flipped)),
            str(at),
            ("reader",),
            NOW,
        )
        for at in chosen
    ]
    examples = [*base, *weighed(judged, sum(example.weight for example in base))]
    row_of = {int(index): row for row, index in enumerate(world.prepared.kept)}
    wanted = [*range(world.written), *(world.written + at for at in chosen)]
    pairs = [(place, row_of[index]) for place, index in enumerate(wanted) if index in row_of]
    rows = np.array([row for _, row in pairs])
    kept = np.array([place for place, _ in pairs])
    prepared = replace(
        world.prepared,
        examples=examples,
        kept=kept,
        features=world.prepared.features.rows(rows),
        labels=np.array([examples[place].label for place in kept], dtype=int),
        weights=np.array([examples[place].weight for place in kept]),
    )
    trained = fit(prepared, topics_of(world.settings.topic))
    return _classifier(world, trained), Fitted(trained, prepared, tuple(judged), world.written)


def _classifier(world: World, trained: Trained) -> Classifier:
    return Classifier(
        mention_finder(world.settings.topic),
        encoder_of(world.settings),
        trained.estimators,
        threshold=trained.threshold,
        version="candidate",
    )


def figures(world: World, model: Classifier, test: Sequence[int]) -> tuple[float, float]:
    scores = model.score([world.items[at].item for at in test])
    labels = world.labels()[test]
    alerts = np.array([score.relevant for score in scores])
    both = labels.sum() + alerts.sum()
    precision = average_precision_score(labels, [score.probability for score in scores])
    return float(precision), float(2 * (labels & alerts).sum() / both)


def ask_queue(
    world: World, model: Classifier, pool: Sequence[int], asked: list[int], count: int, seed: int
) -> list[int]:
    """Return the next ``count`` items as the queue would ask about them."""
    left = [at for at in pool if at not in asked]
    chance = np.random.default_rng(seed)
    drawn = list(chance.choice(left, size=count // AUDIT_EVERY, replace=False))
    rest = [at for at in left if at not in drawn]
    scores = model.score([world.items[at].item for at in rest])
    candidates = [
        Candidate(
            ArticleId(at), world.items[at].item, None, "outlet", score.probability, NOW, str(at)
        )
        for at, score in zip(rest, scores, strict=True)
    ]
    chosen = most_informative(
        candidates,
        world.vectors[rest],
        world.vectors[asked],
        model.threshold,
        Counter(world.items[at].item.lang for at in asked),
        count - len(drawn),
    )
    return [int(at) for at in (*(rest[place] for place in chosen), *drawn)]


def split(world: World, number: int) -> dict[str, list[tuple[float, float]]]:
    chance = np.random.default_rng(1_000 + number)
    order = chance.permutation(len(world.items))
    half = len(order) // 2
    pool, test = [int(at) for at in order[:half]], [int(at) for at in order[half:]]
    told = {"shipped": [figures(world, world.shipped, test)], "queue": [], "random": []}
    asked: list[int] = []
    model = world.shipped
    for step in STEPS:
        asked += ask_queue(world, model, pool, asked, step - len(asked), number)
        model, _ = candidate(world, asked)
        told["queue"].append(figures(world, model, test))
        told["random"].append(figures(world, candidate(world, pool[:step])[0], test))
    return told


def flipped(world: World, number: int) -> dict[str, object]:
    """Turn a fifth of 100 random answers round, and say what the rule makes of the candidate."""
    chance = np.random.default_rng(1_000 + number)
    order = [int(at) for at in chance.permutation(len(world.items))]
    half = len(order) // 2
    pool, test = order[: min(half, STEPS[-1])], order[half:]
    wrong = frozenset(
        int(at) for at in chance.choice(pool, int(FLIPPED * len(pool)), replace=False)
    )
    model, fitted = candidate(world, pool, wrong)
    before, after = figures(world, world.shipped, test), figures(world, model, test)
    judgement = judge(
        fitted,
        model,
        world.shipped,
        written_before=None,
        learnt_until=-1,
        benchmark=benchmark(world.settings),
        recent=[(ArticleId(at), world.items[at].item) for at in test],
    )
    return {"lost": round(before[0] - after[0], 4), "reasons": judgement.reasons}


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean over the splits and its 95 % interval (bootstrap over splits)."""
    chance = np.random.default_rng(1)
    means = [np.mean(chance.choice(values, len(values))) for _ in range(2_000)]
    low, high = np.percentile(means, [2.5, 97.5])
    return round(float(np.mean(values)), 4), round(float(low), 4), round(float(high), 4)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("file", type=Path)
    options.add_argument("--splits", type=int, default=10)
    options.add_argument("--out", type=Path)
    given = options.parse_args()
    world = build(load(ROOT / "config", {}), read_labelled(given.file))
    console = Console(stderr=True)
    runs = []
    for number in track(range(given.splits), "splits", console=console):
        runs.append(split(world, number))
        print(json.dumps({"split": number, **runs[-1]}), flush=True)
    turned = [flipped(world, n) for n in track(range(given.splits), "flipped", console=console)]
    told: dict[str, object] = {"flipped": turned}
    for which, name in ((0, "average precision"), (1, "F1")):
        told[f"shipped, {name}"] = interval([run["shipped"][0][which] for run in runs])
        for place, step in enumerate(STEPS):
            for policy in ("queue", "random"):
                values = [run[policy][place][which] for run in runs]
                gains = [run[policy][place][which] - run["shipped"][0][which] for run in runs]
                told[f"{step} by {policy}, {name}"] = interval(values)
                told[f"{step} by {policy}, {name}, gained"] = interval(gains)
            ahead = [run["queue"][place][which] - run["random"][place][which] for run in runs]
            told[f"{step}, queue ahead of random, {name}"] = interval(ahead)
    text = json.dumps(told, indent=2)
    print(text)
    if given.out:
        given.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
