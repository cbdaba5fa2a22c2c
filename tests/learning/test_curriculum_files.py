"""The written items as shipped: what they must be for a model learnt from them to be honest."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

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
# Two texts that share this much of their character 5-grams are one text written twice.
NEAR = 0.85
GRAM = 5


@dataclass(frozen=True)
class Line:
    where: str
    row: dict[str, Any]

    @property
    def title(self) -> str:
        return " ".join(self.row["title"].casefold().split())

    @property
    def grams(self) -> frozenset[str]:
        text = " ".join(f"{self.row['title']} {self.row['summary']}".casefold().split())
        return frozenset(text[at : at + GRAM] for at in range(max(len(text) - GRAM + 1, 1)))


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


def test_texts_have_no_blanks_at_their_ends_and_no_stray_control_characters(
    lines: list[Line],
) -> None:
    wrong = [
        f"{line.where} {name}"
        for line in lines
        for name in ("title", "summary")
        if line.row[name] != line.row[name].strip()
        or any(character < " " or character == "\ufffd" for character in line.row[name])
    ]
    assert not wrong


def test_no_title_stands_twice_within_a_language(lines: list[Line]) -> None:
    twice = []
    for written in _by_language(lines).values():
        times = Counter(line.title for line in written)
        twice += [f"{line.where}: {line.row['title']}" for line in written if times[line.title] > 1]
    assert not twice


def test_each_pair_is_one_relevant_and_one_other_item_of_one_language(lines: list[Line]) -> None:
    pairs = defaultdict(list)
    for line in lines:
        if "pair" in line.row:
            pairs[line.row["pair"]].append(line)
    wrong = {
        name: [line.where for line in members]
        for name, members in pairs.items()
        if sorted(line.row["label"] for line in members) != [0, 1]
        or len({line.row["lang"] for line in members}) != 1
    }
    assert not wrong


def test_near_copies_stand_only_within_a_pair(lines: list[Line]) -> None:
    # Elsewhere a near copy could land in another fold, and the figures would flatter.
    copies = [
        f"{a.where} and {b.where} ({share:.2f}): {a.row['title']} | {b.row['title']}"
        for written in _by_language(lines).values()
        for a, b, share in _near_copies(written)
        if not ("pair" in a.row and a.row["pair"] == b.row.get("pair"))
    ]
    assert not copies


def _near_copies(lines: list[Line]) -> Iterator[tuple[Line, Line, float]]:
    """Find pairs with a Jaccard similarity of NEAR without comparing each with each.

    If two sets are that similar, they share one of the rarest (1 - NEAR) of either's grams.
    """
    grams = [line.grams for line in lines]
    frequency = Counter(gram for found in grams for gram in found)
    known: defaultdict[str, list[int]] = defaultdict(list)
    for index, found in enumerate(grams):
        rarest = sorted(found, key=lambda gram: (frequency[gram], gram))
        prefix = rarest[: len(found) - math.ceil(NEAR * len(found)) + 1]
        for other in sorted({earlier for gram in prefix for earlier in known[gram]}):
            share = len(found & grams[other]) / len(found | grams[other])
            if share >= NEAR:
                yield lines[other], lines[index], share
        for gram in prefix:
            known[gram].append(index)


def test_the_search_for_near_copies_finds_one() -> None:
    text = "Moscow and Tehran sign a long and detailed agreement on the Rasht-Astara railway line"
    rows = [text, text.replace("long", "lone"), "Another text altogether, of about this length"]
    lines = [Line(str(at), {"title": row, "summary": ""}) for at, row in enumerate(rows)]
    assert [(a.where, b.where) for a, b, _ in _near_copies(lines)] == [("0", "1")]
