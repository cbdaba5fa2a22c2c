"""Runs the web application in the daemon's own loop, and stops it in order."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import uvicorn
from starlette.types import ASGIApp

from service.errors import CaspianError
from service.settings.values import host_and_port

log = structlog.get_logger(__name__)

# Requests under way when the server stops get so long; the daemon itself has not much more.
GRACE_SECONDS = 3
# Connections at once, idle ones too; beyond them the answer is 503.
MOST_CONNECTIONS = 200
# Of a request's line and headers together.
MAX_HEAD_BYTES = 16_384


class WebServer:
    """Serves ``app`` at ``listen`` ("127.0.0.1:8711") between ``start`` and ``stop``."""

    def __init__(self, app: ASGIApp, listen: str) -> None:
        self._listen = listen
        self._server = _Server(
            uvicorn.Config(
                app,
                # The one protocol that is certain to be there, in the loop that runs.
                loop="none",
                http="h11",
                ws="none",
                interface="asgi3",
                lifespan="off",
                log_config=None,
                # What strangers send that is no HTTP is no news.
                log_level="error",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                limit_concurrency=MOST_CONNECTIONS,
                h11_max_incomplete_event_size=MAX_HEAD_BYTES,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> str:
        """Begin to answer; return the address that is listened on.

        Raises:
            CaspianError: it cannot be listened on.

        """
        listening = _bind(self._listen)
        host, port = listening.getsockname()[:2]
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._task = asyncio.create_task(self._server.serve(sockets=[listening]), name="web")
        self._task.add_done_callback(_tell)
        log.info("listening", address=address)
        return address

    async def stop(self) -> None:
        """Take no more requests, and finish those under way; some seconds at the most."""
        if self._task is None:
            return
        self._server.should_exit = True
        await asyncio.wait([self._task])


class _Server(uvicorn.Server):
    """Leaves signals to the daemon."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _bind(listen: str) -> socket.socket:
    host, port = host_and_port(listen)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise CaspianError(
            f"cannot listen on {listen}: {error.strerror or error}",
            mend="free that port, or set web.listen to another address of this machine",
            code="listen",
        ) from error


def _tell(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("web server broke", exc_info=error)
