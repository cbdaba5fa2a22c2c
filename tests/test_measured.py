"""What is known of the service in use, from the labels in the database."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from service.learning.audit import FEWEST_PER_SIDE, GATE, Audit, cells_at, share
from service.measured import measure
from service.records import ArticleId, Channel, ChannelKind, Evidence, FeedId, Verdict
from service.storage import audit, digests, labels
from service.storage.database import Database
from tests.labelled import NOT_RELEVANT, RELEVANT, UNSURE, WITHDRAWN, label
from tests.make import NOW, digest, digest_story
from tests.storage.rows import arrival, list_feeds, rate, score, store, tell_in

SINCE = NOW - timedelta(days=30)


@pytest.fixture
def feed(database: Database) -> FeedId:
    (listed,) = list_feeds(database, "https://feed.example/rss")
    return listed


def scored(
    database: Database, feed: FeedId, count: int, probability: float | None, now: datetime = NOW
) -> list[ArticleId]:
    ids = store(
        database, *(arrival(feed, f"{probability} {now} {n}") for n in range(count)), now=now
    )
    given = score(0.0, evidence=Evidence()) if probability is None else score(probability)
    for article in ids:
        rate(database, article, given)
    return ids


def draw(database: Database, *drawn: ArticleId, stratum: str = "any") -> None:
    with database.transaction() as connection:
        for article in drawn:
            audit.draw(connection, article, stratum, 0.1, NOW)


def say(
    database: Database,
    article: ArticleId,
    verdict: Verdict = RELEVANT,
    reader: str = "ann",
    at: datetime = NOW,
) -> None:
    given = label(f"{article}", verdict, reader, article_id=article, labelled_at=at)
    with database.transaction() as connection:
        labels.add(connection, [given])


def send(database: Database, *articles: ArticleId) -> None:
    story = tell_in(database, None, *articles)
    with database.transaction() as connection:
        digests.issue(connection, digest(digest_story(story)), [Channel(ChannelKind.FILE)], NOW)


def measured(database: Database, threshold: float = 0.5) -> Audit:
    with database.reading() as connection:
        return measure(connection, SINCE, threshold)


def test_nothing_is_known_before_anything_was_drawn(database: Database, feed: FeedId) -> None:
    scored(database, feed, 3, 0.7)
    found = measured(database)
    assert [(cell.low, cell.high) for cell in found.cells] == cells_at(0.5)
    assert (found.answered, found.recall, found.precision) == (0, None, None)
    assert (found.gate_missed, found.feedback, found.threshold) == (None, None, 0.5)


def test_recall_and_precision_come_of_the_draws_that_were_answered(
    database: Database, feed: FeedId
) -> None:
    high, low = scored(database, feed, 20, 0.7), scored(database, feed, 20, 0.3)
    draw(database, *high, *low)
    for n, article in enumerate((*high, *low)):
        say(database, article, RELEVANT if n < 16 or n >= 36 else NOT_RELEVANT)
    found = measured(database)
    assert found.answered == 40
    assert found.recall is not None
    assert found.precision is not None
    # Everything was read, so there is nothing to guess.
    assert (found.recall.low, found.recall.high) == (0.8, 0.8)
    assert (found.precision.low, found.precision.high) == (0.8, 0.8)


def test_cells_hold_all_articles_of_the_window_and_the_answers_to_the_draws(
    database: Database, feed: FeedId
) -> None:
    old = scored(database, feed, 1, 0.7, now=SINCE)
    high, low = scored(database, feed, 5, 0.7), scored(database, feed, 4, 0.55)
    gated = scored(database, feed, 3, None)
    draw(database, *old, high[0], high[1], low[0], gated[0])
    for article in (*old, high[0], high[2], low[0]):
        say(database, article)
    cells = {
        (c.low, c.high): (c.articles, c.answered, c.relevant) for c in measured(database).cells
    }
    assert cells[0.6, 0.8] == (5, 1, 1)
    assert cells[0.5, 0.6] == (4, 1, 1)
    assert sum(held for held, _, _ in cells.values()) == 9
    moved = {(c.low, c.high): c.articles for c in measured(database, 0.55).cells}
    assert (moved[0.4, 0.55], moved[0.55, 0.6]) == (0, 4)


def test_ties_unsure_and_withdrawn_are_no_answers(database: Database, feed: FeedId) -> None:
    tied, unsure, withdrawn, told = ids = scored(database, feed, 4, 0.7)
    draw(database, *ids)
    say(database, tied)
    say(database, tied, NOT_RELEVANT, "bob")
    say(database, unsure, UNSURE)
    say(database, withdrawn)
    say(database, withdrawn, WITHDRAWN)
    say(database, told)
    assert measured(database).answered == 1


def test_the_gate_is_told_apart(database: Database, feed: FeedId) -> None:
    gated = scored(database, feed, FEWEST_PER_SIDE, None)
    draw(database, *gated, stratum=GATE)
    for article in gated[1:]:
        say(database, article, NOT_RELEVANT)
    assert (measured(database).gate_answered, measured(database).gate_missed) == (7, None)
    say(database, gated[0])
    found = measured(database)
    assert found.gate_missed == share(1, FEWEST_PER_SIDE)
    assert all(cell.answered == 0 for cell in found.cells)


def rescore(database: Database, article: ArticleId, probability: float | None) -> None:
    """Give an edited article another score."""
    changed = {"evidence": Evidence()} if probability is None else {}
    given = score(probability or 0.0, model_version="model-2", **changed)
    rate(database, article, given, NOW + timedelta(hours=1))


def test_an_answer_counts_where_its_article_lies_now_as_the_size_does(
    database: Database, feed: FeedId
) -> None:
    moved, *stayed = scored(database, feed, 3, 0.3)
    draw(database, moved, stayed[0])
    for article in (moved, stayed[0]):
        say(database, article, NOT_RELEVANT)
    rescore(database, moved, 0.7)
    cells = {(c.low, c.high): (c.articles, c.answered) for c in measured(database).cells}
    assert (cells[0.2, 0.4], cells[0.6, 0.8]) == ((2, 1), (1, 1))


def test_what_an_edit_took_across_the_gate_answers_for_neither_side(
    database: Database, feed: FeedId
) -> None:
    weighed, gated = scored(database, feed, 2, 0.7), scored(database, feed, 2, None)
    draw(database, *weighed)
    draw(database, *gated, stratum=GATE)
    for article in (*weighed, *gated):
        say(database, article)
    assert (measured(database).answered, measured(database).gate_answered) == (2, 2)
    rescore(database, weighed[0], None)
    rescore(database, gated[0], 0.7)
    found = measured(database)
    assert (found.answered, found.gate_answered) == (1, 1)
    assert sum(cell.articles for cell in found.cells) == 2


def test_a_label_dated_in_the_future_is_an_answer_like_any_other(
    database: Database, feed: FeedId
) -> None:
    high, low = scored(database, feed, 20, 0.7), scored(database, feed, 20, 0.3)
    draw(database, *high, *low)
    for article in (*high, *low):
        say(database, article, at=NOW + timedelta(days=400))
    found = measured(database)
    assert found.answered == 40
    assert found.recall is not None
    assert found.recall.value == 0.5


def test_feedback_is_what_readers_said_of_sent_articles(database: Database, feed: FeedId) -> None:
    sent, unsent = scored(database, feed, 12, 0.9), scored(database, feed, 9, 0.8)
    send(database, *sent)
    for article in (*sent[:7], *unsent):
        say(database, article)
    assert (measured(database).feedback, measured(database).feedback_answers) == (None, 7)
    say(database, sent[7], NOT_RELEVANT)
    say(database, sent[8], UNSURE)
    say(database, sent[9])
    say(database, sent[9], NOT_RELEVANT, "bob")
    found = measured(database)
    assert (found.feedback, found.feedback_answers) == (share(7, 8), 8)
    # Nobody was asked about them at random.
    assert found.answered == 0


def test_two_readers_of_one_sent_article_are_one_answer(database: Database, feed: FeedId) -> None:
    (article,) = scored(database, feed, 1, 0.9)
    send(database, article)
    for reader in ("ann", "bob", "eve"):
        say(database, article, NOT_RELEVANT if reader == "eve" else RELEVANT, reader)
    assert measured(database).feedback_answers == 1
