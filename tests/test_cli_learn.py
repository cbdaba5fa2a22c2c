"""``score`` and ``train``: what a script pipes through, and what the shipped model came from."""

from __future__ import annotations

import json
import select
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from service.learning.corpus import fingerprint
from service.learning.manifest import read_manifest
from service.learning.registry import read
from service.learning.versions import CURRENT, Versions
from service.records import Item
from service.relevance import features
from service.relevance.mentions import MentionFinder
from service.settings import Settings
from service.wiring.models import encoder, mention_finder, training_data
from tests.commands import run
from tests.conftest import ROOT
from tests.processes import environment, write_config

ENCODER = encoder()

GAS = json.dumps({"id": 1, "title": "Moscow and Tehran sign a gas deal", "lang": "en"})
SPORT = json.dumps({"id": "b", "title": "Late goal wins the derby", "summary": "Two to one."})


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path)


def scored(config: Path, *lines: str, batch: int = 256) -> tuple[int, list[dict[str, Any]]]:
    text = "".join(f"{line}\n" for line in lines)
    result = run(config, "score", "--batch", str(batch), stdin=text)
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()]


# --- score -----------------------------------------------------------------------------------


def test_each_line_gets_its_score_with_the_evidence_in_order(config: Path) -> None:
    code, (gas, sport) = scored(config, GAS, SPORT)
    assert (code, gas["id"], sport["id"]) == (0, 1, "b")
    assert gas["relevant"] is True
    assert 0.5 < gas["probability"] <= 1
    assert {mention["side"] for mention in gas["evidence"]["mentions"]} == {"russia", "iran"}
    assert gas["evidence"]["sentence"] == "Moscow and Tehran sign a gas deal"
    assert set(gas["topics"]) <= {"military", "economic", "diplomatic"}
    assert (sport["probability"], sport["relevant"], sport["topics"]) == (0.0, False, [])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "not JSON"),
        ("   ", "not JSON"),
        ("nonsense", "not JSON"),
        ('{"id": 1, "title": "cut sho', "not JSON"),
        ("[1, 2]", "not an object"),
        ("null", "not an object"),
        ('{"id": 9, "title": 5}', "are texts"),
        ('{"id": 9, "title": "a", "lang": ["en"]}', "are texts"),
        ('{"id": 9}', "neither title nor summary"),
        ('{"id": 9, "title": "", "summary": null}', "neither title nor summary"),
        ("[" * 100_000, "not JSON"),
        ("1" * 5_000, "not JSON"),
    ],
)
def test_a_bad_line_is_told_with_its_number_and_the_others_are_scored(
    line: str, reason: str, config: Path
) -> None:
    code, rows = scored(config, SPORT, line, GAS)
    assert code == 1
    assert [row["id"] for row in rows] == ["b", rows[1]["id"], 1]
    assert rows[1]["error"].startswith("line 2: ")
    assert reason in rows[1]["error"]
    assert rows[1]["id"] == (9 if '"id": 9' in line else None)
    assert rows[2]["relevant"] is True


def test_how_many_lines_were_bad_is_said_beside_the_results(config: Path) -> None:
    result = run(config, "score", stdin="x\n" + GAS + "\ny\n")
    assert "2 lines could not be read" in result.stderr
    assert len(result.stdout.splitlines()) == 3


def test_lines_are_numbered_through_all_batches(config: Path) -> None:
    _, rows = scored(config, GAS, GAS, GAS, "bad", GAS, batch=2)
    assert ["error" in row for row in rows] == [False, False, False, True, False]
    assert rows[3]["error"].startswith("line 4: ")


def test_the_size_of_a_batch_changes_no_score(config: Path) -> None:
    lines = [GAS, SPORT, GAS.replace("gas", "grain"), GAS.replace("1", "2")]
    assert scored(config, *lines, batch=1) == scored(config, *lines, batch=3)


