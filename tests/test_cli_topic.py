"""``caspian topic``: the written items are checked and counted, another topic is laid out."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.commands import run
from tests.processes import write_config

SEED = (
    "Russia and Iran have traded grain, gas and steel for two hundred years, and the ministers of "
    "both sign a new agreement nearly every spring."
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A seed, five written items without fault, and a benchmark of two."""
    folder = tmp_path / "models"
    for name in ("seeds", "curriculum", "benchmark"):
        (folder / name).mkdir(parents=True)
    (folder / "seeds" / "history.txt").write_text(SEED, encoding="utf-8")
    write(
        folder / "curriculum" / "en.jsonl",
        row("Moscow and Tehran sign a gas deal", "economic"),
        row("Iran ships drones to the Russian army", "military"),
        row("Russia beat Iran on penalties in the volleyball final", kind="sport"),
        row("Rain in Lisbon", kind="other"),
    )
    write(
        folder / "curriculum" / "ru.jsonl",
        row("Россия и Иран снизили пошлины", "economic", lang="ru"),
    )
    write(
        folder / "benchmark" / "own.jsonl",
        row("Iranian banks join the Russian card system", "economic"),
        row("Film festival in Kazan shows pictures from Iran", kind="sport"),
    )
    return folder


def row(title: str, *topics: str, kind: str = "positive", **changes: Any) -> dict[str, Any]:
    values = {
        "title": title,
        "summary": "",
        "lang": "en",
        "label": int(bool(topics)),
        "topics": list(topics),
        "kind": kind,
    }
    return values | changes


def write(path: Path, *rows: dict[str, Any] | str) -> None:
    lines = [line if isinstance(line, str) else json.dumps(line) for line in rows]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def check(config: Path, models: Path, *options: str) -> tuple[int, str]:
    done = run(config, "topic", "check", *options, RELEVANCE_MODELS_DIR=str(models))
    assert done.stderr == ""
    return done.exit_code, done.stdout


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("│").split("│")]


# --- check ---------------------------------------------------------------------------------


def test_written_items_without_fault_are_counted_by_language_and_kind(
    config: Path, models: Path
) -> None:
    code, text = check(config, models)
    assert (code, text.splitlines()[-1]) == (0, "nothing to mend")
    counts = {cells(line)[0]: cells(line)[1:] for line in text.splitlines() if "│" in line}
    assert counts == {
        # The seeds, which are not written, and their twins count apart.
        "all": ["5", "3", "4"],
        "en": ["4", "2", "3"],
        "ru": ["1", "1", "1"],
        "positive": ["3", "3", "3"],
        "sport": ["1", "0", "1"],
        "other": ["1", "0", "0"],
        "seed": ["1", "1", "1"],
        "twin": ["2", "0", "0"],
    }


def test_the_counts_can_be_read_by_a_script(config: Path, models: Path) -> None:
    code, text = check(config, models, "--json")
    told = json.loads(text)
    assert (code, told["faults"]) == (0, [])
    assert told["counts"][0] == {"name": "all", "items": 5, "relevant": 3, "past_the_gate": 4}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON"),
        ("[]", "not an object"),
        (row("a", "economic", label=0), "relevant items have topics, others have none"),
        (row("a", "culture"), "topics are ['culture'], not a list from"),
        (row(" Blank at an end", kind="other"), "the title has blanks at its ends"),
        (row("A bell \x07 rings", kind="other"), "characters that cannot be seen"),
        (row("Alone", kind="other", pair="p"), "the pair 'p' is not one relevant and one other"),
        (
            row("Moscow and Tehran sign a gas deal!", "economic"),
            "two texts are nearly the same",
        ),
        (
            row("Iranian banks join the Russian card system.", "economic"),
            "stands in the benchmark",
        ),
    ],
)
def test_a_fault_is_named_with_file_line_and_mend(
    line: dict[str, Any] | str, message: str, config: Path, models: Path
) -> None:
    path = models / "curriculum" / "more.jsonl"
    write(path, row("Snow in Oslo", kind="other"), line)
    code, text = check(config, models)
    assert code == 1
    first, mend, last = text.splitlines()
    where = f"{path}, line 2"
    assert where in first.partition(": ")[0]
    assert message in first
    assert mend.startswith("  mend: ")
    assert last == "1 fault"


def test_all_faults_are_told_at_once_also_to_a_script(config: Path, models: Path) -> None:
    path = models / "curriculum" / "more.jsonl"
    write(path, "{", row(" a", kind="other"), row("Alone", kind="other", pair="p"))
    code, text = check(config, models, "--json")
    told = json.loads(text)
    assert (code, told["counts"]) == (1, [])
    assert [fault["where"] for fault in told["faults"]] == [
        f"{path}, line {number}" for number in (1, 2, 3)
    ]
    assert all(fault["message"] and fault["mend"] for fault in told["faults"])


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("curriculum/bytes.jsonl", b"\xff\n", "not UTF-8"),
        ("benchmark/own.jsonl", b"{\n", "line 1: not a labelled item"),
        ("benchmark/own.jsonl", b'{"title": "a", "label": 1}\n', "does not hold both labels"),
    ],
)
def test_a_file_that_cannot_be_read_at_all_is_an_error_with_a_mend(
    path: str, body: bytes, words: str, config: Path, models: Path
) -> None:
    (models / path).write_bytes(body)
    done = run(config, "topic", "check", RELEVANCE_MODELS_DIR=str(models))
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"error [input]: {models / path}" in done.stderr
    assert words in done.stderr
    assert "mend: " in done.stderr


def test_without_seeds_there_is_nothing_to_check_and_the_mend_is_told(
    config: Path, models: Path
) -> None:
    (models / "seeds" / "history.txt").unlink()
    done = run(config, "topic", "check", RELEVANCE_MODELS_DIR=str(models))
    assert done.exit_code == 1
    assert "no seed documents" in done.stderr


# --- new -----------------------------------------------------------------------------------


def test_a_new_topic_is_laid_out_to_be_filled_in_and_is_a_sound_configuration(
    config: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "serbia-china"
    sides = ("--side", "Serbia", "--side", "China")
    done = run(config, "topic", "new", str(folder), "--name", "Serbia-China", *sides)
    assert done.exit_code == 0
    told = [line for line in done.stdout.splitlines() if line.startswith("written: ")]
    assert sorted(told) == sorted(
        f"written: {Path(place) / name}" for place, _, names in os.walk(folder) for name in names
    )
    checked = run(folder / "config", "check-config")
    assert "[sides.serbia]" in (folder / "config" / "topic.toml").read_text(encoding="utf-8")
    assert "error" not in checked.output


def test_a_folder_that_holds_something_is_never_written_into(config: Path, tmp_path: Path) -> None:
    before = sorted(config.iterdir())
    sides = ("--side", "Serbia", "--side", "China")
    done = run(config, "topic", "new", str(config), "--name", "x", *sides)
    assert done.exit_code == 1
    assert "holds something already" in done.stderr
    assert sorted(config.iterdir()) == before


@pytest.mark.parametrize("sides", [("Serbia",), ("Serbia", "serbia"), ("a", "b", "c"), ("!", "a")])
def test_a_topic_has_two_sides(sides: tuple[str, ...], config: Path, tmp_path: Path) -> None:
    options = [part for side in sides for part in ("--side", side)]
    done = run(config, "topic", "new", str(tmp_path / "new"), "--name", "x", *options)
    assert done.exit_code == 2
    assert not (tmp_path / "new").exists()
