"""What each feed read on each day, and when it had each story, as the database tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert

from service.records import ArticleId, FeedId, StoryId, Topic
from service.storage import articles, tables
from service.storage.database import Database
from service.storage.volumes import Volumes, volumes
from service.stories.surges import surges
from tests.make import parsed_article
from tests.storage.rows import arrival, list_feeds, rate, score, store

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
# Six in the morning: a quarter of the day is over.
NOW = datetime(2026, 3, 17, 6, 0, tzinfo=UTC)
DAYS = 4
ECONOMIC, MILITARY = Topic("economic"), Topic("military")


def told(database: Database, **wishes: Any) -> Volumes:
    values: dict[str, Any] = {"until": NOW, "days": DAYS, "least": 0.5}
    with database.reading() as connection:
        return volumes(connection, **(values | wishes))


def seen(database: Database, title: str, at: datetime, *feeds: FeedId, **rating: Any) -> ArticleId:
    """Store an article that the feeds carry, with its score."""
    found = arrival(feeds[0], title, also_in=feeds[1:])
    (article,) = store(database, found, now=at)
    rate(database, article, score(**rating), now=at)
    return article


def open_story(database: Database, *members: ArticleId, at: datetime = NOW) -> StoryId:
    with database.transaction() as connection:
        row = insert(tables.stories).values(version=1, opened_at=at, updated_at=NOW)
        story = StoryId(connection.execute(row.returning(tables.stories.c.id)).scalar_one())
        rows = [{"article_id": id_, "story_id": story, "joined_at": at} for id_ in members]
        connection.execute(insert(tables.story_articles), rows)
    return story


def feed_day(
    database: Database, feed: FeedId, ago: int, new: int, polls: int = 24, failures: int = 0
) -> None:
    day = NOW.date() - ago * DAY
    with database.transaction() as connection:
        connection.execute(
            insert(tables.feed_days).values(
                feed_id=feed, day=day, polls=polls, failures=failures, new=new
            )
        )


# --- what is relevant ---------------------------------------------------------------------------


def test_a_story_and_its_articles_come_with_the_day_each_feed_had_them_first(
    database: Database,
) -> None:
    one, two = list_feeds(database, "https://one.example/rss", "https://two.example/rss")
    first = seen(database, "First", NOW - 2 * DAY - HOUR, one)
    second = seen(database, "Second", NOW - HOUR, one, two)
    story = open_story(database, first, second, at=NOW - 2 * DAY)
    volume = told(database)
    assert volume.articles == {ECONOMIC: {first: {one: 1}, second: {one: 3, two: 3}}}
    assert volume.stories == {ECONOMIC: {story: {one: 1, two: 3}}}


def test_a_feed_that_carries_an_article_later_has_it_later(database: Database) -> None:
    one, two = list_feeds(database, "https://one.example/rss", "https://two.example/rss")
    article = seen(database, "Title", NOW - DAY - HOUR, one)
    with database.transaction() as connection:
        articles.add_sightings(connection, [(article, two)], NOW - HOUR)
    open_story(database, article)
    assert told(database).articles == {ECONOMIC: {article: {one: 2, two: 3}}}


@pytest.mark.parametrize(
    ("ago", "day"),
    [(timedelta(0), 3), (DAY - HOUR, 3), (DAY, 2), (4 * DAY - HOUR, 0), (4 * DAY, None)],
)
def test_days_end_at_the_hour_of_the_digest(
    database: Database, ago: timedelta, day: int | None
) -> None:
    (feed,) = list_feeds(database, "https://one.example/rss")
    article = seen(database, "Title", NOW - ago, feed)
    open_story(database, article)
    expected = {} if day is None else {ECONOMIC: {article: {feed: day}}}
    assert told(database).articles == expected


def test_what_is_in_no_story_is_too_improbable_or_in_another_language_is_left_out(
    database: Database,
) -> None:
    (feed,) = list_feeds(database, "https://one.example/rss")
    seen(database, "Loose", NOW, feed)
    unlikely = seen(database, "Unlikely", NOW, feed, probability=0.6)
    counted = seen(database, "Counted", NOW, feed, probability=0.8)
    russian = parsed_article("Russian", language="ru")
    (other,) = store(database, arrival(feed, "Russian", article=russian), now=NOW)
    rate(database, other, score(0.9))
    open_story(database, unlikely, counted, other)
    assert set(told(database, least=0.7).articles[ECONOMIC]) == {counted, other}
    assert set(told(database, least=0.7, languages=("en",)).articles[ECONOMIC]) == {counted}


def test_an_article_counts_by_its_newest_score(database: Database) -> None:
    (feed,) = list_feeds(database, "https://one.example/rss")
    gone = seen(database, "Gone", NOW, feed, probability=0.9, model_version="model-9")
    rate(database, gone, score(0.1, model_version="model-10"), now=NOW + HOUR)
    turned = seen(database, "Turned", NOW, feed, model_version="model-9")
    rate(database, turned, score(topics=(MILITARY,), model_version="model-10"), now=NOW + HOUR)
    open_story(database, gone, turned)
    assert told(database).articles == {MILITARY: {turned: {feed: 3}}}


def test_an_article_of_two_topics_counts_for_both(database: Database) -> None:
    (feed,) = list_feeds(database, "https://one.example/rss")
    both = seen(database, "Both", NOW, feed, topics=(ECONOMIC, MILITARY))
    story = open_story(database, both)
    assert told(database).stories == {ECONOMIC: {story: {feed: 3}}, MILITARY: {story: {feed: 3}}}


def test_a_story_that_opened_before_is_no_news_of_these_days(database: Database) -> None:
    (feed,) = list_feeds(database, "https://one.example/rss")
    late = seen(database, "Late", NOW, feed)
    open_story(database, late, at=NOW - DAYS * DAY)
    assert told(database).stories == {}


# --- what was read ------------------------------------------------------------------------------


def test_a_day_is_the_late_part_of_one_and_the_early_part_of_the_next(database: Database) -> None:
    (feed,) = list_feeds(database, "https://one.example/rss")
    for ago, new in enumerate([7, 40, 80, 120, 160]):
        feed_day(database, feed, ago, new)
    # Nothing tells how reading is spread over a day: a quarter lies before six.
    assert [day[feed] for day in told(database).read] == [150, 110, 70, 30 + 7]


def test_how_reading_is_spread_over_a_day_is_learnt_from_the_week(database: Database) -> None:
    (feed,) = list_feeds(database, "https://one.example/rss")
    midnight = NOW - 6 * HOUR
    for ago in range(1, 8):
        early = midnight - ago * DAY + HOUR
        store(database, arrival(feed, f"Early {ago}"), now=early)
        store(database, *(arrival(feed, f"Late {ago} {n}") for n in range(9)), now=early + DAY / 2)
    for ago, new in enumerate([1, 10, 20]):
        feed_day(database, feed, ago, new)
    assert [round(day[feed], 6) for day in told(database).read[-2:]] == [19, 10]


def test_a_feed_that_did_not_answer_was_not_read(database: Database) -> None:
    well, down, away = list_feeds(database, *(f"https://{n}.example/rss" for n in range(3)))
    for ago in range(DAYS + 1):
        feed_day(database, well, ago, 40)
        feed_day(database, down, ago, 40, failures=24 if ago == 2 else 23)
        if ago != 2:
            feed_day(database, away, ago, 40)
    # A day is of two of the calendar: one without an answer leaves two out.
    assert [set(day) for day in told(database).read] == [
        {well, down, away},
        {well},
        {well},
        {well, down, away},
    ]


def test_a_slow_feed_that_was_not_asked_yet_today_was_read(database: Database) -> None:
    slow, down = list_feeds(database, "https://one.example/rss", "https://two.example/rss")
    feed_day(database, slow, 1, 40)
    feed_day(database, down, 1, 40)
    feed_day(database, down, 0, 0, polls=3, failures=3)
    assert told(database).read[-1] == {slow: 30}


def test_a_digest_at_midnight_has_the_day_that_is_over(database: Database) -> None:
    (feed,) = list_feeds(database, "https://one.example/rss")
    for ago, new in enumerate([0, 40, 80]):
        feed_day(database, feed, ago, new)
    assert [day.get(feed) for day in told(database, until=NOW - 6 * HOUR).read][-2:] == [80, 40]


def test_a_database_without_anything_has_days_without_anything(database: Database) -> None:
    assert told(database) == Volumes(({},) * DAYS, {}, {})


def test_no_table_of_articles_is_read_whole(database: Database) -> None:
    (feed,) = list_feeds(database, "https://one.example/rss")
    open_story(database, *(seen(database, f"Title {n}", NOW, feed) for n in range(3)))
    statements: list[tuple[str, Any]] = []
    with database.reading() as connection:
        event.listen(
            connection,
            "before_cursor_execute",
            lambda *sent: statements.append((sent[2], sent[3])),
        )
        volumes(connection, NOW, DAYS, 0.5, ("en",))
        asked = [pair for pair in statements if pair[0].startswith("SELECT")]
        plans = [
            row[3]
            for statement, values in asked
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    assert any("articles" in plan for plan in plans)
    assert [plan for plan in plans if plan.startswith("SCAN")] == []


# --- both together ------------------------------------------------------------------------------


@pytest.mark.parametrize("added", [False, True])
def test_a_surge_is_found_in_what_the_database_tells_but_not_in_a_feed_just_added(
    database: Database, added: bool
) -> None:
    old, new = list_feeds(database, "https://one.example/rss", "https://two.example/rss")
    days = 35
    for ago in range(days + 1):
        feed_day(database, old, ago, 40)
        for number in range(3 if ago % 2 else 4):
            at = NOW - ago * DAY - HOUR
            open_story(database, seen(database, f"{ago} {number}", at, old), at=at)
    feed_day(database, new, 0, 40)
    for number in range(12):
        article = seen(database, f"More {number}", NOW - HOUR, new if added else old)
        open_story(database, article, at=NOW - HOUR)
    volume = told(database, days=days)
    found = surges(volume.read, volume.stories, volume.articles, NOW.date())
    assert [(one.topic, one.observed) for one in found] == ([] if added else [(ECONOMIC, 16)])
