"""``caspian retrain`` and ``caspian models`` as commands, on a topic of one's own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result

from service.clock import utc_now
from service.learning.manifest import MODEL
from service.learning.versions import BASELINE, HISTORY
from service.records import Label
from service.storage.database import open_database
from tests.commands import run
from tests.learning import small_topic
from tests.learning.topic_folder import (
    PLACES,
    TABLES,
    TopicFolder,
    choirs,
    give,
    label,
    publish,
    sound_labels,
    war_games,
    write_topic,
)

NEWS = (*war_games(TABLES[6:]), *choirs(PLACES[6:]), "Rain in Ruritania")


@dataclass(frozen=True)
class Desk:
    """A topic with commands."""

    folder: TopicFolder

    def run(self, *arguments: str) -> Result:
        return run(self.folder.config, *arguments, **self.folder.variables)

    def json(self, *arguments: str) -> Result:
        return self.run(*arguments, "--json")

    def label(self, given: Iterable[Label]) -> None:
        database = open_database(self.folder.settings())
        give(database, given)
        database.close()

    def publish(self, *titles: str) -> None:
        database = open_database(self.folder.settings())
        publish(database, *titles, at=utc_now())
        database.close()

    def current(self) -> str:
        (found,) = [v for v in json.loads(self.json("models", "list").stdout) if v["in_use"]]
        return str(found["name"])


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A desk that has learnt from sound labels: where it lies, and what the command said."""
    desk = Desk(write_topic(tmp_path_factory.mktemp("learnt")))
    desk.label(sound_labels())
    desk.publish(*NEWS)
    result = desk.run("retrain", "--all")
    assert result.exit_code == 0, result.output
    return desk.folder.root, desk.current(), result.stdout


@pytest.fixture
def learnt(kept: tuple[Path, str, str], tmp_path: Path) -> Desk:
    """A copy of it that a test may change."""
    shutil.copytree(kept[0], tmp_path / "desk")
    return Desk(TopicFolder(tmp_path / "desk"))


@pytest.fixture
def version(kept: tuple[Path, str, str]) -> str:
    return kept[1]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(write_topic(tmp_path))


def turned_round() -> list[Label]:
    return [
        label(f"{example.item.title}, papers say", relevant=not example.label, reader="mallory")
        for example in small_topic.examples()
    ]


# --- retrain -----------------------------------------------------------------------------------


def test_retraining_says_what_changes_and_that_the_candidate_is_in_use(
    kept: tuple[Path, str, str],
) -> None:
    _, version, told = kept
    assert f"{version} is in use" in told
    assert "replayed: 9 articles, 4 alerts before, 4 after" in told
    for words in ("benchmark, average precision", "4 would newly alert", "4 would alert no more"):
        assert words in told


def test_a_refused_candidate_ends_with_three_is_told_why_and_is_kept(desk: Desk) -> None:
    desk.label(turned_round())
    result = desk.run("retrain")
    assert result.exit_code == 3
    assert "is refused and kept:\n  - " in result.stdout
    assert "on the benchmark falls from" in result.stdout
    assert desk.current() == BASELINE
    _, kept = json.loads(desk.json("models", "list").stdout)
    assert kept["manifest"]["made"]["reasons"]
    assert "refused" in desk.run("models", "list").stdout
    told = desk.run("models", "show", kept["name"]).stdout
    assert "in use: no" in told
    assert "spoke against it: " in told
    # It can be put in use all the same.
    assert desk.run("models", "promote", kept["name"]).exit_code == 0
    assert desk.current() == kept["name"]


def test_by_force_it_ends_with_zero_and_says_so(desk: Desk) -> None:
    desk.label(turned_round())
    result = desk.run("retrain", "--force")
    assert result.exit_code == 0
    assert "is in use, by force: " in result.stdout
    assert desk.current() != BASELINE
    assert "forced" in desk.run("models", "list").stdout
    assert "UTC: forced: " in desk.run("models", "show").stdout


def test_a_dry_run_changes_nothing_in_use_and_its_code_is_the_verdict(desk: Desk) -> None:
    desk.label(sound_labels())
    result = desk.run("retrain", "--dry-run")
    assert result.exit_code == 0
    assert "is kept; nothing speaks against it" in result.stdout
    assert desk.current() == BASELINE
    desk.publish(*war_games())
    assert desk.run("retrain", "--dry-run", "--force").exit_code == 3
    assert desk.current() == BASELINE


def test_a_retraining_can_be_read_by_a_script(desk: Desk) -> None:
    desk.label(sound_labels())
    desk.publish(*NEWS)
    result = desk.json("retrain", "--dry-run")
    outcome = json.loads(result.stdout)
    assert (result.exit_code, outcome["promoted"]) == (0, False)
    assert (outcome["made"]["labels"], outcome["made"]["readers"]) == (48, 2)
    assert outcome["judgement"]["held_back"]["texts"] == 15
    assert len(outcome["judgement"]["replay"]["newly"]) == 4


def test_without_a_benchmark_the_folder_is_named_and_the_mend(desk: Desk) -> None:
    shutil.rmtree(desk.folder.models / "benchmark")
    result = desk.run("retrain")
    assert (result.exit_code, result.stdout) == (1, "")
    assert str(desk.folder.models / "benchmark") in result.stderr
    assert "mend: " in result.stderr


