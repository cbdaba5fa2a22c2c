"""``caspian label``: one by one, from files, from the queue; against a real database."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from service.clock import utc_now
from service.records import ArticleId, Item, Label, Origin, Topic, Verdict
from service.storage import labels
from service.storage.database import Database
from service.stories.addresses import address_key
from service.stories.identity import text_hash
from tests.commands import run
from tests.conftest import ROOT
from tests.make import NOW, parsed_article
from tests.processes import environment, write_config
from tests.storage.rows import arrival, list_feeds, rate, score, store, tell_in

GAS = "Moscow and Tehran sign a gas deal"
SPORT = "Russia beat Iran in the volleyball final"
TEXT = "Russia and Iran signed the agreement on Monday in Sochi, two ministers said."


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path)


@pytest.fixture
def kept(config: Path) -> Iterator[Database]:
    """The database that the commands open."""
    (config.parent / "var").mkdir()
    database = Database(f"sqlite:///{config.parent / 'var' / 'caspian.sqlite'}")
    yield database
    database.close()


def publish(database: Database, *texts: tuple[str, str]) -> list[ArticleId]:
    """Store scored articles of these titles and summaries, seen just now."""
    (feed,) = list_feeds(database, "https://feed.example/rss")
    arrivals = []
    for number, (title, summary) in enumerate(texts):
        url = f"https://feed.example/{number}"
        key = address_key(url)
        assert key is not None
        article = parsed_article(title, summary=summary, url=url)
        arrivals.append(
            arrival(
                feed,
                title,
                article=article,
                content_hash=text_hash(title, summary),
                keys=(key,),
            )
        )
    ids = store(database, *arrivals, now=utc_now())
    for id_ in ids:
        rate(database, id_, score(0.6), utc_now())
    return ids


def history(database: Database) -> list[Label]:
    with database.reading() as connection:
        return labels.history(connection)


def holding(database: Database) -> list[Label]:
    with database.reading() as connection:
        return labels.current(connection)


def label(config: Path, *arguments: str, **more: Any) -> Result:
    return run(config, "label", *arguments, **more)


# --- one article ---------------------------------------------------------------------------


@pytest.mark.parametrize("way", [(), ("give",)])
@pytest.mark.parametrize("reference", ["1", "https://www.feed.example/0?utm_source=mail"])
def test_an_article_is_labelled_by_its_number_or_address_with_give_or_without(
    way: tuple[str, ...], reference: str, config: Path, kept: Database
) -> None:
    publish(kept, (GAS, TEXT))
    done = label(config, *way, reference, "relevant", "--topic", "economic", "--reader", "ann")
    assert (done.exit_code, done.stdout) == (0, f"relevant: {GAS}\n")
    (given,) = history(kept)
    assert given.item == Item(GAS, TEXT, "en")
    assert (given.verdict, given.topics) == (Verdict.RELEVANT, ("economic",))
    assert (given.reader, given.origin, given.article_id) == ("ann", Origin.CLI, 1)


@pytest.mark.parametrize(
    ("word", "verdict"),
    [
        ("not-relevant", Verdict.NOT_RELEVANT),
        ("unsure", Verdict.UNSURE),
        ("withdrawn", Verdict.WITHDRAWN),
    ],
)
def test_each_verdict_has_its_word(
    word: str, verdict: Verdict, config: Path, kept: Database
) -> None:
    publish(kept, (GAS, ""))
    assert label(config, "1", word).exit_code == 0
    assert history(kept)[0].verdict is verdict


def test_a_change_of_mind_holds_and_the_history_keeps_what_was_said_before(
    config: Path, kept: Database
) -> None:
    publish(kept, (GAS, ""))
    for word in ("relevant", "not-relevant", "withdrawn"):
        assert label(config, "1", word, "--reader", "ann").exit_code == 0
    assert label(config, "1", "unsure", "--reader", "bob").exit_code == 0
    assert [given.verdict for given in history(kept)] == [
        Verdict.RELEVANT,
        Verdict.NOT_RELEVANT,
        Verdict.WITHDRAWN,
        Verdict.UNSURE,
    ]
    assert [(given.reader, given.verdict) for given in holding(kept)] == [("bob", Verdict.UNSURE)]


def test_several_topics_are_kept(config: Path, kept: Database) -> None:
    publish(kept, (GAS, ""))
    label(config, "1", "relevant", "--topic", "military", "--topic", "economic")
    assert history(kept)[0].topics == ("military", "economic")


def test_a_topic_named_twice_counts_once_and_the_topic_s_order_holds(
    config: Path, kept: Database
) -> None:
    publish(kept, (GAS, ""))
    named = [part for topic in ("economic", "military", "economic") for part in ("--topic", topic)]
    assert label(config, "1", "relevant", *named).exit_code == 0
    assert history(kept)[0].topics == ("military", "economic")


def test_copies_in_the_same_story_get_the_label_unless_told_not_to(
    config: Path, kept: Database
) -> None:
    ids = publish(kept, (GAS, TEXT), (GAS, f"{TEXT}.."), (SPORT, "Three sets were enough."))
    tell_in(kept, None, *ids)
    assert label(config, "1", "not-relevant", "--no-copies").stdout == f"not-relevant: {GAS}\n"
    assert [given.article_id for given in history(kept)] == [1]
    done = label(config, "2", "relevant")
    assert done.stdout == f"relevant: {GAS}, and 1 copy of it\n"
    assert [given.article_id for given in history(kept)[1:]] == [2, 1]


def test_an_article_without_a_title_is_named_by_its_summary(config: Path, kept: Database) -> None:
    publish(kept, ("", TEXT))
    assert label(config, "1", "unsure").stdout == f"unsure: {TEXT}\n"


def test_labels_given_can_be_read_by_a_script(config: Path, kept: Database) -> None:
    tell_in(kept, None, *publish(kept, (GAS, TEXT), (GAS, f"{TEXT}..")))
    done = label(config, "1", "relevant", "--topic", "economic", "--reader", "ann", "--json")
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["title"], first["verdict"], first["topics"]) == (GAS, "relevant", ["economic"])
    assert (first["reader"], first["origin"], first["url"]) == (
        "ann",
        "cli",
        "https://feed.example/0",
    )
    assert second["summary"] == f"{TEXT}.."


def test_several_copies_are_counted(config: Path, kept: Database) -> None:
    tell_in(kept, None, *publish(kept, (GAS, TEXT), (GAS, f"{TEXT}.."), (GAS, f"{TEXT}!")))
    assert label(config, "1", "unsure").stdout == f"unsure: {GAS}, and 2 copies of it\n"


@pytest.mark.parametrize("title", ["[bold]Gas[/bold]", "[x] :smile: [/nothing]", "100 % \\[red]"])
def test_a_title_that_looks_like_markup_is_told_as_it_is(
    title: str, config: Path, kept: Database
) -> None:
    publish(kept, (title, ""))
    assert label(config, "1", "unsure").stdout == f"unsure: {title}\n"


@pytest.mark.parametrize(
    "reference",
    [
        *("77", "https://feed.example/none", "no address", "-"),
        *("0", "9" * 18, str(2**63), "9" * 400, "1.0", "²"),
    ],
)
def test_an_article_that_nobody_knows_is_an_error_with_a_mend(
    reference: str, config: Path, kept: Database
) -> None:
    publish(kept, (GAS, ""))
    done = label(config, "give", reference, "relevant")
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"error [input]: no article is known by '{reference}'" in done.stderr
    assert "mend: give the number" in done.stderr


def test_a_topic_that_there_is_none_of_is_an_error_that_names_those_there_are(
    config: Path, kept: Database
) -> None:
    publish(kept, (GAS, ""))
    done = label(config, "1", "relevant", "--topic", "economic", "--topic", "culture")
    assert done.exit_code == 2
    assert "no topic 'culture'; there are: military, economic, diplomatic" in done.stderr
    assert history(kept) == []


@pytest.mark.parametrize("word", ["not-relevant", "unsure", "withdrawn"])
def test_topics_of_what_is_not_relevant_are_an_error_with_a_mend(
    word: str, config: Path, kept: Database
) -> None:
    publish(kept, (GAS, ""))
    done = label(config, "1", word, "--topic", "economic")
    assert done.exit_code == 1
    assert "error [input]: only relevant articles have topics" in done.stderr
    assert "mend: leave the topics out" in done.stderr
    assert history(kept) == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("nxt", "next"),
        ("NEXT", "next"),
        ("imprt", "import"),
        ("exports", "export"),
        ("giv", "give"),
    ],
)
@pytest.mark.parametrize("more", [(), ("relevant",)])
def test_a_mistyped_command_is_no_article(
    typed: str, meant: str, more: tuple[str, ...], config: Path
) -> None:
    done = label(config, typed, *more)
    assert done.exit_code == 2
    assert f"no command or article is called '{typed}'; did you mean '{meant}'?" in done.stderr


# --- who labels ----------------------------------------------------------------------------


def test_the_reader_is_who_the_environment_says_unless_the_command_says_another(
    config: Path, kept: Database
) -> None:
    publish(kept, (GAS, ""))
    label(config, "1", "relevant", READER="eve")
    label(config, "1", "relevant", "--reader", " ann ", READER="eve")
    assert [given.reader for given in history(kept)] == ["eve", "ann"]


def test_without_a_name_the_reader_is_the_user(
    config: Path, kept: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "desk")
    publish(kept, (GAS, ""))
    label(config, "1", "relevant")
    label(config, "1", "unsure", READER="")
    assert [given.reader for given in history(kept)] == ["desk", "desk"]


@pytest.mark.parametrize("arguments", [("1", "relevant"), ("next",), ("import", "own.csv")])
@pytest.mark.parametrize("name", ["", "  ", "\t"])
def test_a_blank_reader_is_an_error_with_a_mend(
    name: str, arguments: tuple[str, ...], config: Path, kept: Database
) -> None:
    publish(kept, (GAS, ""))
    done = label(config, *arguments, "--reader", name)
    assert (done.exit_code, done.stdout, history(kept)) == (1, "", [])
    assert "error [input]: a reader's name cannot be blank" in done.stderr
    assert "mend: name yourself with --reader or CASPIAN_READER" in done.stderr


def test_a_user_without_a_name_is_told_how_to_give_one(
    config: Path, kept: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    # A number that no system gives: as in a container that runs as any user.
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)
    publish(kept, (GAS, ""))
    done = label(config, "1", "relevant")
    assert (done.exit_code, done.stdout, history(kept)) == (1, "", [])
    assert "error [input]: your user has no name to label under" in done.stderr
    assert "mend: name yourself with --reader or CASPIAN_READER" in done.stderr
    assert label(config, "1", "relevant", READER="eve").exit_code == 0
    assert label(config, "--help").exit_code == 0


@pytest.mark.parametrize(
    "arguments", [("1",), ("1", "good"), ("give",), ("1", "relevant", "unsure"), ("--nonsense",)]
)
def test_what_makes_no_sense_is_wrong_usage(arguments: tuple[str, ...], config: Path) -> None:
    assert label(config, *arguments).exit_code == 2


def test_the_commands_are_listed_for_who_asks(config: Path) -> None:
    done = label(config, "--help")
    assert done.exit_code == 0
    for command in ("give", "next", "import", "export"):
        assert f"\n  {command} " in done.stdout


# --- the queue -----------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> dict[str, str]:
    """The shipped model with few written items beside it, which are quick to read."""
    models = tmp_path / "models"
    (models / "curriculum").mkdir(parents=True)
    for name in ("baseline", "seeds", "embeddings", "curriculum/de.jsonl"):
        (models / name).symlink_to(ROOT / "models" / name)
    return {"RELEVANCE_MODELS_DIR": str(models)}


def test_a_reader_is_asked_and_the_answers_are_kept_and_counted(
    config: Path, kept: Database, small: dict[str, str]
) -> None:
    publish(kept, (GAS, ""), (SPORT, ""))
    done = label(config, "next", "--count", "2", "--reader", "ann", stdin="x1rn", **small)
    assert done.exit_code == 0
    assert "1 of 2" in done.stdout
    assert "2 of 2" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("2 labels (1 relevant, 1 not relevant); ")
    assert {given.item.title for given in holding(kept)} == {GAS, SPORT}
    assert {(given.reader, given.origin) for given in holding(kept)} == {("ann", Origin.CLI)}
    again = label(config, "next", **small)
    assert (again.exit_code, again.stdout) == (
        0,
        "nothing to ask: no article of the last weeks is without a label\n",
    )


def test_stopping_at_once_says_that_nothing_was_labelled(
    config: Path, kept: Database, small: dict[str, str]
) -> None:
    publish(kept, (GAS, ""))
    done = label(config, "next", stdin="q", **small)
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "0 labels")
    assert history(kept) == []


@pytest.mark.parametrize("stop", ["\x03", "\x04"])
def test_ctrl_c_ends_the_questions_and_keeps_the_answers(
    stop: str, config: Path, kept: Database, small: dict[str, str]
) -> None:
    publish(kept, (GAS, ""), (SPORT, ""))
    done = label(config, "next", stdin=f"n{stop}", **small)
    assert (done.exit_code, len(history(kept))) == (0, 1)
    assert done.stdout.splitlines()[-1].startswith("1 label (1 not relevant); ")


def test_that_there_is_nothing_to_ask_is_said_before_the_written_items_are_read(
    config: Path, kept: Database, small: dict[str, str]
) -> None:
    # They cannot be read: who reads them first ends with an error.
    (Path(small["RELEVANCE_MODELS_DIR"]) / "curriculum" / "broken.jsonl").write_text("{")
    done = label(config, "next", **small)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("nothing to ask: ")


def test_without_a_terminal_the_questions_end_with_an_error_and_a_mend(
    config: Path, kept: Database, small: dict[str, str]
) -> None:
    publish(kept, (GAS, ""))
    done = subprocess.run(
        [sys.executable, "-m", "service", "--config", str(config), "label", "next"],
        env=environment(config.parent, **small),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        # Away from the terminal that the tests were started from.
        start_new_session=True,
    )
    assert done.returncode == 1
    assert "error [input]: no key can be read" in done.stderr
    assert "mend: run it in a terminal" in done.stderr
    assert history(kept) == []


@pytest.mark.parametrize("count", ["0", "-1", "201", "many"])
def test_as_many_questions_as_nobody_asks_are_wrong_usage(count: str, config: Path) -> None:
    done = label(config, "next", "--count", count)
    assert done.exit_code == 2
    assert "--count" in done.stderr


# --- files ---------------------------------------------------------------------------------

CSV = f"title,summary,verdict,topics\n{GAS},,relevant,economic;military\n{SPORT},Late.,0,\n"
JSONL = (
    json.dumps({"title": GAS, "verdict": "relevant", "topics": ["economic", "military"]})
    + "\n"
    + json.dumps({"title": SPORT, "summary": "Late.", "label": 0})
    + "\n"
)


@pytest.mark.parametrize(
    ("name", "text"), [("own.csv", CSV), ("own.CSV", CSV), ("own.jsonl", JSONL)]
)
def test_a_file_is_taken_in_once_however_often_it_comes(
    name: str, text: str, config: Path, kept: Database, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    for new, known in ((2, 0), (0, 2)):
        done = label(config, "import", str(file), "--reader", "ann")
        assert (done.exit_code, done.stderr) == (0, "")
        assert done.stdout == f"{new} labels taken in, {known} known already, 0 bad lines\n"
    assert [(given.item, given.verdict, given.topics) for given in history(kept)] == [
        (Item(GAS, ""), Verdict.RELEVANT, ("military", "economic")),
        (Item(SPORT, "Late."), Verdict.NOT_RELEVANT, ()),
    ]
    assert {(given.reader, given.origin) for given in history(kept)} == {("ann", Origin.IMPORT)}


def test_bad_lines_are_named_and_the_others_are_taken_in(
    config: Path, kept: Database, tmp_path: Path
) -> None:
    file = tmp_path / "own.jsonl"
    bad = ['{"title": "a"', '{"verdict": "relevant"}', '{"title": "a", "verdict": "good"}']
    file.write_text("\n".join([bad[0], JSONL.strip(), *bad[1:]]), encoding="utf-8")
    done = label(config, "import", str(file))
    assert done.exit_code == 1
    assert done.stdout == "2 labels taken in, 0 known already, 3 bad lines\n"
    told = done.stderr.splitlines()
    assert [line.partition(": ")[0] for line in told] == [
        f"{file}, line {number}" for number in (1, 4, 5)
    ]
    assert "not JSON" in told[0]
    assert "neither title nor summary" in told[1]
    assert "verdict is 'good'" in told[2]
    assert len(history(kept)) == 2


def test_one_label_and_one_bad_line_are_told_as_one(
    config: Path, kept: Database, tmp_path: Path
) -> None:
    file = tmp_path / "own.csv"
    file.write_text(f"title,verdict\n{GAS},1\n{SPORT},perhaps\n", encoding="utf-8")
    done = label(config, "import", str(file))
    assert done.stdout == "1 label taken in, 0 known already, 1 bad line\n"


def test_a_bad_line_of_csv_is_named_by_the_line_it_stands_on(
    config: Path, kept: Database, tmp_path: Path
) -> None:
    file = tmp_path / "own.csv"
    file.write_text('title,verdict\n"two\nlines",relevant\nbad,good\n', encoding="utf-8")
    done = label(config, "import", str(file))
    assert done.exit_code == 1
    assert f"{file}, line 4: verdict is 'good'" in done.stderr
    assert [given.item.title for given in history(kept)] == ["two\nlines"]


def test_what_was_taken_in_can_be_read_by_a_script(
    config: Path, kept: Database, tmp_path: Path
) -> None:
    file = tmp_path / "own.jsonl"
    file.write_text(f"{JSONL}[]\n", encoding="utf-8")
    done = label(config, "import", str(file), "--json")
    assert (done.exit_code, done.stderr) == (1, "")
    assert json.loads(done.stdout) == {
        "new": 2,
        "known": 0,
        "problems": [{"line": 3, "problem": "not an object"}],
    }


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("nowhere.csv", None, "cannot be read"),
        ("bytes.jsonl", b"\xff\xfe\x00", "cannot be read"),
        ("empty.csv", b"", "no column for texts and verdicts: none"),
        ("other.csv", b"name,age\nann,3\n", "no column for texts and verdicts: name, age"),
    ],
)
def test_a_file_that_is_none_is_an_error_with_a_mend(
    name: str, body: bytes | None, words: str, config: Path, tmp_path: Path
) -> None:
    file = tmp_path / name
    if body is not None:
        file.write_bytes(body)
    done = label(config, "import", str(file))
    assert (done.exit_code, done.stdout) == (1, "")
    assert words in done.stderr
    assert "mend: " in done.stderr


def test_an_empty_file_of_lines_holds_nothing_and_is_no_error(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "own.jsonl"
    file.write_text("\n\n", encoding="utf-8")
    done = label(config, "import", str(file))
    assert (done.exit_code, done.stdout) == (
        0,
        "0 labels taken in, 0 known already, 0 bad lines\n",
    )


def test_the_export_holds_what_holds_and_all_that_was_said_on_demand(
    config: Path, kept: Database
) -> None:
    publish(kept, (GAS, TEXT), (SPORT, ""))
    for word in ("relevant", "not-relevant"):
        label(config, "1", word, "--reader", "ann")
    label(config, "2", "unsure", "--reader", "ann")
    label(config, "2", "withdrawn", "--reader", "ann")
    rows = [json.loads(line) for line in label(config, "export").stdout.splitlines()]
    assert [(row["title"], row["verdict"]) for row in rows] == [(GAS, "not_relevant")]
    rows = list(csv.DictReader(io.StringIO(label(config, "export", "--history", "--csv").stdout)))
    assert [row["verdict"] for row in rows] == ["relevant", "not_relevant", "unsure", "withdrawn"]
    assert rows[0]["url"] == "https://feed.example/0"


def test_without_labels_the_export_is_empty_or_a_header(config: Path) -> None:
    assert label(config, "export").stdout == ""
    header = label(config, "export", "--csv").stdout
    assert header.startswith('"title","summary","lang","verdict",')


TEXTS = st.text(
    st.sampled_from('\r\n", ')
    | st.characters(exclude_categories=["Cs"], exclude_characters="\x00"),
    min_size=1,
    max_size=30,
).filter(str.strip)
GIVEN = st.builds(
    lambda title, summary, verdict, topics, reader, seconds: Label(
        text_hash(title, summary),
        Item(title, summary, "en"),
        verdict,
        tuple(map(Topic, topics)) if verdict is Verdict.RELEVANT else (),
        reader,
        Origin.WEB,
        NOW.replace(microsecond=seconds) - timedelta(days=365),
        url="https://a.example/1",
        seconds=1.5,
    ),
    TEXTS,
    st.just("") | TEXTS,
    st.sampled_from([Verdict.RELEVANT, Verdict.NOT_RELEVANT, Verdict.UNSURE]),
    st.sampled_from([(), ("military",), ("military", "economic")]),
    TEXTS,
    st.integers(0, 999_999),
)


@pytest.mark.parametrize("options", [(), ("--csv",), ("--history",), ("--csv", "--history")])
def test_what_was_put_out_is_taken_in_elsewhere_and_at_home_known(
    options: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory
) -> None:
    @given(st.lists(GIVEN, max_size=6))
    @hypothesis(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def round_trip(given_labels: list[Label]) -> None:
        here, there = (write_config(tmp_path_factory.mktemp("place")) for _ in range(2))
        (here.parent / "var").mkdir()
        home = Database(f"sqlite:///{here.parent / 'var' / 'caspian.sqlite'}")
        with home.transaction() as connection:
            labels.add(connection, given_labels)
        put_out = label(here, "export", *options)
        assert put_out.exit_code == 0
        file = here.parent / ("own.csv" if "--csv" in options else "own.jsonl")
        file.write_bytes(put_out.stdout_bytes)
        amount = len(history(home) if "--history" in options else holding(home))
        taken = json.loads(label(there, "import", str(file), "--json").stdout)
        assert taken == {"new": amount, "known": 0, "problems": []}
        known = json.loads(label(here, "import", str(file), "--json").stdout)
        assert known == {"new": 0, "known": amount, "problems": []}
        abroad = Database(f"sqlite:///{there.parent / 'var' / 'caspian.sqlite'}")
        assert list(map(essence, holding(abroad))) == list(map(essence, holding(home)))
        home.close()
        abroad.close()

    round_trip()


def essence(given: Label) -> tuple[object, ...]:
    return (
        given.text_hash,
        given.item,
        given.verdict,
        given.topics,
        given.reader,
        given.labelled_at,
        given.url,
        given.origin,
        given.seconds,
    )
