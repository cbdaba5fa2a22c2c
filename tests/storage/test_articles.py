from __future__ import annotations

from datetime import timedelta

from service.records import (
    ArticleId,
    Evidence,
    FeedId,
    IdentifiedArticle,
    KnownArticle,
    Mention,
    ParsedArticle,
    Topic,
)
from service.storage import articles, tables
from service.storage.database import Database
from service.storage.documents import EVIDENCE
from tests.make import NOW, feed_config, parsed_article
from tests.storage.rows import arrival, list_feeds, rate, rows_of, score, store

LATER = NOW + timedelta(hours=1)
A, B, C = (f"https://{name}.example/rss" for name in "abc")


def known(database: Database, *keys: str) -> dict[str, KnownArticle]:
    with database.reading() as connection:
        return articles.find_known(connection, keys)


def edit(database: Database, id_: ArticleId, feed: FeedId, changed: ParsedArticle) -> None:
    stored = KnownArticle(id_, feed, "old hash")
    with database.transaction() as connection:
        articles.edit(
            connection, [(stored, IdentifiedArticle(changed, ("key",), "new hash"))], LATER
        )


def test_a_stored_article_is_known_by_each_of_its_keys(database: Database) -> None:
    (feed,) = list_feeds(database, A)
    (id_,) = store(database, arrival(feed, keys=("address", "guid"), content_hash="hash"))
    stored = KnownArticle(id_, feed, "hash")
    assert known(database, "address", "other", "guid") == {"address": stored, "guid": stored}


def test_nothing_is_asked_and_nothing_known_without_keys(database: Database) -> None:
    assert known(database) == {}


def test_more_keys_than_one_statement_takes_are_all_found(database: Database) -> None:
    (feed,) = list_feeds(database, A)
    keys = [f"key {n}" for n in range(2 * articles.CHUNK + 1)]
    (id_,) = store(database, arrival(feed, keys=tuple(keys)))
    found = known(database, *keys)
    assert found.keys() == set(keys)
    assert {article.id for article in found.values()} == {id_}


def test_ids_come_back_in_the_order_of_the_articles(database: Database) -> None:
    (feed,) = list_feeds(database, A)
    # More than SQLAlchemy puts into one statement.
    titles = [f"Title {n}" for n in range(1200, 0, -1)]
    ids = store(database, *(arrival(feed, title) for title in titles))
    stored = {row.id: row.title for row in rows_of(database, tables.articles)}
    assert [stored[id_] for id_ in ids] == titles


def test_storing_nothing_is_fine(database: Database) -> None:
    assert store(database) == []


def test_an_article_is_stored_as_the_feed_tells_it(database: Database) -> None:
    (feed,) = list_feeds(database, A)
    told = parsed_article("تهران و مسکو", summary="Лид 🚂", published_at=NOW - timedelta(days=1))
    store(database, arrival(feed, article=told))
    (row,) = rows_of(database, tables.articles)
    assert (row.title, row.summary, row.url) == (told.title, told.summary, told.url)
    assert (row.published_at, row.seen_at, row.edited_at) == (told.published_at, NOW, None)


def test_the_language_is_that_of_the_entry_or_else_of_the_feed(database: Database) -> None:
    (feed,) = list_feeds(database, A)
    store(
        database,
        arrival(feed, "Own", article=parsed_article(language="ru")),
        arrival(feed, "Feed's", article=parsed_article(language=None)),
    )
    languages = [row.language for row in rows_of(database, tables.articles)]
    assert languages == ["ru", feed_config().language]


def test_a_key_that_is_taken_stays_with_its_article(database: Database) -> None:
    (feed,) = list_feeds(database, A)
    first, second = store(database, arrival(feed, "One"), arrival(feed, "Two"))
    with database.transaction() as connection:
        articles.add_keys(connection, [("key of One", second), ("new key", second)])
    found = known(database, "key of One", "new key")
    assert {key: article.id for key, article in found.items()} == {
        "key of One": first,
        "new key": second,
    }


def test_adding_no_keys_and_no_sightings_is_fine(database: Database) -> None:
    with database.transaction() as connection:
        articles.add_keys(connection, [])
        articles.add_sightings(connection, [], NOW)
    assert rows_of(database, tables.article_keys) == []
    assert rows_of(database, tables.sightings) == []