# --- models ------------------------------------------------------------------------------------


def test_versions_are_listed_the_baseline_first_and_the_one_in_use_marked(
    learnt: Desk, version: str
) -> None:
    found = json.loads(learnt.json("models", "list").stdout)
    assert [(v["name"], v["in_use"], v["problem"]) for v in found] == [
        (BASELINE, False, None),
        (version, True, None),
    ]
    shown = learnt.run("models", "list").stdout
    assert BASELINE in shown
    assert "in use" in shown


def test_a_version_is_shown_with_where_it_came_from_and_when_it_was_put_in_use(
    learnt: Desk, version: str
) -> None:
    told = learnt.run("models", "show").stdout.splitlines()
    assert f"version: {version}" in told
    assert "in use: yes" in told
    assert any("from 48 labels" in line for line in told)
    assert any(line.startswith("put in use ") and line.endswith("retrained") for line in told)
    shown = json.loads(learnt.json("models", "show", version).stdout)
    assert (shown["name"], shown["in_use"]) == (version, True)
    assert learnt.run("models", "show", BASELINE).stdout.startswith("version: baseline\n")


def test_the_beginning_of_a_name_is_enough(learnt: Desk, version: str) -> None:
    assert learnt.run("models", "show", "base").stdout.startswith("version: baseline\n")
    start = version[: len("freedonia-sylvania-") + 4]
    assert learnt.run("models", "show", start).stdout.startswith(f"version: {version}\n")


@pytest.mark.parametrize("command", ["show", "promote"])
@pytest.mark.parametrize("name", ["nowhere", "freedonia-sylvania-", "../models", "[/b]"])
def test_a_name_of_none_or_of_several_ends_with_the_names_there_are(
    learnt: Desk, version: str, command: str, name: str
) -> None:
    result = learnt.run("models", command, name)
    assert (result.exit_code, result.stdout) == (1, "")
    assert version in result.stderr
    assert "mend: " in result.stderr
    assert learnt.current() == version


def test_a_damaged_version_is_listed_with_its_problem_and_not_put_in_use(
    learnt: Desk, version: str
) -> None:
    assert learnt.run("models", "rollback").stdout == "in use: baseline\n"
    path = learnt.folder.root / "var" / "models" / version / MODEL
    path.write_bytes(path.read_bytes()[:1000])
    damaged = json.loads(learnt.json("models", "list").stdout)[1]
    assert "is not the file its manifest was written for" in damaged["problem"]
    shown = learnt.run("models", "show", version)
    assert shown.exit_code == 1
    assert "problem: " in shown.stdout
    promoted = learnt.run("models", "promote", version)
    assert promoted.exit_code == 1
    assert "error [model-altered]" in promoted.stderr
    assert learnt.run("models", "diff", BASELINE, version).exit_code == 1
    assert learnt.current() == BASELINE


def test_what_would_change_between_two_versions_is_listed(learnt: Desk, version: str) -> None:
    told = learnt.run("models", "diff", BASELINE, version, "--all").stdout
    for words in (
        "threshold: ",
        "average_precision: ",
        "learnt from another labels",
        "4 newly alerts",
        "4 alerts no more",
        "replayed: 9 articles, 4 alerts before, 4 after",
    ):
        assert words in told
    found = json.loads(learnt.json("models", "diff", version, BASELINE).stdout)
    stopped = {change["title"] for change in found["replay"]["stopped"]}
    assert stopped == set(choirs(PLACES[6:]))


def test_a_long_list_is_cut_and_all_of_it_can_be_asked_for(learnt: Desk, version: str) -> None:
    learnt.publish(*(f"{title}, again" for title in choirs()))
    short = learnt.run("models", "diff", BASELINE, version).stdout
    assert "and 17 more: --all lists them" in short
    assert "more: --all" not in learnt.run("models", "diff", BASELINE, version, "--all").stdout


def test_promotion_and_rollback_lead_there_and_back_and_are_in_the_history(
    learnt: Desk, version: str
) -> None:
    assert learnt.run("models", "rollback").stdout == "in use: baseline\n"
    assert learnt.current() == BASELINE
    nothing = learnt.run("models", "rollback")
    assert (nothing.exit_code, nothing.stdout) == (1, "")
    assert "no version was in use before" in nothing.stderr
    assert learnt.run("models", "promote", version).stdout == f"in use: {version}\n"
    history = (learnt.folder.root / "var" / "models" / HISTORY).read_text(encoding="utf-8")
    whys = [json.loads(line)["why"] for line in history.splitlines()]
    assert whys == ["retrained", f"rolled back from {version}", "promoted by hand"]


def test_the_version_put_in_use_is_the_one_that_scores(learnt: Desk) -> None:
    line = json.dumps({"id": 1, "title": choirs(PLACES[6:])[0]})

    def alerted() -> bool:
        variables = learnt.folder.variables
        result = run(learnt.folder.config, "score", stdin=f"{line}\n", **variables)
        return bool(json.loads(result.stdout)["relevant"])

    assert alerted()
    assert learnt.run("models", "rollback").exit_code == 0
    assert not alerted()
