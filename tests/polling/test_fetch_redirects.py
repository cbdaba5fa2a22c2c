"""Redirects: followed within limits, told when they are for good, and what goes along with them."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import trustme

from service.records import NotModified
from tests.polling.asking import LIMITS, failure, fetch, resolver, success
from tests.servers.http import Answer, HttpServer, Request, http_server


@pytest.fixture
def other() -> Iterator[HttpServer]:
    """A second host."""
    with http_server() as server:
        yield server


# --- followed ------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_and_the_final_address_is_told(web: HttpServer, status: int) -> None:
    web.routes["/old"] = Answer(status, {"Location": web.url("/new")}, b"moved")
    web.routes["/new"] = Answer(body=b"<rss/>")
    assert success(web.url("/old")).url == web.url("/new")


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("new", "/a/new"),
        ("../new", "/new"),
        ("/new", "/new"),
        ("?page=2", "/a/old?page=2"),
        # Not allowed, yet seen; on the same host it does no harm.
        ("http:new", "/a/new"),
        ("http:///new", "/new"),
    ],
)
def test_a_relative_redirect_is_resolved(web: HttpServer, location: str, path: str) -> None:
    web.routes["/a/old"] = Answer(301, {"Location": location})
    web.routes[path] = Answer(body=b"<rss/>")
    assert success(web.url("/a/old")).url == web.url(path)


def test_as_many_redirects_as_allowed_are_followed_and_not_one_more(web: HttpServer) -> None:
    for number in range(5):
        web.routes[f"/{number}"] = Answer(302, {"Location": f"/{number + 1}"})
    web.routes["/5"] = Answer(body=b"<rss/>")
    assert success(web.url("/2")).url == web.url("/5")
    result = failure(web.url("/1"))
    assert (result.code, result.permanent) == ("redirects", True)


@pytest.mark.parametrize("back", ["/a", "/b", "/b#part"])
def test_a_redirect_in_a_circle_is_not_gone_round_twice(web: HttpServer, back: str) -> None:
    web.routes["/a"] = Answer(302, {"Location": "/b"})
    web.routes["/b"] = Answer(302, {"Location": back})
    assert failure(web.url("/a")).code == "redirects"
    assert len(web.requests) == 2 < LIMITS.max_redirects


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/feed",
        "javascript:alert(1)",
        "data:text/xml,<rss/>",
        "mailto:desk@desk.example",
        "gopher://127.0.0.1/",
        "unix:/var/run/docker.sock",
        "http://127.0.0.1:99999/",
        "http://[::1",
    ],
)
def test_a_redirect_out_of_the_web_is_not_followed(web: HttpServer, location: str) -> None:
    web.routes["/"] = Answer(302, {"Location": location})
    result = failure(web.url("/"))
    assert (result.code, result.permanent) == ("bad-redirect", True)


# --- for good ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statuses", "moved"),
    [
        ([], False),
        ([301], True),
        ([308], True),
        ([301, 308, 301], True),
        ([302], False),
        ([301, 302], False),
        ([307, 308], False),
        ([303, 301, 301], False),
    ],
)
@pytest.mark.parametrize("last", [200, 304])
def test_a_feed_has_moved_if_every_redirect_was_for_good(
    web: HttpServer, statuses: list[int], moved: bool, last: int
) -> None:
    for number, status in enumerate(statuses):
        web.routes[f"/{number}"] = Answer(status, {"Location": f"/{number + 1}#part"})
    web.routes[f"/{len(statuses)}"] = Answer(last, body=b"<rss/>")
    result = fetch(web.url("/0"), etag='"1"')
    assert getattr(result, "moved_to", "") == (web.url(f"/{len(statuses)}") if moved else None)


def test_a_feed_may_move_to_another_host(web: HttpServer, other: HttpServer) -> None:
    web.routes["/"] = Answer(301, {"Location": other.url("/feed")})
    other.routes["/feed"] = Answer(body=b"<rss/>")
    assert success(web.url("/")).moved_to == other.url("/feed")


def test_from_https_to_http_is_followed_and_never_for_good(
    web: HttpServer, authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("feed.example").configure_cert(context)
    web.routes["/"] = Answer(body=b"<rss/>")
    with http_server(context) as secure:
        secure.routes["/down"] = Answer(301, {"Location": web.url("/")})
        web.routes["/up"] = Answer(301, {"Location": at("feed.example", secure.url("/"))})
        secure.routes["/"] = Answer(body=b"<rss/>")
        names = resolver("127.0.0.1")
        down = success(at("feed.example", secure.url("/down")), names=names, tls=trusting)
        up = success(web.url("/up"), names=names, tls=trusting)
    assert (down.url, down.moved_to) == (web.url("/"), None)
    assert up.moved_to == up.url


def at(name: str, url: str) -> str:
    return url.replace("127.0.0.1", name)


# --- what goes along -----------------------------------------------------------------------


def test_conditions_survive_a_redirect_on_the_same_host(web: HttpServer) -> None:
    web.routes["/old"] = Answer(301, {"Location": "/new"})
    web.routes["/new"] = Answer(304)
    assert isinstance(fetch(web.url("/old"), etag='"1"'), NotModified)
    assert web.requests[-1].headers["if-none-match"] == '"1"'


def test_conditions_of_one_host_are_not_told_to_another(web: HttpServer, other: HttpServer) -> None:
    web.routes["/"] = Answer(302, {"Location": other.url("/")})
    other.routes["/"] = Answer(body=b"<rss/>")
    success(web.url("/"), etag='"1"', last_modified="Mon, 16 Mar 2026 10:00:00 GMT")
    assert web.requests[0].headers["if-none-match"] == '"1"'
    assert not {"if-none-match", "if-modified-since"} & other.requests[0].headers.keys()


def test_another_host_that_says_not_modified_is_not_believed(
    web: HttpServer, other: HttpServer
) -> None:
    web.routes["/"] = Answer(302, {"Location": other.url("/")})
    other.routes["/"] = Answer(304)
    assert failure(web.url("/"), etag='"1"').code == "odd-304"


def test_what_another_host_says_of_its_document_is_not_kept_to_be_sent_to_the_first(
    web: HttpServer, other: HttpServer
) -> None:
    said = {"ETag": '"1"', "Last-Modified": "x", "Content-Type": "text/xml"}
    web.routes["/"] = Answer(302, {"Location": other.url("/")})
    other.routes["/"] = Answer(200, said, b"<rss/>")
    headers = success(web.url("/")).headers
    assert headers["content-type"] == "text/xml"
    assert not {"etag", "last-modified"} & headers.keys()


def test_a_password_is_not_told_to_another_host(web: HttpServer, other: HttpServer) -> None:
    web.routes["/"] = Answer(302, {"Location": other.url("/")})
    other.routes["/"] = Answer(body=b"<rss/>")
    success(web.url("/").replace("http://", "http://desk:word@"))
    assert "authorization" in web.requests[0].headers
    assert "authorization" not in other.requests[0].headers


def test_a_site_that_wants_its_cookie_back_gets_it_along_one_way_only(web: HttpServer) -> None:
    def wants_cookie(request: Request) -> Answer:
        if "seen=1" in request.headers.get("cookie", ""):
            return Answer(body=b"<rss/>")
        return Answer(302, {"Location": "/", "Set-Cookie": "seen=1; Path=/"})

    web.routes["/"] = wants_cookie
    success(web.url("/"))
    success(web.url("/"))
    assert ["cookie" in request.headers for request in web.requests] == [False, True] * 2


def test_a_cookie_of_one_host_is_not_told_to_another(web: HttpServer, other: HttpServer) -> None:
    to_other = at("other.example", other.url("/"))
    web.routes["/"] = Answer(302, {"Location": to_other, "Set-Cookie": "seen=1; Path=/"})
    other.routes["/"] = Answer(body=b"<rss/>")
    success(at("feed.example", web.url("/")), names=resolver("127.0.0.1"))
    assert "cookie" not in other.requests[0].headers
    assert other.requests[0].headers["host"] == urlsplit(to_other).netloc
