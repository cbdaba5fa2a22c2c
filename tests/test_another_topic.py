"""Another topic, by commands alone: what a reader of docs/another-topic.md would do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from service.learning.label_files import write_labels
from tests.commands import run
from tests.learning.topic_folder import TopicFolder, sound_labels, write_topic
from tests.processes import write_config


@pytest.fixture
def topic(tmp_path: Path) -> TopicFolder:
    return write_topic(tmp_path, baseline=False)


def scored(topic: TopicFolder, title: str) -> dict[str, object]:
    line = json.dumps({"id": 1, "title": title})
    result = run(topic.config, "score", stdin=f"{line}\n", **topic.variables)
    assert result.exit_code == 0
    told: dict[str, object] = json.loads(result.stdout)
    return told


def test_a_second_topic_is_checked_trained_scored_labelled_and_retrained(
    topic: TopicFolder, tmp_path: Path
) -> None:
    # The folder's items are made by rule, so they are near copies of one another; no other fault.
    checked = run(topic.config, "topic", "check", "--json", **topic.variables)
    faults = [fault["message"] for fault in json.loads(checked.stdout)["faults"]]
    assert not [fault for fault in faults if "nearly the same" not in fault]
    trained = run(topic.config, "train", "--json", **topic.variables)
    assert json.loads(trained.stdout)["topic"] == "freedonia-sylvania"

    deal = scored(topic, "Freedonia agrees to sell crude oil to Sylvania after talks")
    assert (deal["relevant"], deal["topics"]) == (True, ["economic"])
    assert scored(topic, "Moscow and Tehran sign a gas deal")["probability"] == 0
    song = "Choirs of Sylvania and Freedonia sing in the opera house as envoys listen"
    before = scored(topic, song)["probability"]

    labels = tmp_path / "labels.jsonl"
    labels.write_text(write_labels(sound_labels(), as_csv=False))
    assert run(topic.config, "label", "import", str(labels), **topic.variables).exit_code == 0
    result = run(topic.config, "retrain", "--json", **topic.variables)
    outcome = json.loads(result.stdout)
    assert (result.exit_code, outcome["promoted"]) == (0, True)

    after = scored(topic, song)["probability"]
    assert isinstance(before, float)
    assert isinstance(after, float)
    assert before < 0.5 < after


def test_a_model_for_this_topic_without_any_version_says_to_train_first(
    topic: TopicFolder,
) -> None:
    result = run(topic.config, "evaluate", **topic.variables)
    assert result.exit_code == 1
    assert "caspian train" in result.stderr


# --- topic new -------------------------------------------------------------------------------


def test_a_new_topic_is_laid_out_so_that_only_its_data_are_missing(tmp_path: Path) -> None:
    anywhere = write_config(tmp_path)
    folder = tmp_path / "serbia-china"
    sides = ("--side", "Serbia", "--side", "China")
    made = run(anywhere, "topic", "new", str(folder), "--name", "Serbia-China", *sides)
    assert made.exit_code == 0
    checked = run(folder / "config", "check-config", "--json")
    assert [finding["level"] for finding in json.loads(checked.stdout)] == ["warning"]
    trained = run(folder / "config", "train", RELEVANCE_MODELS_DIR=str(folder / "models"))
    assert "no seed documents" in trained.stderr


@pytest.mark.parametrize("sides", [["Serbia"], ["Serbia", "serbia"], ["A", "B", "C"], ["A", "!"]])
def test_a_topic_has_two_different_sides(tmp_path: Path, sides: list[str]) -> None:
    named = [word for side in sides for word in ("--side", side)]
    result = run(write_config(tmp_path), "topic", "new", "folder", "--name", "X", *named)
    assert result.exit_code == 2
    assert "two different sides" in result.stderr


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("mine")
    sides = ("--side", "Serbia", "--side", "China")
    result = run(write_config(tmp_path), "topic", "new", str(full), "--name", "X", *sides)
    assert result.exit_code == 1
    assert "holds something already" in result.stderr
    assert [path.name for path in full.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("name", ['A "quoted" name', "Ünïcode – name", "back\\slash"])
def test_any_name_makes_a_configuration_that_is_read(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "topic"
    sides = ("--side", "Côte d'Ivoire", "--side", "South Korea")
    made = run(write_config(tmp_path), "topic", "new", str(folder), "--name", name, *sides)
    assert made.exit_code == 0
    assert run(folder / "config", "check-config").exit_code == 0
