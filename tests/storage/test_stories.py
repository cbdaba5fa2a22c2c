from __future__ import annotations

from datetime import datetime, timedelta

from service.records import Affiliation, Evidence, Story, Topic
from service.storage import feeds, stories, tables
from service.storage.database import Database
from tests.make import NOW, feed_config, parsed_article
from tests.storage.rows import arrival, list_feeds, rate, rows_of, score, some_story, store, tell_in

FEED = "https://feed.example/rss"
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)


def told(database: Database, since: datetime, until: datetime) -> list[Story]:
    with database.reading() as connection:
        return stories.updated_between(connection, since, until)


def test_a_new_story_opens_with_its_articles(database: Database) -> None:
    (feed,) = list_feeds(database, FEED)
    one, two = store(database, arrival(feed, "One"), arrival(feed, "Two"))
    for article in (one, two):
        rate(database, article, score())
    story_id = tell_in(database, None, one, two)
    (story,) = told(database, NOW - HOUR, NOW)
    assert (story.id, story.version) == (story_id, 1)
    assert (story.opened_at, story.updated_at) == (NOW, NOW)
    assert [report.article.id for report in story.reports] == [one, two]


def test_an_article_that_joins_a_story_makes_it_new_again_with_every_report(
    database: Database,
) -> None:
    (feed,) = list_feeds(database, FEED)
    one, two = store(database, arrival(feed, "One"), arrival(feed, "Two"))
    for article in (one, two):
        rate(database, article, score())
    story_id = tell_in(database, None, one)
    assert tell_in(database, story_id, two, now=NOW + HOUR) == story_id
    (story,) = told(database, NOW, NOW + HOUR)
    assert (story.opened_at, story.updated_at) == (NOW, NOW + HOUR)
    assert [report.article.id for report in story.reports] == [one, two]


def test_a_story_is_in_one_window_or_the_next_never_in_both(database: Database) -> None:
    story_id = some_story(database)
    windows = [(NOW - HOUR, NOW - TICK), (NOW - TICK, NOW), (NOW, NOW + HOUR)]
    found = [[story.id for story in told(database, *window)] for window in windows]
    assert found == [[], [story_id], []]


def test_a_report_says_who_tells_what_and_why_it_counts(database: Database) -> None:
    listed = feed_config(FEED, outlet="IRNA", language="fa", affiliation=Affiliation.STATE)
    with database.transaction() as connection:
        feeds.sync_listed(connection, [listed], NOW)
    (feed,) = (row.id for row in rows_of(database, tables.feeds))
    parsed = parsed_article("Title", summary="Lead.", published_at=NOW - HOUR)
    (article,) = store(database, arrival(feed, article=parsed))
    given = score(0.75, topics=(Topic("military"), Topic("economic")))
    rate(database, article, given)
    tell_in(database, None, article)
    (report,) = told(database, NOW - HOUR, NOW)[0].reports
    assert (report.probability, report.topics) == (0.75, given.topics)
    assert report.evidence == given.evidence
    assert (report.article.outlet, report.article.affiliation) == ("IRNA", Affiliation.STATE)
    assert (report.article.title, report.article.summary) == ("Title", "Lead.")
    assert (report.article.url, report.article.language) == (parsed.url, "fa")
    assert (report.article.published_at, report.article.seen_at) == (NOW - HOUR, NOW)


def test_a_score_without_evidence_is_read_as_empty_evidence(database: Database) -> None:
    (feed,) = list_feeds(database, FEED)
    (article,) = store(database, arrival(feed))
    rate(database, article, score(evidence=Evidence()))
    tell_in(database, None, article)
    (story,) = told(database, NOW - HOUR, NOW)
    assert story.reports[0].evidence == Evidence()


def test_the_newest_score_is_used_whatever_the_models_are_called(database: Database) -> None:
    (feed,) = list_feeds(database, FEED)
    (article,) = store(database, arrival(feed))
    rate(database, article, score(0.9, model_version="model-9"), NOW)
    rate(database, article, score(0.6, model_version="model-10"), NOW + HOUR)
    tell_in(database, None, article)
    (story,) = told(database, NOW - HOUR, NOW)
    assert [report.probability for report in story.reports] == [0.6]


def test_each_report_uses_its_own_newest_score(database: Database) -> None:
    (feed,) = list_feeds(database, FEED)
    one, two = store(database, arrival(feed, "One"), arrival(feed, "Two"))
    rate(database, one, score(0.7), NOW)
    rate(database, two, score(0.8), NOW + HOUR)
    tell_in(database, None, one, two)
    (story,) = told(database, NOW - HOUR, NOW)
    assert [report.probability for report in story.reports] == [0.7, 0.8]


def test_two_models_scores_of_one_moment_give_one_report(database: Database) -> None:
    (feed,) = list_feeds(database, FEED)
    (article,) = store(database, arrival(feed))
    rate(database, article, score(0.9, model_version="model-1"))
    rate(database, article, score(0.6, model_version="model-2"))
    tell_in(database, None, article)
    (story,) = told(database, NOW - HOUR, NOW)
    assert [report.article.id for report in story.reports] == [article]


def test_a_story_of_a_feed_that_left_the_configuration_is_still_told(database: Database) -> None:
    story_id = some_story(database)
    list_feeds(database)
    assert [story.id for story in told(database, NOW - HOUR, NOW)] == [story_id]
