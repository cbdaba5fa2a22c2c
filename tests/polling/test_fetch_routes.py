"""The way to an answer: redirects, addresses, connections, and the time it may all take."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from threading import Event

import pytest

from service.records import NotModified
from tests.polling.asking import LIMITS, failure, fetch, success
from tests.servers.http import Answer, HttpServer, Request

# --- redirects -----------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_and_the_final_address_is_told(web: HttpServer, status: int) -> None:
    web.routes["/old"] = Answer(status, {"Location": web.url("/new")}, b"moved")
    web.routes["/new"] = Answer(body=b"<rss/>")
    assert success(web.url("/old")).url == web.url("/new")


@pytest.mark.parametrize(
    ("location", "path"),
    [("new", "/a/new"), ("../new", "/new"), ("/new", "/new"), ("?page=2", "/a/old?page=2")],
)
def test_a_relative_redirect_is_resolved(web: HttpServer, location: str, path: str) -> None:
    web.routes["/a/old"] = Answer(301, {"Location": location})
    web.routes[path] = Answer(body=b"<rss/>")
    assert success(web.url("/a/old")).url == web.url(path)


def test_conditions_survive_a_redirect(web: HttpServer) -> None:
    web.routes["/old"] = Answer(301, {"Location": "/new"})
    web.routes["/new"] = Answer(304)
    assert fetch(web.url("/old"), etag='"1"') == NotModified()
    assert web.requests[-1].headers["if-none-match"] == '"1"'


def test_as_many_redirects_as_allowed_are_followed_and_not_one_more(web: HttpServer) -> None:
    for number in range(5):
        web.routes[f"/{number}"] = Answer(302, {"Location": f"/{number + 1}"})
    web.routes["/5"] = Answer(body=b"<rss/>")
    assert success(web.url("/2")).url == web.url("/5")
    result = failure(web.url("/1"))
    assert (result.code, result.permanent) == ("redirects", True)


def test_a_redirect_loop_ends(web: HttpServer) -> None:
    web.routes["/a"] = Answer(302, {"Location": "/b"})
    web.routes["/b"] = Answer(302, {"Location": "/a"})
    assert failure(web.url("/a")).code == "redirects"
    assert len(web.requests) == LIMITS.max_redirects + 1


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/feed",
        "javascript:alert(1)",
        "data:text/xml,<rss/>",
        "mailto:desk@desk.example",
        "gopher://127.0.0.1/",
        "http:feed",
        "http://127.0.0.1:99999/",
    ],
)
def test_a_redirect_out_of_the_web_is_not_followed(web: HttpServer, location: str) -> None:
    web.routes["/"] = Answer(302, {"Location": location})
    assert failure(web.url("/")).code == "bad-url"


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


# --- time ----------------------------------------------------------------------------------


def test_a_drip_of_bytes_does_not_outlast_the_total_timeout(web: HttpServer) -> None:
    def drip() -> Iterator[bytes]:
        while not Event().wait(0.02):
            yield b" "

    web.routes["/"] = Answer(chunks=drip)
    result = failure(web.url("/"), replace(LIMITS, total_timeout=0.3))
    assert (result.code, result.permanent) == ("timeout", False)


def test_slow_redirects_do_not_outlast_the_total_timeout(web: HttpServer) -> None:
    def slowly(_: Request) -> Answer:
        Event().wait(0.05)
        return Answer(302, {"Location": "/"})

    web.routes["/"] = slowly
    limits = replace(LIMITS, total_timeout=0.3, max_redirects=1000)
    assert failure(web.url("/"), limits).code == "timeout"
