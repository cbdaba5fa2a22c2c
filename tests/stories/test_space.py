"""Where reports lie: against the mean of their language, which is learnt in no order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.stories.space import PRIOR_ARTICLES, REMEMBERED_ARTICLES, Background, Floats, Space
from tests.stories.small_space import (
    DEAL,
    DIMENSIONS,
    EVENTS,
    LANGUAGES,
    STRIKE,
    TALKS,
    encoded,
    space,
    told,
)

SPACE = space()


def rows(*vectors: Floats) -> Floats:
    return np.stack(vectors)


def background(articles: int, mean: Floats) -> Background:
    return Background(articles, mean, mean)


def placed(*vectors: Floats, language: str = "en", **backgrounds: Background) -> Floats:
    """Return where vectors lie, taken as meanings."""
    given_ = rows(*vectors)
    return SPACE.place(backgrounds, given_, given_, [language] * len(vectors))[0]


# --- languages ----------------------------------------------------------------------------------


def test_the_language_is_that_of_the_nearest_mean() -> None:
    texts = rows(encoded(told(STRIKE), "ru"), encoded(told(DEAL), "en"), encoded(told(TALKS), "ru"))
    assert SPACE.language_of(texts) == ["ru", "en", "ru"]


def test_a_language_whose_items_were_longer_draws_no_more_than_others() -> None:
    factors = np.array([[1], [9]], np.float32)
    long = Space("small", LANGUAGES, SPACE.meaning_means * factors, SPACE.title_means, SPACE.basis)
    borrowing = encoded(told(), "en") + encoded(told(), "ru") / np.float32(3)
    assert long.language_of(rows(borrowing)) == ["en"]


def test_of_a_text_that_says_nothing_the_language_is_some_known_one() -> None:
    assert SPACE.language_of(np.zeros((1, DIMENSIONS), np.float32))[0] in LANGUAGES


def test_no_texts_have_no_languages() -> None:
    assert SPACE.language_of(np.zeros((0, DIMENSIONS), np.float32)) == []


# --- what is learnt -----------------------------------------------------------------------------


def test_a_mean_is_learnt_of_the_articles_of_its_language_alone() -> None:
    given_ = rows(encoded(told(STRIKE)), encoded(told(TALKS), "ru"), encoded(told(DEAL)))
    learnt = SPACE.learn({}, given_, 2 * given_, ["en", "ru", "en"])
    assert learnt.keys() == {"en", "ru"}
    assert (learnt["en"].articles, learnt["ru"].articles) == (2, 1)
    np.testing.assert_allclose(learnt["en"].meaning, (given_[0] + given_[2]) / 2, atol=1e-7)
    np.testing.assert_allclose(learnt["en"].title, given_[0] + given_[2], atol=1e-7)
    np.testing.assert_allclose(learnt["ru"].meaning, given_[1])


def test_only_the_languages_that_gain_articles_change() -> None:
    before = {"en": background(4, encoded(told())), "ru": background(4, encoded(told(), "ru"))}
    new = rows(encoded(told(DEAL)))
    learnt = SPACE.learn(before, new, new, ["en"])
    assert learnt.keys() == {"en"}
    assert learnt["en"].articles == 5
    assert before["en"].articles == 4


def test_what_comes_in_two_parts_is_learnt_as_what_comes_at_once() -> None:
    given_ = rows(*(encoded(told(degrees=10 * step)) for step in range(9)))
    at_once = SPACE.learn({}, given_, given_, ["en"] * 9)["en"]
    first = SPACE.learn({}, given_[:4], given_[:4], ["en"] * 4)
    in_parts = SPACE.learn(first, given_[4:], given_[4:], ["en"] * 5)["en"]
    assert in_parts.articles == at_once.articles
    np.testing.assert_allclose(in_parts.meaning, at_once.meaning, atol=1e-6)


def test_the_mean_is_of_the_last_articles_and_those_long_past_fade() -> None:
    known = background(50 * REMEMBERED_ARTICLES, encoded(told(STRIKE)))
    new = rows(*[encoded(told(DEAL))] * REMEMBERED_ARTICLES)
    learnt = known.with_more(new, new)
    np.testing.assert_allclose(learnt.meaning, (new[0] + known.meaning) / 2, atol=1e-6)
    assert learnt.articles == 2 * REMEMBERED_ARTICLES
    assert learnt.with_more(new, new).articles == learnt.articles


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 40), st.integers(0, 2 * REMEMBERED_ARTICLES), st.integers(0, 9), st.data())
def test_the_order_of_articles_teaches_nothing(
    count: int, before: int, seed: int, data: st.DataObject
) -> None:
    chance = np.random.default_rng(seed)
    given_ = chance.normal(size=(count, DIMENSIONS)).astype(np.float32)
    known = {"en": background(before, given_.mean(axis=0))} if before else {}
    languages = [LANGUAGES[row % 2] for row in range(count)]
    order = data.draw(st.permutations(range(count)))
    ordered = SPACE.learn(known, given_, given_, languages)
    shuffled = SPACE.learn(known, given_[order], given_[order], [languages[row] for row in order])
    assert ordered.keys() == shuffled.keys()
    for language, one in ordered.items():
        np.testing.assert_array_equal(one.meaning, shuffled[language].meaning)
        np.testing.assert_array_equal(one.title, shuffled[language].title)


# --- where reports lie --------------------------------------------------------------------------


def test_what_only_the_language_tells_is_taken_away() -> None:
    english, russian = encoded(told(TALKS), "en"), encoded(told(TALKS), "ru")
    given_ = rows(english, russian)
    both, _ = SPACE.place({}, given_, given_, ["en", "ru"])
    np.testing.assert_allclose(both[0], both[1], atol=1e-6)
    np.testing.assert_allclose(both[0], told(TALKS), atol=1e-6)


def test_rows_are_of_length_one_and_as_wide_as_what_is_kept() -> None:
    meaning, title = SPACE.place({}, rows(encoded(told())), rows(7 * encoded(told(DEAL))), ["en"])
    assert meaning.shape == title.shape == (1, EVENTS)
    assert meaning.dtype == title.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm([meaning[0], title[0]], axis=1), 1, atol=1e-6)


def test_what_all_articles_of_a_language_tell_is_taken_away_too() -> None:
    theme = encoded(told(DEAL, TALKS, 45))
    quarrel = encoded((told(DEAL, TALKS, 45) + told(STRIKE)) / np.sqrt(2))
    fresh = placed(theme, quarrel)
    assert fresh[0] @ fresh[1] > 0.7
    seasoned = placed(quarrel, en=background(REMEMBERED_ARTICLES, theme))
    assert seasoned[0] @ told(STRIKE) > fresh[1] @ told(STRIKE) > 0.7


def test_the_written_mean_counts_for_as_many_articles_as_it_is_said_to() -> None:
    halfway = placed(encoded(told(STRIKE)), en=background(PRIOR_ARTICLES, encoded(told(DEAL))))
    expected = told(STRIKE) - told(DEAL) / 2
    np.testing.assert_allclose(halfway[0], expected / np.linalg.norm(expected), atol=1e-6)


def test_no_more_articles_than_are_remembered_count_against_the_written_mean() -> None:
    mean = encoded(told(DEAL))
    some, many = (
        placed(encoded(told()), en=background(articles, mean))
        for articles in (REMEMBERED_ARTICLES, 1_000 * REMEMBERED_ARTICLES)
    )
    np.testing.assert_array_equal(some, many)


def test_what_one_language_learnt_moves_no_other() -> None:
    russian = placed(encoded(told(), "ru"), language="ru", en=background(99, encoded(told(DEAL))))
    np.testing.assert_allclose(russian[0], told(), atol=1e-6)


def test_what_lies_right_at_the_mean_lies_nowhere() -> None:
    nowhere = placed(SPACE.meaning_means[0])
    np.testing.assert_array_equal(nowhere, np.zeros((1, EVENTS)))


def test_a_language_that_was_never_written_in_is_an_error() -> None:
    with pytest.raises(ValueError, match="tuple"):
        placed(encoded(told()), language="eo")
