from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from service.records import (
    Channel,
    ChannelKind,
    Delivery,
    DeliveryId,
    DeliveryStatus,
    Digest,
    DigestId,
    OutboxRow,
    Revival,
)
from service.storage import digests, outbox, tables
from service.storage.database import Connection, Database
from tests.make import NOW, digest, digest_story
from tests.storage.rows import at_once, rows_of, some_story

LEASE = timedelta(minutes=2)
TICK = timedelta(microseconds=1)
FILE = Channel(ChannelKind.FILE)
DESK = Channel(ChannelKind.EMAIL, "desk@example.org")

Finish = Callable[[Connection, Delivery], None]


def issue(
    database: Database, *channels: Channel, now: datetime = NOW, made: Digest | None = None
) -> DigestId:
    with database.transaction() as connection:
        return digests.issue(connection, made or digest(), channels or (FILE,), now)


def claim(database: Database, now: datetime = NOW) -> Delivery | None:
    with database.transaction() as connection:
        return outbox.claim_next(connection, now, LEASE)


def claimed(database: Database, now: datetime = NOW) -> Delivery:
    delivery = claim(database, now)
    assert delivery is not None
    return delivery


def close(database: Database, delivery: Delivery, now: datetime = NOW) -> None:
    with database.transaction() as connection:
        outbox.close(connection, delivery, now)


def postpone(database: Database, delivery: Delivery, until: datetime) -> None:
    with database.transaction() as connection:
        outbox.postpone(connection, delivery, until, "smtp-451", "try later")


def bury(database: Database, delivery: Delivery) -> None:
    with database.transaction() as connection:
        outbox.bury(connection, delivery, "smtp-550", "no such user")


def listed(
    database: Database, *statuses: DeliveryStatus, since: datetime | None = None
) -> list[OutboxRow]:
    with database.reading() as connection:
        return outbox.listed(connection, statuses, since)


def revive(database: Database, *ids: int, now: datetime = NOW) -> Revival:
    with database.transaction() as connection:
        return outbox.revive(connection, [DeliveryId(id_) for id_ in ids], now)


def only_row(database: Database) -> Any:
    (row,) = rows_of(database, tables.outbox)
    return row


def counts(database: Database) -> dict[DeliveryStatus, int]:
    with database.reading() as connection:
        return outbox.count_by_status(connection)


def test_an_empty_outbox_has_nothing_to_claim(database: Database) -> None:
    assert claim(database) is None
    assert counts(database) == {}


@pytest.mark.parametrize(
    "channel",
    [
        FILE,
        DESK,
        Channel(ChannelKind.CONSOLE),
        Channel(ChannelKind.SLACK, "newsroom"),
        Channel(ChannelKind.SLACK, "news:room"),
    ],
    ids=str,
)
def test_a_claimed_delivery_carries_all_that_sending_needs(
    database: Database, channel: Channel
) -> None:
    made = digest(digest_story(some_story(database)))
    digest_id = issue(database, channel, made=made)
    delivery = claimed(database, NOW + LEASE)
    assert (delivery.digest_id, delivery.channel, delivery.attempts) == (digest_id, channel, 1)
    assert (delivery.created_at, delivery.digest) == (NOW, made)


def test_the_oldest_delivery_is_claimed_first(database: Database) -> None:
    late, early, middle = (issue(database, now=NOW - timedelta(hours=hours)) for hours in (1, 3, 2))
    order = [claimed(database).digest_id for _ in range(3)]
    assert order == [early, middle, late]


def test_channels_of_one_digest_are_claimed_in_their_order(database: Database) -> None:
    issue(database, DESK, FILE)
    assert [claimed(database).channel for _ in range(2)] == [DESK, FILE]


def test_a_delivery_is_not_claimed_before_it_is_due(database: Database) -> None:
    issue(database)
    assert claim(database, NOW - TICK) is None


def test_a_delivery_being_sent_is_not_claimed_until_its_lease_runs_out(database: Database) -> None:
    issue(database)
    first = claimed(database)
    assert claim(database, NOW + LEASE - TICK) is None
    assert claimed(database, NOW + LEASE).id == first.id


def test_a_delivery_taken_up_after_a_crash_keeps_its_message_id(database: Database) -> None:
    issue(database)
    first, second = claimed(database), claimed(database, NOW + LEASE)
    assert second.message_id == first.message_id
    assert (first.attempts, second.attempts) == (1, 2)


def test_a_claim_that_is_undone_leaves_the_delivery_waiting(database: Database) -> None:
    issue(database)

    def claim_and_die() -> None:
        with database.transaction() as connection:
            assert outbox.claim_next(connection, NOW, LEASE) is not None
            raise InterruptedError

    with pytest.raises(InterruptedError):
        claim_and_die()
    assert claimed(database).attempts == 1


