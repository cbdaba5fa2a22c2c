"""Keeps vectors in the database, so that no process encodes what another one has encoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import numpy as np

from service.relevance.encoder import Vectors
from service.storage import embeddings
from service.storage.database import Database


class DatabaseShelf:
    """A shelf in the database; vectors are stored in half precision, which is how they come."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def load(self, encoder: str, hashes: Sequence[str]) -> dict[str, Vectors]:
        """See ``Shelf``."""
        with self._database.reading() as connection:
            found = embeddings.load(connection, encoder, hashes)
        return {
            key: np.frombuffer(vector, dtype=np.float16).astype(np.float32)
            for key, vector in found.items()
        }

    def save(self, encoder: str, vectors: dict[str, Vectors]) -> None:
        """See ``Shelf``."""
        packed = {key: vector.astype(np.float16).tobytes() for key, vector in vectors.items()}
        with self._database.transaction() as connection:
            embeddings.save(connection, encoder, packed, self._clock())
