"""Labels as files: what people write, what is wrong with it, and out and in again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.errors import InputError
from service.learning.label_files import FIELDS, Read, read_labels, write_labels
from service.records import Label, Origin, Topic, Verdict
from service.storage import labels
from service.storage.database import Database
from service.stories.identity import text_hash
from tests.labelled import (
    ECONOMIC,
    MILITARY,
    NOT_RELEVANT,
    RELEVANT,
    UNSURE,
    WITHDRAWN,
    label,
)
from tests.make import NOW

TOPICS = (MILITARY, ECONOMIC)
BOTH = pytest.mark.parametrize("is_csv", [False, True], ids=["jsonl", "csv"])


def read(text: str, *, is_csv: bool = False, now: datetime = NOW) -> Read:
    return read_labels(text, is_csv=is_csv, topics=TOPICS, reader="me", now=now)


def line(**row: Any) -> str:
    return json.dumps({"title": "Title", "verdict": "relevant"} | row)


def one(**row: Any) -> Label:
    found = read(line(**row))
    assert found.problems == ()
    (only,) = found.dated + found.undated
    return only


def problem(text: str) -> str:
    found = read(text)
    assert (found.dated, found.undated) == ((), ())
    ((number, told),) = found.problems
    assert number == 1
    return told


def take_in(database: Database, found: Read) -> int:
    with database.transaction() as connection:
        new = labels.add(connection, found.dated)
        return new + labels.add(connection, found.undated, dated=False)


def history(database: Database) -> list[Label]:
    with database.reading() as connection:
        return labels.history(connection)


# --- what people write -----------------------------------------------------------------------


@BOTH
def test_a_whole_line_is_read(is_csv: bool) -> None:
    row = {
        "title": "Сделка, “великая”",
        "summary": "Line one\nline two",
        "lang": "ru",
        "verdict": "relevant",
        "topics": "economic;military" if is_csv else ["economic", "military"],
        "reader": "ann",
        "labelled_at": "2026-01-31T08:00:00+00:00",
        "url": "https://outlet.example/1",
    }
    text = ",".join(row) + "\n" + ",".join(f'"{value}"' for value in row.values()) + "\n"
    found = read(text if is_csv else json.dumps(row), is_csv=is_csv)
    assert (found.undated, found.problems) == ((), ())
    assert found.dated == (
        label(
            "Сделка, “великая”",
            summary="Line one\nline two",
            lang="ru",
            topics=(MILITARY, ECONOMIC),
            origin=Origin.IMPORT,
            labelled_at=datetime(2026, 1, 31, 8, tzinfo=UTC),
            url="https://outlet.example/1",
        ),
    )


@BOTH
def test_reader_and_time_stand_in_where_a_line_names_none(is_csv: bool) -> None:
    found = read(
        "title,label\nTitle,1\n" if is_csv else '{"title":"Title","label":1}', is_csv=is_csv
    )
    assert (found.dated, found.problems) == ((), ())
    assert found.undated == (label(reader="me", lang="", origin=Origin.IMPORT),)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("relevant", RELEVANT),
        (" Yes ", RELEVANT),
        ("1", RELEVANT),
        (1, RELEVANT),
        (True, RELEVANT),
        ("NOT RELEVANT", NOT_RELEVANT),
        ("not_relevant", NOT_RELEVANT),
        (0, NOT_RELEVANT),
        (False, NOT_RELEVANT),
        ("?", UNSURE),
        ("unsure", UNSURE),
        ("withdrawn", WITHDRAWN),
    ],
)
def test_a_verdict_is_read_however_people_write_it(written: object, expected: Verdict) -> None:
    assert one(verdict=written).verdict is expected
    assert one(verdict=None, label=written).verdict is expected
    assert one(verdict="", label=written).verdict is expected


@pytest.mark.parametrize(
    "written", ["economic, military", " economic ;military;", ["economic", "military"]]
)
def test_topics_are_read_as_a_list_or_a_text(written: object) -> None:
    assert one(topics=written).topics == (MILITARY, ECONOMIC)


@pytest.mark.parametrize("written", [None, "", [], ";"])
def test_no_topics_are_fine(written: object) -> None:
    assert one(topics=written).topics == ()


@pytest.mark.parametrize(
    ("written", "hour"),
    [("2026-01-31T08:00:00Z", 8), ("2026-01-31T08:00:00", 8), ("2026-01-31T08:00:00+03:30", 4.5)],
)
def test_a_time_without_a_zone_is_in_utc(written: str, hour: float) -> None:
    moment = datetime(2026, 1, 31, tzinfo=UTC) + timedelta(hours=hour)
    assert one(labelled_at=written).labelled_at == moment


@pytest.mark.parametrize(("written", "read_as"), [(None, None), ("", None), (0, 0), ("2.5", 2.5)])
def test_seconds_are_kept_where_there_are_any(written: object, read_as: float | None) -> None:
    assert one(seconds=written).seconds == read_as


@pytest.mark.parametrize(
    ("written", "read_as"), [(None, Origin.IMPORT), ("", Origin.IMPORT), ("web", Origin.WEB)]
)
def test_a_label_keeps_its_origin_and_without_one_it_came_by_the_file(
    written: object, read_as: Origin
) -> None:
    assert one(origin=written).origin is read_as


@pytest.mark.parametrize("written", ["", "  ", "\t", None])
def test_a_blank_reader_is_none(written: object) -> None:
    assert one(reader=written).reader == "me"


@BOTH
def test_what_is_dated_in_the_future_counts_as_said_now(is_csv: bool) -> None:
    future = (NOW + timedelta(days=400)).isoformat()
    text = f"title,label,labelled_at\nTitle,1,{future}\n" if is_csv else line(labelled_at=future)
    found = read(text, is_csv=is_csv)
    assert (found.dated, found.problems) == ((), ())
    assert [told.labelled_at for told in found.undated] == [NOW]


def test_what_is_dated_this_instant_keeps_its_date() -> None:
    found = read(line(labelled_at=NOW.isoformat()))
    assert [told.labelled_at for told in found.dated] == [NOW]


def test_a_text_is_known_by_title_and_summary_alone() -> None:
    assert one(summary="Lead.", url="https://a.example/1").text_hash == text_hash("Title", "Lead.")
    assert one(title="", summary="Lead.").item.summary == "Lead."


# --- what is wrong with it -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("1" * 5_000, "not JSON"),
        ("[]", "not an object"),
        ("null", "not an object"),
        (line(title=" ", summary="\n"), "neither title nor summary"),
        (line(title=7), "are texts"),
        (line(url=["x"]), "are texts"),
        (line(verdict="perhaps"), "'perhaps'"),
        (line(verdict=None), "None"),
        (line(verdict={"a": 1}), "verdict is"),
        (line(topics=["cooking"]), "unknown topic 'cooking': there are military, economic"),
        (line(topics=[["military"]]), "neither a text nor a list of texts"),
        (line(topics=["military", 7]), "topics is ['military', 7]"),
        (line(topics=7), "topics is 7, neither a text nor a list of texts"),
        (line(topics=0), "topics is 0"),
        (line(topics=False), "topics is False"),
        (line(topics={"military": 1}), "topics is {'military': 1}"),
        (line(verdict="unsure", topics=7), "topics is 7"),
        (line(origin="gazette"), "origin is 'gazette', none of cli, web, email, slack, import"),
        (line(origin=["cli"]), "origin is ['cli']"),
        (line(seconds="long"), "seconds is 'long', not a number like 2.5"),
        (line(seconds=-1), "seconds is -1"),
        (line(seconds=True), "seconds is True"),
        (line(seconds=float("nan")), "seconds is nan"),
        (line(seconds="1e999"), "seconds is '1e999'"),
        (line(seconds=10**400), "seconds is 1000"),
        (line(seconds=[1]), "seconds is [1]"),
        (line(verdict="not_relevant", topics=["military"]), "only relevant items have topics"),
        (line(verdict="unsure", topics="military"), "only relevant items have topics"),
        (line(labelled_at="yesterday"), "'yesterday'"),
        (line(labelled_at=[7]), "labelled_at"),
    ],
)
def test_a_bad_line_is_told(text: str, told: str) -> None:
    assert told in problem(text)


def test_bad_lines_are_named_by_number_and_the_others_count() -> None:
    text = "\n".join(
        [line(title="A"), "", "{", "  ", line(title="B"), line(verdict="?!"), "[]", ""]
    )
    found = read(text)
    assert [told.item.title for told in found.undated] == ["A", "B"]
    assert [number for number, _ in found.problems] == [3, 6, 7]
    again = read(text.replace("\n", "\r\n"))
    assert again.undated == found.undated
    assert [number for number, _ in again.problems] == [3, 6, 7]


def test_bad_rows_of_a_table_are_named_by_line_and_the_others_count() -> None:
    text = 'title,verdict,topics\nA,1\n"B\nb",9,\n\nC,0,military\nD,1,,more\nE,1,military\n'
    found = read(text, is_csv=True)
    assert [told.item.title for told in found.undated] == ["A", "E"]
    assert [number for number, _ in found.problems] == [4, 6, 7]
    assert [told for _, told in found.problems][1:] == [
        "only relevant items have topics",
        "more fields than the header names",
    ]


@pytest.mark.parametrize("text", ["", "\n", "Title,relevant\n", "title,summary\n", "verdict\n1\n"])
def test_a_table_without_a_usable_header_is_an_input_error(text: str) -> None:
    with pytest.raises(InputError, match="header") as caught:
        read(text, is_csv=True)
    assert "title" in caught.value.mend


@BOTH
def test_a_mark_of_byte_order_is_no_part_of_the_file(is_csv: bool) -> None:
    found = read("\ufeff" + ("title,label\nA,1\n" if is_csv else line(title="A")), is_csv=is_csv)
    assert [told.item.title for told in found.undated] == ["A"]


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.lists(st.text(max_size=5), max_size=2),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=1),
    st.sampled_from(
        ["relevant", "unsure", "1", "military", "2026-01-31", "2026-01-31T08:00+25:00"]
    ),
)
ROWS = st.dictionaries(st.sampled_from([*FIELDS, "label", "else"]), VALUES).map(json.dumps)
CSV_LINES = st.lists(
    st.sampled_from(["a", "1", "relevant", "military", '"', '""', '"a\n', "", "\x00", "é", "\r"]),
    max_size=12,
).map(",".join)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(ROWS, st.text(max_size=40)), max_size=5).map("\n".join))
@example("\ud800")
@example('{"title": "a", "verdict": 1, "labelled_at": "2026-01-31T08:00:00+00:00:00.5"}')
def test_any_text_is_read_line_by_line(text: str) -> None:
    _is_read_whole(text, read(text), len(text.split("\n")))


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(CSV_LINES, max_size=5).map("\n".join)))
def test_any_table_is_read_row_by_row(text: str) -> None:
    header = "title,summary,verdict,topics,labelled_at\n"
    lines = len(text.splitlines()) + text.count("\r") + 2
    _is_read_whole(text, read(header + text, is_csv=True), lines)


@given(st.text(max_size=60))
@settings(deadline=None)
def test_any_header_is_read_or_refused(text: str) -> None:
    with suppress(InputError):
        read(text, is_csv=True)


def _is_read_whole(text: str, found: Read, lines: int) -> None:
    numbers = [number for number, _ in found.problems]
    assert numbers == sorted(numbers)
    assert all(1 <= number <= lines for number in numbers)
    assert len(found.dated) + len(found.undated) + len(numbers) <= lines
    for told in found.dated + found.undated:
        assert told.labelled_at.tzinfo is not None
        assert (told.item.title + told.item.summary).strip()
        assert set(told.topics) <= (set(TOPICS) if told.verdict is RELEVANT else set())


# --- out and in again ------------------------------------------------------------------------

GIVEN = (
    label("One", topics=(MILITARY, ECONOMIC), url="https://outlet.example/1?a=1;b"),
    label("Сделка", NOT_RELEVANT, "bob", lang="ru", summary='Quotes ", commas, and\nlines'),
    label("", UNSURE, summary="Lead; more.", labelled_at=NOW - timedelta(days=9, microseconds=1)),
    label("=1+1", WITHDRAWN, "شيرين", lang="fa", labelled_at=NOW + timedelta(hours=1)),
    label("line\u2028separator\ttab\x85next \x00"),
    label("an old\rline", summary="\r", origin=Origin.WEB, seconds=2.5),
    label("\r\n", reader="\rann", summary="a\r\nb\n\rc\r", origin=Origin.IMPORT, seconds=0.1),
)
# Nothing of the above was said later than this.
LATER = NOW + timedelta(days=1)


def exported(given: Sequence[Label], *, as_csv: bool) -> str:
    return write_labels(given, as_csv=as_csv)


@BOTH
def test_what_is_written_is_read_again(is_csv: bool) -> None:
    found = read(exported(GIVEN, as_csv=is_csv), is_csv=is_csv, now=LATER)
    assert (found.undated, found.problems) == ((), ())
    assert found.dated == GIVEN


PLAIN = st.text(
    st.sampled_from("\r\n\",;' a") | st.characters(exclude_categories=["Cs"]), max_size=20
)
LABELS = st.builds(
    lambda title, verdict, reader, summary, topics, at, url, origin, seconds: label(
        "a" + title,
        verdict,
        "r" + reader,
        summary=summary,
        topics=tuple(t for t in TOPICS if t in topics) if verdict is RELEVANT else (),
        labelled_at=at,
        url=url or None,
        origin=origin,
        seconds=seconds,
    ),
    PLAIN,
    st.sampled_from(list(Verdict)),
    PLAIN,
    PLAIN,
    st.sets(st.sampled_from(TOPICS)),
    st.datetimes(max_value=datetime(2026, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    PLAIN,
    st.sampled_from(Origin),
    st.none() | st.floats(0, 1e9),
)


@pytest.mark.parametrize("is_csv", [False, True], ids=["jsonl", "csv"])
@settings(deadline=None)
@given(given=st.lists(LABELS, max_size=4))
def test_whatever_was_said_is_read_again(is_csv: bool, given: list[Label]) -> None:
    found = read(exported(given, as_csv=is_csv), is_csv=is_csv)
    assert (found.undated, found.problems) == ((), ())
    assert found.dated == tuple(given)


def test_a_table_names_every_field_even_without_labels() -> None:
    assert exported([], as_csv=True) == ",".join(f'"{name}"' for name in FIELDS) + "\n"
    assert exported([], as_csv=False) == ""


def _file(is_csv: bool, *, dated: bool) -> str:
    at = ["2026-01-31T08:00:00Z", "2026-02-01T08:00:00Z", "2026-02-02T08:00:00Z"]
    rows = [
        {
            "title": title,
            "verdict": verdict,
            "reader": reader,
            "labelled_at": at[n] if dated else "",
        }
        for n, (title, verdict, reader) in enumerate(
            [("One", "relevant", "ann"), ("Two", "not_relevant", ""), ("One", "unsure", "bob")]
        )
    ]
    if not is_csv:
        return "".join(json.dumps(row) + "\n" for row in rows)
    return "\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows)])


@BOTH
@pytest.mark.parametrize("dated", [False, True], ids=["undated", "dated"])
def test_a_file_taken_in_twice_changes_nothing(
    database: Database, is_csv: bool, dated: bool
) -> None:
    text = _file(is_csv, dated=dated)
    assert take_in(database, read(text, is_csv=is_csv)) == 3
    before = history(database)
    tomorrow = NOW + timedelta(days=1)
    assert take_in(database, read(text, is_csv=is_csv, now=tomorrow)) == 0
    assert history(database) == before


@pytest.mark.parametrize("dated", [False, True], ids=["undated", "dated"])
def test_the_same_labels_as_a_table_and_as_lines_are_the_same(
    database: Database, dated: bool
) -> None:
    assert take_in(database, read(_file(is_csv=True, dated=dated), is_csv=True)) == 3
    assert take_in(database, read(_file(is_csv=False, dated=dated))) == 0


@BOTH
def test_what_was_put_out_changes_nothing_when_it_is_taken_in(
    database: Database, is_csv: bool
) -> None:
    with database.transaction() as connection:
        labels.add(connection, GIVEN)
    before = history(database)
    text = exported(before, as_csv=is_csv)
    # Known, too, to a computer whose clock is behind.
    for now in (LATER, NOW, NOW - timedelta(days=99)):
        assert take_in(database, read(text, is_csv=is_csv, now=now)) == 0
    assert history(database) == before


@BOTH
def test_a_history_means_the_same_elsewhere(
    database: Database, tmp_path_factory: pytest.TempPathFactory, is_csv: bool
) -> None:
    changed = label("One", NOT_RELEVANT, labelled_at=NOW + timedelta(hours=1))
    with database.transaction() as connection:
        labels.add(connection, [*GIVEN, changed])
    elsewhere = Database(f"sqlite:///{tmp_path_factory.mktemp('other') / 'other.sqlite'}")
    try:
        text = exported(history(database), as_csv=is_csv)
        assert take_in(elsewhere, read(text, is_csv=is_csv, now=LATER)) == len(GIVEN) + 1
        with database.reading() as here, elsewhere.reading() as there:
            assert _said(labels.current(here)) == _said(labels.current(there))
    finally:
        elsewhere.close()


@BOTH
def test_a_future_date_taken_in_twice_changes_nothing(database: Database, is_csv: bool) -> None:
    text = exported([label(labelled_at=NOW + timedelta(days=400))], as_csv=is_csv)
    assert take_in(database, read(text, is_csv=is_csv)) == 1
    assert take_in(database, read(text, is_csv=is_csv, now=LATER)) == 0
    with database.transaction() as connection:
        labels.append(connection, [label(verdict=NOT_RELEVANT, labelled_at=LATER)])
        assert [told.verdict for told in labels.current(connection)] == [NOT_RELEVANT]


def _said(found: Sequence[Label]) -> list[tuple[str, str, Verdict, tuple[Topic, ...]]]:
    return [(told.text_hash, told.reader, told.verdict, told.topics) for told in found]
