"""The web server in the loop of another: started and stopped in order, and no more than that."""

from __future__ import annotations

import asyncio
import signal
import socket
from threading import Event

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from service.errors import CaspianError
from service.web.server import WebServer
from tests.web.serving import PATIENCE

ANYWHERE = "127.0.0.1:0"


async def hello(_: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


def application() -> Starlette:
    return Starlette(routes=[Route("/", hello)])


def get(address: str) -> str:
    return httpx.get(f"http://{address}/", timeout=PATIENCE, trust_env=False).text


async def takes_nobody(address: str) -> None:
    """Return as soon as the server takes no more connections."""
    host, _, port = address.rpartition(":")
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                _, writer = await asyncio.open_connection(host, int(port))
            except ConnectionError:
                return
            writer.close()


def test_it_answers_between_its_start_and_its_end() -> None:
    async def run() -> tuple[str, str]:
        server = WebServer(application(), ANYWHERE)
        address = await server.start()
        answer = await asyncio.to_thread(get, address)
        await server.stop()
        return address, answer

    address, answer = asyncio.run(run())
    assert answer == "hello"
    with pytest.raises(httpx.ConnectError):
        get(address)


def test_signals_stay_with_whom_they_belong_to() -> None:
    async def run() -> None:
        before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
        server = WebServer(application(), ANYWHERE)
        await asyncio.to_thread(get, await server.start())
        assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before
        await server.stop()
        assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before

    asyncio.run(run())


def test_one_that_never_began_has_nothing_to_end() -> None:
    asyncio.run(WebServer(application(), ANYWHERE).stop())


def test_one_that_is_stopped_at_once_ends() -> None:
    async def run() -> None:
        server = WebServer(application(), ANYWHERE)
        await server.start()
        await server.stop()

    asyncio.run(run())


def test_a_port_that_is_taken_is_an_error_with_a_mend() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(CaspianError, match=f"cannot listen on {listen}") as refused:
            asyncio.run(WebServer(application(), listen).start())
    assert refused.value.code == "listen"
    assert "web.listen" in refused.value.mend


def test_an_address_of_another_machine_is_an_error_too() -> None:
    with pytest.raises(CaspianError, match="cannot listen"):
        asyncio.run(WebServer(application(), "192.0.2.1:8711").start())


def test_a_request_under_way_is_answered_before_the_end() -> None:
    begun, release = Event(), Event()

    async def slow(_: Request) -> PlainTextResponse:
        begun.set()
        await asyncio.to_thread(release.wait, PATIENCE)
        return PlainTextResponse("late")

    async def run() -> str:
        server = WebServer(Starlette(routes=[Route("/", slow)]), ANYWHERE)
        address = await server.start()
        asking = asyncio.create_task(asyncio.to_thread(get, address))
        await asyncio.to_thread(begun.wait, PATIENCE)
        stopping = asyncio.create_task(server.stop())
        try:
            await takes_nobody(address)
        finally:
            release.set()
        await stopping
        return await asking

    assert asyncio.run(run()) == "late"


def test_a_connection_that_says_nothing_does_not_hold_up_the_end() -> None:
    async def run() -> None:
        server = WebServer(application(), ANYWHERE)
        host, _, port = (await server.start()).rpartition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        async with asyncio.timeout(PATIENCE):
            await server.stop()
        writer.close()

    asyncio.run(run())
