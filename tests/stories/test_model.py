"""How the grouping model sees articles: as they come, as they are kept, as they are compared."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.records import Bearings, Item, StoryId
from service.stories.model import DAY_SECONDS, TEXT_CHARACTERS, Newcomer, text_of, title_of
from service.stories.rarity import REMEMBERED_ARTICLES, Named
from service.stories.space import Background
from service.stories.traits import Traits
from tests.make import NOW
from tests.stories.small_space import (
    ACTORS,
    DEAL,
    EVENTS,
    MODEL,
    STRIKE,
    TALKS,
    encoded,
    newcomer,
    placed,
    told,
)

HOSTILE = st.text(st.characters(exclude_categories=()), max_size=30) | st.sampled_from(
    ["", "\0", "\ud800", "a\udfff\0b", " \t\r\n", "live" * 300, "\u202e\u200b\ufeff", "-- : | - ("]
)


def same(one: Traits, other: Traits) -> bool:
    return all(
        np.array_equal(getattr(one, field.name), getattr(other, field.name))
        for field in fields(Traits)
    )


# --- placing ------------------------------------------------------------------------------------


def test_an_article_is_placed_with_all_that_grouping_needs_of_it() -> None:
    bearings = Bearings(actors=("lavrov",), headed=("drones",))
    new = newcomer(7, told(TALKS), "ru", bearings=bearings, story=StoryId(3))
    (one,), learnt = MODEL.place([new], {})
    assert (one.id, one.story, one.outlet) == (7, 3, "Outlet 7")
    assert (one.reported_at, one.title) == (new.reported_at, "Report 7")
    assert (one.language, one.bearings) == ("ru", bearings)
    assert learnt.keys() == {"ru"}


def test_vectors_are_kept_in_two_bytes_a_number() -> None:
    (one,), _ = MODEL.place([newcomer(1, told(TALKS))], {})
    assert len(one.vectors) == 2 * 2 * EVENTS
    meaning = MODEL.traits([one]).meaning
    assert meaning.dtype == np.float32
    np.testing.assert_allclose(meaning[0], told(TALKS), atol=1e-3)


def test_meaning_and_title_are_not_taken_for_each_other() -> None:
    (one,), _ = MODEL.place([newcomer(1, told(STRIKE), title_vector=encoded(told(DEAL)))], {})
    rows = MODEL.traits([one])
    assert (rows.meaning[0].argmax(), rows.title[0].argmax()) == (STRIKE, DEAL)


def test_no_articles_are_placed_nowhere_and_teach_nothing() -> None:
    assert MODEL.place([], {"en": Background(1, told(), told())}) == ([], {})


def test_all_of_a_batch_teach_before_any_is_placed() -> None:
    batch = [newcomer(n, told(STRIKE, DEAL, 30 * n)) for n in range(1, 4)]
    ordered, learnt = MODEL.place(batch, {})
    backwards, learnt_backwards = MODEL.place(batch[::-1], {})
    assert ordered == backwards[::-1]
    (alone,), _ = MODEL.place(batch[:1], {})
    assert alone.vectors != ordered[0].vectors
    assert learnt["en"].articles == 3
    np.testing.assert_array_equal(learnt["en"].meaning, learnt_backwards["en"].meaning)


def test_what_was_learnt_before_is_added_to_and_not_changed() -> None:
    _, first = MODEL.place([newcomer(1), newcomer(2, language="ru")], {})
    _, then = MODEL.place([newcomer(3)], first)
    assert (first["en"].articles, then["en"].articles) == (1, 2)
    assert then.keys() == {"en"}


# --- rows ---------------------------------------------------------------------------------------


def test_rows_stand_in_the_order_of_the_articles() -> None:
    rows = MODEL.traits([placed(1, told(STRIKE)), placed(2, told(DEAL)), placed(3, told(TALKS))])
    assert len(rows) == 3
    assert rows.meaning.argmax(axis=1).tolist() == [STRIKE, DEAL, TALKS]


def test_no_articles_make_rows_as_wide_as_others() -> None:
    none, some = MODEL.traits([]), MODEL.traits([placed(1)])
    assert len(none) == 0
    for field in fields(Traits):
        empty, full = getattr(none, field.name), getattr(some, field.name)
        assert (empty.shape[1:], empty.dtype) == (full.shape[1:], full.dtype), field.name


def test_names_stand_in_the_columns_of_the_models_own() -> None:
    names = Bearings(
        actors=("kyiv", "gandalf", "lavrov"),
        leads=("kyiv",),
    )
    rows = MODEL.traits([placed(1, bearings=names), placed(2)])
    assert rows.actors.tolist() == [[True, False, True], [False] * len(ACTORS)]
    assert rows.leads.tolist() == [[False, False, True], [False] * len(ACTORS)]


def test_the_same_number_is_the_same_anywhere() -> None:
    one, other, none = MODEL.traits(
        [
            placed(1, bearings=Bearings(numbers=("24", "1300"))),
            placed(2, bearings=Bearings(numbers=("1300", "24"))),
            placed(3),
        ]
    ).numbers
    assert (one == other).all()
    assert one.sum() == 2
    assert not none.any()


def test_the_time_is_told_to_the_second() -> None:
    day = MODEL.traits([placed(1, reported_at=NOW + timedelta(seconds=1))]).day[0]
    assert day * DAY_SECONDS == pytest.approx(NOW.timestamp() + 1, abs=1e-3)


@pytest.mark.parametrize(
    ("title", "mixed"),
    [
        ("Iran and Russia sign deal", False),
        ("Iran live updates: talks end", True),
        ("Онлайн: переговоры в Тегеране", True),
        ("Главное за день: сделка с Ираном", True),
        ("Opinion: Iran has no friends", False),
        ("", False),
    ],
)
def test_live_blogs_and_round_ups_speak_of_many_events(title: str, mixed: bool) -> None:
    assert MODEL.traits([placed(1, title=title)]).mixed.tolist() == [mixed]


# --- who is named ------------------------------------------------------------------------------


def weights(named: Named) -> list[float]:
    """Return how much "lavrov", "araghchi" and "kyiv" tell; half of what was written names one."""
    return [float(weight) for weight in MODEL.rule_given(named).model.actor_weights]


def test_before_anything_comes_an_actor_tells_the_more_the_fewer_written_items_name_it() -> None:
    lavrov, araghchi, kyiv = weights(Named())
    assert 0 < lavrov < araghchi < kyiv
    assert lavrov == pytest.approx(np.log(2), abs=0.05)


def test_whom_all_reports_name_these_days_tells_nothing_more() -> None:
    named = Named().with_more([["kyiv"]] * REMEMBERED_ARTICLES)
    lavrov, _, kyiv = weights(named)
    assert 0 < kyiv < 0.25
    assert lavrov > weights(Named())[0]


def test_whom_nobody_names_any_more_tells_as_much_as_before() -> None:
    loud = Named().with_more([["kyiv"]] * REMEMBERED_ARTICLES)
    quiet = loud
    for _ in range(8):
        quiet = quiet.with_more([["lavrov"]] * REMEMBERED_ARTICLES)
    assert quiet.articles <= 2 * REMEMBERED_ARTICLES
    assert weights(quiet)[2] > 5 > weights(loud)[2]


def test_names_the_model_does_not_know_and_names_told_twice_change_nothing() -> None:
    once = Named().with_more([["kyiv"], ["lavrov", "kyiv"]])
    assert weights(once.with_more([])) == weights(once)
    assert weights(Named().with_more([["kyiv", "kyiv", "gandalf"], ["lavrov", "kyiv"]])) == (
        weights(once)
    )


def test_the_rest_of_the_rule_stays_what_it_is() -> None:
    rule = MODEL.rule_given(Named().with_more([["kyiv"]]))
    assert rule.threshold == MODEL.rule.threshold
    assert rule.model.weights is MODEL.rule.model.weights


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.sampled_from([*ACTORS, "gandalf"])), max_size=12), st.data())
def test_in_which_order_articles_name_actors_makes_no_difference(
    documents: list[list[str]], data: st.DataObject
) -> None:
    before = Named(350.0, {"kyiv": 17.5, "lavrov": 0.1})
    shuffled = data.draw(st.permutations(documents))
    assert before.with_more(shuffled) == before.with_more(documents)
    assert all(weight >= 0 for weight in weights(before.with_more(documents)))


# --- anything -----------------------------------------------------------------------------------


def texts(new: Newcomer, text: str) -> Newcomer:
    names = (text, text + text)
    return newcomer(
        new.id, outlet=text, title=text, bearings=Bearings(names, names, names, names, names)
    )


@settings(max_examples=200, deadline=None)
@given(st.lists(HOSTILE, min_size=1, max_size=5))
def test_any_texts_are_placed_and_compared(given_: list[str]) -> None:
    batch = [texts(newcomer(number), text) for number, text in enumerate(given_, 1)]
    articles, _ = MODEL.place(batch, {})
    rows = MODEL.traits(articles)
    assert [one.title for one in articles] == given_
    assert np.isfinite(MODEL.rule.model.odds(rows, rows)).all()
    assert same(rows, MODEL.traits(articles))


@settings(max_examples=100, deadline=None)
@given(HOSTILE, HOSTILE)
def test_what_is_encoded_of_a_text_is_its_beginning(title: str, summary: str) -> None:
    item = Item(title, summary, "en")
    assert len(text_of(item)) <= TEXT_CHARACTERS
    assert len(title_of(item)) <= TEXT_CHARACTERS
    assert f"{title}. {summary}".startswith(text_of(item))
    assert title.startswith(title_of(item))