def test_processes_that_claim_at_the_same_time_never_take_the_same_delivery(
    tmp_path: Path,
) -> None:
    databases = [Database(f"sqlite:///{tmp_path / 'shared.sqlite'}") for _ in range(4)]
    for _ in range(10):
        issue(databases[0], FILE, DESK)

    def claim_all(database: Database) -> list[DeliveryId]:
        taken: list[DeliveryId] = []
        while delivery := claim(database):
            taken.append(delivery.id)
        return taken

    taken = at_once([partial(claim_all, opened) for opened in databases])
    expected = [row.id for row in rows_of(databases[0], tables.outbox)]
    for opened in databases:
        opened.close()
    assert sorted(id_ for part in taken for id_ in part) == expected


def test_of_processes_that_take_up_a_lost_lease_one_gets_it(database: Database) -> None:
    issue(database)
    claimed(database)
    takers = at_once([lambda: claim(database, NOW + LEASE)] * 4)
    assert [taker.attempts for taker in takers if taker] == [2]


def test_a_closed_delivery_is_sent_and_never_claimed_again(database: Database) -> None:
    issue(database)
    close(database, claimed(database), NOW + TICK)
    row = only_row(database)
    assert (row.status, row.sent_at, row.lease_until) == ("sent", NOW + TICK, None)
    assert claim(database, NOW + timedelta(days=365)) is None


def test_a_postponed_delivery_waits_until_its_time(database: Database) -> None:
    issue(database)
    first, until = claimed(database), NOW + timedelta(minutes=5)
    postpone(database, first, until)
    assert claim(database, until - TICK) is None
    again = claimed(database, until)
    assert (again.attempts, again.message_id) == (2, first.message_id)


def test_a_postponed_delivery_keeps_the_reason_until_it_is_sent(database: Database) -> None:
    issue(database)
    postpone(database, claimed(database), NOW)
    row = only_row(database)
    assert (row.status, row.error_code, row.error) == ("pending", "smtp-451", "try later")
    close(database, claimed(database))
    row = only_row(database)
    assert (row.status, row.error_code, row.error) == ("sent", None, None)


def test_a_delivery_that_waits_does_not_hold_up_a_newer_one(database: Database) -> None:
    issue(database, now=NOW - timedelta(hours=1))
    postpone(database, claimed(database), NOW + timedelta(hours=1))
    newer = issue(database)
    assert claimed(database).digest_id == newer


def test_a_buried_delivery_stays_with_its_reason_and_is_never_claimed(database: Database) -> None:
    issue(database)
    bury(database, claimed(database))
    row = only_row(database)
    assert (row.status, row.error_code, row.error) == ("dead", "smtp-550", "no such user")
    assert claim(database, NOW + timedelta(days=365)) is None


FINISHES: dict[str, Finish] = {
    "close": lambda connection, delivery: outbox.close(connection, delivery, NOW),
    "postpone": lambda connection, delivery: outbox.postpone(
        connection, delivery, NOW, "timeout", "slow"
    ),
    "bury": lambda connection, delivery: outbox.bury(connection, delivery, "refused", "no"),
}


@pytest.mark.parametrize("finish", FINISHES.values(), ids=FINISHES)
def test_an_attempt_that_lost_its_lease_cannot_finish_the_delivery(
    database: Database, finish: Finish
) -> None:
    issue(database)
    stale = claimed(database)
    claimed(database, NOW + LEASE)
    before = only_row(database)
    with database.transaction() as connection:
        finish(connection, stale)
    assert only_row(database) == before


@pytest.mark.parametrize("finish", FINISHES.values(), ids=FINISHES)
def test_what_one_attempt_finished_a_stale_one_does_not_change(
    database: Database, finish: Finish
) -> None:
    issue(database)
    stale = claimed(database)
    close(database, claimed(database, NOW + LEASE), NOW + LEASE)
    before = only_row(database)
    with database.transaction() as connection:
        finish(connection, stale)
    assert only_row(database) == before


@pytest.mark.parametrize("finish", FINISHES.values(), ids=FINISHES)
def test_an_attempt_finishes_its_delivery_once(database: Database, finish: Finish) -> None:
    issue(database)
    delivery = claimed(database)
    close(database, delivery, NOW + TICK)
    before = only_row(database)
    with database.transaction() as connection:
        finish(connection, delivery)
    assert only_row(database) == before


def test_a_slow_attempt_may_still_close_what_nobody_else_took_up(database: Database) -> None:
    issue(database)
    close(database, claimed(database), NOW + 2 * LEASE)
    assert only_row(database).status == "sent"


