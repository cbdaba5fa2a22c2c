"""Whom to ask about, and what was drawn at random."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from service.records import (
    ArticleId,
    Candidate,
    Channel,
    ChannelKind,
    Draw,
    Evidence,
    FeedId,
    Item,
)
from service.storage import audit, digests, labels, tables
from service.storage.audit import Bounds
from service.storage.database import Database
from tests.labelled import WITHDRAWN, label
from tests.make import NOW, digest, digest_story, parsed_article
from tests.storage.rows import arrival, list_feeds, rate, rows_of, score, store, tell_in

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LOW, HIGH = (0.0, 0.5), (0.5, 1.000001)


@pytest.fixture
def feed(database: Database) -> FeedId:
    (listed,) = list_feeds(database, "https://feed.example/rss")
    return listed


def scored(
    database: Database, feed: FeedId, title: str, probability: float | None, now: datetime = NOW
) -> ArticleId:
    """Store an article with a score; the gate stopped it where there is no probability."""
    (article,) = store(database, arrival(feed, title), now=now)
    given = score(0.0, evidence=Evidence()) if probability is None else score(probability)
    rate(database, article, given, now)
    return article


def candidates(database: Database, since: datetime = NOW - DAY, most: int = 99) -> list[Candidate]:
    with database.reading() as connection:
        return audit.candidates(connection, since, most)


def population(database: Database, *strata: Bounds, since: datetime = NOW - DAY) -> list[int]:
    with database.reading() as connection:
        return audit.population(connection, since, strata)


def undrawn(
    database: Database, bounds: Bounds, since: datetime = NOW - DAY
) -> tuple[list[ArticleId], int]:
    with database.reading() as connection:
        return audit.undrawn(connection, since, bounds)


def draw(database: Database, article: ArticleId, now: datetime = NOW) -> Draw:
    with database.transaction() as connection:
        return audit.draw(connection, article, "high", 0.25, now)


def drawn(database: Database, since: datetime = NOW - DAY) -> list[Draw]:
    with database.reading() as connection:
        return audit.drawn(connection, since)


def waiting(database: Database) -> list[tuple[Draw, Candidate]]:
    with database.reading() as connection:
        return audit.waiting(connection)


def judge(database: Database, text_hash: str) -> None:
    with database.transaction() as connection:
        labels.add(connection, [label(text_hash=text_hash)])


def test_a_candidate_comes_with_its_text_and_newest_score(database: Database, feed: FeedId) -> None:
    told_in = parsed_article("Title", summary="Lead.", language="ru", url="https://o.example/1")
    (article,) = store(database, arrival(feed, article=told_in))
    rate(database, article, score(0.9, model_version="model-9"), NOW)
    rate(database, article, score(0.6, model_version="model-10"), NOW + HOUR)
    assert candidates(database) == [
        Candidate(
            article_id=article,
            item=Item("Title", "Lead.", "ru"),
            url="https://o.example/1",
            outlet="Outlet",
            probability=0.6,
            seen_at=NOW,
            text_hash="hash of Title",
        )
    ]


def test_candidates_are_the_newest_that_the_model_weighed(database: Database, feed: FeedId) -> None:
    one, two, three = (scored(database, feed, title, 0.1) for title in ("One", "Two", "Three"))
    scored(database, feed, "Gated", None)
    store(database, arrival(feed, "Not scored yet"))
    assert [found.article_id for found in candidates(database)] == [three, two, one]
    assert [found.article_id for found in candidates(database, most=2)] == [three, two]
    assert candidates(database, since=NOW) == []


def test_a_labelled_text_is_no_candidate_and_neither_are_its_copies(
    database: Database, feed: FeedId
) -> None:
    same = [arrival(feed, title, content_hash="same") for title in ("One", "Copy")]
    for article in store(database, *same):
        rate(database, article, score())
    other = scored(database, feed, "Other", 0.9)
    judge(database, "same")
    assert [found.article_id for found in candidates(database)] == [other]


def test_a_withdrawal_of_old_that_is_taken_in_late_does_not_make_a_candidate(
    database: Database, feed: FeedId
) -> None:
    scored(database, feed, "One", 0.9)
    with database.transaction() as connection:
        labels.add(connection, [label(text_hash="hash of One")])
        old = label(verdict=WITHDRAWN, text_hash="hash of One", labelled_at=NOW - HOUR)
        labels.add(connection, [old])
    assert candidates(database) == []


def test_what_the_last_reader_withdrew_is_a_candidate_again(
    database: Database, feed: FeedId
) -> None:
    article = scored(database, feed, "One", 0.9)
    for reader in ("ann", "bob"):
        with database.transaction() as connection:
            labels.add(connection, [label(reader=reader, text_hash="hash of One")])
    for reader, left in (("ann", []), ("bob", [article])):
        with database.transaction() as connection:
            back = label(reader=reader, verdict=WITHDRAWN, text_hash="hash of One")
            labels.append(connection, [back])
        assert [found.article_id for found in candidates(database)] == left


def test_an_edited_article_is_a_candidate_again(database: Database, feed: FeedId) -> None:
    article = scored(database, feed, "One", 0.9)
    judge(database, "hash of One")
    with database.transaction() as connection:
        connection.execute(tables.articles.update().values(content_hash="edited"))
    assert [found.article_id for found in candidates(database)] == [article]


def test_each_article_is_in_one_stratum(database: Database, feed: FeedId) -> None:
    for number, probability in enumerate((0.0, 0.49, 0.5, 1.0, None, None)):
        scored(database, feed, f"{number}", probability)
    store(database, arrival(feed, "Not scored yet"))
    assert population(database, LOW, HIGH, None) == [2, 2, 2]
    assert population(database, LOW, HIGH, None, since=NOW) == [0, 0, 0]


def test_an_article_counts_where_its_newest_score_lies(database: Database, feed: FeedId) -> None:
    article = scored(database, feed, "Title", 0.9)
    rate(database, article, score(0.1, model_version="model-2"), NOW + HOUR)
    assert population(database, LOW, HIGH) == [1, 0]
    rate(database, article, score(0.0, evidence=Evidence(), model_version="3"), NOW + 2 * HOUR)
    assert population(database, LOW, HIGH, None) == [0, 0, 1]


def test_what_was_drawn_is_not_drawn_again_but_counts_in_its_stratum(
    database: Database, feed: FeedId
) -> None:
    one, two, three = (scored(database, feed, title, 0.9) for title in ("One", "Two", "Three"))
    scored(database, feed, "Low", 0.1)
    draw(database, two)
    assert undrawn(database, HIGH) == ([one, three], 3)
    assert undrawn(database, HIGH, since=NOW) == ([], 0)
    with pytest.raises(IntegrityError):
        draw(database, two)


def test_a_labelled_article_can_be_drawn(database: Database, feed: FeedId) -> None:
    # Else the audit would favour what nobody looked at.
    article = scored(database, feed, "One", 0.9)
    judge(database, "hash of One")
    assert undrawn(database, HIGH) == ([article], 1)


def test_what_the_gate_stopped_can_be_drawn(database: Database, feed: FeedId) -> None:
    article = scored(database, feed, "Gated", None)
    scored(database, feed, "One", 0.0)
    assert undrawn(database, None) == ([article], 1)


def test_a_draw_keeps_the_probability_it_was_drawn_at(database: Database, feed: FeedId) -> None:
    article = scored(database, feed, "Title", 0.9)
    made = draw(database, article)
    assert (made.article_id, made.stratum, made.chance) == (article, "high", 0.25)
    assert (made.probability, made.drawn_at) == (0.9, NOW)
    rate(database, article, score(0.1, model_version="model-2"), NOW + HOUR)
    assert drawn(database) == [made]


def test_the_newest_probability_is_that_of_drawn_articles_which_the_model_weighs(
    database: Database, feed: FeedId
) -> None:
    old = scored(database, feed, "Old", 0.9, now=NOW - 2 * DAY)
    stayed, moved, gated, opened = (
        scored(database, feed, title, probability)
        for title, probability in (("A", 0.9), ("B", 0.8), ("C", 0.7), ("D", None))
    )
    scored(database, feed, "Never drawn", 0.6)
    for article in (old, stayed, moved, gated, opened):
        draw(database, article)
    for article, given in (
        (moved, score(0.1, model_version="model-2")),
        (gated, score(0.0, model_version="model-2", evidence=Evidence())),
        (opened, score(0.5, model_version="model-2")),
    ):
        rate(database, article, given, NOW + HOUR)
    with database.reading() as connection:
        found = audit.newest_probabilities(connection, NOW - DAY)
    assert found == {stayed: 0.9, moved: 0.1, opened: 0.5}


def test_draws_are_those_of_articles_seen_in_the_window(database: Database, feed: FeedId) -> None:
    old = scored(database, feed, "Old", 0.9, now=NOW - 2 * DAY)
    new = scored(database, feed, "New", 0.9)
    draw(database, old)
    draw(database, new)
    assert [made.article_id for made in drawn(database)] == [new]
    assert [made.article_id for made in drawn(database, NOW - 3 * DAY)] == [old, new]


def test_a_draw_waits_until_its_text_is_labelled(database: Database, feed: FeedId) -> None:
    one, two = (scored(database, feed, title, 0.9) for title in ("One", "Two"))
    gated = scored(database, feed, "Gated", None)
    made = [draw(database, article) for article in (two, gated, one)]
    found = waiting(database)
    assert [one_made for one_made, _ in found] == made
    assert [asked.article_id for _, asked in found] == [two, gated, one]
    assert found[0][1].item == Item("Two", "", "en")
    judge(database, "hash of Two")
    assert [one_made for one_made, _ in waiting(database)] == made[1:]


def test_a_rescored_draw_waits_with_both_probabilities(database: Database, feed: FeedId) -> None:
    article = scored(database, feed, "One", 0.9)
    draw(database, article)
    rate(database, article, score(0.2, model_version="model-2"), NOW + HOUR)
    ((made, asked),) = waiting(database)
    assert (made.probability, asked.probability) == (0.9, 0.2)


def test_sent_articles_are_all_those_of_the_stories_told_in_the_window(
    database: Database, feed: FeedId
) -> None:
    old = scored(database, feed, "Old", 0.9, now=NOW - 2 * DAY)
    one, two, untold = (scored(database, feed, title, 0.9) for title in ("One", "Two", "Untold"))
    story = tell_in(database, None, old, one, two)
    tell_in(database, None, untold)
    for subscription in ("desk", "other"):
        told = digest(digest_story(story), subscription=subscription)
        with database.transaction() as connection:
            digests.issue(connection, told, [Channel(ChannelKind.FILE)], NOW)
    with database.reading() as connection:
        assert audit.sent_articles(connection, NOW - DAY) == {one, two}
        assert audit.sent_articles(connection, NOW - 3 * DAY) == {old, one, two}


def test_a_draw_that_fails_leaves_nothing(database: Database, feed: FeedId) -> None:
    article = scored(database, feed, "One", 0.9)

    def draw_twice() -> None:
        with database.transaction() as connection:
            audit.draw(connection, article, "high", 0.25, NOW)
            audit.draw(connection, article, "high", 0.25, NOW)

    with pytest.raises(IntegrityError):
        draw_twice()
    assert rows_of(database, tables.draws) == []
