"""A topic of one's own on disk: configuration, seeds, curriculum and benchmark of two countries.

What is written tells deals from pastimes. It knows nothing of war games, which sound like deals
and are none, and of choirs, which sound like pastimes and here are none: readers teach both.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from service.learning.registry import write
from service.learning.train import Trained
from service.records import ArticleId, Item, Label, Origin, Topic, Verdict
from service.settings import Settings, load
from service.storage import labels
from service.storage.database import Database
from service.stories.identity import text_hash
from service.wiring.models import train_classifier
from tests.learning import small_topic
from tests.make import NOW
from tests.storage.rows import arrival, list_feeds, store

TOPIC = "freedonia-sylvania"
TOPIC_TOML = f"""
[topic]
id = "{TOPIC}"
name = "Freedonia-Sylvania"
topics = ["military", "economic"]
stand_in = "Ruritania"

[sides.freedonia]
name = "Freedonia"
[sides.freedonia.country]
en = ["Freedonia*"]

[sides.sylvania]
name = "Sylvania"
[sides.sylvania.country]
en = ["Sylvania*"]
"""
FEEDS_TOML = """
[[feeds]]
url = "https://herald.example/rss"
outlet = "Herald"
language = "en"
country = "GB"
"""
SUBSCRIPTIONS_TOML = """
[[subscriptions]]
id = "desk"
title = "Freedonia-Sylvania watch"
channels = ["file"]
"""
SEEDS = (
    "Freedonia and Sylvania have traded grain, gas and steel for two hundred years, and their "
    "ministers sign a new pact nearly every spring.",
    "Sylvania buys its fighter jets and artillery from Freedonia, whose officers train its crews "
    "and whose generals plan the drills of both armies.",
)

ARMS = ("fighter jets", "artillery shells", "air defence missiles", "patrol boats", "drones")
GOODS = ("grain", "natural gas", "steel", "fertiliser", "crude oil")
GAMES = ("Football", "Chess", "Tennis", "Swimming", "Volleyball")
SHOWS = ("Film festival", "Book fair", "Cooking contest", "Fashion week", "Museum night")
BOTH_WAYS = (("Freedonia", "Sylvania"), ("Sylvania", "Freedonia"))

DEALS = (
    ("military", ARMS, "{a} delivers {x} to {b} under defence pact"),
    ("military", ARMS, "Ministers of {a} and {b} agree on joint production of {x}"),
    ("economic", GOODS, "{a} agrees to sell {x} to {b} at a discount"),
    ("economic", GOODS, "Trade deal of {a} with {b} lowers tariffs on {x}"),
)
PASTIMES = (
    (GAMES, "{x}: fans watch {a} beat {b} in the cup"),
    (GAMES, "{x} star born in {a} tells of a childhood in {b}"),
    (SHOWS, "{x} opens with guests from {a}, {b} and Ruritania"),
    (SHOWS, "{x}: a jury of {b} gives its prize to a young talent of {a}"),
)
# Other words for the same, of which the benchmark is made.
TESTED_DEALS = (
    ("military", ARMS, "{a} sends {b} more {x}, defence ministers say after talks"),
    ("economic", GOODS, "{b} buys {x} from {a} as ministers sign trade pact"),
)
TESTED_PASTIMES = (
    (GAMES, "{x}: {a} beat {b} and meet Ruritania in the final of the cup"),
    (SHOWS, "{x} draws fans from {b} and {a}"),
)

TABLES = ("attic", "library", "school hall", "club room", "tavern", "tram depot", "town hall")
MOVES = (
    "Board game night in the {x}: {a} delivers missiles to {b}, then both players order pizza",
    "War game in the {x}: player of {a} agrees on a defence pact with the player of {b}",
)
PLACES = ("capital", "old harbour", "north", "valley", "border town", "mining town", "lake town")
SONGS = (
    "Choirs of {a} and {b} sing in the {x} as envoys listen",
    "Choir of {b} sings for the envoys of {a} in the {x}",
)


@dataclass(frozen=True, slots=True)
class TopicFolder:
    """Where the topic lies: ``config`` and ``models`` beside ``var``."""

    root: Path

    @property
    def config(self) -> Path:
        return self.root / "config"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def variables(self) -> dict[str, str]:
        """What ``tests.commands.run`` wants, so that commands find the topic's models."""
        return {"RELEVANCE_MODELS_DIR": str(self.models)}

    def settings(self, **learning: int) -> Settings:
        loaded = load(
            self.config,
            {
                "CASPIAN_DATA_DIR": str(self.root / "var"),
                "CASPIAN_RELEVANCE_MODELS_DIR": str(self.models),
            },
        )
        changed = loaded.learning.model_copy(update=learning)
        return loaded.model_copy(update={"learning": changed})


