from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from service.records import ArticleId, Bearings, Channel, ChannelKind, NewsKind, StoryId, StoryNews
from service.storage import digests, grouping, stories, tables
from service.storage.database import Database
from tests.make import NOW, digest, digest_story
from tests.storage.rows import (
    SPACE,
    arrival,
    at_once,
    list_feeds,
    placed,
    rate,
    rows_of,
    score,
    store,
    tell_in,
)

FEED = "https://feed.example/rss"
HOUR = timedelta(hours=1)


def articles(database: Database, *titles: str) -> list[ArticleId]:
    """Store scored articles and return their ids."""
    (feed,) = list_feeds(database, FEED)
    ids = store(database, *(arrival(feed, title) for title in titles))
    for id_ in ids:
        rate(database, id_, score())
    return ids


def loose(database: Database) -> list[ArticleId]:
    with database.reading() as connection:
        return [one.article.id for one in grouping.loose(connection)]


def want(database: Database, *ids: ArticleId) -> None:
    with database.transaction() as connection:
        grouping.want(connection, ids, NOW)


def tell(database: Database, subscription: str, story: StoryId, version: int = 1) -> None:
    """Let a subscription be told of a story."""
    with database.transaction() as connection:
        made = digest(digest_story(story_id=story, version=version), subscription=subscription)
        digests.issue(connection, made, [Channel(ChannelKind.CONSOLE)], NOW)


def was_told(database: Database, subscription: str, *ids: StoryId) -> set[tuple[StoryId, int]]:
    with database.reading() as connection:
        return digests.already_told(connection, subscription, ids)


def merge(database: Database, absorbed: StoryId, story: StoryId) -> None:
    with database.transaction() as connection:
        grouping.merge(connection, absorbed, story, NOW + HOUR)


def news(version: int, article: ArticleId) -> StoryNews:
    return StoryNews(version, NewsKind.REACTION, "Kremlin: denial", article, NOW)


# --- waiting, and being placed -------------------------------------------------------------


def test_an_article_waits_once_however_often_it_is_wanted(database: Database) -> None:
    one, two = articles(database, "One", "Two")
    want(database, one)
    want(database, one, two)
    assert loose(database) == [one, two]


def test_an_article_that_is_in_a_story_does_not_wait(database: Database) -> None:
    one, two = articles(database, "One", "Two")
    tell_in(database, None, one)
    want(database, one, two)
    assert loose(database) == [two]


def test_whoever_is_placed_waits_no_longer(database: Database) -> None:
    (one,) = articles(database, "One")
    want(database, one)
    tell_in(database, None, one)
    assert loose(database) == []


def test_what_grouping_knows_of_an_article_is_what_it_stored(database: Database) -> None:
    (one,) = articles(database, "One")
    bearings = Bearings(("us",), ("us",), ("drones",), (), ("600",))
    told = placed(
        one, NOW - HOUR, title="One", bearings=bearings, vectors=b"\x00\x01", language="pl"
    )
    with database.transaction() as connection:
        story = grouping.open_story(connection, NOW)
        grouping.place(connection, story, [told], NOW, SPACE)
    with database.reading() as connection:
        (found,) = grouping.placed_since(connection, NOW - 2 * HOUR, SPACE)
        later = grouping.placed_since(connection, NOW - HOUR + timedelta(seconds=1), SPACE)
    assert found == placed(
        one,
        NOW - HOUR,
        title="One",
        bearings=bearings,
        vectors=b"\x00\x01",
        language="pl",
        story=story,
        outlet="Outlet",
    )
    assert later == []


def test_an_article_that_moves_is_in_one_story_and_keeps_when_it_joined(database: Database) -> None:
    one, two = articles(database, "One", "Two")
    first, second = tell_in(database, None, one), tell_in(database, None, two)
    tell_in(database, second, one, now=NOW + HOUR)
    rows = {row.article_id: row for row in rows_of(database, tables.story_articles)}
    assert (rows[one].story_id, rows[one].joined_at) == (second, NOW)
    with database.reading() as connection:
        assert stories.find(connection, first) is None


def test_articles_of_older_versions_are_found_to_be_read(database: Database) -> None:
    one, two = articles(database, "One", "Two")
    story = tell_in(database, None, one)
    tell_in(database, None, two)
    with database.transaction() as connection:
        bare = tables.story_articles.c.article_id == one
        connection.execute(tables.story_articles.update().where(bare).values(space="older"))
    with database.reading() as connection:
        (found,) = grouping.unread(connection, NOW - HOUR, SPACE)
        assert grouping.unread(connection, NOW, SPACE) == []
    assert (found.article.id, found.story) == (one, story)


