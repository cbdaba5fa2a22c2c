"""What each part of the classifier adds: average precision on labelled items.

    python -m tests.bench.ablation models/benchmark/retold.jsonl ../shared/data/real_dev.jsonl

"gate" calls everything relevant that names both sides; the others rank what passes the gate by one
opinion or by both together. The models are those the shipped training makes; evaluation only.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score

from service.learning.evaluate import Labelled, read_labelled
from service.learning.train import train
from service.relevance.classifier import Estimators, Vector
from service.relevance.features import read
from service.settings import Settings, load
from service.wiring.models import encoder, load_neighbours, mention_finder, topics_of, training_data

ROOT = Path(__file__).parents[2]


def fitted(settings: Settings, *, seeds: bool) -> Estimators:
    examples, _ = training_data(settings)
    chosen = [example for example in examples if seeds or example.kind != "seed"]
    finder = mention_finder(settings.topic)
    return train(chosen, finder, encoder(), topics_of(settings.topic)).estimators


def ranked(
    settings: Settings, estimators: Estimators, labelled: list[Labelled]
) -> dict[str, float]:
    finder = mention_finder(settings.topic)
    readings = [read(entry.item, finder) for entry in labelled]
    labels = [entry.label for entry in labelled]
    through = [index for index, reading in enumerate(readings) if not reading.gated]
    features = estimators.features([readings[i] for i in through], finder.sides, encoder())

    def average_precision(opinion: Vector) -> float:
        whole = np.full(len(labels), -1e9)
        whole[through] = opinion
        return round(float(average_precision_score(labels, whole)), 3)

    bare = replace(features, meaning=features.meaning.copy())
    bare.meaning[:, encoder().dimensions :] = 0
    return {
        "gate": average_precision(np.ones(len(through))),
        "words": average_precision(estimators.word_opinion.decision_function(features.words)),
        "meaning": average_precision(
            estimators.meaning_opinion.decision_function(features.meaning)
        ),
        "meaning, layout blanked": average_precision(
            estimators.meaning_opinion.decision_function(bare.meaning)
        ),
        "both": average_precision(estimators.probability(features)),
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("files", nargs="+", type=Path)
    files = options.parse_args().files
    settings = load(ROOT / "config", {})
    load_neighbours(settings)  # so that the training texts' vectors are known
    for name, seeds in (("curriculum and seeds", True), ("curriculum alone", False)):
        estimators = fitted(settings, seeds=seeds)
        for path in files:
            print(name, path.name, ranked(settings, estimators, read_labelled(path)))


if __name__ == "__main__":
    main()
