"""One request: what is asked, and what its answer becomes: Fetched, NotModified or Failed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.polling.fetching.fetch import Fetcher
from service.records import Failed, Fetched, NotModified
from tests.make import feed_state
from tests.polling.asking import LIMITS, failure, fetch, resolver, success
from tests.servers.http import Answer, HttpServer, Request, http_server

KEPT = {
    "content-type": "text/xml",
    "cache-control": "max-age=600",
    "expires": "Tue, 17 Mar 2026 12:00:00 GMT",
    "age": "30",
    "link": '<https://hub.example/>; rel="hub"',
    "etag": '"2"',
    "last-modified": "Tue, 17 Mar 2026 11:00:00 GMT",
}

# --- what is asked -------------------------------------------------------------------------


def test_the_service_says_who_it_is_and_what_it_can_read(web: HttpServer) -> None:
    web.routes["/"] = Answer(body=b"<rss/>")
    success(web.url("/"))
    headers = web.requests[0].headers
    assert headers["user-agent"] == "CaspianWatch/1 (+https://desk.example)"
    assert headers["accept-encoding"] == "gzip"
    for kind in ("rss+xml", "atom+xml", "feed+json", "rdf+xml"):
        assert f"application/{kind}" in headers["accept"]


def test_a_feed_never_read_before_is_asked_without_conditions(web: HttpServer) -> None:
    web.routes["/"] = Answer(body=b"<rss/>")
    success(web.url("/"))
    assert not {"if-none-match", "if-modified-since"} & web.requests[0].headers.keys()


def test_what_the_feed_said_last_time_is_sent_back_as_conditions(web: HttpServer) -> None:
    web.routes["/"] = Answer(304)
    result = fetch(web.url("/"), etag='W/"1"', last_modified="Mon, 16 Mar 2026 10:00:00 GMT")
    assert isinstance(result, NotModified)
    headers = web.requests[0].headers
    assert headers["if-none-match"] == 'W/"1"'
    assert headers["if-modified-since"] == "Mon, 16 Mar 2026 10:00:00 GMT"


def test_an_etag_beyond_ascii_does_not_make_the_address_bad(web: HttpServer) -> None:
    def answer(request: Request) -> Answer:
        known = request.headers.get("if-none-match") == '"é"'
        return Answer(304) if known else Answer(200, {"ETag": '"é"'}, b"<rss/>")

    web.routes["/"] = answer
    etag = success(web.url("/")).headers["etag"]
    assert not isinstance(fetch(web.url("/"), etag=etag), Failed)


def test_a_password_in_the_address_is_sent_as_a_login(web: HttpServer) -> None:
    web.routes["/"] = Answer(body=b"<rss/>")
    success(web.url("/").replace("http://", "http://desk:s%40fe@"))
    assert web.requests[0].headers["authorization"] == "Basic ZGVzazpzQGZl"
    assert "@" not in web.requests[0].headers["host"]


# --- what is answered ----------------------------------------------------------------------


def test_a_body_comes_with_its_address_and_the_headers_later_stages_read(web: HttpServer) -> None:
    web.routes["/"] = Answer(200, KEPT | {"X-Other": "y"}, b"<rss/>")
    result = success(web.url("/"))
    assert (result.url, result.body) == (web.url("/"), b"<rss/>")
    # Every server of the standard library adds its date.
    assert result.headers == KEPT | {"date": result.headers["date"]}


def test_not_modified_comes_with_the_same_headers(web: HttpServer) -> None:
    web.routes["/"] = Answer(304, KEPT | {"X-Other": "y"})
    result = fetch(web.url("/"), etag='"1"')
    assert isinstance(result, NotModified)
    assert {name: result.headers[name] for name in KEPT} == KEPT
    assert "x-other" not in result.headers


def test_not_modified_to_a_question_without_conditions_is_odd(web: HttpServer) -> None:
    web.routes["/"] = Answer(304)
    result = failure(web.url("/"))
    assert (result.code, result.permanent) == ("odd-304", False)


def test_the_hash_tells_equal_bodies_from_different_ones(web: HttpServer) -> None:
    bodies = iter([b"<rss/>", b"<rss/>", b"<rss />"])
    web.routes["/"] = lambda _: Answer(body=next(bodies))
    first, same, other = (success(web.url("/")).body_hash for _ in range(3))
    assert first == same != other


def test_a_body_in_many_chunks_arrives_whole(web: HttpServer) -> None:
    pieces = [b"piece %d " % number for number in range(50)]
    web.routes["/"] = Answer(chunks=lambda: iter(pieces))
    assert success(web.url("/")).body == b"".join(pieces)


@pytest.mark.parametrize("body", [b"", b" \r\n\t "])
def test_an_empty_body_is_a_failure(web: HttpServer, body: bytes) -> None:
    web.routes["/"] = Answer(body=body)
    assert failure(web.url("/")).code == "empty"


@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        (204, False),
        (206, False),
        (300, False),
        (401, False),
        (403, False),
        (404, True),
        (410, True),
        (429, False),
        (451, True),
        (500, False),
        (503, False),
        (999, False),
    ],
)
def test_any_other_status_is_a_failure_named_after_it(
    web: HttpServer, status: int, permanent: bool
) -> None:
    web.routes["/"] = Answer(status, body=b"" if status == 204 else b"sorry")
    result = failure(web.url("/"))
    assert (result.code, result.permanent) == (f"http-{status}", permanent)


def test_a_redirect_that_leads_nowhere_is_a_failure(web: HttpServer) -> None:
    web.routes["/"] = Answer(302)
    assert failure(web.url("/")).code == "http-302"


# --- Retry-After ---------------------------------------------------------------------------


def retry_after(web: HttpServer, value: str) -> timedelta | None:
    web.routes["/"] = Answer(503, {"Retry-After": value})
    return failure(web.url("/")).retry_after


def test_retry_after_is_read_in_seconds(web: HttpServer) -> None:
    assert retry_after(web, "120") == timedelta(minutes=2)


@pytest.mark.parametrize("zone", [" GMT", ""])
def test_retry_after_is_read_as_a_date(web: HttpServer, zone: str) -> None:
    in_an_hour = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    wait = retry_after(web, in_an_hour.replace(" GMT", zone))
    assert wait is not None
    assert timedelta(minutes=59) < wait <= timedelta(hours=1)


def test_a_retry_after_in_the_past_asks_for_no_wait(web: HttpServer) -> None:
    assert retry_after(web, "Mon, 16 Mar 2015 10:00:00 GMT") == timedelta(0)


def test_a_retry_after_beyond_all_measure_is_capped(web: HttpServer) -> None:
    wait = retry_after(web, "9" * 400)
    assert wait is not None
    assert timedelta(days=1) < wait < timedelta(days=1000)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "soon",
        "-5",
        "1.5",
        "1e9",
        "²",
        "Mon",
        "Fri, 31 Feb 2026 25:00:00 GMT",
        "Mon, 16 Mar 99999999999999999999 10:00:00 GMT",
        "Mon, 16 Mar 2026 10:00:00 +99999999999999999999",
    ],
)
def test_a_malformed_retry_after_is_no_retry_after(web: HttpServer, value: str) -> None:
    assert retry_after(web, value) is None


HEADER_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30)
HEADER_NAMES = ["Retry-After", "Location", "Set-Cookie", "ETag", "Content-Type", "Content-Encoding"]


def test_whatever_the_status_and_headers_are_the_answer_is_one_of_three() -> None:
    with http_server() as server, asyncio.Runner() as runner:
        # Wherever a redirect leads, no name is looked up outside.
        fetcher = Fetcher(LIMITS, "test", resolver=resolver())

        @settings(max_examples=40, deadline=None)
        @given(
            st.sampled_from([200, 204, 301, 302, 304, 308, 404, 429, 503, 599]),
            st.dictionaries(st.sampled_from(HEADER_NAMES), HEADER_TEXT),
        )
        def ask(status: int, headers: dict[str, str]) -> None:
            server.routes["/"] = Answer(status, headers, b"" if status == 204 else b"<rss/>")
            result = runner.run(fetcher.fetch(feed_state(server.url("/"))))
            assert isinstance(result, Fetched | NotModified | Failed)

        ask()
        runner.run(fetcher.__aexit__())
