"""What readers' labels teach, and how much."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.learning.corpus import LABEL
from service.learning.labels import (
    AGREED_WEIGHT,
    LABEL_WEIGHT,
    MOST_OF_ALL,
    Judged,
    judged_texts,
    weighed,
)
from service.records import Label, Verdict
from tests.labelled import ECONOMIC, MILITARY, NOT_RELEVANT, RELEVANT, UNSURE, WITHDRAWN, label
from tests.learning.small_topic import TOPICS
from tests.make import NOW

HOUR = timedelta(hours=1)
LONG = (
    "Freedonia and Sylvania sign a long and detailed agreement on the railway from coast to coast"
)


def voices(*verdicts: Verdict, title: str = "Title") -> list[Label]:
    """Return labels of one text, each of a reader of its own."""
    return [label(title, verdict, f"reader {n}") for n, verdict in enumerate(verdicts)]


def judged(*verdicts: Verdict) -> Judged:
    (one,) = judged_texts(voices(*verdicts), TOPICS)
    return one


def texts(number: int, *, relevant: bool = True, reader: str = "ann") -> list[Judged]:
    verdict = RELEVANT if relevant else NOT_RELEVANT
    given = [label(f"{reader} said this of {n} {n * 7}", verdict, reader) for n in range(number)]
    return judged_texts(given, TOPICS)


@pytest.mark.parametrize(
    "verdicts",
    [
        (),
        (UNSURE,),
        (UNSURE, UNSURE),
        (WITHDRAWN,),
        (RELEVANT, NOT_RELEVANT),
        (RELEVANT, NOT_RELEVANT, UNSURE),
        (RELEVANT, NOT_RELEVANT, NOT_RELEVANT, RELEVANT),
    ],
)
def test_ties_and_unsure_teach_nothing(verdicts: tuple[Verdict, ...]) -> None:
    assert judged_texts(voices(*verdicts), TOPICS) == []


@pytest.mark.parametrize(
    ("verdicts", "relevant", "weight"),
    [
        ((RELEVANT,), True, LABEL_WEIGHT),
        ((NOT_RELEVANT,), False, LABEL_WEIGHT),
        ((RELEVANT, RELEVANT), True, AGREED_WEIGHT),
        ((NOT_RELEVANT,) * 5, False, AGREED_WEIGHT),
        ((RELEVANT, UNSURE), True, LABEL_WEIGHT / 2),
        ((RELEVANT, RELEVANT, UNSURE, UNSURE), True, AGREED_WEIGHT / 2),
        ((RELEVANT, RELEVANT, NOT_RELEVANT), True, AGREED_WEIGHT / 3),
        ((NOT_RELEVANT, RELEVANT, NOT_RELEVANT, NOT_RELEVANT), False, AGREED_WEIGHT / 2),
        ((RELEVANT, WITHDRAWN), True, LABEL_WEIGHT),
    ],
)
def test_the_majority_holds_and_weighs_less_the_more_it_is_disputed(
    verdicts: tuple[Verdict, ...], relevant: bool, weight: float
) -> None:
    one = judged(*verdicts)
    assert one.example.label is relevant
    assert one.example.weight == pytest.approx(weight)
    winners = RELEVANT if relevant else NOT_RELEVANT
    assert one.readers == tuple(f"reader {n}" for n, v in enumerate(verdicts) if v is winners)


@given(st.lists(st.sampled_from(list(Verdict)), max_size=9))
def test_one_text_never_teaches_more_than_agreement_does(verdicts: list[Verdict]) -> None:
    found = judged_texts(voices(*verdicts), TOPICS)
    margin = verdicts.count(RELEVANT) - verdicts.count(NOT_RELEVANT)
    assert [one.example.label for one in found] == ([] if margin == 0 else [margin > 0])
    assert all(0 < one.example.weight <= AGREED_WEIGHT for one in found)


def test_the_text_of_the_newest_label_is_learnt_from() -> None:
    first = label(text_hash="same")
    second = label("Title.", reader="bob", text_hash="same", lang="ru", labelled_at=NOW + HOUR)
    (one,) = judged_texts([second, first], TOPICS)
    assert one.example.item == second.item
    assert (one.text_hash, one.labelled_at) == ("same", NOW + HOUR)
    assert one.example.kind == LABEL


def test_the_topics_are_those_that_the_majority_named_in_the_models_order() -> None:
    given = [
        label(reader="a", topics=(ECONOMIC,)),
        label(reader="b", topics=(MILITARY,)),
        label(reader="c", verdict=NOT_RELEVANT),
    ]
    (one,) = judged_texts(given, TOPICS)
    assert one.example.topics == (MILITARY, ECONOMIC)
    (military,) = judged_texts(given, [MILITARY])
    assert military.example.topics == (MILITARY,)


def test_what_is_not_relevant_has_no_topics_whatever_the_minority_named() -> None:
    given = [label(topics=(MILITARY,)), *voices(NOT_RELEVANT, NOT_RELEVANT)]
    (one,) = judged_texts(given, TOPICS)
    assert (one.example.label, one.example.topics) == (False, ())


def test_texts_come_oldest_first() -> None:
    given = [label(f"{n}", labelled_at=NOW + at * HOUR) for n, at in enumerate((2, 0, 1))]
    assert [one.example.item.title for one in judged_texts(given, TOPICS)] == ["1", "2", "0"]


def test_copies_share_a_group_and_others_have_their_own() -> None:
    given = [
        label(LONG),
        label("Wolves cross from Freedonia into Sylvania, rangers say"),
        label(LONG.replace("long", "lone"), NOT_RELEVANT),
        label("", summary=LONG.upper()),
        label(LONG, reader="bob", summary="Poets of both read at the book fair, and nobody came."),
    ]
    groups = {
        one.text_hash: one.example.group
        for one in judged_texts(given, TOPICS)
        if one.example.group.startswith("label:")
    }
    first, wolves, lone, upper, longer = (groups[one.text_hash] for one in given)
    assert first == lone == upper
    assert len({first, wolves, longer}) == 3


def test_copies_of_copies_are_in_one_group() -> None:
    # Each text differs a little from the one before it, the last a lot from the first.
    words = [f"{word}{n}" for n, word in enumerate(LONG.split() * 3)]
    chain = [" ".join(["changed"] * n + words[n:]) for n in range(10)]
    ends = judged_texts([label(chain[0]), label(chain[-1])], TOPICS)
    assert len({one.example.group for one in ends}) == 2
    chained = judged_texts([label(text) for text in (chain[0], chain[-1], *chain[1:-1])], TOPICS)
    assert len({one.example.group for one in chained}) == 1


def test_few_labels_keep_their_weight() -> None:
    found = texts(4)
    assert weighed(found, written=1_000) == [one.example for one in found]
    assert weighed([], written=1_000) == []


def test_all_labels_together_weigh_so_much_and_no_more() -> None:
    found = [*texts(40), *judged_texts(voices(RELEVANT, RELEVANT), TOPICS)]
    examples = weighed(found, written=100)
    assert sum(e.weight for e in examples) == pytest.approx(MOST_OF_ALL * 100)
    # Each is cut by the same share.
    assert examples[-1].weight / examples[0].weight == pytest.approx(AGREED_WEIGHT / LABEL_WEIGHT)
    assert [e.item for e in examples] == [one.example.item for one in found]


def test_labels_weigh_nothing_where_nothing_is_written() -> None:
    assert [e.weight for e in weighed(texts(2), written=0)] == [0, 0]
