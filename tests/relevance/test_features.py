from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.records import Item
from service.relevance.features import (
    SUMMARY_CHARACTERS,
    Reading,
    carrying_sentence,
    layout,
    read,
)
from service.relevance.mentions import MentionFinder

SIDES = ("a", "b")
FINDER = MentionFinder({"a": {"c": ["Freedonia"]}, "b": {"c": ["Sylvania*"]}})
WORDS = st.sampled_from(
    ["Freedonia", "Sylvanian", "tariff", ". ", "! ", "。", "? ", "\n", " ", "’"]
)
TEXTS = st.one_of(st.text(max_size=40), st.lists(WORDS, max_size=20).map("".join))


def _read(title: str, summary: str = "") -> Reading:
    return read(Item(title, summary, "en"), FINDER)


def _layout(title: str, summary: str = "") -> list[float]:
    return layout(_read(title, summary), SIDES)


@pytest.mark.parametrize("title", ["", "Freedonia votes", "Sylvania votes", "Elsewhere"])
def test_an_item_that_does_not_name_both_sides_is_gated(title: str) -> None:
    reading = _read(title, title)
    assert reading.gated
    assert (reading.mentions, reading.sentences, reading.masked) == ((), (), "")


@pytest.mark.parametrize(
    ("title", "summary"),
    [
        ("Freedonia and Sylvania sign", ""),
        ("Freedonia signs", "The treaty with Sylvania is old."),
        ("A treaty", "Sylvanians like Freedonia."),
    ],
)
def test_the_sides_may_be_named_anywhere_in_title_and_summary(title: str, summary: str) -> None:
    reading = _read(title, summary)
    assert not reading.gated
    assert {mention.side for mention in reading.mentions} == {"a", "b"}


def test_a_name_does_not_run_from_the_title_into_the_summary() -> None:
    finder = MentionFinder({"a": {"c": ["Grand Duchy"]}, "b": {"c": ["Sylvania"]}})
    assert read(Item("Sylvania is grand", "Duchy of nobody"), finder).gated


def test_names_are_masked_and_the_words_around_them_stay() -> None:
    masked = _read("Freedonia’s gas", "For Sylvanians ONLY").masked
    assert masked.split() == ["sidea", "'s", "gas", "for", "sideb", "only"]


def test_the_same_words_with_sides_exchanged_are_masked_otherwise() -> None:
    assert _read("Freedonia pays Sylvania").masked != _read("Sylvania pays Freedonia").masked


def test_a_word_that_names_both_sides_is_masked_by_both_and_nothing_is_lost() -> None:
    finder = MentionFinder({"a": {"c": ["俄伊"]}, "b": {"c": ["俄伊"]}})
    reading = read(Item("俄伊关系", ""), finder)
    assert not reading.gated
    assert reading.masked.split() == ["sidea", "sideb", "关系"]


def test_overlapping_names_of_two_sides_leave_no_half_name_behind() -> None:
    finder = MentionFinder({"a": {"c": ["Old Freedonia"]}, "b": {"c": ["Freedonia Sylvania"]}})
    masked = read(Item("The Old Freedonia Sylvania pact", ""), finder).masked
    assert masked.split() == ["the", "sidea", "sideb", "pact"]


def test_only_the_first_paragraphs_of_a_full_text_are_read() -> None:
    far = "x " * SUMMARY_CHARACTERS + "Sylvania"
    assert _read("Freedonia", far).gated
    assert not _read("Freedonia", "Sylvania " + far).gated


def test_the_layout_tells_who_is_named_in_the_title() -> None:
    assert _layout("Freedonia", "Sylvania.")[:3] == [1, 0, 0]
    assert _layout("Sylvania", "Freedonia.")[:3] == [0, 1, 0]
    assert _layout("Sylvania, Freedonia")[:3] == [1, 1, 1]
    assert _layout("Pact", "Sylvania, Freedonia.")[:3] == [0, 0, 0]


def test_the_layout_tells_which_share_of_sentences_names_both_and_how_early() -> None:
    apart = _layout("News", "Freedonia votes. Sylvania votes. Rain.")
    assert apart[3:6] == [0, 0, 0]
    third = _layout("News", "Freedonia votes. Freedonia and Sylvania sign! Rain?")
    assert third[3:6] == [1, 1 / 4, 1 / 3]
    assert _layout("Freedonia and Sylvania sign")[3:6] == [1, 1, 1]


def test_a_title_and_a_summary_are_never_one_sentence() -> None:
    assert _layout("Freedonia", "Sylvania")[3] == 0


def test_the_nearer_the_names_the_nearer_to_one() -> None:
    side_by_side = _layout("Freedonia-Sylvania")[6]
    apart = _layout("Freedonia builds a railway for Sylvania")[6]
    assert side_by_side == pytest.approx(math.exp(-1 / 40))
    assert 0 < apart < side_by_side
    assert _layout("Freedonia", "Sylvania")[6] == 0


def test_nearness_is_the_same_in_either_order() -> None:
    assert _layout("Freedonia and Sylvania")[6] == _layout("Sylvania and Freedonia")[6]


def test_the_layout_tells_how_often_and_whether_there_is_a_summary() -> None:
    once, often = _layout("Freedonia, Sylvania"), _layout("Freedonia, Sylvania " * 40, "Text.")
    assert once[7] < often[7] == 1
    assert (once[8], often[8]) == (1, 0)


def test_the_carrying_sentence_is_the_first_that_names_most() -> None:
    summary = "Sylvania rests. Freedonia and Sylvania sign a pact… Sylvania and Freedonia rejoice."
    assert carrying_sentence(_read("Freedonia", summary)) == "Freedonia and Sylvania sign a pact…"
    assert carrying_sentence(_read("Freedonia, Sylvania", summary)) == "Freedonia, Sylvania"
    assert carrying_sentence(_read("Freedonia", "Sylvania.")) == "Freedonia"
    assert carrying_sentence(_read("nobody")) == ""


@pytest.mark.parametrize(
    ("summary", "sentence"),
    [
        ("天晴。Freedonia与Sylvania签约。完", "Freedonia与Sylvania签约。"),
        ("کے۔ Freedonia اور Sylvania۔ بعد", "Freedonia اور Sylvania۔"),
        ("है। Freedonia और Sylvania। बाद", "Freedonia और Sylvania।"),
        ("هل؟ Freedonia و Sylvania؟ نعم", "Freedonia و Sylvania؟"),
    ],
)
def test_sentences_end_as_their_script_ends_them(summary: str, sentence: str) -> None:
    assert carrying_sentence(_read("", summary)) == sentence


@given(TEXTS, TEXTS)
@settings(max_examples=100, deadline=None)
def test_whatever_is_read_the_layout_is_nine_numbers_from_nought_to_one(
    title: str, summary: str
) -> None:
    numbers = _layout(title, summary)
    assert len(numbers) == 9
    assert all(0 <= number <= 1 for number in numbers)


@given(TEXTS, TEXTS)
@settings(max_examples=100, deadline=None)
def test_sentences_are_spans_of_their_field_and_the_mask_hides_every_name(
    title: str, summary: str
) -> None:
    reading = _read(title, summary)
    fields = {"title": title, "summary": summary}
    for field, start, end, text in reading.sentences:
        assert fields[field][start:end].strip() == text != ""
    assert FINDER.find(reading.masked, "masked") == []
    assert carrying_sentence(reading) in title or carrying_sentence(reading) in summary
