"""Many feeds at once: within the limits, none harming another, and given up when told to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import replace
from threading import Barrier, Event, Lock

import pytest

from service.polling.fetching.fetch import Fetcher, FetchLimits
from service.records import Failed, FeedState, Fetched, FetchResult
from tests.make import feed_state
from tests.servers.http import Answer, HttpServer, Request, http_server

LIMITS = FetchLimits(
    concurrency=20,
    per_host=20,
    host_gap=0,
    connect_timeout=2,
    total_timeout=5,
    max_body_bytes=100_000,
    max_redirects=3,
    allow_private_addresses=True,
)


def fetch_all(urls: Iterable[str], limits: FetchLimits = LIMITS) -> list[tuple[str, FetchResult]]:
    async def ask() -> list[tuple[str, FetchResult]]:
        feeds = [feed_state(url) for url in urls]
        async with Fetcher(limits, "test") as fetcher:
            return [(feed.url, result) async for feed, result in fetcher.fetch_all(feeds)]

    return asyncio.run(ask())


class Gauge:
    """Counts the requests that are in the house at once; they leave in pairs."""

    def __init__(self) -> None:
        self.most = 0
        self._now = 0
        self._lock = Lock()
        self._pair = Barrier(2, timeout=3)

    def __call__(self, _: Request) -> Answer:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        # Long enough for a third to be seen if it were let in.
        Event().wait(0.03)
        self._pair.wait()
        with self._lock:
            self._now -= 1
        return Answer(body=b"<rss/>")


def test_each_feed_comes_with_its_own_answer(web: HttpServer) -> None:
    urls = [web.url(f"/{number}") for number in range(20)]
    for number in range(20):
        web.routes[f"/{number}"] = Answer(body=b"feed %d" % number)
    bodies = {url: r.body for url, r in fetch_all(urls) if isinstance(r, Fetched)}
    assert bodies == {web.url(f"/{number}"): b"feed %d" % number for number in range(20)}


def test_no_feeds_are_no_answers() -> None:
    assert fetch_all([]) == []


@pytest.mark.parametrize(
    "bad",
    ["http://[bad/", "http://127.0.0.1:99999/", "http://127.0.0.1:1/", "not an address", ""],
)
def test_a_bad_address_does_not_cost_the_other_feeds(web: HttpServer, bad: str) -> None:
    web.routes["/"] = Answer(body=b"<rss/>")
    results = dict(fetch_all([web.url("/"), bad, web.url("/?again")]))
    assert isinstance(results[bad], Failed)
    assert isinstance(results[web.url("/")], Fetched)
    assert len(results) == 3


@pytest.mark.parametrize(
    "headers",
    [
        {"Location": "http://127.0.0.1:99999/"},
        {"Retry-After": "Mon, 16 Mar 99999999999999999999 10:00:00 GMT"},
        {"Retry-After": "Mon, 16 Mar 2026 10:00:00 +99999999999999999999"},
    ],
)
def test_a_hostile_answer_does_not_cost_the_other_feeds(
    web: HttpServer, headers: dict[str, str]
) -> None:
    web.routes["/good"] = Answer(body=b"<rss/>")
    web.routes["/hostile"] = Answer(302 if "Location" in headers else 429, headers)
    results = dict(fetch_all([web.url("/hostile"), web.url("/good")]))
    assert isinstance(results[web.url("/hostile")], Failed)
    assert isinstance(results[web.url("/good")], Fetched)


def test_answers_come_in_the_order_in_which_they_arrive(web: HttpServer) -> None:
    quick_is_read = Event()

    def slow(_: Request) -> Answer:
        quick_is_read.wait(3)
        return Answer(body=b"slow")

    async def ask() -> list[str]:
        paths = []
        feeds = [feed_state(web.url("/slow")), feed_state(web.url("/quick"))]
        async with Fetcher(LIMITS, "test") as fetcher:
            async for feed, _ in fetcher.fetch_all(feeds):
                paths.append(feed.url.removeprefix(web.address))
                quick_is_read.set()
        return paths

    web.routes |= {"/slow": slow, "/quick": Answer(body=b"quick")}
    assert asyncio.run(ask()) == ["/quick", "/slow"]


def test_one_host_is_asked_only_so_often_at_once(web: HttpServer) -> None:
    gauge = Gauge()
    urls = [web.url(f"/{number}") for number in range(6)]
    web.routes |= {f"/{number}": gauge for number in range(6)}
    results = fetch_all(urls, replace(LIMITS, per_host=2))
    assert [type(result) for _, result in results] == [Fetched] * 6
    assert gauge.most == 2


def test_all_hosts_together_are_asked_only_so_often_at_once(web: HttpServer) -> None:
    gauge = Gauge()
    with http_server() as other:
        for server in (web, other):
            server.routes |= {f"/{number}": gauge for number in range(3)}
        urls = [server.url(f"/{number}") for number in range(3) for server in (web, other)]
        results = fetch_all(urls, replace(LIMITS, concurrency=2))
    assert [type(result) for _, result in results] == [Fetched] * 6
    assert gauge.most == 2


def test_a_slow_host_does_not_hold_the_places_of_others(web: HttpServer) -> None:
    other_is_read = Event()

    def slow(_: Request) -> Answer:
        other_is_read.wait(3)
        return Answer(body=b"slow")

    async def ask(urls: list[str]) -> list[tuple[str, FetchResult]]:
        answers = []
        limits = replace(LIMITS, concurrency=2, per_host=1, total_timeout=2)
        async with Fetcher(limits, "test") as fetcher:
            async for feed, result in fetcher.fetch_all([feed_state(url) for url in urls]):
                answers.append((feed.url, result))
                other_is_read.set()
        return answers

    with http_server() as other:
        web.routes |= {f"/{number}": slow for number in range(4)}
        other.routes["/"] = Answer(body=b"quick")
        slow_urls = [web.url(f"/{number}") for number in range(4)]
        first, *rest = asyncio.run(ask([*slow_urls, other.url("/")]))
    assert first[0] == other.url("/")
    assert [type(result) for _, result in rest] == [Fetched] * 4


def test_waiting_for_a_place_does_not_count_against_the_time_of_a_request(
    web: HttpServer,
) -> None:
    def slowly(_: Request) -> Answer:
        Event().wait(0.25)
        return Answer(body=b"<rss/>")

    web.routes |= {f"/{number}": slowly for number in range(4)}
    limits = replace(LIMITS, per_host=1, total_timeout=0.9)
    results = fetch_all([web.url(f"/{number}") for number in range(4)], limits)
    assert [type(result) for _, result in results] == [Fetched] * 4


def test_closing_early_ends_the_requests_under_way_and_starts_no_others(web: HttpServer) -> None:
    under_way, hung_up = Event(), Event()

    def endless() -> Iterator[bytes]:
        under_way.set()
        try:
            while not hung_up.wait(0.01):
                yield b" "
        finally:
            hung_up.set()

    def quick(_: Request) -> Answer:
        under_way.wait(3)
        return Answer(body=b"<rss/>")

    async def ask() -> tuple[FeedState, bool, int]:
        waiting = [feed_state(web.url(f"/{number}")) for number in range(5)]
        feeds = [feed_state(web.url("/endless")), feed_state(web.url("/quick")), *waiting]
        async with Fetcher(replace(LIMITS, concurrency=2), "test") as fetcher:
            answers = fetcher.fetch_all(feeds)
            first, _ = await anext(answers)
            await answers.aclose()
            # While the fetcher is open still: it is the closing that must hang up.
            noticed = await asyncio.to_thread(hung_up.wait, 3)
            return first, noticed, len(asyncio.all_tasks())

    web.routes |= {"/endless": Answer(chunks=endless), "/quick": quick}
    first, noticed, tasks = asyncio.run(ask())
    assert first.url == web.url("/quick")
    assert noticed
    assert tasks == 1
    assert len(web.requests) <= 3
