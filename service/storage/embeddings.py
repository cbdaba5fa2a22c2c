"""Vectors of texts, by encoder and a hash of the text: what was read once is not read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from service.storage.tables import embeddings
from service.storage.upsert import insert_or

CHUNK = 500


def load(connection: Connection, encoder: str, hashes: Sequence[str]) -> dict[str, bytes]:
    """Return the stored vectors among ``hashes``."""
    found: dict[str, bytes] = {}
    for start in range(0, len(hashes), CHUNK):
        rows = connection.execute(
            select(embeddings.c.text_hash, embeddings.c.vector).where(
                embeddings.c.encoder == encoder,
                embeddings.c.text_hash.in_(hashes[start : start + CHUNK]),
            )
        )
        found.update((row.text_hash, row.vector) for row in rows)
    return found


def save(connection: Connection, encoder: str, vectors: Mapping[str, bytes], now: datetime) -> None:
    """Store vectors; one that is there already stays."""
    if not vectors:
        return
    connection.execute(
        insert_or(connection, embeddings).on_conflict_do_nothing(),
        [
            {"encoder": encoder, "text_hash": key, "vector": vector, "stored_at": now}
            for key, vector in vectors.items()
        ],
    )
