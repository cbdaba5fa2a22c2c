"""``poll`` and ``digest`` by hand, against real servers and a real database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import select

from service.records import DeliveryStatus
from service.storage.database import Database
from service.storage.tables import outbox as table
from tests.commands import run
from tests.make import rss, rss_item
from tests.processes import write_config
from tests.servers.http import Answer, HttpServer
from tests.servers.slack import SlackServer

ARTICLE = rss_item(
    "Russia and Iran sign Rasht-Astara railway loan",
    "https://a.example/rail",
    "Moscow and Tehran signed a loan agreement for the railway on Tuesday.",
)


@pytest.fixture
def config(tmp_path: Path, web: HttpServer) -> Path:
    web.routes["/feed"] = Answer(body=rss(ARTICLE).encode())
    return write_config(tmp_path, web.url("/feed"))


def polled(result: Result) -> dict[str, int]:
    assert result.exit_code == 0
    harvest: dict[str, int] = json.loads(result.stdout)
    return harvest


def test_polling_tells_what_it_took_in_and_asks_again_only_when_due(
    config: Path, web: HttpServer
) -> None:
    first = polled(run(config, "poll", "--json"))
    assert (first["feeds"], first["new"], first["relevant"]) == (1, 1, 1)
    assert polled(run(config, "poll", "--json"))["feeds"] == 0
    again = polled(run(config, "poll", "--all", "--json"))
    assert (again["feeds"], again["unchanged"], again["new"]) == (1, 1, 0)
    assert len(web.requests) == 2


def test_for_people_the_summary_goes_beside_what_scripts_read(config: Path) -> None:
    result = run(config, "poll")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "relevant" in result.stderr


def test_no_model_is_told_with_its_mend(config: Path) -> None:
    result = run(config, "poll", RELEVANCE_MODELS_DIR="/nonexistent")
    assert result.exit_code == 1
    assert "error [model-missing]" in result.stderr
    assert "caspian train" in result.stderr


def test_an_unknown_subscription_is_wrong_usage_and_the_known_are_named(config: Path) -> None:
    result = run(config, "digest", "--subscription", "dusk")
    assert result.exit_code == 2
    assert "'dusk'" in result.stderr
    assert "desk" in result.stderr.replace("'dusk'", "")


def outbox(config: Path) -> list[str]:
    database = Database(f"sqlite:///{config.parent / 'var' / 'caspian.sqlite'}")
    with database.reading() as connection:
        rows = [str(status) for status in connection.execute(select(table.c.status)).scalars()]
    database.close()
    return rows


def test_a_dry_run_shows_the_digest_and_stores_and_sends_nothing(config: Path) -> None:
    run(config, "poll")
    for _ in range(2):
        shown = run(config, "digest", "--dry-run")
        assert shown.exit_code == 0
        assert "Rasht-Astara" in shown.stdout
    assert outbox(config) == []
    assert not (config.parent / "var" / "digests").exists()


def test_a_dry_run_as_json_is_one_document_a_subscription(config: Path) -> None:
    more = '[[subscriptions]]\nid = "night"\nchannels = ["file"]\n'
    with (config / "subscriptions.toml").open("a") as file:
        file.write(more)
    documents = run(config, "digest", "--dry-run", "--json").stdout.splitlines()
    assert [json.loads(text)["subscription"] for text in documents] == ["desk", "night"]
    one = run(config, "digest", "--dry-run", "--json", "--subscription", "night").stdout
    assert json.loads(one)["subscription"] == "night"


def test_a_dry_run_of_what_is_due_shows_nothing_when_nothing_is(config: Path) -> None:
    run(config, "poll")
    assert run(config, "digest", "--due").exit_code == 0
    assert run(config, "digest", "--due", "--dry-run").stdout == ""


def test_a_digest_is_sent_at_once_and_what_it_told_is_not_told_again(config: Path) -> None:
    run(config, "poll")
    result = run(config, "digest")
    assert result.exit_code == 0
    assert "1 deliveries sent" in result.stderr
    page = config.parent / "var" / "digests" / "desk-latest.txt"
    assert "Rasht-Astara" in page.read_text(encoding="utf-8")
    assert "Rasht-Astara" not in run(config, "digest", "--dry-run").stdout


def test_a_digest_that_is_not_due_is_not_made(config: Path) -> None:
    run(config, "poll")
    result = run(config, "digest", "--due")
    assert "0 digests made" in result.stderr
    assert outbox(config) == []


@pytest.mark.parametrize(
    ("status", "left", "words"),
    [
        (500, DeliveryStatus.PENDING, "1 to be tried again"),
        (404, DeliveryStatus.DEAD, "1 given up"),
    ],
)
def test_a_digest_that_did_not_go_out_ends_with_1(
    status: int, left: DeliveryStatus, words: str, config: Path, slack: SlackServer
) -> None:
    slack.answers.append(Answer(status, body=b"no_service"))
    text = (config / "subscriptions.toml").read_text()
    (config / "subscriptions.toml").write_text(text.replace('"file"', '"slack:desk"'))
    result = run(config, "digest", SLACK_WEBHOOKS_DESK=slack.url)
    assert result.exit_code == 1
    assert words in " ".join(result.stderr.split())
    assert outbox(config) == [left]
