"""The written story sets as shipped: what they must be for grouping to be learnt and judged on."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from service.settings import Settings
from service.stories.identity import text_hash
from tests.conftest import ROOT

BENCHMARK = sorted((ROOT / "models" / "benchmark" / "stories").glob("*.jsonl"))
# What grouping learns from; a checkout may be without it.
LEARNT_FROM = sorted((ROOT / "models" / "stories").glob("*.jsonl"))
SETS = [*BENCHMARK, *LEARNT_FROM]

FIELDS = ["id", "story", "date", "lang", "source", "title", "summary"]
LANGUAGES = {"en", "ru", "fa", "ar", "pl", "zh"}
DATE_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
NEAR = timedelta(days=3)
LONGEST_STORY = timedelta(days=3)
LONGEST_SUMMARY = 600

each_set = pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)


@dataclass(frozen=True, slots=True)
class Line:
    """One report, and where it stands; fields that are no text stay as they were read."""

    where: str
    row: dict[str, Any]

    @property
    def story(self) -> str:
        return str(self.row["story"])

    @property
    def lang(self) -> str:
        return str(self.row["lang"])

    @property
    def date(self) -> datetime:
        return datetime.strptime(self.row["date"], DATE_FORMAT).replace(tzinfo=UTC)

    @property
    def text(self) -> str:
        """Return what makes the report the copy of another, whatever the case and the blanks."""
        title, summary = (
            " ".join(self.row[field].casefold().split()) for field in ("title", "summary")
        )
        return text_hash(title, summary)


def _lines(path: Path) -> list[Line]:
    texts = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    return [Line(f"{path.name}:{number}", json.loads(text)) for number, text in enumerate(texts, 1)]


def _all_lines() -> list[Line]:
    return [line for path in SETS for line in _lines(path)]


def _stories(paths: Iterable[Path]) -> dict[str, list[Line]]:
    found = defaultdict(list)
    for path in paths:
        for line in _lines(path):
            found[line.story].append(line)
    return found


def _twice(lines: Iterable[Line], field: str) -> list[str]:
    times = Counter(line.row[field] for line in lines)
    return [value for value, number in times.items() if number > 1]


def _are_near(one: list[Line], other: list[Line]) -> bool:
    return any(abs(mine.date - yours.date) <= NEAR for mine in one for yours in other)


def test_there_is_a_benchmark() -> None:
    assert BENCHMARK


# --- every set -----------------------------------------------------------------------------


@each_set
def test_every_line_has_the_fields_in_their_order_and_all_are_texts(path: Path) -> None:
    wrong = [
        line.where
        for line in _lines(path)
        if list(line.row) != FIELDS
        or not all(isinstance(value, str) for value in line.row.values())
    ]
    assert not wrong


@each_set
def test_only_a_summary_may_be_empty_and_none_has_blanks_at_its_ends(path: Path) -> None:
    wrong = [
        f"{line.where}: {field}"
        for line in _lines(path)
        for field, value in line.row.items()
        if value != value.strip() or not (value or field == "summary")
    ]
    assert not wrong


@each_set
def test_a_summary_is_as_short_as_a_feeds(path: Path) -> None:
    assert not [line.where for line in _lines(path) if len(line.row["summary"]) > LONGEST_SUMMARY]


@each_set
def test_dates_are_utc_and_in_order(path: Path) -> None:
    dates = [line.date for line in _lines(path)]
    assert dates == sorted(dates)


@each_set
def test_languages_are_ones_that_the_topic_knows(path: Path, shipped_settings: Settings) -> None:
    sides = shipped_settings.topic.sides.values()
    known = {lang for side in sides for terms in side.kinds.values() for lang in terms}
    assert {line.lang for line in _lines(path)} <= known


@each_set
def test_the_reports_of_a_story_stand_within_a_few_days(path: Path) -> None:
    long = [
        story
        for story, lines in _stories([path]).items()
        if lines[-1].date - lines[0].date > LONGEST_STORY
    ]
    assert not long


def test_no_id_stands_twice_in_any_set() -> None:
    assert not _twice(_all_lines(), "id")


def test_no_story_is_spread_over_two_sets() -> None:
    names = [name for path in SETS for name in _stories([path])]
    assert len(names) == len(set(names))


def test_no_text_stands_twice_within_a_set_or_in_two() -> None:
    seen: dict[str, str] = {}
    twice = []
    for line in _all_lines():
        if line.text in seen:
            twice.append(f"{line.where} repeats {seen[line.text]}: {line.row['title']}")
        seen.setdefault(line.text, line.where)
    assert not twice


# --- the benchmark -------------------------------------------------------------------------


def test_the_benchmark_is_in_six_languages_of_forty_reports_or_more_each() -> None:
    times = Counter(line.lang for path in BENCHMARK for line in _lines(path))
    assert set(times) == LANGUAGES
    assert min(times.values()) >= 40


def test_forty_stories_of_the_benchmark_are_told_in_three_languages_or_more() -> None:
    stories = _stories(BENCHMARK).values()
    assert sum(len({line.lang for line in lines}) >= 3 for lines in stories) >= 40


def test_two_stories_in_three_of_the_benchmark_have_another_within_three_days() -> None:
    stories = _stories(BENCHMARK)
    with_neighbour = [
        name
        for name, lines in stories.items()
        if any(_are_near(lines, other) for its, other in stories.items() if its != name)
    ]
    assert len(with_neighbour) * 3 >= len(stories) * 2
