"""``group``, ``stories``, ``story`` and ``train --stories``."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from service.clock import utc_now
from service.records import Affiliation, ArticleId, Bearings, FeedId, NewsKind, StoryId, StoryNews
from service.storage import feeds, grouping
from service.storage.database import Database
from tests.commands import run
from tests.conftest import ROOT
from tests.make import feed_config, parsed_article
from tests.processes import write_config
from tests.storage.rows import arrival, placed, rate, score, store

JETS = {
    "id": "a",
    "title": "Iran takes delivery of first Su-35 fighter jets from Russia",
    "summary": "The aircraft landed at an air base near Hamadan, Iranian officials said.",
    "lang": "en",
    "date": "2025-03-04T09:00:00Z",
    "source": "Reuters",
}
JETS_IN_POLISH = {
    "id": 2,
    "title": "Iran odebrał pierwsze myśliwce Su-35 z Rosji",
    "summary": "Samoloty wylądowały w bazie lotniczej koło Hamadanu - podały irańskie władze.",
    "lang": "pl",
    "date": "2025-03-04",
    "source": "Interia",
}
RAIL = {
    "id": "c",
    "title": "Russia and Iran sign loan deal for Rasht-Astara railway",
    "summary": "Moscow will lend Tehran 1.3 billion euros for the missing link.",
    "date": "2025-03-04T11:00:00+03:00",
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path)


def lines(*rows: object) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.fixture
def told(config: Path) -> Path:
    """Two stories: jets with three reports, one copied; and one that went into it."""
    (config.parent / "var").mkdir(exist_ok=True)
    database = Database(f"sqlite:///{config.parent / 'var' / 'caspian.sqlite'}")
    now = utc_now()
    with database.transaction() as connection:
        listed = [
            feed_config("https://a.example/rss", outlet="TASS", affiliation=Affiliation.STATE),
            feed_config("https://b.example/rss", outlet="Interia [bold]", language="pl"),
        ]
        feeds.sync_listed(connection, listed, now)
    first, second, copy = store(
        database,
        *(
            arrival(FeedId(feed), title, article=parsed_article(title, summary="Su-35 jets."))
            for feed, title in (
                (1, "Iran receives Su-35 jets"),
                (2, "Iran odebrał pierwsze myśliwce"),
                (2, "Iran odebrał myśliwce"),
            )
        ),
        now=now,
    )
    for id_ in (first, second, copy):
        rate(database, id_, score(0.9))
    place(database, StoryId(1), first, second, copy)
    with database.transaction() as connection:
        gone = grouping.open_story(connection, now)
        grouping.merge(connection, gone, StoryId(1), now + timedelta(0))
        grouping.mark_copies(connection, StoryId(1), {copy: second})
        news = StoryNews(2, NewsKind.REACTION, "Kremlin: denials", second, now)
        grouping.add_news(connection, StoryId(1), news)
    database.close()
    return config


def place(database: Database, story: StoryId, *ids: ArticleId) -> None:
    now = utc_now()
    bearings = Bearings(actors=("kremlin", "reuters"), matters=("denial",))
    with database.transaction() as connection:
        assert grouping.open_story(connection, now) == story
        members = [placed(id_, now, bearings=bearings) for id_ in ids]
        grouping.place(connection, story, members, now, "space")


# --- group ---------------------------------------------------------------------------------


def test_reports_of_one_event_get_one_story_in_the_order_they_came(config: Path) -> None:
    result = run(config, "group", stdin=lines(JETS, RAIL, JETS_IN_POLISH))
    assert result.exit_code == 0
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["id"] for row in rows] == ["a", "c", "2"]
    assert rows[0]["story"] == rows[2]["story"] != rows[1]["story"]


def test_a_line_that_cannot_be_read_is_named_and_the_others_are_grouped(config: Path) -> None:
    bad = ["{", '{"id": 1}', lines({**JETS, "date": "yesterday"}), lines({**JETS, "title": 7})]
    result = run(config, "group", stdin="\n".join([*bad, lines(JETS)]))
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert ["error" in row for row in rows] == [True] * 4 + [False]
    assert "line 1: not JSON" in rows[0]["error"]
    assert "4 lines could not be read" in result.stderr


def test_nothing_in_is_nothing_out(config: Path) -> None:
    result = run(config, "group", stdin="")
    assert (result.exit_code, result.stdout) == (0, "")


# --- stories and story -----------------------------------------------------------------------


def test_stories_are_listed_with_how_many_words_they_rest_on(told: Path) -> None:
    result = run(told, "stories")
    shown = " ".join(result.stdout.split())
    assert result.exit_code == 0
    assert "90% Iran odebrał" in shown
    assert "3 of 1" in shown


def test_a_time_without_stories_says_so(config: Path) -> None:
    result = run(config, "stories", "--days", "2")
    assert (result.exit_code, result.stdout.strip()) == (0, "no story gained a report in 2 days")


def test_a_story_is_shown_with_its_timeline_and_what_was_new(told: Path) -> None:
    result = run(told, "story", "1")
    shown = " ".join(result.stdout.split())
    assert result.exit_code == 0
    assert "Kremlin: denials" in shown
    assert "TASS (state media) [en] Iran receives Su-35 jets" in shown
    assert "Interia [bold] copied [pl]" in shown
    assert "3 in en, pl, on the word of Reuters" in shown


def test_the_id_of_a_merged_story_leads_to_the_one_it_went_into(told: Path) -> None:
    result = run(told, "story", "2")
    assert "story 2 went into story 1" in result.stdout


def test_a_script_gets_all_of_a_story(told: Path) -> None:
    row = json.loads(run(told, "story", "1", "--json").stdout)
    assert row == json.loads(run(told, "stories", "--json").stdout)[0]
    assert (row["id"], row["version"], row["news"][0]["kind"]) == (1, 2, "reaction")
    assert [report["copy_of"] for report in row["reports"]] == [None, None, 2]


def test_a_story_that_is_not_there_is_said_to_be_none(config: Path) -> None:
    result = run(config, "story", "7")
    assert result.exit_code == 1
    assert "there is no story 7" in result.stderr


# --- train --stories ---------------------------------------------------------------------------


def test_one_set_of_stories_is_too_few_to_be_judged_by(config: Path, tmp_path: Path) -> None:
    folder = tmp_path / "stories"
    folder.mkdir()
    for name in ("lexicon.toml", "war_and_sanctions.jsonl"):
        (folder / name).write_bytes((ROOT / "models" / "stories" / name).read_bytes())
    result = run(config, "train", "--stories", STORIES_FOLDER=str(folder))
    assert result.exit_code == 1
    assert "put two files or more there" in result.stderr


def test_a_missing_or_damaged_grouping_model_says_how_to_make_it(
    config: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "stories"
    folder.mkdir()
    (folder / "lexicon.toml").write_bytes(
        (ROOT / "models" / "stories" / "lexicon.toml").read_bytes()
    )
    missing = run(config, "group", stdin=lines(JETS), STORIES_FOLDER=str(folder))
    (folder / "grouping.npz").write_bytes(b"PK\x03\x04 nothing")
    damaged = run(config, "group", stdin=lines(JETS), STORIES_FOLDER=str(folder))
    for result, code in ((missing, "model-missing"), (damaged, "model-damaged")):
        assert result.exit_code == 1
        assert code in result.stderr
        assert "caspian train --stories" in result.stderr