@pytest.mark.parametrize("size", ["0", "-1", "many"])
def test_a_batch_of_no_size_is_wrong_usage(size: str, config: Path) -> None:
    result = run(config, "score", "--batch", size, stdin=GAS)
    assert result.exit_code == 2
    assert "--batch" in result.stderr


def test_no_input_gives_no_output(config: Path) -> None:
    assert scored(config) == (0, [])


def test_a_last_line_without_its_end_is_read(config: Path) -> None:
    result = run(config, "score", stdin=GAS + "\n" + SPORT)
    assert len(result.stdout.splitlines()) == 2


def test_the_line_ends_of_windows_are_read(config: Path) -> None:
    result = run(config, "score", stdin=f"{GAS}\r\n{SPORT}\r\n".encode())
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 2)


@pytest.mark.parametrize(
    "title",
    [
        "Россия и Иран подписали договор",
        "روسیه و ایران توافق کردند",
        "俄罗斯与伊朗签署协议",
        "रूस और ईरान ने समझौता किया",
        # Line separators of Unicode end no line of ours.
        "Russia\u2028and\u0085Iran\x0b",
    ],
)
def test_any_script_is_read_and_shown_as_it_is(title: str, config: Path) -> None:
    line = json.dumps({"id": title, "title": title}, ensure_ascii=False)
    result = run(config, "score", stdin=line + "\n")
    (shown,) = result.stdout.removesuffix("\n").split("\n")
    row = json.loads(shown)
    assert (result.exit_code, row["id"]) == (0, title)
    assert {mention["side"] for mention in row["evidence"]["mentions"]} == {"russia", "iran"}
    for mention in row["evidence"]["mentions"]:
        assert title[mention["start"] : mention["end"]] == mention["text"]


@pytest.mark.parametrize("key", ["id", "title", "summary"])
def test_half_a_character_stops_neither_its_line_s_answer_nor_the_next(
    key: str, config: Path
) -> None:
    odd = {"id": 0, "title": "Russia and Iran", key: "Russia \ud800 and Iran"}
    _, rows = scored(config, json.dumps(odd), GAS)
    assert len(rows) == 2
    assert rows[1]["id"] == 1


def test_bytes_that_are_no_text_make_one_bad_line(config: Path) -> None:
    bad = b'{"id": 3, "title": "Russia \xff\xfe Iran"}\n'
    result = run(config, "score", stdin=GAS.encode() + b"\n" + bad + GAS.encode() + b"\n")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert ["error" in row for row in rows] == [False, True, False]
    assert rows[1]["error"].startswith("line 2: ")


ROWS = st.fixed_dictionaries(
    {},
    optional={
        "id": st.integers() | st.text(max_size=5),
        "title": st.text(max_size=30) | st.just("Russia and Iran sign") | st.none(),
        "summary": st.text(max_size=30) | st.integers(),
        "lang": st.sampled_from(["en", "", "xx"]) | st.booleans(),
    },
)
LINES = st.one_of(
    ROWS.map(json.dumps),
    ROWS.map(lambda row: json.dumps(row, ensure_ascii=False)),
    st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=20),
)


@given(st.lists(LINES, max_size=8), st.integers(1, 5))
@hypothesis(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_comes_in_as_many_lines_go_out_and_the_code_says_if_any_was_bad(
    config: Path, lines: list[str], batch: int
) -> None:
    code, rows = scored(config, *lines, batch=batch)
    assert len(rows) == len(lines)
    assert all("id" in row and ("probability" in row) != ("error" in row) for row in rows)
    assert code == (1 if any("error" in row for row in rows) else 0)


def test_a_line_is_answered_before_the_next_one_comes(config: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "service", "--config", str(config), "score", "--batch", "1"],
        env=environment(config.parent),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for line in (GAS, SPORT):
            process.stdin.write(line.encode() + b"\n")
            process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], 30)
            if not ready:
                process.kill()
            assert json.loads(process.stdout.readline())["id"] == json.loads(line)["id"]
        process.stdin.close()
        assert process.wait(timeout=30) == 0


