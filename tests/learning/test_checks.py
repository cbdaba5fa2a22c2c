"""The checker of written items: each fault with its file, line and mend."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from service.learning.checks import check_curriculum
from service.records import Topic

TOPICS = (Topic("military"), Topic("economic"))
TEXT = "Freedonia and Sylvania sign a long and detailed agreement on the new railway line"


def _row(**changes: Any) -> dict[str, Any]:
    row = {"title": TEXT, "summary": "", "lang": "en", "label": 1, "topics": ["economic"]}
    return {**row, "kind": "positive", **changes}


def _check(tmp_path: Path, *rows: dict[str, Any] | str, benchmark: tuple[str, ...] = ()) -> str:
    path = tmp_path / "own.jsonl"
    lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
    path.write_text("\n".join(lines) + "\n")
    faults = check_curriculum([path], TOPICS, benchmark)
    return "\n".join(map(str, faults)).replace(f"{tmp_path}/", "")


def test_good_items_have_no_fault(tmp_path: Path) -> None:
    assert not _check(tmp_path, _row(), _row(title="Rain in Lisbon", label=0, topics=[]))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("{not json", "not JSON"),
        (_row(label=2), "label is 2, not 0 or 1"),
        (_row(topics=["sport"]), "topics are ['sport']"),
        (_row(colour="red"), "unknown ['colour']"),
        (_row(title=" blank before"), "the title has blanks at its ends"),
        (_row(summary="a bell \a rings"), "characters that cannot be seen"),
    ],
)
def test_each_fault_is_named_with_file_line_and_mend(
    tmp_path: Path, row: dict[str, Any] | str, words: str
) -> None:
    told = _check(tmp_path, _row(title="A first line that is good"), row)
    assert told.startswith("own.jsonl, line 2: ")
    assert words in told
    assert "mend: " in told


def test_all_bad_lines_are_named_and_not_only_the_first(tmp_path: Path) -> None:
    told = _check(tmp_path, "{", _row(), _row(label="yes", title="Another"))
    assert "line 1" in told
    assert "line 3" in told


def test_near_copies_are_faults_unless_they_are_a_pair(tmp_path: Path) -> None:
    other = _row(title=TEXT.replace("long", "lone"), label=0, topics=[], kind="ordinary")
    assert "line 1; own.jsonl, line 2: two texts are nearly the same" in _check(
        tmp_path, _row(), other
    )
    assert not _check(tmp_path, _row(pair="p"), {**other, "pair": "p"})


@pytest.mark.parametrize(
    "others",
    [
        [],
        [_row(pair="p", title="Quite another relevant item")],
        [_row(pair="p", title="In another tongue", label=0, topics=[], lang="ru")],
    ],
)
def test_a_pair_is_one_relevant_and_one_other_item_of_one_language(
    tmp_path: Path, others: list[dict[str, Any]]
) -> None:
    assert "the pair 'p' is not one relevant" in _check(tmp_path, _row(pair="p"), *others)


def test_a_copy_of_the_benchmark_is_a_fault(tmp_path: Path) -> None:
    told = _check(tmp_path, _row(), benchmark=(TEXT, TEXT + "!"))
    assert told.startswith("own.jsonl, line 1: nearly the same text")
    assert "benchmark" in told
