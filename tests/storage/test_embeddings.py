"""Vectors by encoder and text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from service.storage import embeddings, tables
from service.storage.database import Database
from tests.make import NOW
from tests.storage.rows import at_once, rows_of


def save(database: Database, encoder: str = "e5", **vectors: bytes) -> None:
    with database.transaction() as connection:
        embeddings.save(connection, encoder, vectors, NOW)


def load(database: Database, encoder: str, hashes: Sequence[str]) -> dict[str, bytes]:
    with database.reading() as connection:
        return embeddings.load(connection, encoder, hashes)


def test_what_was_saved_is_loaded_and_what_was_not_is_missing(database: Database) -> None:
    save(database, one=b"\x00\x01\xff", two=b"22", three=b"333")
    assert load(database, "e5", ["two", "four", "one"]) == {"one": b"\x00\x01\xff", "two": b"22"}
    assert load(database, "e5", []) == {}
    assert {row.stored_at for row in rows_of(database, tables.embeddings)} == {NOW}


def test_each_encoder_has_vectors_of_its_own(database: Database) -> None:
    save(database, one=b"1")
    save(database, "other", one=b"other")
    assert load(database, "e5", ["one"]) == {"one": b"1"}
    assert load(database, "other", ["one"]) == {"one": b"other"}
    assert load(database, "third", ["one"]) == {}


def test_a_vector_that_is_there_already_stays(database: Database) -> None:
    save(database, one=b"1")
    with database.transaction() as connection:
        again = {"one": b"later", "two": b"2"}
        embeddings.save(connection, "e5", again, NOW + timedelta(days=1))
    assert load(database, "e5", ["one", "two"]) == {"one": b"1", "two": b"2"}


def test_nothing_to_save_is_fine(database: Database) -> None:
    save(database)
    assert rows_of(database, tables.embeddings) == []


def test_more_vectors_than_one_statement_takes_are_loaded(database: Database) -> None:
    many = {f"text {number}": str(number).encode() for number in range(2 * embeddings.CHUNK + 1)}
    with database.transaction() as connection:
        embeddings.save(connection, "e5", many, NOW)
    assert load(database, "e5", list(many)) == many


def test_two_processes_may_save_the_same_at_once(database: Database) -> None:
    at_once([lambda: save(database, one=b"1", two=b"2")] * 4)
    assert load(database, "e5", ["one", "two"]) == {"one": b"1", "two": b"2"}
