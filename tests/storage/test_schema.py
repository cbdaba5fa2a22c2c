from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    Table,
    create_engine,
    func,
    insert,
    inspect,
    select,
)
from sqlalchemy.exc import IntegrityError, StatementError

from service.errors import StorageError
from service.settings import Settings
from service.storage import columns, heartbeats, tables
from service.storage.database import Database, open_database
from tests.make import NOW
from tests.storage.rows import arrival, list_feeds, rows_of, store

OFFSETS = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone)
# A day off both ends of the calendar, so that each moment can also be told in UTC.
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=OFFSETS)  # noqa: DTZ001


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def content(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def test_the_migrations_add_up_to_the_schema(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, columns.metadata) == []


def test_the_migrations_make_the_primary_keys_of_the_schema(database: Database) -> None:
    # Alembic's comparison does not look at primary keys; what is told once hangs on one.
    with database.reading() as connection:
        looker = inspect(connection)
        made = {
            name: set(looker.get_pk_constraint(name)["constrained_columns"])
            for name in columns.metadata.tables
        }
    meant = {
        name: {column.name for column in table.primary_key}
        for name, table in columns.metadata.tables.items()
    }
    assert made == meant


def test_opening_twice_keeps_schema_and_content(tmp_path: Path) -> None:
    path = tmp_path / "twice.sqlite"
    first = Database(url_of(path))
    list_feeds(first, "https://feed.example/rss")
    first.close()
    before = content(path)
    Database(url_of(path)).close()
    assert content(path) == before


def test_a_second_opening_beside_the_first_sees_what_it_wrote(tmp_path: Path) -> None:
    first, second = (Database(url_of(tmp_path / "shared.sqlite")) for _ in range(2))
    with first.transaction() as connection:
        heartbeats.beat(connection, "poll", NOW)
    with second.reading() as connection:
        assert heartbeats.last_beats(connection) == {"poll": NOW}
    first.close()
    second.close()


def test_a_schema_newer_than_the_program_is_refused_and_left_untouched(tmp_path: Path) -> None:
    path = tmp_path / "newer.sqlite"
    opened = Database(url_of(path))
    list_feeds(opened, "https://feed.example/rss")
    opened.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    before = content(path)
    with pytest.raises(StorageError, match=r"does not know.*9999") as refused:
        Database(url_of(path))
    assert "newer" in refused.value.mend
    assert content(path) == before


def test_a_folder_that_does_not_exist_is_an_error_with_a_mend(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be opened") as refused:
        Database(url_of(tmp_path / "nowhere" / "x.sqlite"))
    assert "data_dir" in refused.value.mend


# Permissions would not stop root, under whom tests may run; SQLite's own mode does.
READ_ONLY = "sqlite:///file:{}?mode=ro&uri=true"


def test_an_empty_file_that_may_not_be_written_is_an_error_with_a_mend(tmp_path: Path) -> None:
    path = tmp_path / "read-only.sqlite"
    path.touch()
    with pytest.raises(StorageError, match="readonly") as refused:
        Database(READ_ONLY.format(path))
    assert "writable" in refused.value.mend


def test_a_current_database_that_may_not_be_written_is_refused_at_opening(tmp_path: Path) -> None:
    # Else the first poll would fail with an error of the driver's, after the feeds were asked.
    path = tmp_path / "read-only.sqlite"
    Database(url_of(path)).close()
    with pytest.raises(StorageError, match="readonly") as refused:
        Database(READ_ONLY.format(path))
    assert "writable" in refused.value.mend


def test_a_file_that_is_no_database_is_refused_and_left_untouched(tmp_path: Path) -> None:
    path = tmp_path / "holiday.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0 not a database " * 200)
    before = path.read_bytes()
    with pytest.raises(StorageError):
        Database(url_of(path))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "url",
    [
        "watch:s3cret@db.example/watch",
        "quill://watch:s3cret@db.example/watch",
        # Nothing listens there; nor need the driver be installed.
        "postgresql://watch:s3cret@127.0.0.1:1/watch",
        "postgresql://watch:s3cret@127.0.0.1:port/watch",
    ],
)
def test_a_database_url_that_cannot_be_used_is_an_error_that_keeps_the_password(url: str) -> None:
    with pytest.raises(StorageError) as refused:
        Database(url)
    assert "database_url" in refused.value.mend
    assert "s3cret" not in str(refused.value)


