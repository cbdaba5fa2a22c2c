"""What each part of the classifier adds: average precision on labelled items.

    python -m tests.bench.ablation models/benchmark/retold.jsonl ../shared/data/real_dev.jsonl

Each line adds one thing to the one before it. Items that the gate stops rank last everywhere. The
texts as they are must be encoded anew, which takes minutes. Evaluation only.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from service.learning.corpus import SEED, Example
from service.learning.evaluate import Labelled, read_labelled
from service.learning.train import Prepared, fit, fit_opinions, prepare
from service.records import Item
from service.relevance.encoder import TEXT_CHARACTERS, RememberingEncoder
from service.relevance.features import Reading, read
from service.relevance.mentions import MentionFinder
from service.relevance.vectors import EMBEDDING_SCALE, Features, Vector
from service.settings import load
from service.wiring.models import (
    encoder_of,
    load_neighbours,
    mention_finder,
    topics_of,
    training_data,
)

ROOT = Path(__file__).parents[2]
CHANCE = 1


@dataclass(frozen=True)
class Bench:
    """A file to judge on: what passes the gate of it, in every form that an arm needs."""

    name: str
    labels: Vector
    through: list[int]
    readings: list[Reading]
    features: Features
    raw: np.ndarray

    def average_precision(self, opinion: Vector) -> float:
        whole = np.full(len(self.labels), -1e9)
        whole[self.through] = opinion
        return round(float(average_precision_score(self.labels, whole)), 3)


def raw_text(item: Item) -> str:
    return ". ".join(text for text in (item.title, item.summary) if text)[:TEXT_CHARACTERS]


def bench(
    path: Path, prepared: Prepared, finder: MentionFinder, encoder: RememberingEncoder
) -> Bench:
    labelled: list[Labelled] = read_labelled(path)
    readings = [read(entry.item, finder) for entry in labelled]
    through = [index for index, reading in enumerate(readings) if not reading.gated]
    kept = [readings[index] for index in through]
    return Bench(
        path.name,
        np.array([entry.label for entry in labelled]),
        through,
        kept,
        prepared.vectorisers.features(kept, finder.sides, encoder),
        encoder.encode([raw_text(reading.item) for reading in kept]),
    )


def linear(train: np.ndarray, prepared: Prepared) -> Callable[[np.ndarray], Vector]:
    """Fit a logistic regression on one form of the training texts."""
    model = LogisticRegression(C=1.0, max_iter=2_000)
    model.fit(train, prepared.labels, sample_weight=prepared.weights)
    return model.decision_function  # type: ignore[no-any-return]


def part_of(prepared: Prepared, share: float) -> np.ndarray:
    """Return the rows of a random share of the groups."""
    groups = sorted(set(prepared.groups))
    chance = np.random.default_rng(CHANCE)
    chosen = set(chance.choice(groups, int(share * len(groups)), replace=False))
    return np.array([row for row, group in enumerate(prepared.groups) if group in chosen])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("files", nargs="+", type=Path)
    settings = load(ROOT / "config", {})
    encoder, finder = encoder_of(settings), mention_finder(settings.topic)
    load_neighbours(settings)  # so that the training texts' vectors are known
    with Console(stderr=True).status("preparing"):
        examples, _ = training_data(settings)
        prepared = prepare(examples, finder, encoder)
        files = options.parse_args().files
        benches = [bench(path, prepared, finder, encoder) for path in files]
        chosen = [examples[index] for index in prepared.kept]
        raw = encoder.encode([raw_text(example.item) for example in chosen]) * EMBEDDING_SCALE
    dimensions = encoder.dimensions
    meaning = prepared.features.meaning

    def told(name: str, opinion: Callable[[Bench], Vector]) -> None:
        figures = (f"{one.name} {one.average_precision(opinion(one)):.3f}" for one in benches)
        print(f"{name}: {', '.join(figures)}", flush=True)

    told("gate alone", lambda b: np.ones(len(b.through)))
    seeds = raw[[example.kind == SEED for example in chosen]]
    told("seeds alone, nearest passage", lambda b: (b.raw @ seeds.T).max(axis=1))
    on_raw = linear(raw, prepared)
    told("+ curriculum, texts as they are", lambda b: on_raw(b.raw * EMBEDDING_SCALE))
    on_named = linear(meaning[:, :dimensions], prepared)
    told("+ sides under one name each", lambda b: on_named(b.features.meaning[:, :dimensions]))
    on_layout = linear(meaning, prepared)
    told("+ layout of the mentions", lambda b: on_layout(b.features.meaning))
    trained = fit(prepared, topics_of(settings.topic)).estimators
    told(
        "+ Gaussian kernel: the opinion on meaning",
        lambda b: trained.meaning_opinion.decision_function(b.features.meaning),
    )
    told(
        "the opinion on words alone",
        lambda b: trained.word_opinion.decision_function(b.features.words),
    )
    told("both opinions, stacked: what ships", lambda b: trained.probability(b.features))
    told_without_seeds(prepared, chosen, told)
    for share in (0.125, 0.25, 0.5):
        part = fit_opinions(prepared, part_of(prepared, share))[0]
        told(
            f"the opinion on meaning, learnt from {share:.1%} of the items",
            lambda b, part=part: part.decision_function(b.features.meaning),  # type: ignore[misc]
        )


def told_without_seeds(
    prepared: Prepared,
    chosen: Sequence[Example],
    told: Callable[[str, Callable[[Bench], Vector]], None],
) -> None:
    rows = np.array([row for row, example in enumerate(chosen) if example.kind != SEED])
    without = fit_opinions(prepared, rows)[0]
    told(
        "the opinion on meaning, without the seeds",
        lambda b: without.decision_function(b.features.meaning),
    )


if __name__ == "__main__":
    main()
