"""What holds for every request and every answer: how slowly it may come, and what browsers may."""

from __future__ import annotations

import asyncio

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# For the whole body, so that one that drips holds nothing up.
BODY_SECONDS = 30.0
# Nothing that is sent may be taken for something else, run, framed, or kept by a cache.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
TOO_SLOW, TOO_MUCH = 408, 413


class Guard:
    """Stands before the application: bodies come in time, answers carry ``HEADERS``.

    A header that an answer has of its own stays.
    """

    def __init__(self, app: ASGIApp, *, body_seconds: float = BODY_SECONDS) -> None:
        self._app = app
        self._seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            receive, send = _in_time(receive, self._seconds), _with_headers(send)
        await self._app(scope, receive, send)


def _in_time(receive: Receive, seconds: float) -> Receive:
    deadline = asyncio.get_running_loop().time() + seconds
    goes_on = True

    async def receiving() -> Message:
        nonlocal goes_on
        if not goes_on:
            # The body is in; what comes now is that the other side has gone.
            return await receive()
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise HTTPException(TOO_SLOW) from None
        goes_on = message.get("more_body", False)
        return message

    return receiving


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if message["status"] in (TOO_SLOW, TOO_MUCH):
                # Nobody waits for what is left of the body.
                headers["Connection"] = "close"
        await send(message)

    return sending
