"""When a further report of a story says something new, and when it is only one more report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.records import Affiliation, ArticleId, Bearings, NewsKind, Report
from service.stories.novelty import SETTLED, Novelty, Roles, novelty, origins
from tests.make import NOW, report

ROLES = Roles(
    media=frozenset({"wsj", "reuters", "bbc", "ap_afp", "times_telegraph_guardian"}),
    officials=frozenset({"kremlin", "mfa_ir", "ukraine", "us"}),
    reactions=frozenset({"denial", "condemnation", "warning_threat"}),
    developments=frozenset({"casualties", "treaty_signing", "shot_down"}),
    names={
        "wsj": "Wall Street Journal",
        "reuters": "Reuters",
        "bbc": "BBC",
        "ap_afp": "AP, AFP",
        "times_telegraph_guardian": "Times, Telegraph, Guardian",
        "kremlin": "Kremlin",
        "mfa_ir": "Iranian foreign ministry",
        "ukraine": "Ukraine",
        "us": "United States",
        "kyiv": "Kyiv (city)",
        "drones": "drones",
        "denial": "Denials",
        "condemnation": "Condemnation",
        "warning_threat": "Warnings and threats",
        "casualties": "Killed and wounded",
        "treaty_signing": "Treaties",
        "shot_down": "Drones shot down",
    },
)
STATE = Affiliation.STATE
CONFIRMATION, REACTION, DEVELOPMENT = NewsKind.CONFIRMATION, NewsKind.REACTION, NewsKind.DEVELOPMENT

Names = tuple[str, ...]


def said(
    number: int,
    outlet: str,
    title: str = "Iran is sending drones to Russia",
    *,
    hours: float | None = None,
    leads: Names = (),
    actors: Names = (),
    headed: Names = (),
    matters: Names = (),
    copy_of: int | None = None,
    **changes: Any,
) -> Report:
    """Return a report, by default so many hours old as its number; what a title names it names."""
    when = NOW + timedelta(hours=number if hours is None else hours)
    given_ = report(number, outlet=outlet, title=title, published_at=when, seen_at=when, **changes)
    return replace(
        given_,
        bearings=Bearings((*leads, *actors), leads, (*headed, *matters), headed),
        copy_of=None if copy_of is None else ArticleId(copy_of),
    )


def new(known: Sequence[Report], *fresh: Report) -> tuple[NewsKind, str] | None:
    found = novelty(known, fresh, ROLES)
    return None if found is None else (found.kind, found.detail)


# --- confirmation -------------------------------------------------------------------------------

EXCLUSIVE = (
    said(1, "The Wall Street Journal (world)"),
    said(2, "BBC News (world)", "Iran to send drones to Russia, WSJ reports", actors=("wsj",)),
    said(3, "Meduza", "WSJ: Иран передаст России дроны", actors=("wsj", "us")),
)
ANNOUNCED = (
    said(1, "TASS", "Moscow and Tehran agree on a gas hub", affiliation=STATE),
    said(2, "IRNA", "Gas hub agreed on with Russia", affiliation=STATE),
)


def test_an_exclusive_is_confirmed_by_who_does_not_quote_it() -> None:
    assert new(EXCLUSIVE, said(5, "The New York Times (world)")) == (
        CONFIRMATION,
        "confirmed by The New York Times (world), independently of Wall Street Journal",
    )


def test_what_only_quotes_are_known_of_is_confirmed_too() -> None:
    assert new(EXCLUSIVE[1:], said(5, "Le Monde")) == (
        CONFIRMATION,
        "confirmed by Le Monde, independently of Wall Street Journal",
    )


def test_to_quote_an_exclusive_once_more_is_no_confirmation() -> None:
    assert new(EXCLUSIVE, said(5, "Deutsche Welle", actors=("wsj",))) is None
    assert new(EXCLUSIVE, said(5, "Deutsche Welle", actors=("reuters",))) is None


def test_an_outlet_does_not_confirm_itself_by_another_feed() -> None:
    assert new(EXCLUSIVE, said(5, "Wall Street Journal")) is None
    assert new(EXCLUSIVE, said(5, "The Wall Street Journal (Middle East)")) is None


def test_an_outlet_that_names_itself_quotes_nobody() -> None:
    for outlet, itself in (
        ("Reuters", "reuters"),
        ("The Guardian (world)", "times_telegraph_guardian"),
        ("AP News", "ap_afp"),
    ):
        told = new(EXCLUSIVE, said(5, outlet, actors=(itself,)))
        assert told is not None
        assert told[0] is CONFIRMATION


@pytest.mark.parametrize("outlet", ["APA", "The Times of Israel", "Kapital", "The Moscow Times"])
def test_an_outlet_whose_name_holds_anothers_quotes_it_all_the_same(outlet: str) -> None:
    agency = ("ap_afp", "times_telegraph_guardian")
    assert new(EXCLUSIVE, said(5, outlet, actors=agency)) is None
    assert origins([said(5, outlet)], ROLES) == {outlet}


def test_what_state_media_alone_told_is_confirmed_by_the_first_other_outlet() -> None:
    assert new(ANNOUNCED, said(5, "Argus Media")) == (
        CONFIRMATION,
        "first report outside state media, by Argus Media",
    )


def test_more_state_media_confirm_nothing() -> None:
    assert new(ANNOUNCED, said(5, "RT", affiliation=STATE)) is None
    assert new(EXCLUSIVE, said(5, "Xinhua", affiliation=STATE)) is None


def test_a_copy_confirms_nothing() -> None:
    assert new(ANNOUNCED, said(5, "Gulf Today", copy_of=1)) is None


def test_an_original_that_comes_after_its_copy_confirms_nothing() -> None:
    copy = said(3, "Gulf Today", copy_of=2)
    assert new([copy], said(2, "Reuters", hours=2), said(5, "Le Monde")) is None


def test_more_outlets_are_nothing_new() -> None:
    known = [said(1, "Reuters"), said(2, "Le Monde")]
    assert new(known[:1], said(5, "El País")) is None
    assert new(known, said(5, "El País"), said(6, "ANSA"), said(7, "TVN24")) is None


def test_what_is_confirmed_is_not_confirmed_again() -> None:
    known = [*EXCLUSIVE, said(5, "The New York Times (world)")]
    assert new(known, said(6, "CNN")) is None
    assert new([*ANNOUNCED, said(5, "Argus Media")], said(6, "CNN")) is None


def test_who_only_copies_or_blogs_or_comments_is_no_further_source() -> None:
    others = [
        said(3, "Gulf Today", copy_of=1),
        said(4, "The Guardian (world)", "Iran live updates: gas, drones, talks"),
        said(5, "Middle East Eye", "Opinion: a pipe to nowhere"),
    ]
    for known, kind in ((ANNOUNCED, "first report outside"), (EXCLUSIVE, "confirmed by")):
        told = new([*known, *others], said(7, "Argus Media"))
        assert told is not None
        assert told[1].startswith(kind)


# --- reaction -----------------------------------------------------------------------------------

STRIKE = (
    said(1, "Ukrainska Pravda", "Drones hit Kyiv overnight", leads=("kyiv",), matters=("drones",)),
    said(2, "Reuters", "Kyiv under drone attack", leads=("kyiv",), actors=("ukraine",)),
)
DENIAL = said(
    5, "Interfax", "Peskov denies drones are Iranian", leads=("kremlin",), headed=("denial",)
)


def test_somebody_in_office_who_speaks_for_the_first_time_is_news() -> None:
    assert new(STRIKE, DENIAL) == (REACTION, "Kremlin: denials")


def test_the_same_ones_speaking_again_are_not() -> None:
    again = said(6, "TASS", "Kremlin warns Kyiv", leads=("kremlin",), headed=("warning_threat",))
    assert new([*STRIKE, DENIAL], again) is None


def test_others_in_office_who_say_the_same_are() -> None:
    tehran = said(6, "IRNA", "Baghaei denies it too", leads=("mfa_ir",), headed=("denial",))
    assert new([*STRIKE, DENIAL], tehran) == (REACTION, "Iranian foreign ministry: denials")


def test_who_was_named_in_the_text_of_any_report_is_not_new() -> None:
    ukraine = said(5, "UNIAN", "Kuleba condemns it", leads=("ukraine",), headed=("condemnation",))
    assert new(STRIKE, ukraine) is None
    assert new(STRIKE[:1], ukraine) == (REACTION, "Ukraine: condemnation")


@pytest.mark.parametrize(
    "names",
    [
        {"leads": ("kremlin",)},
        {"leads": ("kremlin",), "headed": ("drones",)},
        {"leads": ("kremlin",), "matters": ("denial",)},
        {"actors": ("kremlin",), "headed": ("denial",)},
        {"leads": ("kyiv",), "headed": ("denial",)},
        {"headed": ("denial",)},
    ],
)
def test_only_titles_in_which_an_office_speaks_are_reactions(names: dict[str, Any]) -> None:
    assert new(STRIKE, said(5, "Interfax", **names)) is None


# --- development --------------------------------------------------------------------------------

DEAD = said(5, "AP News", "Three killed in Kyiv drone attack", headed=("casualties",))


def test_something_that_happened_and_was_not_named_is_news() -> None:
    assert new(STRIKE, DEAD) == (DEVELOPMENT, "killed and wounded")


def test_what_any_report_named_before_is_not() -> None:
    assert new([*STRIKE, DEAD], replace(DEAD, article=said(6, "CNN").article)) is None
    in_passing = said(3, "Meduza", matters=("casualties",))
    assert new([*STRIKE, in_passing], DEAD) is None


def test_what_only_the_text_names_or_what_is_no_event_is_not() -> None:
    assert new(STRIKE, said(5, "CNN", matters=("casualties",))) is None
    assert new(STRIKE, said(5, "CNN", headed=("drones",))) is None


def test_state_media_tell_developments_too() -> None:
    signed = said(5, "TASS", "Russia and Iran sign pact", headed=("treaty_signing",))
    state = replace(signed, article=replace(signed.article, affiliation=STATE))
    assert new(ANNOUNCED, state) == (DEVELOPMENT, "treaties")


# --- what is never news -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "url"),
    [
        ("War in Ukraine live: three killed as Kremlin denies", ""),
        ("Kyiv attack: three killed, Kremlin denies", "https://news.example/live/world-europe"),
        ("Opinion: What the Kremlin denies, the dead of Kyiv prove", ""),
        ("Analysis: three killed and a Kremlin that denies", ""),
        ("In pictures: three killed in Kyiv", ""),
        ("Morning briefing: three killed, Kremlin denies", ""),
    ],
)
def test_live_blogs_round_ups_and_commentary_are_not_told(title: str, url: str) -> None:
    loud: dict[str, Any] = {"leads": ("kremlin",), "headed": ("denial", "casualties")}
    assert new(STRIKE, said(5, "BBC News (world)", title, url=url, **loud)) is None
    assert new(STRIKE, said(5, "BBC News (world)", "Three killed, Kremlin denies", **loud))


def test_what_live_blogs_and_commentary_name_is_not_known_by_it() -> None:
    names: dict[str, Any] = {"leads": ("kremlin",), "headed": ("denial", "casualties")}
    blog = said(3, "BBC News (world)", "Ukraine live updates: the dead of Kyiv", **names)
    essay = said(4, "The Bell", "Opinion: What the Kremlin denies", **names)
    assert new([*STRIKE, blog, essay], DEAD) == new(STRIKE, DEAD)
    assert new([*STRIKE, blog, essay], DENIAL) == new(STRIKE, DENIAL)


def test_the_first_reports_of_a_story_are_told_as_a_whole() -> None:
    assert new([], DEAD, DENIAL) is None
    assert new([said(1, "CNN", "Ukraine live updates")], DEAD, DENIAL) is None
    assert new(STRIKE) is None


def test_quick_and_slow_outlets_tell_the_same_news() -> None:
    hour = SETTLED.total_seconds() / 3600
    first = said(1, "Reuters", hours=0)
    for hours, told in ((hour - 0.01, False), (hour, True), (-2, False)):
        late = said(2, "AP News", hours=hours, headed=("casualties",))
        assert (new([first], late) is not None) is told


def test_it_is_the_first_report_that_starts_the_clock_and_not_the_last() -> None:
    known = [said(1, "Reuters", hours=0), said(2, "CNN", hours=4.9)]
    assert new(known, said(5, "AP News", headed=("casualties",)))


# --- several at once ----------------------------------------------------------------------------


def test_of_several_new_things_the_weightiest_is_told() -> None:
    confirmed = said(9, "Le Monde")
    dead, denial = (
        replace(one, article=replace(one.article, affiliation=STATE)) for one in (DEAD, DENIAL)
    )
    kinds = []
    for fresh in ((denial, dead, confirmed), (denial, dead), (denial,)):
        found = new(EXCLUSIVE, *fresh)
        assert found is not None
        kinds.append(found[0])
    assert kinds == [CONFIRMATION, DEVELOPMENT, REACTION]


def test_of_reports_that_tell_the_same_news_the_first_is_named() -> None:
    reports = [said(n, outlet, hours=h, headed=("casualties",)) for n, outlet, h in FIRST_OF]
    found = novelty(STRIKE, reports, ROLES)
    assert found == Novelty(DEVELOPMENT, "killed and wounded", reports[2])


FIRST_OF = ((9, "CNN", 6), (8, "ANSA", 5), (7, "Le Monde", 5))


# --- whose word it is ---------------------------------------------------------------------------


def test_origins_are_outlets_or_those_they_quote_and_never_copies() -> None:
    assert origins(EXCLUSIVE, ROLES) == {"Wall Street Journal"}
    others = [said(6, "Le Monde"), said(7, "Gulf Today", copy_of=6)]
    assert origins([*EXCLUSIVE, *others], ROLES) == {"Wall Street Journal", "Le Monde"}
    assert origins([], ROLES) == set()


def test_feeds_of_one_outlet_are_one_origin() -> None:
    feeds = ("TASS", "TASS (Russian)", "BBC Persian", "BBC News (Middle East)", "BBC Türkçe")
    reports = [said(number, outlet) for number, outlet in enumerate(feeds)]
    assert origins(reports, ROLES) == {"TASS", "BBC"}


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=20))
def test_any_outlet_is_an_origin(outlet: str) -> None:
    assert len(origins([said(1, outlet)], ROLES)) == 1


# --- whole stories ------------------------------------------------------------------------------


def versions(*batches: Sequence[Report]) -> list[tuple[int, NewsKind]]:
    """Return which batch, counted from 0, told what news, taken in as the daemon does."""
    known: list[Report] = []
    told = []
    for number, batch in enumerate(batches):
        found = novelty(known, batch, ROLES)
        if found is not None:
            told.append((number, found.kind))
        known += batch
    return told


def test_the_story_of_an_exclusive() -> None:
    assert versions(
        [said(1, "The Wall Street Journal (world)")],
        [said(2, "Meduza", actors=("wsj",)), said(3, "Lenta.ru", actors=("wsj",))],
        [said(4, "Gulf Today", copy_of=1), said(5, "ANSA", actors=("wsj",))],
        [said(6, "Le Monde", "Iran live updates: White House on drones", leads=("us",))],
        [said(7, "Reuters", "Iran arms Russia, US officials say", leads=("us",))],
        [said(8, "CNN"), said(9, "El País"), said(10, "TVN24")],
        [said(11, "IRNA", "Tehran denies it", leads=("mfa_ir",), headed=("denial",))],
        [said(12, "Tasnim", "Tehran again denies it", leads=("mfa_ir",), headed=("denial",))],
        [said(13, "Le Monde", "Opinion: why Tehran lies", leads=("us",), headed=("condemnation",))],
        [said(14, "UNIAN", "First drones shot down over Odesa", headed=("shot_down",))],
        [said(15, "BBC News (world)", "Ukraine downs its first drones", headed=("shot_down",))],
    ) == [(4, CONFIRMATION), (6, REACTION), (9, DEVELOPMENT)]


def test_the_story_of_an_announcement() -> None:
    state: dict[str, Any] = {"affiliation": STATE}
    assert versions(
        [said(1, "TASS", **state)],
        [said(2, "RIA Novosti", **state), said(3, "IRNA", **state), said(4, "CGTN", **state)],
        [said(5, "The Moscow Times", copy_of=1)],
        [said(6, "OilPrice.com", actors=("reuters",))],
        [said(7, "TASS", "Pact signed in Moscow", headed=("treaty_signing",), **state)],
        [said(8, "IRNA", "Pact signed", headed=("treaty_signing",), **state)],
        [said(9, "Axios", "US warns of pact", leads=("us",), headed=("warning_threat",))],
    ) == [(4, DEVELOPMENT), (6, REACTION)]


# --- whatever comes -----------------------------------------------------------------------------

NAMES = st.lists(st.sampled_from(sorted(ROLES.names)), max_size=3, unique=True).map(tuple)
REPORTS = st.builds(
    said,
    st.integers(1, 30),
    st.sampled_from(["Reuters", "TASS (Russian)", "The Wall Street Journal (world)", "Le Monde"]),
    st.sampled_from(["Kyiv attacked by drones", "Kyiv attack live updates", "Opinion: Kyiv"]),
    leads=NAMES,
    actors=NAMES,
    headed=NAMES,
    matters=NAMES,
    copy_of=st.none() | st.just(1),
    affiliation=st.sampled_from(Affiliation),
)
MANY = st.lists(REPORTS, max_size=6, unique_by=lambda one: one.article.id)


@settings(max_examples=200, deadline=None)
@given(MANY, MANY, st.data())
def test_the_order_of_reports_makes_no_difference(
    known: list[Report], fresh: list[Report], data: st.DataObject
) -> None:
    found = novelty(known, fresh, ROLES)
    again = novelty(data.draw(st.permutations(known)), data.draw(st.permutations(fresh)), ROLES)
    assert again == found
    if found is not None:
        assert found.report in fresh
        assert found.report.copy_of is None
        assert found.detail
        assert found.report.article.title == "Kyiv attacked by drones"


@settings(max_examples=100, deadline=None)
@given(MANY, MANY)
def test_the_same_reports_are_never_news_twice(known: list[Report], fresh: list[Report]) -> None:
    numbered = [
        replace(one, article=replace(one.article, id=ArticleId(100 + n)))
        for n, one in enumerate(fresh)
    ]
    found = novelty([*known, *fresh], numbered, ROLES)
    assert found is None or found.kind is CONFIRMATION
