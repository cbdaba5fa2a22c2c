"""Being polite to a host: pauses between requests, and leaving it alone when it asks for that."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from service.polling.fetching.fetch import Fetcher
from service.polling.fetching.pacing import Pacer
from service.records import Failed, Fetched, FetchResult
from tests.make import feed_state
from tests.polling.asking import LIMITS, resolver
from tests.servers.http import Answer, HttpServer, http_server

ONE_BY_ONE = replace(LIMITS, per_host=1)


def fetch_all(*rounds: Iterable[str], pacer: Pacer | None = None) -> list[dict[str, FetchResult]]:
    """Ask all feeds of each round, one round after the other, of one fetcher."""

    async def ask() -> list[dict[str, FetchResult]]:
        names = resolver("127.0.0.1")
        answers = []
        async with Fetcher(ONE_BY_ONE, "test", pacer=pacer, resolver=names) as fetcher:
            for urls in rounds:
                feeds = [feed_state(url) for url in urls]
                answers.append({f.url: r async for f, r in fetcher.fetch_all(feeds)})
        return answers

    return asyncio.run(ask())


def codes(answers: dict[str, FetchResult]) -> list[str]:
    return sorted(r.code if isinstance(r, Failed) else "fetched" for r in answers.values())


# --- pauses --------------------------------------------------------------------------------


class Pauses:
    """A clock that stands still but for the pauses, and remembers them."""

    def __init__(self) -> None:
        self.now = 0.0
        self.taken: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.taken.append(seconds)
        self.now += seconds

    def pacer(self, gap: float) -> Pacer:
        return Pacer(8, 1, gap, self, self.sleep)


def test_a_pause_lies_between_two_requests_to_one_host_also_of_different_rounds(
    web: HttpServer,
) -> None:
    pauses = Pauses()
    web.routes |= {f"/{number}": Answer(body=b"<rss/>") for number in range(3)}
    urls = [web.url(f"/{number}") for number in range(3)]
    first, second = fetch_all(urls, urls[:2], pacer=pauses.pacer(7))
    assert codes(first) == ["fetched"] * 3
    assert codes(second) == ["fetched"] * 2
    assert pauses.taken == [7] * 4


def test_a_redirect_takes_its_turn_at_the_host_it_leads_to(web: HttpServer) -> None:
    pauses = Pauses()
    with http_server() as other:
        web.routes["/here"] = Answer(302, {"Location": "/there"})
        web.routes["/there"] = Answer(302, {"Location": other.url("/")})
        other.routes["/"] = Answer(body=b"<rss/>")
        (answers,) = fetch_all([web.url("/here")], pacer=pauses.pacer(7))
    assert codes(answers) == ["fetched"]
    assert pauses.taken == [7]


def test_one_host_is_one_however_it_is_written(web: HttpServer) -> None:
    pauses = Pauses()
    web.routes["/"] = Answer(body=b"<rss/>")
    hosts = ("feed.example", "FEED.example", "feed.example.", "user:word@feed.example")
    fetch_all((web.url("/").replace("127.0.0.1", host) for host in hosts), pacer=pauses.pacer(7))
    assert pauses.taken == [7] * 3


# --- a host that asks to be left alone -----------------------------------------------------


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (429, {}),
        (429, {"Retry-After": "120"}),
        (503, {}),
        (503, {"Retry-After": "120"}),
        (403, {"Retry-After": "120"}),
    ],
)
def test_a_busy_host_is_not_asked_again_in_the_same_round(
    web: HttpServer, status: int, headers: dict[str, str]
) -> None:
    web.routes |= {f"/{number}": Answer(status, headers) for number in range(5)}
    (answers,) = fetch_all(web.url(f"/{number}") for number in range(5))
    assert codes(answers) == ["host-busy"] * 4 + [f"http-{status}"]
    assert len(web.requests) == 1
    wait = timedelta(seconds=120) if headers else None
    for result in answers.values():
        assert isinstance(result, Failed)
        assert (result.retry_after, result.permanent) == (wait, False)


@pytest.mark.parametrize("status", [403, 404, 410, 500, 502])
def test_a_feed_that_fails_does_not_speak_for_its_host(web: HttpServer, status: int) -> None:
    web.routes |= {f"/{number}": Answer(status) for number in range(3)}
    (answers,) = fetch_all(web.url(f"/{number}") for number in range(3))
    assert codes(answers) == [f"http-{status}"] * 3


def test_other_hosts_are_asked_all_the_same_and_a_busy_one_in_the_next_round(
    web: HttpServer,
) -> None:
    web.routes["/"] = Answer(429)
    with http_server() as other:
        other.routes["/"] = Answer(body=b"<rss/>")
        # Led to the busy host, and to one that is not.
        other.routes["/to-busy"] = Answer(302, {"Location": web.url("/")})
        first = [web.url("/"), web.url("/?2"), other.url("/to-busy"), other.url("/")]
        once, again = fetch_all(first, [web.url("/")])
    assert isinstance(once[other.url("/")], Fetched)
    assert codes(once) == ["fetched", "host-busy", "host-busy", "http-429"]
    assert codes(again) == ["http-429"]


def test_who_was_put_off_is_told_which_host_said_what(web: HttpServer) -> None:
    web.routes["/a"] = web.routes["/b"] = Answer(429)
    (answers,) = fetch_all([web.url("/a"), web.url("/b")])
    failures = [result for result in answers.values() if isinstance(result, Failed)]
    (message,) = (failed.message for failed in failures if failed.code == "host-busy")
    assert web.address.removeprefix("http://") in message
    assert "429" in message