def test_the_folder_for_data_is_made(settings: Settings) -> None:
    open_database(settings).close()
    assert (Path(settings.data_dir) / "caspian.sqlite").is_file()


def test_a_file_in_the_place_of_the_data_folder_is_an_error_with_a_mend(
    settings: Settings,
) -> None:
    Path(settings.data_dir).write_text("in the way")
    with pytest.raises(StorageError, match="no folder") as refused:
        open_database(settings)
    assert "data_dir" in refused.value.mend


@pytest.mark.parametrize("name", ["what?mode=ro", "50%25 off", "#1", "каспий", "a b"])
def test_a_data_folder_may_have_any_name(settings: Settings, tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    open_database(settings.model_copy(update={"data_dir": str(folder)})).close()
    assert (folder / "caspian.sqlite").is_file()


def test_a_database_url_is_preferred_to_the_data_folder(settings: Settings, tmp_path: Path) -> None:
    chosen = tmp_path / "chosen.sqlite"
    secret = type(settings.database_url)(url_of(chosen))
    open_database(settings.model_copy(update={"database_url": secret})).close()
    assert chosen.is_file()
    assert not Path(settings.data_dir).exists()


def test_writes_reach_the_disk_and_readers_do_not_wait_for_them(database: Database) -> None:
    with database.reading() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_row_that_points_nowhere_is_refused(database: Database) -> None:
    with (
        pytest.raises(IntegrityError, match="FOREIGN KEY"),
        database.transaction() as connection,
    ):
        connection.execute(insert(tables.article_keys).values(key="key", article_id=404))


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    (feed,) = list_feeds(database, "https://feed.example/rss")

    def write_and_die() -> None:
        with database.transaction() as connection:
            heartbeats.beat(connection, "poll", NOW)
            connection.execute(tables.feeds.delete().where(tables.feeds.c.id == feed))
            raise InterruptedError

    with pytest.raises(InterruptedError):
        write_and_die()
    assert rows_of(database, tables.heartbeats) == []
    assert [row.id for row in rows_of(database, tables.feeds)] == [feed]


def test_a_failed_transaction_does_not_hold_up_the_next(database: Database) -> None:
    with pytest.raises(InterruptedError), database.transaction():
        raise InterruptedError
    with database.transaction() as connection:
        heartbeats.beat(connection, "poll", NOW)
    assert len(rows_of(database, tables.heartbeats)) == 1


def test_a_reader_sees_one_moment_while_others_write(database: Database) -> None:
    (feed,) = list_feeds(database, "https://feed.example/rss")
    counting = select(func.count()).select_from(tables.articles)
    with database.reading() as connection:
        before = connection.execute(counting).scalar_one()
        store(database, arrival(feed))
        assert connection.execute(counting).scalar_one() == before == 0
    assert len(rows_of(database, tables.articles)) == 1


def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(StatementError, match="naive"), database.transaction() as connection:
        heartbeats.beat(connection, "poll", naive)


@given(st.lists(MOMENTS, min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_moments_of_any_zone_come_back_in_utc_and_in_order(moments: list[datetime]) -> None:
    table = Table(
        "moments",
        MetaData(),
        Column("id", Integer, primary_key=True),
        Column("at", columns.UtcDateTime),
    )
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(insert(table), [{"at": moment} for moment in moments])
        back = connection.execute(select(table.c.at).order_by(table.c.at)).scalars().all()
    engine.dispose()
    assert back == sorted(moments)
    assert {moment.tzinfo for moment in back} == {UTC}


def test_the_last_beat_of_each_job_is_kept(database: Database) -> None:
    later = NOW + timedelta(minutes=1)
    with database.transaction() as connection:
        heartbeats.beat(connection, "poll", NOW)
        heartbeats.beat(connection, "digest", NOW)
        heartbeats.beat(connection, "poll", later)
        assert heartbeats.last_beats(connection) == {"poll": later, "digest": NOW}
