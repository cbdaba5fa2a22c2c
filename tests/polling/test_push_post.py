"""A form that is sent: what goes out, what comes back, and what is not done."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
import trustme

from service.polling.fetching.fetch import MAX_BEGINNING, MAX_SAID, Busy, Fetcher, FetchLimits
from service.polling.fetching.network import Resolver
from service.records import Failed
from tests.polling.asking import GUARDED, LIMITS, resolver
from tests.servers.http import Answer, HttpServer, http_server

FORM = {"hub.topic": "https://feed.example/?a=1&b=Тегеран", "hub.mode": "subscribe"}


def post(
    url: str,
    limits: FetchLimits = LIMITS,
    *,
    names: Resolver | None = None,
    tls: ssl.SSLContext | None = None,
    busy: Busy | None = None,
) -> Failed | None:
    async def send() -> Failed | None:
        async with Fetcher(limits, "CaspianWatch/1", resolver=names, tls=tls) as fetcher:
            return await fetcher.post(url, FORM, busy)

    return asyncio.run(send())


def failure(url: str, limits: FetchLimits = LIMITS, busy: Busy | None = None) -> Failed:
    failed = post(url, limits, busy=busy)
    assert failed is not None
    return failed


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[HttpServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("hub.example").configure_cert(context)
    with http_server(context) as server:
        yield server


@pytest.mark.parametrize("status", [200, 202, 204])
def test_a_form_is_sent_as_browsers_send_it(web: HttpServer, status: int) -> None:
    web.routes["/hub"] = Answer(status)
    assert post(web.url("/hub")) is None
    (request,) = web.requests
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["user-agent"] == "CaspianWatch/1"
    assert dict(parse_qsl(request.body.decode())) == FORM


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_that_keeps_the_form_is_followed(web: HttpServer, status: int) -> None:
    web.routes["/old"] = Answer(status, {"Location": "/new"})
    web.routes["/new"] = Answer(202)
    assert post(web.url("/old")) is None
    assert [(one.method, one.path) for one in web.requests] == [("POST", "/old"), ("POST", "/new")]
    assert web.requests[0].body == web.requests[1].body


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_would_lose_the_form_is_not(web: HttpServer, status: int) -> None:
    web.routes["/old"] = Answer(status, {"Location": "/new"})
    failed = failure(web.url("/old"))
    assert (failed.code, failed.permanent) == (f"http-{status}", False)
    assert len(web.requests) == 1


def test_a_form_is_not_sent_on_in_the_clear(
    web: HttpServer, secure: HttpServer, trusting: ssl.SSLContext
) -> None:
    secure.routes["/hub"] = Answer(307, {"Location": web.url("/hub")})
    url = secure.url("/hub").replace("127.0.0.1", "hub.example")
    failed = post(url, names=resolver("127.0.0.1"), tls=trusting)
    assert failed is not None
    assert (failed.code, failed.permanent) == ("redirects", True)
    assert web.requests == []


@pytest.mark.parametrize(
    ("status", "headers", "permanent"),
    [
        (400, {}, True),
        (403, {}, True),
        (403, {"Retry-After": "60"}, False),
        (404, {}, True),
        (408, {}, False),
        (422, {}, True),
        (429, {}, False),
        (500, {}, False),
        (503, {}, False),
    ],
)
def test_who_does_not_want_a_form_never_will_unless_he_says_later(
    web: HttpServer, status: int, headers: dict[str, str], permanent: bool
) -> None:
    web.routes["/hub"] = Answer(status, headers)
    failed = failure(web.url("/hub"))
    assert (failed.code, failed.permanent) == (f"http-{status}", permanent)
    assert failed.retry_after == (timedelta(minutes=1) if headers else None)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", ""),
        (b"Invalid topic\r\n", ": Invalid topic"),
        (b"<html><body><h1>No</h1> <script>alert(1)</script></body></html>", ": No"),
        (b"\x1b[31mred\x00", ": [31mred"),
        (b"\xff\xfe", ": \ufffd\ufffd"),
        (b"x" * 100_000, ": " + "x" * MAX_SAID),
    ],
)
def test_why_not_is_told_in_plain_words(web: HttpServer, body: bytes, said: str) -> None:
    web.routes["/hub"] = Answer(400, body=body)
    assert failure(web.url("/hub")).message == "the server answered 400 Bad Request" + said


def test_an_answer_without_end_is_read_to_a_limit(web: HttpServer) -> None:
    def forever() -> Iterator[bytes]:
        while True:
            yield b"no " * 1_000

    web.routes["/hub"] = Answer(400, chunks=forever)
    failed = failure(web.url("/hub"))
    assert failed.code == "http-400"
    assert len(failed.message) < MAX_BEGINNING


def test_a_form_is_not_sent_to_private_addresses(web: HttpServer) -> None:
    web.routes["/hub"] = Answer(202)
    failed = failure(web.url("/hub"), GUARDED)
    assert (failed.code, failed.permanent) == ("private-address", True)
    assert web.requests == []


def test_a_host_that_is_busy_is_not_asked_again_in_the_round(web: HttpServer) -> None:
    web.routes["/hub"] = Answer(429, {"Retry-After": "60"})
    busy: Busy = {}
    assert failure(web.url("/hub"), busy=busy).code == "http-429"
    assert failure(web.url("/other"), busy=busy).code == "host-busy"
    assert len(web.requests) == 1


@pytest.mark.parametrize("url", ["ftp://hub.example/", "https://", "nonsense", "http://[::1"])
def test_what_is_no_address_is_a_failure(url: str) -> None:
    failed = failure(url)
    assert (failed.code, failed.permanent) == ("bad-url", True)
