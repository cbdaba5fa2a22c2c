"""INSERT that minds what is there already, which each database spells its own way."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_or(connection: Connection, table: Table) -> Any:
    """Return an INSERT that knows ``on_conflict_do_nothing`` and ``on_conflict_do_update``."""
    module = postgresql if connection.dialect.name == "postgresql" else sqlite
    return module.insert(table)
