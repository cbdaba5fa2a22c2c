"""By which report a story is told to whom, and what is said of it as a whole."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.records import Account, Affiliation, ArticleId, NewsKind, Report, StoryNews
from service.stories.account import account
from tests.make import NOW, story
from tests.stories.test_novelty import EXCLUSIVE, REPORTS, ROLES, said

STATE = Affiliation.STATE
TITLE = "Iran is sending hundreds of drones to Russia"


def told(*reports: Report, languages: Collection[str] = (), version: int | None = None) -> Account:
    return account(story(1, *reports), languages, ROLES, version)


def lead(*reports: Report, languages: Collection[str] = ()) -> int:
    """Return the number of the report by which a story is told, in whatever order they stand."""
    found = {told(*order, languages=languages).lead for order in (reports, reports[::-1])}
    (one,) = {report.article.id for report in found}
    return one


def says(number: int, title: str = TITLE, *, outlet: str = "Le Monde", **changes: Any) -> Report:
    return said(number, outlet, title, **changes)


# --- the lead -----------------------------------------------------------------------------------


def test_a_story_of_one_report_is_told_by_it() -> None:
    state_live = says(1, "Live", affiliation=STATE, language="ru")
    assert lead(state_live, languages=["en"]) == 1


def test_the_lead_is_in_a_language_of_the_reader_if_there_is_one() -> None:
    english = says(1)
    russian = says(2, "Иран отправляет в Россию сотни беспилотников", language="ru")
    assert lead(english, russian, languages=["ru"]) == 2
    assert lead(english, russian, languages=["fa", "en"]) == 1
    assert lead(english, russian, languages=["fa"]) == lead(english, russian) == 1


def test_a_language_of_the_reader_goes_before_all_else() -> None:
    poor = says(2, "Live", affiliation=STATE, language="fa", summary="")
    assert lead(says(1), poor, languages=["fa"]) == 2


@pytest.mark.parametrize(
    "title",
    [
        "Middle East live updates: Iran is sending drones to Russia",
        "Opinion: Iran is sending hundreds of drones to Russia",
        "In pictures: Iran is sending hundreds of drones to Russia",
        "Morning briefing: Iran is sending drones to Russia",
    ],
)
def test_a_live_blog_or_comment_is_never_the_lead_of_a_story_with_reports(title: str) -> None:
    rich = says(1, title, leads=("us",), headed=("drones",))
    assert lead(rich, says(2), says(3, leads=("us",))) == 3
    assert lead(rich, says(2, affiliation=STATE)) == 2
    assert lead(rich, says(2, "Drones for Russia")) == 2


def test_an_address_tells_a_live_blog_too() -> None:
    blog = says(1, url="https://news.example/live/world-europe-1")
    assert lead(blog, says(2)) == 2


def test_state_media_is_the_lead_only_where_nothing_else_reports() -> None:
    state = says(1, affiliation=STATE, leads=("us",), headed=("drones",))
    assert lead(state, says(2)) == 2
    assert lead(state, says(2, "Drones", outlet="Reuters")) == 2
    assert lead(state, says(2, TITLE + ", " + 200 * "x")) == 2
    assert lead(state, says(2, affiliation=STATE)) == 1
    assert lead(state, says(2, "Opinion: Iran has no friends but one")) == 1


def test_public_broadcasters_are_as_good_as_others() -> None:
    public = says(1, affiliation=Affiliation.PUBLIC)
    assert lead(public, says(2)) == 1


def test_a_title_that_is_a_label_or_a_paragraph_comes_after_others() -> None:
    assert lead(says(1, "Iran"), says(2)) == 2
    assert lead(says(1, TITLE + " and" + 30 * " more"), says(2)) == 2


def test_a_chinese_title_is_no_label_for_being_short() -> None:
    chinese = says(1, "伊朗向俄罗斯运送数百架无人机", language="zh")
    label = says(2, "Iran and Russia", leads=("us",))
    assert lead(chinese, label) == 1


def test_of_clear_reports_the_one_surest_to_be_relevant_is_the_lead() -> None:
    assert lead(says(1, probability=0.6), says(2, probability=0.9)) == 2
    # A hundredth more or less says nothing.
    full, empty = says(1, probability=0.91), says(2, probability=0.93, summary="")
    assert lead(full, empty) == 1


def test_of_those_the_lead_names_what_most_reports_name() -> None:
    reports = [
        says(1, actors=("kyiv",)),
        says(2, leads=("us",)),
        says(3, leads=("us",), matters=("drones",)),
        says(4, matters=("drones", "shot_down")),
    ]
    assert lead(*reports) == 3


def test_of_equals_the_first_to_come_is_the_lead() -> None:
    assert lead(says(3), says(1), says(2)) == 1


# --- what is said of the whole ------------------------------------------------------------------


def test_the_first_report_is_the_earliest_published() -> None:
    reports = [says(1, hours=3), says(2, hours=1), says(3, hours=2)]
    assert told(*reports).first is reports[1]
    same = [says(2, hours=1), says(1, hours=1)]
    assert told(*same).first is same[1]


def test_copies_and_quotes_do_not_count_as_origins() -> None:
    assert told(*EXCLUSIVE).origins == ("Wall Street Journal",)
    copy, own = says(4, outlet="Gulf Today", copy_of=1), says(5, outlet="Axios")
    assert told(*EXCLUSIVE, copy, own).origins == ("Axios", "Wall Street Journal")


def test_actors_in_office_are_told_by_name_the_most_named_first() -> None:
    reports = [
        says(1, leads=("kyiv",), actors=("us", "wsj")),
        says(2, leads=("kremlin",), actors=("kyiv",)),
        says(3, actors=("kremlin", "gandalf")),
    ]
    assert told(*reports).actors == ("Kremlin", "United States")
    assert told(says(1)).actors == ()


def test_languages_are_told_as_they_came_in() -> None:
    reports = [
        says(1, hours=3, language="en"),
        says(2, hours=1, language="fa"),
        says(3, hours=2, language="ru"),
        says(4, hours=4, language="fa"),
    ]
    assert told(*reports).languages == ("fa", "ru", "en")


# --- what is new --------------------------------------------------------------------------------

NEWS = tuple(
    StoryNews(
        version, kind, f"detail {version}", ArticleId(version), NOW + timedelta(hours=version)
    )
    for version, kind in (
        (2, NewsKind.CONFIRMATION),
        (3, NewsKind.REACTION),
        (5, NewsKind.REACTION),
    )
)


@pytest.mark.parametrize(
    ("version", "news"),
    [(None, ()), (1, NEWS), (2, NEWS[1:]), (3, NEWS[2:]), (4, NEWS[2:]), (5, ()), (9, ())],
)
def test_news_is_what_came_since_the_version_that_was_told(
    version: int | None, news: tuple[StoryNews, ...]
) -> None:
    known = replace(story(1, says(1)), version=5, news=NEWS)
    assert account(known, [], ROLES, version).news == news


# --- whatever comes -----------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(
    st.lists(REPORTS, min_size=1, max_size=7, unique_by=lambda one: one.article.id),
    st.lists(st.sampled_from(["en", "ru"]), max_size=2),
    st.data(),
)
def test_the_order_of_reports_makes_no_difference(
    reports: list[Report], languages: list[str], data: st.DataObject
) -> None:
    one = told(*reports, languages=languages)
    other = told(*data.draw(st.permutations(reports)), languages=languages)
    assert replace(one, story=other.story) == other
    assert one.lead in reports
    assert one.first in reports
    assert set(one.actors) <= {ROLES.names[actor] for actor in ROLES.officials}


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=()), max_size=40), st.text(max_size=20))
def test_any_titles_are_told(title: str, outlet: str) -> None:
    hostile = says(1, title, outlet=outlet, summary=title, url=title, language=outlet)
    assert lead(hostile, says(2), languages=[outlet]) in {1, 2}
    assert told(hostile).lead is hostile
