"""Whose labels contradict all else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.learning.doubts import FEWEST_OF_A_READER, careless, doubtful, suspects
from service.learning.labels import judged_texts
from service.learning.retrain import Fitted, fit_candidate
from service.records import Label
from service.wiring.models import encoder
from tests.learning.small_topic import FINDER, TOPICS, examples
from tests.learning.topic_folder import label


def labels_of(reader: str, number: int, *, wrong: int) -> list[Label]:
    """Labels on what is written in other words, the first ``wrong`` of them turned round."""
    chosen = examples()[:: len(examples()) // number][:number]
    return [
        label(
            f"{example.item.title}, {reader} reads",
            relevant=example.label != (at < wrong),
            reader=reader,
        )
        for at, example in enumerate(chosen)
    ]


def fitted(*given: list[Label]) -> Fitted:
    """Fit on what is written, in six wordings lest ten labels outweigh it, and on labels."""
    wordings = [
        replace(one, item=replace(one.item, title=f"{one.item.title}{ending}"))
        for one in examples()
        for ending in ("", " today", ", papers say", " at last", ", it is said", " in spring")
    ]
    labels = [one for of_one in given for one in of_one]
    return fit_candidate(wordings, judged_texts(labels, TOPICS), FINDER, encoder(), TOPICS)


@pytest.fixture(scope="module")
def of_three() -> Fitted:
    number = FEWEST_OF_A_READER
    return fitted(
        labels_of("ann", number, wrong=0),
        labels_of("mallory", number, wrong=number),
        labels_of("new", number - 1, wrong=number - 1),
    )


def test_a_reader_whose_labels_all_contradict_the_others_is_suspect(of_three: Fitted) -> None:
    assert suspects(of_three) == {"mallory": 1.0}


def test_a_reader_of_few_labels_is_neither_careless_nor_suspect(of_three: Fitted) -> None:
    assert "new" not in careless(of_three)


def test_doubtful_labels_come_worst_first_with_what_was_said(of_three: Fitted) -> None:
    found = doubtful(of_three)
    assert all(one.readers != ("ann",) for one in found)
    distances = [abs(one.probability - one.label) for one in found]
    assert distances == sorted(distances, reverse=True)


def test_where_nobody_has_judged_nobody_is_suspect() -> None:
    none = fitted()
    assert (doubtful(none), careless(none), suspects(none)) == ((), {}, {})
