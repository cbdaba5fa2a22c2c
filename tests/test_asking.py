"""What readers are asked next, and what becomes of their answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random

import pytest

from service.asking import Asker, Question, answer, withdraw
from service.errors import InputError
from service.learning.audit import GATE, strata
from service.records import (
    ArticleId,
    Draw,
    Evidence,
    FeedId,
    Item,
    Label,
    Origin,
    Said,
    Topic,
    Verdict,
)
from service.storage import articles, audit, labels, tables
from service.storage.database import Database
from service.stories.identity import text_hash
from service.wiring.models import encoder
from tests.labelled import MILITARY, NOT_RELEVANT, RELEVANT, UNSURE, WITHDRAWN, label
from tests.learning.small_topic import ECONOMIC, FINDER, OTHERS
from tests.learning.small_topic import MILITARY as MILITARY_LINES
from tests.make import NOW, parsed_article
from tests.storage.rows import arrival, list_feeds, rate, rows_of, score, store, tell_in

HOUR = timedelta(hours=1)
WINDOW = timedelta(days=30)
LINES = f"{MILITARY_LINES}{ECONOMIC}{OTHERS}".replace("\n\n", "\n").strip().splitlines()
LONG = (
    "Freedonia and Sylvania sign a long and detailed agreement on the railway from coast to coast"
)


@pytest.fixture
def feed(database: Database) -> FeedId:
    (listed,) = list_feeds(database, "https://feed.example/rss")
    return listed


def scored(
    database: Database,
    feed: FeedId,
    title: str,
    probability: float | None = 0.5,
    *,
    summary: str = "",
    now: datetime = NOW,
) -> ArticleId:
    """Store an article with a score; the gate stopped it where there is no probability."""
    told = parsed_article(title, summary=summary)
    number = len(rows_of(database, tables.articles))
    known = {"content_hash": text_hash(title, summary), "keys": (f"key {number}",)}
    (article,) = store(database, arrival(feed, title, article=told, **known), now=now)
    given = score(0.0, evidence=Evidence()) if probability is None else score(probability)
    rate(database, article, given, now)
    return article


def fill(database: Database, feed: FeedId, number: int = 40) -> list[ArticleId]:
    """Store articles from the whole range of probabilities."""
    return [
        scored(database, feed, line, (n + 0.5) / number) for n, line in enumerate(LINES[:number])
    ]


def asker(database: Database, chance: Callable[[], float] | None = None) -> Asker:
    return Asker(database, FINDER, encoder(), 0.5, WINDOW, chance or Random(1).random)


def said(verdict: Verdict = RELEVANT, *topics: Topic, at: datetime = NOW) -> Said:
    return Said(verdict, topics, "ann", Origin.WEB, at, seconds=2.5)


def say(database: Database, article: ArticleId, given: Said, *, copies: bool = True) -> list[Label]:
    with database.reading() as connection:
        found = articles.find(connection, article)
    assert found is not None
    return answer(database, found, given, copies=copies)


def current(database: Database) -> list[Label]:
    with database.reading() as connection:
        return labels.current(connection)


def draws(database: Database) -> list[Draw]:
    with database.reading() as connection:
        return audit.drawn(connection, NOW - WINDOW)


def asked(questions: Sequence[Question]) -> list[ArticleId]:
    return [question.candidate.article_id for question in questions]


# --- questions -------------------------------------------------------------------------------


def test_one_question_in_four_is_the_audits(database: Database, feed: FeedId) -> None:
    fill(database, feed)
    questions = asker(database).questions(20, NOW)
    assert [question.draw is not None for question in questions] == [False, False, False, True] * 5
    assert len(set(asked(questions))) == 20
    assert all(
        question.draw is None or question.draw.article_id == question.candidate.article_id
        for question in questions
    )


@pytest.mark.parametrize(("count", "audited"), [(0, 0), (1, 0), (3, 0), (4, 1), (7, 1), (8, 2)])
def test_as_many_questions_are_asked_as_are_wanted(
    database: Database, feed: FeedId, count: int, audited: int
) -> None:
    fill(database, feed, 12)
    questions = asker(database).questions(count, NOW)
    assert len(questions) == count
    assert len([question for question in questions if question.draw]) == audited


def test_a_question_says_why_it_is_asked(database: Database, feed: FeedId) -> None:
    fill(database, feed, 8)
    *informative, audited = asker(database).questions(4, NOW)
    assert {question.why for question in informative} == {"its answer teaches most"}
    assert audited.draw is not None
    assert "at random" in audited.why
    # It would tell what the model thinks of the article.
    assert audited.draw.stratum not in audited.why


def test_uncertain_articles_are_asked_about_first(database: Database, feed: FeedId) -> None:
    scored(database, feed, LINES[0], 0.999)
    doubted = scored(database, feed, LINES[25], 0.5)
    scored(database, feed, LINES[12], 0.001)
    assert asked(asker(database).questions(1, NOW)) == [doubted]


def test_what_resembles_an_answered_article_is_asked_about_last(
    database: Database, feed: FeedId
) -> None:
    answered = scored(database, feed, LINES[10])
    alike = scored(database, feed, f"{LINES[10]}, they said")
    other = scored(database, feed, LINES[30])
    say(database, answered, said())
    assert asked(asker(database).questions(2, NOW)) == [other, alike]


def test_copies_are_asked_about_once(database: Database, feed: FeedId) -> None:
    for _ in range(3):
        scored(database, feed, LINES[0])
    assert len(asker(database).questions(3, NOW)) == 1


@pytest.mark.parametrize("verdict", [RELEVANT, NOT_RELEVANT, UNSURE])
def test_a_labelled_text_is_never_asked_about_again(
    database: Database, feed: FeedId, verdict: Verdict
) -> None:
    fill(database, feed, 12)
    scored(database, feed, LINES[0])
    seen: list[str] = []
    for _ in range(4):
        for question in asker(database).questions(4, NOW):
            seen.append(question.candidate.text_hash)
            say(database, question.candidate.article_id, said(verdict))
    assert len(seen) == len(set(seen)) == 12


def test_nothing_to_ask_about_gives_no_questions(database: Database, feed: FeedId) -> None:
    assert asker(database).questions(20, NOW) == []
    scored(database, feed, LINES[0], now=NOW - WINDOW)
    assert asker(database).questions(20, NOW) == []
    assert draws(database) == []


def test_what_the_gate_stopped_is_asked_about_for_the_audit_alone(
    database: Database, feed: FeedId
) -> None:
    gated = [scored(database, feed, f"Elsewhere, part {n}", None) for n in range(3)]
    questions = asker(database).questions(8, NOW)
    assert {question.draw.stratum for question in questions if question.draw} == {GATE}
    assert set(asked(questions)) < set(gated)
    assert len(questions) == 2


# --- draws -----------------------------------------------------------------------------------


def test_the_chance_of_a_draw_is_one_in_its_stratum(database: Database, feed: FeedId) -> None:
    fill(database, feed)
    for n in range(4):
        scored(database, feed, f"Elsewhere, part {n}", None)
    asker(database).questions(40, NOW)
    spans, found = strata(), draws(database)
    assert len(found) == 10
    with database.reading() as connection:
        held = audit.population(connection, NOW - WINDOW, list(spans.values()))
    sizes = dict(zip(spans, held, strict=True))
    assert sum(sizes.values()) == 44
    for made in found:
        assert made.chance == pytest.approx(1 / sizes[made.stratum])
        span = spans[made.stratum]
        assert span is None or span[0] <= made.probability < span[1]
    assert len({made.stratum for made in found}) > 3


@pytest.mark.parametrize(("chance", "place"), [(0.0, 0), (0.5, 4), (0.999, 7)])
def test_chance_alone_picks_the_article(
    database: Database, feed: FeedId, chance: float, place: int
) -> None:
    ids = [scored(database, feed, line, 0.5) for line in LINES[:8]]
    asker(database, lambda: chance).questions(4, NOW)
    assert [made.article_id for made in draws(database)] == [ids[place]]


def test_draws_that_wait_are_asked_again_before_new_ones_are_made(
    database: Database, feed: FeedId
) -> None:
    fill(database, feed)
    first = [q for q in asker(database).questions(8, NOW) if q.draw]
    later = [q for q in asker(database).questions(8, NOW + HOUR) if q.draw]
    assert later == first
    assert len(draws(database)) == 2
    more = [q for q in asker(database).questions(16, NOW + HOUR) if q.draw]
    assert more[:2] == first
    assert [q.draw.drawn_at for q in more if q.draw] == [NOW, NOW, NOW + HOUR, NOW + HOUR]


def test_an_answered_draw_makes_room_for_a_new_one(database: Database, feed: FeedId) -> None:
    fill(database, feed)
    (first,) = [q for q in asker(database).questions(4, NOW) if q.draw]
    say(database, first.candidate.article_id, said())
    (second,) = [q for q in asker(database).questions(4, NOW) if q.draw]
    assert second.candidate.article_id != first.candidate.article_id
    assert len(draws(database)) == 2


def test_a_draw_is_not_asked_about_as_informative_too(database: Database, feed: FeedId) -> None:
    fill(database, feed, 4)
    questions = asker(database).questions(4, NOW)
    assert sorted(asked(questions)) == sorted(set(asked(questions)))
    assert len(questions) == 4


def test_drawing_ends_when_everything_was_drawn(database: Database, feed: FeedId) -> None:
    ids = fill(database, feed, 3)
    questions = asker(database).questions(40, NOW)
    assert sorted(made.article_id for made in draws(database)) == ids
    assert sorted(asked(questions)) == ids
    assert asker(database).questions(40, NOW) == questions


# --- answers ---------------------------------------------------------------------------------


def test_an_answer_is_taken_down_with_the_text_as_it_stood(
    database: Database, feed: FeedId
) -> None:
    article = scored(database, feed, LONG, summary="Lead.")
    given = say(database, article, said(RELEVANT, MILITARY))
    (found,) = current(database)
    assert found == label(
        item=Item(LONG, "Lead.", "en"),
        topics=(MILITARY,),
        origin=Origin.WEB,
        url=found.url,
        article_id=article,
        seconds=2.5,
        id=found.id,
    )
    assert found.url is not None
    assert [one.text_hash for one in given] == [found.text_hash]


def test_the_draw_that_is_answered_is_noted(database: Database, feed: FeedId) -> None:
    fill(database, feed, 8)
    (question,) = [q for q in asker(database).questions(4, NOW) if q.draw]
    assert question.draw is not None
    drawn = Said(RELEVANT, (), "ann", Origin.CLI, NOW, 1.0, question.draw.id)
    say(database, question.candidate.article_id, drawn)
    assert [one.draw for one in current(database)] == [question.draw.id]


@pytest.mark.parametrize("verdict", [NOT_RELEVANT, UNSURE, WITHDRAWN])
def test_only_what_is_relevant_has_topics(
    database: Database, feed: FeedId, verdict: Verdict
) -> None:
    article = scored(database, feed, LONG)
    with pytest.raises(InputError, match="topics") as caught:
        say(database, article, said(verdict, MILITARY))
    assert caught.value.mend
    assert current(database) == []


@pytest.fixture
def copied(database: Database, feed: FeedId) -> list[ArticleId]:
    """An article, a near copy and another text in its story, and a near copy in another story."""
    own = [
        scored(database, feed, title)
        for title in (LONG, LONG.replace("long", "lone"), "Wolves cross from Freedonia")
    ]
    elsewhere = scored(database, feed, LONG.replace("detailed", "detained"))
    loose = scored(database, feed, LONG.upper())
    tell_in(database, None, *own)
    tell_in(database, None, elsewhere)
    return [*own, elsewhere, loose]


def test_a_label_spreads_to_near_copies_within_the_story_only(
    database: Database, copied: list[ArticleId]
) -> None:
    article, copy, *_ = copied
    given = say(database, article, said(RELEVANT, MILITARY))
    assert [one.article_id for one in given] == [article, copy]
    found = {one.article_id: one for one in current(database)}
    assert set(found) == {article, copy}
    assert {one.verdict for one in given} == {RELEVANT}
    assert {one.topics for one in given} == {(MILITARY,)}
    # The copy's label is about its own text, and took the reader no time.
    assert found[copy].item.title == LONG.replace("long", "lone")
    assert found[copy].text_hash == text_hash(LONG.replace("long", "lone"), "")
    assert (found[article].seconds, found[copy].seconds) == (2.5, None)


def test_a_copy_spreads_its_label_to_the_original(
    database: Database, copied: list[ArticleId]
) -> None:
    article, copy, *_ = copied
    given = say(database, copy, said())
    assert [one.article_id for one in given] == [copy, article]


def test_copies_are_left_alone_where_the_reader_wants_it_so(
    database: Database, copied: list[ArticleId]
) -> None:
    given = say(database, copied[0], said(), copies=False)
    assert [one.article_id for one in given] == [one.article_id for one in current(database)]
    assert [one.article_id for one in given] == [copied[0]]


def test_an_article_without_a_story_has_no_copies(
    database: Database, copied: list[ArticleId]
) -> None:
    assert len(say(database, copied[-1], said())) == 1


def test_a_change_of_mind_holds_for_the_copies_too(
    database: Database, copied: list[ArticleId]
) -> None:
    say(database, copied[0], said())
    say(database, copied[1], said(NOT_RELEVANT, at=NOW + HOUR))
    assert [one.verdict for one in current(database)] == [NOT_RELEVANT, NOT_RELEVANT]
    with database.reading() as connection:
        assert len(labels.history(connection)) == 4


def test_what_is_withdrawn_is_taken_back_from_the_copies_and_stays_in_the_history(
    database: Database, copied: list[ArticleId]
) -> None:
    given = say(database, copied[0], said(RELEVANT, MILITARY))
    withdraw(database, given, NOW + HOUR)
    assert current(database) == []
    with database.reading() as connection:
        told = labels.history(connection)
    assert [one.verdict for one in told] == [RELEVANT, RELEVANT, WITHDRAWN, WITHDRAWN]
    assert {(one.topics, one.seconds, one.draw) for one in told[2:]} == {((), None, None)}


def test_answers_and_withdrawals_of_one_instant_hold_in_the_order_they_came(
    database: Database, copied: list[ArticleId]
) -> None:
    for _ in range(3):
        given = say(database, copied[0], said(RELEVANT, MILITARY))
        assert [one.verdict for one in current(database)] == [RELEVANT, RELEVANT]
        withdraw(database, given, NOW)
        assert current(database) == []
    say(database, copied[0], said(NOT_RELEVANT))
    assert [one.verdict for one in current(database)] == [NOT_RELEVANT, NOT_RELEVANT]


def test_who_speaks_now_is_heard_though_a_label_of_theirs_is_dated_later(
    database: Database, feed: FeedId
) -> None:
    article = scored(database, feed, LONG)
    with database.transaction() as connection:
        labels.add(connection, [label(LONG, labelled_at=NOW + timedelta(days=900))])
    (given,) = say(database, article, said(NOT_RELEVANT))
    assert [one.verdict for one in current(database)] == [NOT_RELEVANT]
    assert current(database)[0].labelled_at == given.labelled_at


def test_what_was_said_before_does_not_come_back_when_a_label_is_withdrawn(
    database: Database, feed: FeedId
) -> None:
    article = scored(database, feed, LONG)
    say(database, article, said(NOT_RELEVANT))
    given = say(database, article, said(RELEVANT, at=NOW + HOUR))
    withdraw(database, given, NOW + 2 * HOUR)
    assert current(database) == []
