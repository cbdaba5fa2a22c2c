from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from service.learning import embeddings
from service.relevance.encoder import RememberingEncoder, Vectors


class Counting:
    dimensions = 2

    def __init__(self, name: str = "counting") -> None:
        self.name = name
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return np.array([[len(text), 1] for text in texts], dtype=np.float32).reshape(-1, 2)


def loaded(path: Path, name: str = "counting") -> tuple[RememberingEncoder, Counting]:
    counting = Counting(name)
    remembering = RememberingEncoder(counting)
    embeddings.load(path, remembering)
    return remembering, counting


def test_what_was_kept_is_not_encoded_again(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "kept.npz"
    embeddings.save(path, RememberingEncoder(Counting()), ["a", "bb"])
    remembering, counting = loaded(path)
    assert remembering.encode(["bb", "a", "ccc"]).tolist() == [[2, 1], [1, 1], [3, 1]]
    assert counting.asked == ["ccc"]


def test_only_the_texts_named_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "kept.npz"
    remembering = RememberingEncoder(Counting())
    remembering.encode(["old"])
    embeddings.save(path, remembering, ["new"])
    again, counting = loaded(path)
    again.encode(["old", "new"])
    assert counting.asked == ["old"]


def test_vectors_of_another_encoder_are_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "kept.npz"
    embeddings.save(path, RememberingEncoder(Counting()), ["a"])
    remembering, counting = loaded(path, "another")
    remembering.encode(["a"])
    assert counting.asked == ["a"]


@pytest.mark.parametrize("content", [None, b"", b"not an archive", b"PK\x03\x04 cut off"])
def test_a_missing_or_damaged_file_costs_time_and_nothing_else(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "kept.npz"
    if content is not None:
        path.write_bytes(content)
    remembering, counting = loaded(path)
    assert remembering.encode(["a"]).tolist() == [[1, 1]]
    assert counting.asked == ["a"]