# --- train -----------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Seeds and one language's curriculum with their vectors, and no shipped model."""
    models = tmp_path / "models"
    for name in ("seeds", "embeddings"):
        shutil.copytree(ROOT / "models" / name, models / name)
    (models / "curriculum").mkdir()
    shutil.copy(ROOT / "models" / "curriculum" / "de.jsonl", models / "curriculum")
    return models


def test_a_model_trained_by_the_reader_is_in_use_at_once(config: Path, small: Path) -> None:
    models = {"RELEVANCE_MODELS_DIR": str(small)}
    assert run(config, "score", stdin=GAS, **models).exit_code == 1
    trained = run(config, "train", "--json", **models)
    manifest = json.loads(trained.stdout)
    assert trained.exit_code == 0
    assert manifest["data"].pop("topic")
    assert manifest["data"] == fingerprint([*small.glob("*/*.txt"), *small.glob("*/*.jsonl")])
    assert run(config, "score", stdin=GAS, **models).exit_code == 0
    footer = json.loads(run(config, "digest", "--dry-run", "--json", **models).stdout)["footer"]
    assert footer["model_version"] == manifest["version"]
    (change,) = Versions(config.parent / "var" / "models", small / "baseline").history()
    assert (change.version, change.why) == (
        manifest["version"],
        "trained on the written items alone",
    )
    assert not (small / "baseline").exists()


def test_a_model_written_elsewhere_is_not_put_in_use(config: Path, small: Path) -> None:
    models = {"RELEVANCE_MODELS_DIR": str(small)}
    place = config.parent / "somewhere" / "new"
    result = run(config, "train", "--output", str(place), **models)
    assert result.exit_code == 0
    version = read_manifest(place).version
    assert result.stdout.startswith(f"{version}: ")
    assert "average precision" in result.stdout
    assert run(config, "score", stdin=GAS, **models).exit_code == 1
    assert not (config.parent / "var" / "models" / CURRENT).exists()


def test_a_place_that_cannot_hold_a_model_is_told(config: Path, small: Path) -> None:
    result = run(config, "train", "--output", "/dev/null/model", RELEVANCE_MODELS_DIR=str(small))
    assert result.exit_code == 1
    assert result.stderr.startswith("error [")


def test_a_bad_training_line_is_told_by_file_and_number(config: Path, small: Path) -> None:
    path = small / "curriculum" / "de.jsonl"
    path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n{\n", encoding="utf-8")
    result = run(config, "train", RELEVANCE_MODELS_DIR=str(small))
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"error [input]: {path}, line 2: not JSON" in result.stderr
    assert "mend: " in result.stderr


def test_training_again_gives_the_model_that_is_shipped(
    config: Path, shipped_settings: Settings
) -> None:
    place = config.parent / "again"
    assert run(config, "train", "--output", str(place)).exit_code == 0
    baseline = ROOT / "models" / "baseline"
    again, shipped = read_manifest(place), read_manifest(baseline)
    assert again.data == shipped.data
    assert again.threshold == pytest.approx(shipped.threshold, abs=1e-6)
    finder = mention_finder(shipped_settings.topic)
    texts = texts_that_are_weighed(shipped_settings, finder)
    pairs = [
        [score.probability for score in read(folder, finder, ENCODER).score(texts)]
        for folder in (place, baseline)
    ]
    assert pairs[0] == pytest.approx(pairs[1], abs=1e-6)
    # Else nothing was compared but the gate.
    assert len(set(pairs[1])) > 40


def texts_that_are_weighed(settings: Settings, finder: MentionFinder) -> list[Item]:
    """Return 50 texts of all languages that pass the gate."""
    examples, _ = training_data(settings)
    items = [example.item for example in examples]
    named = [item for item in items if not features.read(item, finder).gated]
    return named[:: len(named) // 50][:50]
