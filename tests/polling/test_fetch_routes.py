"""The way to an answer: addresses, connections, and the time it may all take."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from threading import Event

import pytest

from service.polling.fetching.fetch import Fetcher
from service.records import Failed, Fetched, FetchResult
from tests.make import feed_state
from tests.polling.asking import LIMITS, failure, success
from tests.servers.http import Answer, HttpServer, Request, raw_server

# --- addresses and connections -------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "",
        "feed",
        "http://",
        "http:///feed",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "http://\0/",
        "http://127.0.0.1/\0",
        "http://xn--/",
        "http://\ud800.example/",
        "http://127.0.0.1:99999/",
    ],
)
def test_what_is_no_address_is_a_permanent_failure(url: str) -> None:
    result = failure(url)
    assert (result.code, result.permanent) == ("bad-url", True)


def test_a_refused_connection_is_a_failure_worth_another_try() -> None:
    with socket.socket() as taken_but_deaf:
        taken_but_deaf.bind(("127.0.0.1", 0))
        result = failure(f"http://127.0.0.1:{taken_but_deaf.getsockname()[1]}/")
    assert (result.code, result.permanent) == ("connect", False)


def test_a_server_that_does_not_accept_is_not_waited_for(silent_port: int) -> None:
    limits = replace(LIMITS, connect_timeout=0.2)
    assert failure(f"http://127.0.0.1:{silent_port}/", limits).code == "connect-timeout"


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port whose queue of connections is full: what comes after is neither taken nor refused."""
    with socket.socket() as server, socket.socket() as first, socket.socket() as second:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for client in (first, second):
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield server.getsockname()[1]


def test_a_server_that_speaks_no_tls_is_a_failure(web: HttpServer) -> None:
    assert failure(web.url("/").replace("http:", "https:")).code == "connect"


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Length": "many"},
        {"Content-Length": "1000"},
        {"Transfer-Encoding": "chunked"},
        {"X-Filler": "x" * 200_000},
        {"X-Odd": "a\r\nno colon"},
    ],
)
def test_an_answer_that_breaks_the_protocol_is_a_failure(
    web: HttpServer, headers: dict[str, str]
) -> None:
    web.routes["/"] = Answer(200, headers, b"<rss/>", lambda: iter(()))
    result = failure(web.url("/"))
    assert (result.code, result.permanent) == ("protocol", False)


# --- servers that speak no HTTP ------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x16\x03\x01\x02\x00" * 100,
        b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n<rss/>",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n<rss/>\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n<rss/>\r\n",
    ],
    ids=[
        "nothing",
        "ssh",
        "tls",
        "half a header",
        "negative length",
        "two lengths",
        "bad chunk",
        "no last chunk",
    ],
)
def test_what_is_no_whole_answer_is_a_failure_worth_another_try(said: bytes) -> None:
    with raw_server(lambda client: client.sendall(said)) as address:
        result = failure(f"{address}/")
    assert (result.code, result.permanent) == ("protocol", False)


def test_what_follows_the_announced_length_is_not_read() -> None:
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<rss/>HTTP/1.1 200 OK\r\n\r\nmore"
    with raw_server(lambda client: client.sendall(said)) as address:
        assert success(f"{address}/").body == b"<rss/>"


def test_headers_without_end_are_cut_off() -> None:
    def talk(client: socket.socket) -> None:
        client.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            client.sendall(b"X-Filler: and more\r\n" * 100)

    with raw_server(talk) as address:
        assert failure(f"{address}/").code == "protocol"


# --- time ----------------------------------------------------------------------------------


def test_a_drip_of_bytes_does_not_outlast_the_total_timeout(web: HttpServer) -> None:
    def drip() -> Iterator[bytes]:
        while not Event().wait(0.02):
            yield b" "

    web.routes["/"] = Answer(chunks=drip)
    result = failure(web.url("/"), replace(LIMITS, total_timeout=0.3))
    assert (result.code, result.permanent) == ("timeout", False)


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nX-Filler: "])
def test_a_drip_of_headers_does_not_outlast_it_either(start: bytes) -> None:
    def talk(client: socket.socket) -> None:
        client.sendall(start)
        while not Event().wait(0.02):
            client.sendall(b"x")

    with raw_server(talk) as address:
        assert failure(f"{address}/", replace(LIMITS, total_timeout=0.3)).code == "timeout"


def test_slow_redirects_do_not_outlast_the_total_timeout(web: HttpServer) -> None:
    steps = count()

    def slowly(_: Request) -> Answer:
        Event().wait(0.05)
        return Answer(302, {"Location": f"/?{next(steps)}"})

    web.routes |= {"/": slowly} | {f"/?{number}": slowly for number in range(100)}
    limits = replace(LIMITS, total_timeout=0.3, max_redirects=1000)
    assert failure(web.url("/"), limits).code == "timeout"


def test_slow_servers_do_not_delay_the_others(web: HttpServer) -> None:
    let_go = Event()

    def silence(_: socket.socket) -> None:
        let_go.wait(10)

    async def ask(slow: str) -> list[FetchResult]:
        limits = replace(LIMITS, concurrency=2, per_host=1, total_timeout=0.4)
        states = [feed_state(f"{slow}/{number}") for number in range(3)]
        states += [feed_state(web.url(f"/{number}")) for number in range(9)]
        async with Fetcher(limits, "test") as fetcher:
            return [result async for _, result in fetcher.fetch_all(states)]

    web.routes |= {f"/{number}": Answer(body=b"<rss/>") for number in range(9)}
    with raw_server(silence) as slow:
        results = asyncio.run(ask(slow))
        let_go.set()
    # All of the quick ones come first, though the others were asked before them.
    assert [type(result) for result in results] == [Fetched] * 9 + [Failed] * 3
    assert {result.code for result in results if isinstance(result, Failed)} == {"timeout"}