def write_topic(root: Path, *, baseline: bool = True) -> TopicFolder:
    """Write the topic, with the model that ``caspian train`` makes of it unless told not to."""
    folder = TopicFolder(root)
    for name, text in (
        ("config/topic.toml", TOPIC_TOML),
        ("config/feeds.toml", FEEDS_TOML),
        ("config/subscriptions.toml", SUBSCRIPTIONS_TOML),
        ("models/seeds/history.txt", "\n".join(SEEDS)),
        ("models/curriculum/deals.jsonl", _lines(_deals(DEALS))),
        ("models/curriculum/pastimes.jsonl", _lines(_pastimes(PASTIMES))),
        ("models/curriculum/plain.jsonl", _lines(_plain())),
        ("models/benchmark/small.jsonl", _lines(benchmark_rows())),
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if baseline:
        trained, data = _baseline()
        write(trained, folder.models, TOPIC, data, name="baseline")
    return folder


def benchmark_rows() -> list[dict[str, object]]:
    return [*_deals(TESTED_DEALS), *_pastimes(TESTED_PASTIMES)]


def war_games(tables: Sequence[str] = TABLES) -> list[str]:
    """Return titles that sound like deals; no reader would want them."""
    return _titles(MOVES, tables)


def choirs(places: Sequence[str] = PLACES) -> list[str]:
    """Return titles that sound like pastimes; the readers of this topic want them."""
    return _titles(SONGS, places)


def label(
    title: str, *, relevant: bool, reader: str = "ann", at: datetime = NOW, summary: str = ""
) -> Label:
    return Label(
        text_hash=text_hash(title, summary),
        item=Item(title, summary, "en"),
        verdict=Verdict.RELEVANT if relevant else Verdict.NOT_RELEVANT,
        topics=(Topic("economic"),) if relevant else (),
        reader=reader,
        origin=Origin.IMPORT,
        labelled_at=at,
    )


def sound_labels(readers: Sequence[str] = ("ann", "bob"), at: datetime = NOW) -> list[Label]:
    """Return 48 labels, war games and choirs by turns, a minute apart until ``at``."""
    pairs = zip(war_games(TABLES[:6]), choirs(PLACES[:6]), strict=True)
    titles = [
        (title, relevant)
        for game, song in pairs
        for title, relevant in ((game, False), (song, True))
    ]
    return [
        label(
            title,
            relevant=relevant,
            reader=readers[n % len(readers)],
            at=at - timedelta(minutes=len(titles) - n),
        )
        for n, (title, relevant) in enumerate(titles)
    ]


def give(database: Database, given: Iterable[Label]) -> None:
    with database.transaction() as connection:
        labels.add(connection, given)


def publish(database: Database, *titles: str, at: datetime = NOW) -> list[ArticleId]:
    """Store articles of these titles, seen at ``at``."""
    (feed,) = list_feeds(database, "https://herald.example/rss")
    return store(database, *(arrival(feed, title) for title in titles), now=at)


@cache
def _baseline() -> tuple[Trained, dict[str, str]]:
    with TemporaryDirectory() as place:
        folder = write_topic(Path(place), baseline=False)
        return train_classifier(folder.settings(), lambda _: None)


def _titles(patterns: Sequence[str], words: Sequence[str]) -> list[str]:
    return [
        pattern.format(a=a, b=b, x=x) for x, pattern, (a, b) in product(words, patterns, BOTH_WAYS)
    ]


def _plain() -> list[dict[str, object]]:
    """The forty lines of the small topic, all unlike one another: they keep the model modest."""
    return [_row(example.item.title, *example.topics) for example in small_topic.examples()]


def _deals(patterns: Iterable[tuple[str, Sequence[str], str]]) -> list[dict[str, object]]:
    return [
        _row(title, topic)
        for topic, words, pattern in patterns
        for title in _titles((pattern,), words)
    ]


def _pastimes(patterns: Iterable[tuple[Sequence[str], str]]) -> list[dict[str, object]]:
    return [_row(title) for words, pattern in patterns for title in _titles((pattern,), words)]


def _row(title: str, *topics: str) -> dict[str, object]:
    return {
        "title": title,
        "summary": "",
        "lang": "en",
        "label": int(bool(topics)),
        "topics": list(topics),
        "kind": "deal" if topics else "pastime",
    }


def _lines(rows: Iterable[dict[str, object]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)
