"""Articles become stories: the real model, encoder and lexicon over a real database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import permutations

import pytest

from service.gathering import Gatherer
from service.records import ArticleId, NewsKind, Story
from service.settings import Settings
from service.storage import feeds, grouping, stories, tables
from service.storage.database import Database, open_database
from service.wiring.models import encoder_of
from service.wiring.stories import grouping_model, lexicon
from tests.make import NOW, feed_config, parsed_article
from tests.storage.rows import arrival, rate, rows_of, score, store

HOUR = timedelta(hours=1)
OUTLETS = ("Reuters", "TASS", "IRNA", "Interia", "BBC", "Haaretz")

RAIL = (
    "Russia and Iran sign loan deal for Rasht-Astara railway",
    "Moscow will lend Tehran 1.3 billion euros for the missing link of the North-South corridor.",
)
RAIL_IN_RUSSIAN = (
    "Россия и Иран подписали кредитное соглашение по железной дороге Решт - Астара",
    "Москва выделит Тегерану 1,3 млрд евро на недостающее звено коридора Север - Юг.",
)
RAIL_IN_PERSIAN = (
    "ایران و روسیه قرارداد وام راه‌آهن رشت-آستارا را امضا کردند",
    "مسکو ۱.۳ میلیارد یورو برای حلقه گمشده کریدور شمال-جنوب به تهران وام می‌دهد.",
)
JETS = (
    "Iran takes delivery of first Su-35 fighter jets from Russia",
    "The aircraft landed at an air base near Hamadan, Iranian officials said.",
)
JETS_IN_POLISH = (
    "Iran odebrał pierwsze myśliwce Su-35 z Rosji",
    "Samoloty wylądowały w bazie lotniczej koło Hamadanu - podały irańskie władze.",
)


@pytest.fixture
def kept(settings: Settings) -> Iterator[Database]:
    database = open_database(settings)
    with database.transaction() as connection:
        listed = [
            feed_config(f"https://{outlet.lower()}.example/rss", outlet=outlet)
            for outlet in OUTLETS
        ]
        feeds.sync_listed(connection, listed, NOW)
    yield database
    database.close()


def gatherer(settings: Settings, database: Database) -> Gatherer:
    known, roles = lexicon(settings)
    return Gatherer(database, grouping_model(settings), encoder_of(settings), known.read, roles)


def publish(
    database: Database, *texts: tuple[str, str], at: datetime = NOW, first: int = 0
) -> list[ArticleId]:
    """Store scored articles, each in a feed of its own, and let them wait for a story."""
    ids = {row.outlet: row.id for row in rows_of(database, tables.feeds)}
    arrivals = [
        arrival(
            ids[OUTLETS[(first + number) % len(OUTLETS)]],
            title,
            article=parsed_article(title, summary=summary, published_at=at),
        )
        for number, (title, summary) in enumerate(texts)
    ]
    made = store(database, *arrivals, now=at)
    for id_ in made:
        rate(database, id_, score())
    with database.transaction() as connection:
        grouping.want(connection, made, at)
    return made


def told(database: Database) -> list[Story]:
    with database.reading() as connection:
        return stories.updated_between(connection, NOW - 9 * HOUR, NOW + 99 * HOUR)


def titles(database: Database) -> set[frozenset[str]]:
    """Return the stories as sets of titles."""
    return {frozenset(r.article.title for r in story.reports) for story in told(database)}


def stories_of(*groups: tuple[tuple[str, str], ...]) -> set[frozenset[str]]:
    return {frozenset(title for title, _ in group) for group in groups}


EXPECTED = stories_of((RAIL, RAIL_IN_RUSSIAN, RAIL_IN_PERSIAN), (JETS, JETS_IN_POLISH))


def test_reports_of_one_event_meet_across_languages_and_two_events_stay_two(
    settings: Settings, kept: Database
) -> None:
    publish(kept, RAIL, JETS, RAIL_IN_RUSSIAN, JETS_IN_POLISH, RAIL_IN_PERSIAN)
    gathered = gatherer(settings, kept).gather(NOW)
    assert titles(kept) == EXPECTED
    assert (gathered.articles, gathered.opened) == (5, 2)


@pytest.mark.parametrize("order", list(permutations(range(3)))[1:4])
def test_the_order_in_which_a_poll_brings_articles_makes_no_difference(
    settings: Settings, kept: Database, order: tuple[int, ...]
) -> None:
    texts = [RAIL, JETS, RAIL_IN_RUSSIAN]
    for place in order:
        publish(kept, texts[place], first=place)
    gatherer(settings, kept).gather(NOW)
    assert titles(kept) == stories_of((RAIL, RAIL_IN_RUSSIAN), (JETS,))


def test_a_restart_between_two_polls_makes_no_difference(
    settings: Settings, kept: Database
) -> None:
    publish(kept, RAIL, JETS)
    gatherer(settings, kept).gather(NOW)
    publish(kept, RAIL_IN_RUSSIAN, JETS_IN_POLISH, RAIL_IN_PERSIAN, at=NOW + HOUR, first=2)
    gatherer(settings, kept).gather(NOW + HOUR)
    assert titles(kept) == EXPECTED


def test_two_processes_that_take_turns_see_what_the_other_grouped(
    settings: Settings, kept: Database
) -> None:
    one, other = gatherer(settings, kept), gatherer(settings, kept)
    texts = (RAIL, JETS, RAIL_IN_RUSSIAN, JETS_IN_POLISH, RAIL_IN_PERSIAN)
    for number, text in enumerate(texts):
        at = NOW + number * HOUR
        publish(kept, text, at=at, first=number)
        (one, other)[number % 2].gather(at)
    assert titles(kept) == EXPECTED


def test_nothing_waits_once_it_is_gathered_and_nothing_new_is_nothing_to_do(
    settings: Settings, kept: Database
) -> None:
    grouper = gatherer(settings, kept)
    publish(kept, RAIL)
    grouper.gather(NOW)
    with kept.reading() as connection:
        assert grouping.loose(connection) == []
    assert grouper.gather(NOW).articles == 0
    assert len(rows_of(kept, tables.turns)) == 1


def test_what_is_relevant_still_waits_after_a_round_that_broke(
    settings: Settings, kept: Database
) -> None:
    broken = gatherer(settings, kept)
    publish(kept, RAIL)
    rows_of(kept, tables.stories)
    with kept.transaction() as connection:
        connection.exec_driver_sql("ALTER TABLE namings RENAME TO gone")
    with pytest.raises(Exception, match="namings"):
        broken.gather(NOW)
    with kept.transaction() as connection:
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO namings")
    assert told(kept) == []
    broken.gather(NOW)
    assert titles(kept) == stories_of((RAIL,))


def test_articles_that_an_older_version_grouped_keep_their_story(
    settings: Settings, kept: Database
) -> None:
    (old,) = publish(kept, RAIL)
    gatherer(settings, kept).gather(NOW)
    (before,) = told(kept)
    with kept.transaction() as connection:
        bare = tables.story_articles.c.article_id == old
        connection.execute(
            tables.story_articles.update().where(bare).values(vectors=None, space=None)
        )
    publish(kept, RAIL_IN_RUSSIAN, at=NOW + HOUR, first=1)
    gatherer(settings, kept).gather(NOW + HOUR)
    (after,) = told(kept)
    assert after.id == before.id
    assert len(after.reports) == 2


def test_an_official_reaction_takes_the_story_to_its_next_version(
    settings: Settings, kept: Database
) -> None:
    grouper = gatherer(settings, kept)
    publish(kept, JETS)
    grouper.gather(NOW)
    denial = (
        "Kremlin denies delivery of first Su-35 fighter jets to Iran",
        "The aircraft that landed near Hamadan were not Russian, spokesman Dmitry Peskov said.",
    )
    publish(kept, denial, at=NOW + 3 * HOUR, first=1)
    grouper.gather(NOW + 3 * HOUR)
    (story,) = told(kept)
    assert story.version == 2
    (news,) = story.news
    assert news.kind is NewsKind.REACTION
    assert news.detail.startswith("Kremlin")


def test_a_further_outlet_that_tells_the_same_is_nothing_new(
    settings: Settings, kept: Database
) -> None:
    grouper = gatherer(settings, kept)
    publish(kept, RAIL)
    grouper.gather(NOW)
    publish(kept, RAIL_IN_RUSSIAN, RAIL_IN_PERSIAN, at=NOW + 3 * HOUR, first=3)
    grouper.gather(NOW + 3 * HOUR)
    (story,) = told(kept)
    assert (story.version, story.news) == (1, ())


def test_a_text_taken_over_is_marked_as_a_copy(settings: Settings, kept: Database) -> None:
    long = " ".join(f"The loan covers section {number} of the line." for number in range(6))
    original = (RAIL[0], f"{RAIL[1]} {long}")
    copied = (f"{RAIL[0]} - Interia", f"{RAIL[1]} {long}")
    one, two = publish(kept, original, copied)
    gatherer(settings, kept).gather(NOW)
    (story,) = told(kept)
    assert {report.article.id: report.copy_of for report in story.reports} == {one: None, two: one}


def test_the_shipped_model_belongs_to_the_shipped_encoder(settings: Settings) -> None:
    assert grouping_model(settings).space.encoder == encoder_of(settings).name
