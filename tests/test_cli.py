"""Help, ``check-config`` and ``health``, as a user or a script meets them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from service import __version__
from service.cli import main
from service.health import LONGEST_SILENCE
from service.storage import heartbeats
from service.storage.database import Database
from tests.commands import run
from tests.make import rss, rss_item
from tests.processes import caspian, write_config
from tests.servers.http import Answer, HttpServer


def _commands(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    """Every command, with the groups it stands in."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, *path, name)
        else:
            yield (*path, name)


COMMANDS = list(_commands(main))
# What commands cannot do without, beside the configuration.
ARGUMENTS = {
    "explain": ["A title"],
    "feeds add": ["https://a.example"],
    "feeds import": [__file__],
    "label give": ["1", "relevant"],
    "label import": [__file__],
    "models diff": ["baseline", "baseline"],
    "models promote": ["baseline"],
    "outbox resend": ["1"],
    "story": ["1"],
}
# These make or check configurations themselves, and so need none that is sound.
WITHOUT_SETTINGS = {("check-config",), ("topic", "new")}
ARTICLE = rss_item(
    "Russia and Iran sign Rasht-Astara railway loan",
    "https://a.example/rail",
    "Moscow and Tehran signed a loan agreement for the railway on Tuesday.",
)


@pytest.fixture
def config(tmp_path: Path, web: HttpServer) -> Path:
    web.routes["/feed"] = Answer(body=rss(ARTICLE).encode())
    return write_config(tmp_path, web.url("/feed"))


def opened(config: Path) -> Database:
    (config.parent / "var").mkdir(exist_ok=True)
    return Database(f"sqlite:///{config.parent / 'var' / 'caspian.sqlite'}")


# --- help ------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_help_of_every_command_says_what_it_does_and_shows_an_example(
    command: tuple[str, ...], config: Path
) -> None:
    result = run(config, *command, "--help")
    assert result.exit_code == 0
    words = result.stdout.split()
    assert words[words.index("Example:") + 1 :][0] in ("caspian", "echo")
    assert f" {' '.join(command)}" in result.stdout.partition("Example:")[2]


def test_the_help_of_all_lists_every_command_with_an_example(config: Path) -> None:
    result = run(config, "-h")
    assert "Example:\n    caspian" in result.stdout
    assert all(f"\n  {command[0]} " in result.stdout for command in COMMANDS)


def test_an_unknown_command_is_wrong_usage(config: Path) -> None:
    result = run(config, "pol")
    assert result.exit_code == 2
    assert "pol" in result.stderr


def test_the_version_is_told(config: Path) -> None:
    assert __version__ in run(config, "--version").stdout


# --- check-config ----------------------------------------------------------------------------


def test_a_sound_configuration_has_nothing_to_mend(config: Path) -> None:
    result = run(config, "check-config")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "nothing to mend" in result.stdout
    assert run(config, "check-config", "--json").stdout == "[]\n"


def test_errors_are_told_with_their_mend_and_end_with_2(config: Path) -> None:
    (config / "settings.toml").write_text("[polling]\njiter = 1\n[log]\nlevel = 7\n")
    result = run(config, "check-config")
    assert result.exit_code == 2
    assert "error: caspian.E003 settings.toml: polling.jiter" in result.stdout
    assert "mend: did you mean jitter?" in result.stdout
    assert "error: caspian.E004 settings.toml: log.level" in result.stdout


def test_findings_as_json_have_all_their_parts(config: Path) -> None:
    (config / "settings.toml").write_text("[polling]\njiter = 1\n")
    result = run(config, "check-config", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout) == [
        {
            "id": "caspian.E003",
            "level": "error",
            "file": "settings.toml",
            "key": "polling.jiter",
            "message": "unknown key",
            "mend": "did you mean jitter?",
        }
    ]


def test_warnings_alone_are_told_and_end_with_0(config: Path) -> None:
    (config / "feeds.toml").write_text("")
    result = run(config, "check-config")
    assert result.exit_code == 0
    assert "warning: caspian.W001 feeds.toml" in result.stdout
    assert "nothing to mend" not in result.stdout


