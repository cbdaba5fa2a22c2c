"""Builds what answers from outside: only where a public address is configured."""

from __future__ import annotations

import random

from service.pipeline import Service
from service.storage import hubs
from service.subscribing import Subscriber


def open_subscriber(service: Service) -> Subscriber | None:
    """Return what subscribes at hubs; None without a public address, where no hub reaches us.

    What was agreed with hubs before is forgotten then: it would let feeds wait for pushes.
    """
    public_url = service.settings.web.public_url
    if not public_url:
        with service.database.transaction() as connection:
            hubs.end_all(connection)
        return None
    return Subscriber(
        database=service.database,
        open_fetcher=service.open_fetcher,
        clock=service.clock,
        chance=random.random,
        public_url=public_url,
    )
