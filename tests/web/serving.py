"""Runs the real web server beside a test, and what subscribes with a real database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Thread
from typing import Any

from starlette.types import ASGIApp

from service.polling.fetching.fetch import Fetcher
from service.storage.database import Database
from service.subscribing import Subscriber
from service.web.server import WebServer
from tests.make import Clock
from tests.polling.asking import LIMITS

PUBLIC = "http://watch.example"
# For a server in the same process to do its work.
PATIENCE = 20


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve ``app`` in a thread with a loop of its own; yield its address."""
    started: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        stop, server = asyncio.Event(), WebServer(app, "127.0.0.1:0")
        started.set_result((await server.start(), asyncio.get_running_loop(), stop))
        await stop.wait()
        await server.stop()

    thread = Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    address, loop, stop = started.result(PATIENCE)
    try:
        yield f"http://{address}"
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)


def subscriber(database: Database, clock: Clock, **changes: Any) -> Subscriber:
    values: dict[str, Any] = {
        "database": database,
        "open_fetcher": lambda: Fetcher(LIMITS, "CaspianWatch/1"),
        "clock": clock,
        "chance": lambda: 0.5,
        "public_url": PUBLIC,
    }
    return Subscriber(**(values | changes))
