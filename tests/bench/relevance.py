"""Judges the shipped model on labelled items; evaluation only, nothing is fitted or chosen.

    python -m tests.bench.relevance ../shared/data/real_dev.jsonl ../shared/data/stream.jsonl.gz

A file with labels gives average precision, and precision, recall and F1 at the shipped
threshold; items marked unsure are left out. One without labels gives the number of alerts.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from pathlib import Path
from typing import Any

from sklearn.metrics import average_precision_score

from service.records import Item
from service.settings import load
from service.wiring.models import load_classifier

ROOT = Path(__file__).parents[2]


def read(path: Path) -> list[dict[str, Any]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row for row in rows if not row.get("unsure")]


def judge(path: Path) -> dict[str, object]:
    settings = load(ROOT / "config", {}).model_copy(update={"data_dir": "/nonexistent"})
    classifier = load_classifier(settings)
    rows = read(path)
    items = [Item(row["title"], row["summary"] or "", row["lang"]) for row in rows]
    begun = time.perf_counter()
    scores = classifier.score(items)
    rate = round(len(items) / (time.perf_counter() - begun))
    told = sum(score.relevant for score in scores)
    result: dict[str, object] = {"file": path.name, "items": len(items), "alerts": told}
    if all("label" in row for row in rows):
        labels = [row["label"] for row in rows]
        hits = sum(score.relevant and label for score, label in zip(scores, labels, strict=True))
        precision, recall = hits / max(told, 1), hits / sum(labels)
        ap = average_precision_score(labels, [score.probability for score in scores])
        result |= {
            "average_precision": round(float(ap), 3),
            "precision": round(precision, 3),
            "recall": round(recall, 3),
            "f1": round(2 * precision * recall / (precision + recall), 3),
        }
    return result | {"items_a_second": rate}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("files", nargs="+", type=Path)
    for path in options.parse_args().files:
        print(json.dumps(judge(path)))


if __name__ == "__main__":
    main()
