"""Where hubs call: to ask whether we asked them, and to push (WebSub).

A call is known by the token in its path. What comes without one that is known learns nothing.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from service.polling.push.intent import read_intent
from service.polling.push.signature import Signed
from service.records import HubLease, LeaseState
from service.subscribing import Subscriber, confirm, find_lease, take_push

T = TypeVar("T")

# Calls that use the database at once: the rest of the service must find a connection too.
AT_ONCE = 4
ACCEPTED, NO_BODY, UNKNOWN, NOT_THIS_WAY, GONE = 202, 400, 404, 405, 410

_TOKEN = re.compile(r"[\w-]{16,64}", re.A)


def push_routes(subscriber: Subscriber, *, max_bytes: int) -> list[Route]:
    """Return the routes at which hubs call; a push may have so many bytes."""
    calls = _Calls(subscriber)
    return [
        Route("/push/{token}", calls.confirm, methods=["GET"]),
        Route("/push/{token}", calls.push, methods=["POST"], max_body_size=max_bytes),
    ]


class _Calls:
    def __init__(self, subscriber: Subscriber) -> None:
        self._subscriber = subscriber
        self._places = asyncio.Semaphore(AT_ONCE)

    async def confirm(self, request: Request) -> Response:
        """Echo the challenge of a hub that was asked; 404 for what we did not ask."""
        if request.method != "GET":
            # Starlette lets HEAD through, which must not confirm anything.
            return PlainTextResponse("", NOT_THIS_WAY)
        token = request.path_params["token"]
        intent = read_intent(request.query_params.multi_items())
        answer = None
        if _TOKEN.fullmatch(token):
            answer = await self._work(lambda: confirm(self._subscriber, token, intent))
        if answer is None:
            # In the words in which any other address is.
            return PlainTextResponse("Not Found", UNKNOWN)
        return PlainTextResponse(answer)

    async def push(self, request: Request) -> Response:
        """Take a push; 410 tells a hub that nobody listens any more.

        A push that is not genuine is answered like one that is: whoever tries learns nothing.
        """
        lease = await self._lease(request.path_params["token"])
        if lease is None or lease.state is LeaseState.LEAVING:
            return PlainTextResponse("nobody listens here", GONE)
        signed = Signed(lease.secret, request.headers.get("x-hub-signature"))
        try:
            async for chunk in request.stream():
                signed.feed(chunk)
        except ClientDisconnect:
            return PlainTextResponse("", NO_BODY)
        genuine = signed.holds()
        await self._work(lambda: take_push(self._subscriber, lease, genuine=genuine))
        return PlainTextResponse("", ACCEPTED)

    async def _lease(self, token: str) -> HubLease | None:
        if not _TOKEN.fullmatch(token):
            return None
        return await self._work(lambda: find_lease(self._subscriber, token))

    async def _work(self, work: Callable[[], T]) -> T:
        async with self._places:
            return await run_in_threadpool(work)
