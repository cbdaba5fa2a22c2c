"""The written items as shipped: what they must be for a model learnt from them to be honest."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from service.learning.checks import check_curriculum
from service.learning.corpus import read_curriculum
from service.records import Topic
from tests.conftest import ROOT

CURRICULUM = sorted((ROOT / "models" / "curriculum").glob("*.jsonl"))
TOPICS = tuple(map(Topic, ("military", "economic", "diplomatic")))
WRITTEN = ["en", "ru", "fa", "ar", "tr", "pl", "uk", "zh"]
WRITTEN += ["de", "fr", "es", "he", "az", "hi", "it", "pt"]
KINDS_OF_OTHERS = {
    "both-listed",
    "both-sport-culture",
    "iran-only",
    "ordinary",
    "other-pair",
    "passing-mention",
    "round-up",
    "russia-only",
}
BENCHMARK = ROOT / "models" / "benchmark" / "retold.jsonl"


@dataclass(frozen=True)
class Line:
    where: str
    row: dict[str, Any]

    @property
    def title(self) -> str:
        return " ".join(self.row["title"].casefold().split())


def _lines(path: Path) -> Iterator[Line]:
    for number, text in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if text.strip():
            yield Line(f"{path.name}:{number}", json.loads(text))


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    return [line for path in CURRICULUM for line in _lines(path)]


def _by_language(lines: list[Line]) -> dict[str, list[Line]]:
    found = defaultdict(list)
    for line in lines:
        found[line.row["lang"]].append(line)
    return found


def test_every_language_of_the_topic_but_japanese_has_written_items(lines: list[Line]) -> None:
    # Japanese names are found too, and scored by what the other languages teach.
    assert set(_by_language(lines)) - {"ja"} == set(WRITTEN)


@pytest.mark.parametrize("path", CURRICULUM, ids=lambda path: path.name)
def test_every_line_is_read_and_none_is_lost(path: Path) -> None:
    examples = read_curriculum([path], TOPICS)
    unsure = sum(bool(line.row.get("unsure")) for line in _lines(path))
    assert len(examples) + unsure == len(list(_lines(path))) > 0


@pytest.mark.parametrize("path", CURRICULUM, ids=lambda path: path.name)
def test_a_file_holds_the_language_that_its_name_says(path: Path) -> None:
    said = path.stem.partition("_")[0]
    assert said in {*WRITTEN, "ja"}
    assert {line.row["lang"] for line in _lines(path)} == {said}


@pytest.mark.parametrize("path", CURRICULUM, ids=lambda path: path.name)
def test_kinds_are_the_known_ones_and_agree_with_the_label(path: Path) -> None:
    wrong = [
        line.where
        for line in _lines(path)
        if line.row["kind"] not in ({"positive"} if line.row["label"] else KINDS_OF_OTHERS)
    ]
    assert not wrong


def test_no_title_stands_twice_within_a_language(lines: list[Line]) -> None:
    twice = []
    for written in _by_language(lines).values():
        times = Counter(line.title for line in written)
        twice += [
            f"{line.where}: {line.row['title']}"
            for line in written
            if line.title and times[line.title] > 1
        ]
    assert not twice


def test_nothing_is_found_by_the_checks_that_readers_have_too() -> None:
    # Blanks, broken pairs, near copies among themselves and of the public benchmark.
    judged_on = [f"{line.row['title']} {line.row['summary']}" for line in _lines(BENCHMARK)]
    faults = [str(fault) for fault in check_curriculum(CURRICULUM, TOPICS, judged_on)]
    assert faults == []
