"""What readers said is kept whole, once, and in order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.records import Label, Origin, Verdict
from service.storage import audit, labels, tables
from service.storage.database import Database
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
from tests.storage.rows import arrival, list_feeds, rate, rows_of, score, store

HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)


def add(database: Database, *given: Label, dated: bool = True) -> int:
    with database.transaction() as connection:
        return labels.add(connection, given, dated=dated)


def current(database: Database) -> list[Label]:
    with database.reading() as connection:
        return labels.current(connection)


def history(database: Database, text_hash: str | None = None) -> list[Label]:
    with database.reading() as connection:
        return labels.history(connection, text_hash)


def said(found: Sequence[Label]) -> list[tuple[str, str, Verdict]]:
    return [(one.item.title, one.reader, one.verdict) for one in found]


def test_a_label_is_read_back_as_it_was_given(database: Database) -> None:
    (feed,) = list_feeds(database, "https://feed.example/rss")
    (article,) = store(database, arrival(feed))
    rate(database, article, score())
    with database.transaction() as connection:
        drawn = audit.draw(connection, article, "0.80-1.00", 0.1, NOW)
    given = label(
        "Сделка",
        summary="В Тегеране.",
        lang="ru",
        topics=(MILITARY, ECONOMIC),
        origin=Origin.WEB,
        url="https://outlet.example/1",
        article_id=article,
        seconds=2.5,
        draw=drawn.id,
    )
    assert add(database, given) == 1
    (found,) = current(database)
    assert found.id is not None
    assert found == label(
        item=given.item,
        topics=given.topics,
        origin=Origin.WEB,
        url=given.url,
        article_id=article,
        seconds=2.5,
        draw=drawn.id,
        id=found.id,
    )
    assert history(database) == [found]


def test_a_change_of_mind_holds_and_what_was_said_before_stays_in_the_history(
    database: Database,
) -> None:
    add(database, label())
    add(database, label(verdict=UNSURE, labelled_at=NOW + HOUR))
    add(database, label(verdict=NOT_RELEVANT, labelled_at=NOW + 2 * HOUR))
    assert [one.verdict for one in current(database)] == [NOT_RELEVANT]
    assert [one.verdict for one in history(database)] == [RELEVANT, UNSURE, NOT_RELEVANT]


def test_each_reader_has_one_voice_on_each_text(database: Database) -> None:
    add(database, label("One"), label("Two"), label("One", NOT_RELEVANT, "bob"))
    add(database, label("One", UNSURE, "bob", labelled_at=NOW + HOUR))
    assert said(current(database)) == [
        ("One", "ann", RELEVANT),
        ("Two", "ann", RELEVANT),
        ("One", "bob", UNSURE),
    ]


def test_what_was_withdrawn_is_no_label_until_something_else_is_said(database: Database) -> None:
    add(database, label(), label(reader="bob"))
    add(database, label(verdict=WITHDRAWN, labelled_at=NOW + HOUR))
    assert [one.reader for one in current(database)] == ["bob"]
    add(database, label(verdict=NOT_RELEVANT, labelled_at=NOW + 2 * HOUR))
    assert said(current(database)) == [
        ("Title", "bob", RELEVANT),
        ("Title", "ann", NOT_RELEVANT),
    ]
    assert len(history(database)) == 4


def test_what_holds_comes_oldest_first_and_the_history_as_it_came(database: Database) -> None:
    moments = {"Two": NOW + 2 * HOUR, "One": NOW + HOUR, "Three": NOW + 3 * HOUR}
    add(database, *(label(title, labelled_at=at) for title, at in moments.items()))
    assert [one.item.title for one in current(database)] == ["One", "Two", "Three"]
    assert [one.item.title for one in history(database)] == ["Two", "One", "Three"]


def test_the_history_of_one_text_holds_nothing_of_others(database: Database) -> None:
    one = label("One")
    add(database, one, label("Two"), label("One", NOT_RELEVANT, "bob"))
    assert said(history(database, one.text_hash)) == [
        ("One", "ann", RELEVANT),
        ("One", "bob", NOT_RELEVANT),
    ]
    assert history(database, "no such text") == []


def test_the_same_saying_is_stored_once(database: Database) -> None:
    assert add(database, label(), label()) == 1
    assert add(database, label(), label("Other")) == 1
    assert add(database) == 0
    assert len(rows_of(database, tables.labels)) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "Other"},
        {"summary": "More."},
        {"reader": "bob"},
        {"verdict": NOT_RELEVANT},
        {"topics": (MILITARY,)},
        {"labelled_at": NOW + TICK},
    ],
)
def test_another_saying_is_stored_beside_it(database: Database, changes: dict[str, Any]) -> None:
    add(database, label())
    assert add(database, label(**changes)) == 1
    assert len(history(database)) == 2


def test_topics_in_another_order_are_the_same_saying(database: Database) -> None:
    for topics in permutations((MILITARY, ECONOMIC)):
        add(database, label(topics=topics))
    assert len(history(database)) == 1


def test_an_undated_saying_is_known_whenever_it_comes_again(database: Database) -> None:
    assert add(database, label(), dated=False) == 1
    assert add(database, label(labelled_at=NOW + HOUR), dated=False) == 0
    assert add(database, label(verdict=UNSURE, labelled_at=NOW + HOUR), dated=False) == 1


def test_taking_in_again_does_not_undo_a_change_of_mind(database: Database) -> None:
    given = [label("One"), label("Two")]
    add(database, *given, dated=False)
    add(database, label("One", NOT_RELEVANT, labelled_at=NOW + HOUR))
    before = history(database)
    assert add(database, *given, dated=False) == 0
    assert history(database) == before


def test_more_labels_than_one_statement_takes_are_known_again(database: Database) -> None:
    many = [label(f"Title {number}") for number in range(1_200)]
    assert add(database, *many) == 1_200
    assert add(database, *many, label("One more")) == 1


def say(database: Database, *given: Label) -> list[Label]:
    with database.transaction() as connection:
        return labels.append(connection, given)


def test_of_one_instant_what_was_said_last_holds(database: Database) -> None:
    for verdict in (RELEVANT, WITHDRAWN, RELEVANT):
        say(database, label(verdict=verdict))
    assert [one.verdict for one in current(database)] == [RELEVANT]
    assert [one.verdict for one in history(database)] == [RELEVANT, WITHDRAWN, RELEVANT]
    say(database, label(verdict=WITHDRAWN))
    assert current(database) == []


@pytest.mark.parametrize("verdict", [RELEVANT, NOT_RELEVANT, UNSURE])
def test_of_one_instant_what_was_taken_in_last_holds(database: Database, verdict: Verdict) -> None:
    add(database, label(verdict=WITHDRAWN), label(verdict=verdict, topics=()))
    assert [one.verdict for one in current(database)] == [verdict]


@pytest.mark.parametrize("ahead", [TICK, HOUR, timedelta(days=4_000)])
def test_what_is_said_now_holds_against_what_is_dated_later(
    database: Database, ahead: timedelta
) -> None:
    add(database, label(labelled_at=NOW + ahead), label(reader="bob"))
    (stored,) = say(database, label(verdict=NOT_RELEVANT))
    assert said(current(database)) == [("Title", "bob", RELEVANT), ("Title", "ann", NOT_RELEVANT)]
    assert stored.labelled_at == NOW + ahead + TICK
    assert stored.labelled_at == current(database)[1].labelled_at


def test_what_is_said_keeps_its_time_where_nothing_was_said_later(database: Database) -> None:
    say(database, label(), label("Other"), label(reader="bob"))
    say(database, label(verdict=UNSURE, labelled_at=NOW + HOUR))
    assert [one.labelled_at for one in history(database)] == [NOW, NOW, NOW, NOW + HOUR]


def test_a_text_that_several_articles_share_is_judged_once(database: Database) -> None:
    given = [label(url="https://a.example/1"), label(url="https://b.example/1")]
    assert len(say(database, *given)) == 2
    assert len(history(database)) == 1


def test_the_last_label_of_a_reader_is_the_one_stored_last(database: Database) -> None:
    add(database, label("One"), label("Two"), label("Three", reader="bob"))
    with database.reading() as connection:
        last = labels.last_of(connection, "ann")
        assert last is not None
        assert last.item.title == "Two"
        assert labels.last_of(connection, "nobody") is None


def test_labels_are_counted_as_they_come_in_whatever_their_date(database: Database) -> None:
    with database.reading() as connection:
        assert (labels.newest(connection), labels.count_after(connection, 0)) == (0, 0)
    add(database, label("One"), label("Two", labelled_at=NOW + HOUR))
    with database.reading() as connection:
        known = labels.newest(connection)
    add(database, label("Of old", labelled_at=NOW - HOUR))
    with database.reading() as connection:
        assert [labels.count_after(connection, at) for at in (0, known)] == [3, 1]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["One", "Two"]), st.sampled_from(list(Verdict)), st.sampled_from("ab")
        ),
        max_size=12,
    )
)
def test_what_holds_is_each_readers_last_saying(
    database: Database, sayings: list[tuple[str, Verdict, str]]
) -> None:
    with database.transaction() as connection:
        connection.execute(tables.labels.delete())
    expected: dict[tuple[str, str], Verdict] = {}
    for number, (title, verdict, reader) in enumerate(sayings):
        at = datetime(2026, 1, 1, tzinfo=UTC) + number * HOUR
        add(database, label(title, verdict, reader, labelled_at=at))
        expected[title, reader] = verdict
    found = {(title, reader): verdict for title, reader, verdict in said(current(database))}
    assert found == {key: verdict for key, verdict in expected.items() if verdict != WITHDRAWN}
    assert len(history(database)) == len(sayings)
