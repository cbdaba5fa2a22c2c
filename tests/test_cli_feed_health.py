"""What ``caspian feeds`` shows."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from service.clock import utc_now
from service.records import FeedId, FeedUpdate, Habit
from service.settings import load
from service.storage import feeds
from service.storage.database import Database
from tests.commands import run
from tests.conftest import ROOT
from tests.make import feed_config

ERROR = "no complete answer within 30 s"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    for name in ("settings.toml", "topic.toml", "subscriptions.toml", "feeds.toml"):
        (folder / name).write_bytes((ROOT / "config" / name).read_bytes())
    return folder


@pytest.fixture
def polled(config: Path) -> Path:
    """Two feeds: one that is well and one that fails."""
    (config.parent / "var").mkdir()
    database = Database(f"sqlite:///{config.parent / 'var' / 'caspian.sqlite'}")
    now = utc_now()
    listed = [
        feed_config("https://a.example/rss", outlet="Gazette [bold]"),
        feed_config("https://b.example/rss", outlet="Herald"),
    ]
    with database.transaction() as connection:
        feeds.sync_listed(connection, listed, now)
        due = now + timedelta(minutes=30)
        habit = Habit(last_new_at=now)
        well = FeedUpdate(FeedId(1), now, due, 0, habit=habit, new=3)
        fails = FeedUpdate(FeedId(2), now, due, 2, "timeout", ERROR, habit=habit)
        feeds.record(connection, [well, fails])
    database.close()
    return config


def test_feeds_in_trouble_come_first_with_the_reason(polled: Path) -> None:
    result = run(polled, "feeds")
    assert result.exit_code == 0
    assert result.stdout.index("Herald") < result.stdout.index("Gazette [bold]")
    assert f"Herald: timeout: {ERROR} (2 times in a row, never good)" in " ".join(
        result.stdout.split()
    )
    assert "1 of 2 feeds are well" in result.stdout


def test_those_that_are_well_can_be_left_out(polled: Path) -> None:
    result = run(polled, "feeds", "--troubled")
    assert "Herald" in result.stdout
    assert "Gazette" not in result.stdout


def test_a_script_gets_all_that_is_known(polled: Path) -> None:
    rows = json.loads(run(polled, "feeds", "--json").stdout)
    assert [(row["outlet"], row["condition"]) for row in rows] == [
        ("Herald", "failing"),
        ("Gazette [bold]", "well"),
    ]
    assert rows[1]["days"][0]["new"] == 3


def test_before_the_first_poll_it_says_what_to_do(config: Path) -> None:
    assert load(config, {}).feeds
    (config.parent / "var").mkdir()
    Database(f"sqlite:///{config.parent / 'var' / 'caspian.sqlite'}").close()
    assert "`caspian poll`" in run(config, "feeds").stdout


def test_where_there_is_no_database_yet_it_says_the_same(config: Path) -> None:
    assert "`caspian poll`" in run(config, "feeds").stdout
