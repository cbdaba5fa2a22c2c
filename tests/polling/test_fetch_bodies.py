"""Bodies packed, broken or without end: read whole, or refused within the limits."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise, repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.polling.fetching.fetch import Fetcher, FetchLimits
from service.polling.fetching.inflate import Inflater
from service.records import Failed, Fetched, FetchResult
from tests.make import feed_state
from tests.servers.http import Answer, HttpServer, http_server

MAX = 100_000
LIMITS = FetchLimits(
    concurrency=8,
    per_host=8,
    host_gap=0,
    connect_timeout=2,
    total_timeout=5,
    max_body_bytes=MAX,
    max_redirects=3,
    allow_private_addresses=True,
)
FEED = b"<rss><channel><title>Russia and Iran</title></channel></rss>"


def fetch(server: HttpServer) -> FetchResult:
    async def ask() -> FetchResult:
        async with Fetcher(LIMITS, "test") as fetcher:
            return await fetcher.fetch(feed_state(server.url("/")))

    return asyncio.run(ask())


def packed(
    body: bytes, encoding: str = "gzip", chunks: Callable[[], Iterator[bytes]] | None = None
) -> Answer:
    return Answer(200, {"Content-Encoding": encoding}, body, chunks)


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip", " gzip "])
def test_a_packed_body_is_unpacked(web: HttpServer, encoding: str) -> None:
    web.routes["/"] = packed(gzip.compress(FEED), encoding)
    result = fetch(web)
    assert isinstance(result, Fetched)
    assert result.body == FEED


def test_a_deflated_body_is_unpacked_though_it_was_not_asked_for(web: HttpServer) -> None:
    web.routes["/"] = packed(zlib.compress(FEED), "deflate")
    result = fetch(web)
    assert isinstance(result, Fetched)
    assert result.body == FEED


def test_a_body_called_identical_is_taken_as_it_is(web: HttpServer) -> None:
    web.routes["/"] = packed(FEED, "identity")
    result = fetch(web)
    assert isinstance(result, Fetched)
    assert result.body == FEED


def test_a_packed_body_in_several_members_is_read_to_its_end(web: HttpServer) -> None:
    # RFC 1952, 2.2: a gzip file is a series of members; servers that flush by block send such.
    web.routes["/"] = packed(gzip.compress(FEED[:20]) + gzip.compress(FEED[20:]))
    result = fetch(web)
    assert isinstance(result, Fetched)
    assert result.body == FEED


def test_a_packed_and_a_plain_body_have_the_same_hash(web: HttpServer) -> None:
    web.routes["/"] = Answer(body=FEED)
    plain = fetch(web)
    web.routes["/"] = packed(gzip.compress(FEED))
    small = fetch(web)
    assert isinstance(plain, Fetched)
    assert isinstance(small, Fetched)
    assert plain.body_hash == small.body_hash


def test_the_cut_between_two_members_may_lie_anywhere() -> None:
    both = gzip.compress(FEED[:20]) + gzip.compress(FEED[20:])
    for cut in range(len(gzip.compress(FEED[:20])) - 1, len(both) - len(gzip.compress(b"")) + 3):
        inflater = Inflater("gzip", MAX)
        for piece in (both[:cut], both[cut : cut + 1], both[cut + 1 :]):
            inflater.feed(piece)
        assert inflater.finish() == FEED


def test_members_without_end_and_without_content_are_not_read_for_ever() -> None:
    inflater = Inflater("gzip", MAX)
    with pytest.raises(zlib.error, match="too many"):
        inflater.feed(gzip.compress(b"") * 10_000)


def test_a_body_in_chunks_of_one_byte_costs_little_more_than_its_bytes() -> None:
    tracemalloc.start()
    try:
        inflater = Inflater("", MAX)
        for _ in range(MAX):
            inflater.feed(b"x")
        assert len(inflater.finish()) == MAX
        assert tracemalloc.get_traced_memory()[1] < 4 * MAX
    finally:
        tracemalloc.stop()


def test_an_empty_body_is_empty_whatever_its_packing(web: HttpServer) -> None:
    for body in (b"", gzip.compress(b"")):
        web.routes["/"] = packed(body)
        result = fetch(web)
        assert isinstance(result, Failed)
        assert result.code == "empty"


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (gzip.compress(FEED)[:-10], "gzip"),
        (gzip.compress(FEED)[:12], "gzip"),
        (gzip.compress(FEED)[:-8] + b"\0" * 8, "gzip"),
        (FEED, "gzip"),
        (FEED, "deflate"),
        (FEED, "br"),
        (FEED, "zstd"),
        (gzip.compress(gzip.compress(FEED)), "gzip, gzip"),
        (FEED, "ÿ"),
    ],
    ids=["cut off", "cut short", "wrong sum", "not gzip", "not zlib", "br", "zstd", "twice", "odd"],
)
def test_a_body_that_cannot_be_unpacked_is_a_failure_worth_another_try(
    web: HttpServer, body: bytes, encoding: str
) -> None:
    web.routes["/"] = packed(body, encoding)
    result = fetch(web)
    assert isinstance(result, Failed)
    assert (result.code, result.permanent) == ("encoding", False)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "packed"])
def test_a_body_may_be_as_large_as_the_limit_and_not_one_byte_larger(
    web: HttpServer, pack: Callable[[bytes], bytes]
) -> None:
    encoding = "identity" if pack is bytes else "gzip"
    web.routes["/"] = packed(pack(b"x" * MAX), encoding)
    largest = fetch(web)
    assert isinstance(largest, Fetched)
    assert len(largest.body) == MAX
    web.routes["/"] = packed(pack(b"x" * (MAX + 1)), encoding)
    larger = fetch(web)
    assert isinstance(larger, Failed)
    assert (larger.code, larger.permanent) == ("too-large", True)


def test_a_stream_without_end_is_cut_at_the_limit(web: HttpServer) -> None:
    web.routes["/"] = Answer(chunks=lambda: repeat(b"<item/>" * 100))
    result = fetch(web)
    assert isinstance(result, Failed)
    assert result.code == "too-large"


def memory_of_fetching(server: HttpServer) -> tuple[FetchResult, int]:
    tracemalloc.start()
    try:
        return fetch(server), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_gzip_bomb_is_not_unpacked_beyond_the_limit(web: HttpServer) -> None:
    web.routes["/"] = packed(gzip.compress(bytes(200 * MAX)))
    result, peak = memory_of_fetching(web)
    assert isinstance(result, Failed)
    assert result.code == "too-large"
    assert peak < 50 * MAX


def test_what_follows_a_packed_body_is_not_hoarded(web: HttpServer) -> None:
    web.routes["/"] = packed(gzip.compress(FEED), chunks=lambda: repeat(b"x" * MAX, 200))
    _, peak = memory_of_fetching(web)
    assert peak < 50 * MAX


def test_a_packed_body_is_the_same_however_it_is_cut_into_chunks() -> None:
    with http_server() as server, asyncio.Runner() as runner:
        fetcher = Fetcher(LIMITS, "test")

        @settings(max_examples=25, deadline=None)
        @given(st.binary(min_size=1, max_size=2000), st.data())
        def ask(tail: bytes, data: st.DataObject) -> None:
            body = FEED + tail
            small = gzip.compress(body)
            cuts = sorted(data.draw(st.sets(st.integers(0, len(small)), max_size=6)))
            pieces = [small[start:end] for start, end in pairwise([0, *cuts, len(small)])]
            server.routes["/"] = packed(b"", chunks=lambda: iter(pieces))
            result = runner.run(fetcher.fetch(feed_state(server.url("/"))))
            assert isinstance(result, Fetched)
            assert result.body == body

        ask()
        runner.run(fetcher.__aexit__())