def test_finishing_one_delivery_leaves_the_other_channels_alone(database: Database) -> None:
    issue(database, DESK, FILE)
    bury(database, claimed(database))
    assert claimed(database).channel == FILE


def test_deliveries_are_counted_by_status(database: Database) -> None:
    for _ in range(5):
        issue(database)
    close(database, claimed(database))
    bury(database, claimed(database))
    claimed(database)
    assert counts(database) == {
        DeliveryStatus.PENDING: 2,
        DeliveryStatus.SENDING: 1,
        DeliveryStatus.SENT: 1,
        DeliveryStatus.DEAD: 1,
    }


# --- looked at, and sent again ---------------------------------------------------------------


def one_of_each(database: Database) -> None:
    """Rows 1 to 4: sent, dead, being sent, waiting; the last one is the newest."""
    for hours in (4, 3, 2, 1):
        issue(database, DESK, now=NOW - timedelta(hours=hours))
    close(database, claimed(database))
    bury(database, claimed(database))
    claimed(database)


def test_deliveries_are_listed_newest_first_with_what_comes_next(database: Database) -> None:
    one_of_each(database)
    assert [(row.id, row.status, row.next_attempt_at) for row in listed(database)] == [
        (4, DeliveryStatus.PENDING, NOW - timedelta(hours=1)),
        (3, DeliveryStatus.SENDING, NOW + LEASE),
        (2, DeliveryStatus.DEAD, None),
        (1, DeliveryStatus.SENT, None),
    ]


def test_a_listed_delivery_tells_all_but_the_digest(database: Database) -> None:
    digest_id = issue(database, DESK)
    bury(database, claimed(database))
    assert listed(database) == [
        OutboxRow(
            id=DeliveryId(1),
            digest_id=digest_id,
            subscription="desk",
            channel="email:desk@example.org",
            status=DeliveryStatus.DEAD,
            attempts=1,
            next_attempt_at=None,
            error_code="smtp-550",
            error="no such user",
            created_at=NOW,
            sent_at=None,
        )
    ]


def test_deliveries_are_listed_by_status_and_by_age(database: Database) -> None:
    one_of_each(database)
    ends = listed(database, DeliveryStatus.SENT, DeliveryStatus.PENDING)
    assert [row.id for row in ends] == [4, 1]
    assert [row.id for row in listed(database, since=NOW - timedelta(hours=2))] == [4, 3]


def test_a_row_that_cannot_be_read_is_listed_too(database: Database) -> None:
    issue(database)
    with database.transaction() as connection:
        connection.execute(tables.outbox.update().values(channel="pigeon:coop"))
    assert claim(database) is None
    (row,) = listed(database)
    assert (row.channel, row.error_code) == ("pigeon:coop", "unreadable")


def test_a_revived_delivery_is_due_at_once_as_if_never_tried(database: Database) -> None:
    issue(database)
    first = claimed(database)
    bury(database, first)
    later = NOW + timedelta(days=1)
    (row,) = revive(database, 1, now=later).revived
    assert (row.status, row.attempts, row.next_attempt_at) == (DeliveryStatus.PENDING, 0, later)
    assert row.error == "no such user"
    assert claim(database, later - TICK) is None
    again = claimed(database, later)
    assert (again.attempts, again.message_id) == (1, first.message_id)


def test_what_is_not_dead_is_not_revived_and_stays_as_it_is(database: Database) -> None:
    one_of_each(database)
    before = {row.id: row for row in rows_of(database, tables.outbox)}
    found = revive(database, 4, 99, 3, 2, 1, 2)
    assert [row.id for row in found.revived] == [2]
    assert [row.id for row in found.refused] == [4, 3, 1]
    assert found.unknown == (DeliveryId(99),)
    after = {row.id: row for row in rows_of(database, tables.outbox)}
    assert {id_ for id_ in after if after[id_] != before[id_]} == {2}


def test_more_are_revived_than_one_statement_takes(database: Database) -> None:
    for _ in range(3):
        issue(database)
        bury(database, claimed(database))
    found = revive(database, *range(1, 2 * outbox.AT_MOST))
    assert (len(found.revived), len(found.unknown)) == (3, 2 * outbox.AT_MOST - 4)


def test_of_those_who_revive_a_delivery_at_the_same_time_one_does(database: Database) -> None:
    issue(database)
    bury(database, claimed(database))
    found = at_once([lambda: revive(database, 1)] * 4)
    assert sorted(len(one.revived) for one in found) == [0, 0, 0, 1]
    assert sum(len(one.refused) for one in found) == 3


def test_nothing_asked_is_nothing_revived(database: Database) -> None:
    assert revive(database) == Revival()
