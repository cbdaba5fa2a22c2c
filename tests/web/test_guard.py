"""What holds for every request, whatever the application makes of it."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from service.web.guard import HEADERS, Guard
from tests.web.serving import PATIENCE, serving


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(await request.body(), headers={"Cache-Control": "max-age=60"})


async def break_down(_: Request) -> PlainTextResponse:
    raise ZeroDivisionError


async def stream(_: Request) -> StreamingResponse:
    async def parts() -> object:
        yield "a"
        yield "b"

    return StreamingResponse(parts())  # type: ignore[arg-type]


def application(seconds: float = PATIENCE) -> Guard:
    routes = [
        Route("/echo", echo, methods=["POST"]),
        Route("/break", break_down),
        Route("/stream", stream),
    ]
    return Guard(Starlette(routes=routes), body_seconds=seconds)


@pytest.mark.parametrize("path", ["/", "/break", "/stream", "/echo"])
def test_every_answer_has_the_headers_even_that_of_a_fault(path: str) -> None:
    with serving(application()) as address:
        response = httpx.get(address + path, trust_env=False)
    assert {name: response.headers[name] for name in HEADERS} == HEADERS
    assert "server" not in response.headers


def test_a_fault_tells_nothing_of_itself() -> None:
    with serving(application()) as address:
        response = httpx.get(f"{address}/break", trust_env=False)
    assert (response.status_code, response.text) == (500, "Internal Server Error")


def test_an_answer_s_own_header_stays() -> None:
    with serving(application()) as address:
        response = httpx.post(f"{address}/echo", content=b"news", trust_env=False)
    assert response.text == "news"
    assert response.headers["cache-control"] == "max-age=60"


def test_an_answer_in_parts_is_whole() -> None:
    with serving(application()) as address:
        assert httpx.get(f"{address}/stream", trust_env=False).text == "ab"


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    with serving(application(seconds=0.1)) as address:
        port = urlsplit(address).port
        with socket.create_connection(("127.0.0.1", port or 0), PATIENCE) as connection:
            connection.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf")
            answer = b""
            while chunk := connection.recv(4_096):
                answer += chunk
    assert answer.startswith(b"HTTP/1.1 408 ")