def test_every_feed_that_carries_an_article_is_noted(database: Database) -> None:
    first, second, third = list_feeds(database, A, B, C)
    (id_,) = store(database, arrival(first, also_in=(second,)))
    with database.transaction() as connection:
        articles.add_sightings(connection, [(id_, third)], LATER)
    seen = [(row.feed_id, row.seen_at) for row in rows_of(database, tables.sightings)]
    assert seen == [(first, NOW), (second, NOW), (third, LATER)]


def test_of_several_sightings_in_one_feed_the_first_counts(database: Database) -> None:
    (feed,) = list_feeds(database, A)
    (id_,) = store(database, arrival(feed))
    with database.transaction() as connection:
        articles.add_sightings(connection, [(id_, feed), (id_, feed)], LATER)
    assert [row.seen_at for row in rows_of(database, tables.sightings)] == [NOW]


def test_an_edit_changes_the_text_and_not_when_it_was_first_seen(database: Database) -> None:
    (feed,) = list_feeds(database, A)
    (id_,) = store(database, arrival(feed, "Old"))
    edit(database, id_, feed, parsed_article("New", summary="More.", url="https://a.example/new"))
    (row,) = rows_of(database, tables.articles)
    assert (row.title, row.summary, row.url) == ("New", "More.", "https://a.example/new")
    assert (row.content_hash, row.edited_at, row.seen_at) == ("new hash", LATER, NOW)


def test_an_edit_changes_no_other_article(database: Database) -> None:
    (feed,) = list_feeds(database, A)
    edited, _ = store(database, arrival(feed, "One"), arrival(feed, "Two"))
    edit(database, edited, feed, parsed_article("New"))
    assert [row.title for row in rows_of(database, tables.articles)] == ["New", "Two"]


def test_an_edited_articles_new_score_replaces_the_old_one(database: Database) -> None:
    (feed,) = list_feeds(database, A)
    (id_,) = store(database, arrival(feed))
    rate(database, id_, score(0.9, topics=(Topic("military"),)))
    rate(database, id_, score(0.2, topics=()), LATER)
    (row,) = rows_of(database, tables.scores)
    assert (row.probability, row.relevant, row.topics) == (0.2, False, [])
    assert row.scored_at == LATER


def test_scores_of_different_models_stand_beside_each_other(database: Database) -> None:
    (feed,) = list_feeds(database, A)
    (id_,) = store(database, arrival(feed))
    rate(database, id_, score(0.9, model_version="model-1"))
    rate(database, id_, score(0.2, model_version="model-2"))
    stored = {row.model_version: row.probability for row in rows_of(database, tables.scores)}
    assert stored == {"model-1": 0.9, "model-2": 0.2}


def test_evidence_comes_back_as_it_was_given(database: Database) -> None:
    (feed,) = list_feeds(database, A)
    (id_,) = store(database, arrival(feed))
    evidence = Evidence(
        mentions=(Mention("iran", "country", "ایران", "title", 3, 8),),
        sentence="Иран и Россия подписали соглашение.",
        phrases=(("gas deal", 1.25), ("sport", -0.5)),
    )
    rate(database, id_, score(evidence=evidence))
    (row,) = rows_of(database, tables.scores)
    assert EVIDENCE.validate_python(row.evidence) == evidence


def test_a_score_without_evidence_stores_none(database: Database) -> None:
    (feed,) = list_feeds(database, A)
    (id_,) = store(database, arrival(feed))
    rate(database, id_, score(0.01, evidence=Evidence()))
    (row,) = rows_of(database, tables.scores)
    assert row.evidence is None


def test_saving_no_scores_is_fine(database: Database) -> None:
    with database.transaction() as connection:
        articles.save_scores(connection, [], NOW)
    assert rows_of(database, tables.scores) == []


def test_articles_are_counted_in_one_window_or_the_next_never_in_both(database: Database) -> None:
    (feed,) = list_feeds(database, A)
    for hour in range(4):
        store(database, arrival(feed, f"Title {hour}"), now=NOW + timedelta(hours=hour))
    with database.reading() as connection:
        counts = [
            articles.count_seen(
                connection, NOW + timedelta(hours=start), NOW + timedelta(hours=end)
            )
            for start, end in ((-1, 1), (1, 3), (3, 5))
        ]
    assert counts == [2, 2, 0]
