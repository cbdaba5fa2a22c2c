"""From a name to a connection: lookups that fail or hang, several addresses, TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Event
from urllib.parse import urlsplit

import pytest
import trustme

from service.polling.fetching.fetch import Fetcher
from service.polling.fetching.network import Resolver
from service.polling.fetching.transport import system_trust
from service.records import Failed, Fetched, FetchResult
from tests.make import feed_state
from tests.polling.asking import LIMITS, failure, resolver, success
from tests.servers.http import Answer, HttpServer, http_server

# --- names ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        socket.gaierror(-2, "Name or service not known"),
        socket.gaierror(-3, "Temporary failure"),
        OSError("no resolver"),
    ],
)
def test_a_name_without_an_address_is_a_failure_worth_another_try(error: OSError) -> None:
    def look_up(*_: object) -> list[str]:
        raise error

    result = failure("http://feed.example/", names=Resolver(look_up))
    assert (result.code, result.permanent) == ("dns", False)
    assert "feed.example" in result.message


def test_a_name_with_no_addresses_at_all_is_the_same() -> None:
    assert failure("http://feed.example/", names=resolver()).code == "dns"


def test_a_name_no_resolver_can_be_asked_for_is_no_address() -> None:
    result = failure(f"http://{'x' * 70}.example/")
    assert (result.code, result.permanent) == ("bad-url", True)


class Hanging:
    """A system's resolver that says nothing about some names until it is released."""

    def __init__(self) -> None:
        self.released = Event()
        self.asked: list[str] = []

    def __call__(self, host: str, _: int) -> list[str]:
        self.asked.append(host)
        if host.startswith("hangs"):
            self.released.wait(30)
        return ["127.0.0.1"]


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    look_up = Hanging()
    yield look_up
    look_up.released.set()


def ask(fetcher: Fetcher, url: str) -> asyncio.Task[FetchResult]:
    return asyncio.create_task(fetcher.fetch(feed_state(url)))


def test_a_lookup_that_hangs_ends_in_time_and_delays_no_other(
    web: HttpServer, hanging: Hanging
) -> None:
    web.routes["/"] = Answer(body=b"<rss/>")
    port = urlsplit(web.address).port

    async def go() -> tuple[list[FetchResult], FetchResult]:
        limits = replace(LIMITS, connect_timeout=0.3, concurrency=50)
        async with Fetcher(limits, "test", resolver=Resolver(hanging)) as fetcher:
            # More than the event loop has threads of its own.
            slow = [ask(fetcher, f"http://hangs{number}.example/") for number in range(40)]
            good = await ask(fetcher, f"http://feed.example:{port}/")
            assert not any(task.done() for task in slow)
            return await asyncio.gather(*slow), good

    slow, good = asyncio.run(go())
    assert isinstance(good, Fetched)
    assert {r.code for r in slow if isinstance(r, Failed)} == {"dns-timeout"}
    # The event loop is closed, and nobody waited for the resolver.
    assert not hanging.released.is_set()


def test_lookups_that_hang_are_bounded_and_free_their_places_at_last(hanging: Hanging) -> None:
    names = Resolver(hanging, at_once=2)
    limits = replace(LIMITS, connect_timeout=0.1)

    def code(name: str) -> str:
        return failure(f"http://{name}.example:1/", limits, names=names).code

    before = threading.active_count()
    assert [code("hangs"), code("hangs"), code("hangs")] == ["dns-timeout", "dns-timeout", "dns"]
    assert len(hanging.asked) == 2
    hanging.released.set()
    for thread in threading.enumerate()[before:]:
        thread.join(3)
    assert code("feed") == "connect"


# --- several addresses ---------------------------------------------------------------------


def test_the_next_address_is_tried_where_one_refuses(web: HttpServer) -> None:
    web.routes["/"] = Answer(body=b"<rss/>")
    url = web.url("/").replace("127.0.0.1", "feed.example")
    names = resolver("127.0.0.3", "127.0.0.2", "127.0.0.1")
    assert success(url, names=names).url == url


@contextmanager
def silent(address: str, port: int) -> Iterator[None]:
    """A queue of connections that is full: what comes after is neither taken nor refused."""
    with socket.socket() as server, socket.socket() as first, socket.socket() as second:
        server.bind((address, port))
        server.listen(0)
        for client in (first, second):
            client.setblocking(False)
            client.connect_ex((address, port))
        yield


def test_the_next_address_is_tried_where_one_is_silent(web: HttpServer) -> None:
    web.routes["/"] = Answer(body=b"<rss/>")
    port = urlsplit(web.address).port or 0
    with silent("127.0.0.2", port):
        names = resolver("127.0.0.2", "127.0.0.1")
        assert success(f"http://feed.example:{port}/", names=names).body == b"<rss/>"


def test_where_every_address_refuses_there_is_no_connection() -> None:
    names = resolver("127.0.0.2", "127.0.0.3")
    result = failure("http://feed.example:1/", names=names)
    assert (result.code, result.permanent) == ("connect", False)


def test_where_every_address_is_silent_the_wait_has_an_end(web: HttpServer) -> None:
    port = urlsplit(web.address).port or 0
    limits = replace(LIMITS, connect_timeout=0.4)
    with silent("127.0.0.2", port), silent("127.0.0.3", port):
        names = resolver("127.0.0.2", "127.0.0.3")
        result = failure(f"http://feed.example:{port}/", limits, names=names)
    assert result.code == "connect-timeout"


# --- TLS -----------------------------------------------------------------------------------


@pytest.fixture
def asked_for() -> list[str | None]:
    """The names that clients of ``secure`` said they want."""
    return []


@pytest.fixture
def secure(authority: trustme.CA, asked_for: list[str | None]) -> Iterator[HttpServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("feed.example").configure_cert(context)

    def remember(_: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> None:
        asked_for.append(name)

    context.sni_callback = remember
    with http_server(context) as server:
        server.routes["/"] = Answer(body=b"<rss/>")
        yield server


def test_tls_and_host_go_by_the_name_though_the_connection_goes_by_the_address(
    secure: HttpServer, trusting: ssl.SSLContext, asked_for: list[str | None]
) -> None:
    url = secure.url("/").replace("127.0.0.1", "feed.example")
    assert success(url, names=resolver("127.0.0.1"), tls=trusting).body == b"<rss/>"
    assert asked_for == ["feed.example"]
    assert secure.requests[0].headers["host"] == urlsplit(url).netloc


@pytest.mark.parametrize("name", ["other.example", "127.0.0.1"])
def test_a_certificate_for_another_name_is_no_connection(
    secure: HttpServer, trusting: ssl.SSLContext, name: str
) -> None:
    url = secure.url("/").replace("127.0.0.1", name)
    assert failure(url, names=resolver("127.0.0.1"), tls=trusting).code == "connect"
    assert secure.requests == []


def test_a_certificate_nobody_vouches_for_is_no_connection(secure: HttpServer) -> None:
    url = secure.url("/").replace("127.0.0.1", "feed.example")
    assert failure(url, names=resolver("127.0.0.1")).code == "connect"


def test_the_certificates_of_the_system_are_read_once() -> None:
    assert system_trust() is system_trust()
