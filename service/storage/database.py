"""Opens the database and brings its schema up to date."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from service.errors import StorageError
from service.settings import Settings

__all__ = ["Connection", "Database"]

MIGRATIONS = Path(__file__).parent / "migrations"
# How long a writer waits for another before it gives up.
SQLITE_BUSY_MS = 30_000


class Database:
    """An engine with a current schema.

    ``transaction`` is for whatever writes: all of it or nothing. ``reading`` sees one moment.
    """

    def __init__(self, url: str | URL, *, migrate: bool = True) -> None:
        try:
            self._engine = _open_engine(url)
            # Connecting tells whether there is a database at all.
            self._engine.connect().close()
            if migrate:
                self._migrate()
        except (SQLAlchemyError, ImportError, ValueError) as error:
            raise StorageError(
                f"the database cannot be opened: {str(error).splitlines()[0]}",
                mend="check that data_dir exists and is writable, and database_url",
            ) from error

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Yield a connection whose work is committed at the end, or undone on an error."""
        writing = self._engine.execution_options(caspian_write=True)
        with writing.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection for reading."""
        with self._engine.connect() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _migrate(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self.transaction() as connection:
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
                # Changes nothing, but where nothing may be written it fails now, not in a poll.
                connection.exec_driver_sql("UPDATE alembic_version SET version_num = version_num")
            except CommandError as error:
                head = ScriptDirectory.from_config(config).get_current_head()
                raise StorageError(
                    f"the database has a schema this program does not know ({error}; "
                    f"it knows up to {head})",
                    mend="run the version of caspian that last used it, or a newer one",
                ) from error


def open_database(settings: Settings, *, migrate: bool = True) -> Database:
    """Open the database of ``database_url``, or SQLite in ``data_dir``.

    Without ``migrate`` for a quick look that must not wait for a writer.
    """
    url: str | URL = settings.database_url.get_secret_value()
    if not url:
        folder = Path(settings.data_dir)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"no folder for data: {error}", mend="set data_dir to a place that is writable"
            ) from error
        url = URL.create("sqlite", database=str(folder / "caspian.sqlite"))
    return Database(url, migrate=migrate)


def _open_engine(url: str | URL) -> Engine:
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not open transactions by itself: see _begin_sqlite.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {SQLITE_BUSY_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    # Each commit reaches the disk: a digest marked as sent stays so after a power cut.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at the start; one that began as a reader could not wait for it.
    writes = connection.get_execution_options().get("caspian_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
