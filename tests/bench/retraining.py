"""How long retraining and replaying take, on a database filled for the purpose.

    python -m tests.bench.retraining ../shared/data/stream.jsonl.gz ../shared/data/real_dev.jsonl

A thousand labels (texts of the curriculum, each with a number behind it) and thirty days of
20,000 articles, one in a hundred of which names both sides. Vectors are at hand, as they are in a
service that scored the articles when they came in. Timings only: what is learnt here is nonsense.
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
import time
from datetime import timedelta
from itertools import cycle, islice
from pathlib import Path

from sqlalchemy import insert

from service.learning.evaluate import read_labelled
from service.learning.replay import replay
from service.learning.shelf import DatabaseShelf
from service.records import Item, Label, Origin, Topic, Verdict
from service.relevance.encoder import ShelvedEncoder
from service.relevance.features import read
from service.relevance.vectors import encoded_text
from service.settings import load
from service.storage import articles, labels, tables
from service.storage.database import Database, open_database
from service.stories.identity import text_hash
from service.wiring.models import (
    encoder_of,
    load_classifier,
    mention_finder,
    training_data,
)
from service.wiring.retraining import retrain
from tests.make import NOW, feed_config
from tests.storage.rows import list_feeds

ROOT = Path(__file__).parents[2]
DAYS, A_DAY, BOTH_NAMED = 30, 20_000, 100
LABELS = 1_000


def texts(stream: Path, both: Path) -> list[Item]:
    with gzip.open(stream, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    others = cycle([Item(r["title"] or "", r["summary"] or "", "en") for r in rows])
    named = cycle([entry.item for entry in read_labelled(both)])
    return [next(named) if at % BOTH_NAMED == 0 else next(others) for at in range(DAYS * A_DAY)]


def fill(database: Database, items: list[Item]) -> None:
    (feed,) = list_feeds(database, feed_config().url)
    with database.transaction() as connection:
        for start in range(0, len(items), 10_000):
            connection.execute(
                insert(tables.articles),
                [
                    {
                        "feed_id": feed,
                        "title": item.title,
                        "summary": item.summary,
                        "language": "en",
                        "seen_at": NOW - timedelta(days=DAYS * (1 - at / len(items))),
                        "content_hash": text_hash(item.title, item.summary),
                    }
                    for at, item in enumerate(items[start : start + 10_000], start)
                ],
            )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("stream", type=Path)
    options.add_argument("both_named", type=Path)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = load(ROOT / "config", {"CASPIAN_DATA_DIR": folder})
        database = open_database(settings)
        fill(database, texts(given.stream, given.both_named))
        shelf = DatabaseShelf(database, lambda: NOW)
        encoder = ShelvedEncoder(encoder_of(settings), shelf)
        finder = mention_finder(settings.topic)
        written, _ = training_data(settings)
        chosen = [e for e in written if e.topics or not e.label][:: len(written) // (LABELS + 500)]
        said = [
            Label(
                text_hash=text_hash(f"{e.item.title} ({at})", e.item.summary),
                item=Item(f"{e.item.title} ({at})", e.item.summary, e.item.lang),
                verdict=Verdict.RELEVANT if e.label else Verdict.NOT_RELEVANT,
                topics=tuple(map(Topic, e.topics)),
                reader="bench",
                origin=Origin.IMPORT,
                labelled_at=NOW - timedelta(minutes=at),
            )
            for at, e in enumerate(islice(chosen, LABELS))
        ]
        with database.transaction() as connection:
            labels.add(connection, said)
        encoder.encode([encoded_text(read(label.item, finder)) for label in said])
        encoder.encode(
            [encoded_text(read(entry.item, finder)) for entry in read_labelled(given.both_named)]
        )

        model = load_classifier(settings, encoder)
        began = time.perf_counter()
        with database.reading() as connection:
            since = NOW - timedelta(days=DAYS + 1)
            replayed = replay(articles.texts_since(connection, since), model, model)
        print(f"replay of {replayed.articles:,} articles: {time.perf_counter() - began:.1f} s")

        short = settings.model_copy(
            update={"learning": settings.learning.model_copy(update={"replay_days": 1})}
        )
        began = time.perf_counter()
        outcome = retrain(short, database, NOW)
        print(
            f"retraining with {outcome.made.labels} labels, a day replayed:"
            f" {time.perf_counter() - began:.1f} s"
        )
        database.close()


if __name__ == "__main__":
    main()