def test_a_lexicon_that_is_missing_or_wrong_is_told_too(config: Path, tmp_path: Path) -> None:
    missing = run(config, "check-config", STORIES_FOLDER=str(tmp_path))
    (tmp_path / "lexicon.toml").write_text('[actors.un]\nname = "UN"\n')
    wrong = run(config, "check-config", STORIES_FOLDER=str(tmp_path))
    assert (missing.exit_code, wrong.exit_code) == (2, 2)
    assert "caspian.E001 lexicon.toml" in missing.stdout
    assert "caspian.E004 lexicon.toml: actors.un: it has no terms" in wrong.stdout


def test_checking_creates_nothing(config: Path) -> None:
    run(config, "check-config")
    assert not (config.parent / "var").exists()


def test_the_folder_can_be_named_by_a_variable(config: Path) -> None:
    result = CliRunner().invoke(main, ["check-config"], env={"CASPIAN_CONFIG": str(config)})
    assert result.stdout == f"{config}: nothing to mend\n"


def test_a_folder_that_is_not_there_is_told_file_by_file(tmp_path: Path) -> None:
    result = run(tmp_path / "nowhere", "check-config", "--json")
    assert result.exit_code == 2
    files = [finding["file"] for finding in json.loads(result.stdout)]
    assert files == ["feeds.toml", "subscriptions.toml", "topic.toml"]


@pytest.mark.parametrize("command", sorted({*COMMANDS} - WITHOUT_SETTINGS), ids=" ".join)
def test_every_command_refuses_a_bad_configuration_with_2(
    command: tuple[str, ...], config: Path
) -> None:
    (config / "settings.toml").write_text('[smtp]\npassword = ["hunter2"]\n')
    result = run(config, *command, *ARGUMENTS.get(" ".join(command), []))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "error [config]: caspian.E004 settings.toml: smtp.password" in result.stderr
    assert "hunter2" not in result.stderr


# --- health ----------------------------------------------------------------------------------


def test_an_empty_database_is_not_healthy_and_every_job_is_named(config: Path) -> None:
    result = run(config, "health")
    assert result.exit_code == 1
    assert all(f"{job} has never run" in result.stdout for job in LONGEST_SILENCE)


def test_a_daemon_whose_jobs_came_through_is_healthy(config: Path) -> None:
    database = opened(config)
    with database.transaction() as connection:
        for job in LONGEST_SILENCE:
            heartbeats.beat(connection, job, datetime.now(UTC))
    database.close()
    result = run(config, "health")
    assert (result.exit_code, result.stdout) == (0, "healthy\n")


@pytest.mark.parametrize("command", ["health", "poll", "digest"])
def test_a_place_that_cannot_hold_data_is_told_with_its_mend(command: str, config: Path) -> None:
    result = run(config, command, DATA_DIR="/dev/null/var")
    assert result.exit_code == 1
    assert "error [storage]" in result.stderr
    assert "mend: set data_dir" in result.stderr


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "sqlite:////nowhere/x.sqlite",
        "oracle9://u:hunter2@h",
        "postgresql://u:hunter2@127.0.0.1:9/x",
    ],
)
def test_a_database_that_cannot_be_opened_is_told_without_its_password(
    url: str, config: Path
) -> None:
    result = run(config, "health", DATABASE_URL=url)
    assert result.exit_code == 1
    assert "error [storage]" in result.stderr
    assert "hunter2" not in result.stderr


def test_a_database_file_that_holds_something_else_is_told(config: Path) -> None:
    (config.parent / "var").mkdir()
    (config.parent / "var" / "caspian.sqlite").write_text("this is a letter, not a database\n" * 9)
    result = run(config, "health")
    assert result.exit_code == 1
    assert "error [storage]" in result.stderr


# --- the real process ------------------------------------------------------------------------


def test_a_process_that_cannot_work_says_why_and_shows_no_traceback(config: Path) -> None:
    (config / "topic.toml").unlink()
    result = caspian(config, "health")
    assert (result.returncode, result.stdout) == (2, "")
    assert "error [config]: caspian.E001 topic.toml" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["check-config"]])
def test_help_and_checks_do_not_wait_for_scikit_learn(
    arguments: list[str], config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    result = caspian(config, *arguments)
    assert result.returncode == 0
    assert "service.cli" in result.stderr
    assert "sklearn" not in result.stderr
