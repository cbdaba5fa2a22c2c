"""A fault of ours in one delivery: told, retried, and no hindrance to the others."""

from __future__ import annotations

import io
from dataclasses import replace
from threading import Event

from sqlalchemy import select

from service.pipeline import deliver, digest
from service.records import ChannelKind, Delivery, Rendered
from service.settings import Settings
from service.storage.tables import outbox
from service.wiring.running import build_service
from tests.make import Clock, subscription


class Broken:
    """A channel with a programming error."""

    def send(self, delivery: Delivery, rendered: Rendered) -> None:
        raise ZeroDivisionError(f"{delivery.channel} {rendered.subject}")


def test_a_fault_in_one_channel_is_recorded_and_the_other_still_gets_the_digest(
    settings: Settings, clock: Clock
) -> None:
    desk = subscription(channels=("console", "file"), when_empty="send")
    service = build_service(
        settings.model_copy(update={"subscriptions": (desk,)}), clock=clock, console=io.StringIO()
    )
    broken = replace(service, senders={**service.senders, ChannelKind.CONSOLE: Broken()})
    digest(broken, at_once=True)
    done = deliver(broken, Event())
    assert (done.sent, done.failed) == (1, 1)
    clock.advance(hours=1)
    assert deliver(service, Event()).sent == 1
    with service.database.reading() as connection:
        assert set(connection.execute(select(outbox.c.status)).scalars()) == {"sent"}
    service.database.close()
