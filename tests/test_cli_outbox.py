"""``outbox`` and ``outbox resend``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.cli.outbox import harmless
from service.clock import utc_now
from service.records import Channel, ChannelKind, DeliveryStatus
from service.storage import digests, outbox, tables
from service.storage.database import Database
from tests.commands import run
from tests.make import digest
from tests.processes import write_config
from tests.storage.rows import rows_of

DESK = Channel(ChannelKind.EMAIL, "desk@example.org")
ROOM = Channel(ChannelKind.SLACK, "room")
FILE = Channel(ChannelKind.FILE)
HOOK = "https://hooks.slack.example/services/T0/B0/verysecret"
LEASE = timedelta(minutes=5)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path)


@pytest.fixture
def database(config: Path) -> Iterator[Database]:
    (config.parent / "var").mkdir()
    opened = Database(f"sqlite:///{config.parent / 'var' / 'caspian.sqlite'}")
    yield opened
    opened.close()


def bury(database: Database, channel: Channel, error: str = "no such user", days: int = 1) -> None:
    made = utc_now() - timedelta(days=days)
    with database.transaction() as connection:
        digests.issue(connection, digest(), [channel], made)
        delivery = outbox.claim_next(connection, made, LEASE)
        assert delivery is not None
        outbox.bury(connection, delivery, "smtp-550", error)


@pytest.fixture
def mixed(config: Path, database: Database) -> Path:
    """Rows 1 to 4: dead, sent, being sent, waiting."""
    bury(database, DESK)
    now = utc_now()
    with database.transaction() as connection:
        digests.issue(connection, digest(), [FILE, ROOM], now)
        sent = outbox.claim_next(connection, now, LEASE)
        assert sent is not None
        outbox.close(connection, sent, now)
        outbox.claim_next(connection, now, LEASE)
        digests.issue(connection, digest(), [DESK], now)
    return config


def words(shown: str) -> str:
    return " ".join(shown.split())


# --- outbox ----------------------------------------------------------------------------------


def test_an_empty_outbox_says_so(config: Path) -> None:
    result = run(config, "outbox", "--days", "2")
    assert result.exit_code == 0
    assert result.stdout == "no delivery was made in 2 days\n"


def test_deliveries_are_listed_with_the_reason_and_how_to_send_the_dead_again(
    mixed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    result = run(mixed, "outbox")
    shown = result.stdout.splitlines()
    assert result.exit_code == 0
    assert [line.split()[0] for line in shown[1:5]] == ["4", "3", "2", "1"]
    assert "desk email:desk@example.org pending 0 now" in words(shown[1])
    assert "desk slack:room sending 1 20" in words(shown[2])
    assert "desk email:desk@example.org dead 1" in words(shown[4])
    assert shown[5:] == [
        "delivery 1: smtp-550: no such user",
        "1 dead: caspian outbox resend ID, or resend --all-dead",
    ]


def test_deliveries_are_listed_by_status(mixed: Path) -> None:
    rows = json.loads(run(mixed, "outbox", "--status", "sent", "--status", "dead", "--json").stdout)
    assert [(row["id"], row["status"]) for row in rows] == [(2, "sent"), (1, "dead")]
    assert rows[0]["sent_at"].endswith("+00:00")
    assert (rows[1]["error_code"], rows[1]["error"]) == ("smtp-550", "no such user")


def test_an_old_dead_delivery_is_not_shown_but_counted(config: Path, database: Database) -> None:
    bury(database, DESK, days=90)
    shown = run(config, "outbox", "--status", "dead", "--status", "sent").stdout
    assert "no dead or sent delivery was made in 30 days" in shown
    assert "1 dead (1 not shown: caspian outbox --status dead --days 36500)" in shown


def test_names_that_look_like_markup_are_shown_as_they_are(
    config: Path, database: Database
) -> None:
    bury(database, FILE, "[red]refused[/] \x1b[2J")
    assert "smtp-550: [red]refused[/] [2J" in run(config, "outbox").stdout


@pytest.mark.parametrize("face", [(), ("--json",)], ids=["table", "json"])
@pytest.mark.parametrize(
    "error",
    [f"cannot post to {HOOK}", "not found: /services/T0/B0/verysecret", "hunter2 was refused"],
)
def test_no_secret_is_shown_whatever_an_error_says(
    config: Path, database: Database, error: str, face: tuple[str, ...]
) -> None:
    bury(database, ROOM, error)
    result = run(config, "outbox", *face, SLACK_WEBHOOKS_ROOM=HOOK, SMTP_PASSWORD="hunter2")
    assert result.exit_code == 0
    assert "slack:room" in result.stdout
    assert not any(secret in result.stdout for secret in ("verysecret", "hunter2", "/services"))


def test_the_address_of_a_webhook_that_is_not_configured_any_more_is_hidden() -> None:
    assert harmless(f"lost {HOOK}, sorry") == "lost https://hooks.slack.example/(hidden) sorry"
    assert harmless("https://me:secret@mail.example/x") == "https://mail.example/(hidden)"


@given(st.text(), st.text())
def test_what_a_server_says_is_one_printable_line_without_an_address(
    before: str, after: str
) -> None:
    shown = harmless(f"{before} {HOOK} {after}")
    assert shown.isprintable()
    assert HOOK not in shown


# --- outbox resend ---------------------------------------------------------------------------


def test_a_dead_delivery_is_sent_again_by_the_next_turn(config: Path, database: Database) -> None:
    bury(database, FILE)
    (before,) = rows_of(database, tables.outbox)
    result = run(config, "outbox", "resend", "1")
    assert result.exit_code == 0
    assert "delivery 1 to file waits to be sent again" in result.stdout
    (after,) = rows_of(database, tables.outbox)
    assert (after.status, after.attempts) == (DeliveryStatus.PENDING, 0)
    assert after.message_id == before.message_id
    with database.transaction() as connection:
        delivery = outbox.claim_next(connection, utc_now(), LEASE)
    assert delivery is not None


def test_what_is_not_dead_is_refused_with_its_mend_and_the_others_are_done(mixed: Path) -> None:
    result = run(mixed, "outbox", "resend", "4", "3", "2", "77", "1")
    assert result.exit_code == 1
    assert "delivery 1 to email:desk@example.org waits to be sent again" in result.stdout
    assert "1 due now" in result.stdout
    for said in (
        "delivery 4 was left alone: it waits already, due",
        "delivery 3 was left alone: it is being sent",
        "delivery 2 was left alone: it was sent at",
        "there is no delivery 77",
    ):
        assert said in result.stderr
    assert result.stderr.count("mend: ") == 4


def test_all_dead_deliveries_are_sent_again_however_old(config: Path, database: Database) -> None:
    bury(database, DESK, days=90)
    bury(database, ROOM)
    result = run(config, "outbox", "resend", "--all-dead")
    assert result.exit_code == 0
    assert "2 due now" in result.stdout
    assert {row.status for row in rows_of(database, tables.outbox)} == {"pending"}
    again = run(config, "outbox", "resend", "--all-dead")
    assert (again.exit_code, again.stdout) == (0, "no delivery is dead\n")


@pytest.mark.parametrize("arguments", [(), ("1", "--all-dead"), ("0",), ("x",), (str(2**31),)])
def test_what_is_to_be_sent_again_must_be_said_plainly(
    config: Path, arguments: tuple[str, ...]
) -> None:
    result = run(config, "outbox", "resend", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