# --- one story of two, two of one ----------------------------------------------------------


def test_a_merged_story_leads_to_the_one_it_went_into_and_so_do_those_merged_before(
    database: Database,
) -> None:
    ids = articles(database, "One", "Two", "Three")
    first, second, third = (tell_in(database, None, id_) for id_ in ids)
    merge(database, third, second)
    merge(database, second, first)
    with database.reading() as connection:
        found = [stories.find(connection, id_) for id_ in (first, second, third)]
    assert [story.id for story in found if story] == [first] * 3
    assert [len(story.reports) for story in found if story] == [3] * 3


def test_who_was_told_either_half_knows_the_whole(database: Database) -> None:
    one, two = articles(database, "One", "Two")
    first, second = tell_in(database, None, one), tell_in(database, None, two)
    tell(database, "both", first)
    tell(database, "both", second)
    tell(database, "late", second)
    merge(database, second, first)
    assert (first, 1) in was_told(database, "both", first)
    assert (first, 1) in was_told(database, "late", first)
    assert was_told(database, "nobody", first) == set()


def test_who_was_told_an_older_version_of_the_absorbed_story_is_told_the_whole(
    database: Database,
) -> None:
    one, two, three = articles(database, "One", "Two", "Three")
    first, second = tell_in(database, None, one), tell_in(database, None, two, three)
    tell(database, "desk", second)
    with database.transaction() as connection:
        grouping.add_news(connection, second, news(2, three))
    merge(database, second, first)
    assert was_told(database, "desk", first) == set()


def test_a_part_of_a_told_story_is_not_told_again(database: Database) -> None:
    one, two = articles(database, "One", "Two")
    whole = tell_in(database, None, one, two)
    tell(database, "desk", whole)
    with database.transaction() as connection:
        part = grouping.open_story(connection, NOW)
        grouping.place(connection, part, [placed(two)], NOW, SPACE)
        grouping.part(connection, whole, part)
    assert was_told(database, "desk", part) == {(part, 1)}


# --- what is new, and which texts are copies -----------------------------------------------


def test_news_take_a_story_to_its_next_version_and_are_told_with_it(database: Database) -> None:
    one, two = articles(database, "One", "Two")
    story_id = tell_in(database, None, one, two)
    with database.transaction() as connection:
        grouping.add_news(connection, story_id, news(2, two))
    with database.reading() as connection:
        story = stories.find(connection, story_id)
    assert story is not None
    assert (story.version, story.news) == (2, (news(2, two),))


def test_a_copy_says_whose_text_it_carries(database: Database) -> None:
    one, two = articles(database, "One", "Two")
    story_id = tell_in(database, None, one, two)
    with database.transaction() as connection:
        grouping.mark_copies(connection, story_id, {two: one})
    with database.reading() as connection:
        story = stories.find(connection, story_id)
    assert story is not None
    assert [report.copy_of for report in story.reports] == [None, one]


# --- turns and means -----------------------------------------------------------------------


def test_turns_are_counted_and_never_taken_twice(database: Database) -> None:
    def take() -> int:
        with database.transaction() as connection:
            return grouping.take_turn(connection)

    assert sorted(at_once([take] * 8)) == list(range(1, 9))


def test_a_turn_that_came_to_nothing_is_taken_again(database: Database) -> None:
    class GaveUpError(Exception):
        pass

    with suppress(GaveUpError), database.transaction() as connection:
        assert grouping.take_turn(connection) == 1
        raise GaveUpError
    with database.transaction() as connection:
        assert grouping.take_turn(connection) == 1


def test_the_means_of_languages_are_kept_for_each_encoder(database: Database) -> None:
    with database.transaction() as connection:
        grouping.save_backgrounds(connection, "e5", {"ru": (3, b"m", b"t"), "fa": (1, b"x", b"y")})
        grouping.save_backgrounds(connection, "e5", {"ru": (4, b"n", b"u")})
        grouping.save_backgrounds(connection, "other", {})
    with database.reading() as connection:
        assert grouping.load_backgrounds(connection, "other") == {}
        found = grouping.load_backgrounds(connection, "e5")
    assert found == {"ru": (4, b"n", b"u"), "fa": (1, b"x", b"y")}
