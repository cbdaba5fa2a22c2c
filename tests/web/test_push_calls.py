"""What hubs, and those who are none, get for calling us."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from service.records import FeedId, FeedUpdate, HubLease, LeaseState
from service.storage import feeds, hubs, tables
from service.storage.database import Database
from service.web.app import MAX_BODY_BYTES, web_app
from tests.make import NOW, Clock
from tests.polling.test_push_leases import active, lease
from tests.servers.hub import signed
from tests.storage.rows import list_feeds
from tests.web.serving import PATIENCE, serving, subscriber

MAX_PUSH = 200_000
TOKEN, SECRET = "t" * 43, "s" * 64
TOPIC = "https://feed.example/rss"
BODY = b"<rss>news</rss>"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def feed(database: Database) -> FeedId:
    """A feed that was polled just now, and is due in an hour."""
    (feed,) = list_feeds(database, TOPIC)
    with database.transaction() as connection:
        feeds.record(connection, [FeedUpdate(feed, NOW, NOW + 60 * MINUTE, 0)])
    return feed


@pytest.fixture
def held(database: Database, feed: FeedId) -> HubLease:
    held = active(feed_id=feed, token=TOKEN, secret=SECRET, asked_at=NOW - MINUTE)
    with database.transaction() as connection:
        hubs.add(connection, [held])
    return held


@pytest.fixture
def address(database: Database, clock: Clock) -> Iterator[str]:
    with serving(web_app(subscriber(database, clock), max_push_bytes=MAX_PUSH)) as address:
        yield address


def change(database: Database, before: HubLease, **changes: object) -> None:
    with database.transaction() as connection:
        assert hubs.save(connection, before, replace(before, **changes))  # type: ignore[arg-type]


def lease_now(database: Database) -> HubLease:
    with database.reading() as connection:
        (found,) = hubs.leases(connection)
        return found


def due_at(database: Database) -> datetime:
    with database.reading() as connection:
        moment: datetime = connection.execute(select(tables.feeds.c.next_poll_at)).scalar_one()
        return moment


def question(address: str, token: str = TOKEN, **said: str) -> str:
    values = {"mode": "subscribe", "topic": TOPIC, "challenge": "42", "lease_seconds": "86400"}
    query = urlencode({f"hub.{name}": value for name, value in (values | said).items()})
    return f"{address}/push/{token}?{query}"


def ask(address: str, token: str = TOKEN, **said: str) -> httpx.Response:
    return httpx.get(question(address, token, **said), trust_env=False)


def push(
    address: str, body: bytes = BODY, token: str = TOKEN, headers: dict[str, str] | None = None
) -> httpx.Response:
    return httpx.post(
        f"{address}/push/{token}",
        content=body,
        headers=signed(SECRET, body) if headers is None else headers,
        trust_env=False,
    )


# --- is it you? ---------------------------------------------------------------------------------


def test_a_hub_that_was_asked_hears_its_own_challenge(
    address: str, database: Database, held: HubLease
) -> None:
    response = ask(address)
    assert (response.status_code, response.text) == (200, "42")
    assert lease_now(database).expires_at == NOW - MINUTE + timedelta(days=1)


@pytest.mark.parametrize(
    "challenge", ["<script>alert(1)</script>", "{{7*7}}", "русский & <b>", "%PDF-1.7", "a b+c%20d"]
)
def test_a_challenge_is_text_to_every_browser(address: str, held: HubLease, challenge: str) -> None:
    response = ask(address, challenge=challenge)
    assert response.content == challenge.encode()
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "said",
    [
        {"token": "u" * 43},
        {"token": "short"},
        {"token": "%2e%2e%2f" * 9},
        {"token": "t" * 4_000},
        {"token": "t" * 43 + "%00"},
        {"topic": "https://feed.example/other"},
        {"mode": "unsubscribe"},
        {"mode": "publish"},
        {"challenge": ""},
        {"challenge": "\x00\x01"},
        {"lease_seconds": "0"},
    ],
)
def test_who_asks_for_what_we_did_not_ask_is_told_that_there_is_nothing(
    address: str, database: Database, held: HubLease, said: dict[str, str]
) -> None:
    response = ask(address, **said)
    assert (response.status_code, response.text) == (404, "Not Found")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert lease_now(database) == held


def test_a_call_without_parameters_or_with_each_twice_is_nothing_either(
    address: str, database: Database, held: HubLease
) -> None:
    url = question(address)
    bare, _, query = url.partition("?")
    for one in (bare, f"{url}&{query}", f"{url}&hub.mode=denied"):
        assert httpx.get(one, trust_env=False).status_code == 404
    assert lease_now(database) == held


def test_a_hub_may_deny_and_the_reason_is_kept(
    address: str, database: Database, held: HubLease
) -> None:
    with capture_logs() as logs:
        response = ask(address, mode="denied", reason="over quota")
    assert (response.status_code, response.text) == (200, "")
    after = lease_now(database)
    assert (after.state, after.error) == (LeaseState.REFUSED, "denied: over quota")
    assert [(one["event"], one["why"]) for one in logs] == [("hub denied", "denied: over quota")]


def test_a_subscription_that_is_to_end_ends_when_the_hub_confirms(
    address: str, database: Database, held: HubLease
) -> None:
    change(database, held, state=LeaseState.LEAVING)
    assert ask(address, mode="subscribe").status_code == 404
    assert ask(address, mode="unsubscribe").text == "42"
    with database.reading() as connection:
        assert hubs.leases(connection) == []
    # Played back, it is nothing.
    assert ask(address, mode="unsubscribe").status_code == 404


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_only_two_ways_of_asking_are_known(
    address: str, database: Database, held: HubLease, method: str
) -> None:
    response = httpx.request(method, question(address), trust_env=False)
    assert response.status_code == 405
    assert lease_now(database) == held


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/push",
        "/push/",
        f"/push/{TOKEN}/",
        f"/push/{TOKEN}/more",
        "/../etc/passwd",
        "//push/x",
        "/%00",
        "/docs",
    ],
)
def test_there_is_nothing_else(address: str, held: HubLease, path: str) -> None:
    for method in ("GET", "POST"):
        response = httpx.request(method, address + path, trust_env=False)
        assert response.status_code == 404
        assert "server" not in response.headers


# --- pushes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_a_signed_push_makes_the_feed_due_now(
    address: str, database: Database, held: HubLease, method: str
) -> None:
    response = push(address, headers=signed(SECRET, BODY, method))
    assert (response.status_code, response.content) == (202, b"")
    assert due_at(database) == NOW
    assert lease_now(database).last_push_at == NOW


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-hub-signature": ""},
        {"x-hub-signature": "sha256"},
        signed("guessed", BODY),
        signed(SECRET, BODY + b"!"),
        signed(SECRET, BODY, "md5"),
        {"x-hub-signature": "sha256=" + "0" * 64},
    ],
)
def test_a_forged_push_is_answered_as_any_other_and_ignored(
    address: str, database: Database, held: HubLease, headers: dict[str, str]
) -> None:
    with capture_logs() as logs:
        response = push(address, headers=headers)
    genuine = push(address)
    assert response.status_code == genuine.status_code == 202
    assert response.headers.keys() == genuine.headers.keys()
    assert [one["event"] for one in logs] == ["push ignored"]
    assert SECRET not in str(logs)
    assert TOKEN not in str(logs)


def test_a_forged_push_changes_nothing(address: str, database: Database, held: HubLease) -> None:
    push(address, headers=signed("guessed", BODY))
    assert due_at(database) == NOW + 60 * MINUTE
    assert lease_now(database) == held


def test_without_a_secret_the_address_alone_tells_the_hub(
    address: str, database: Database, held: HubLease
) -> None:
    change(database, held, secret="")
    assert push(address, headers={}).status_code == 202
    assert due_at(database) == NOW


def test_a_push_that_is_played_back_makes_the_feed_due_once_a_minute(
    address: str, database: Database, held: HubLease, clock: Clock
) -> None:
    for _ in range(5):
        assert push(address).status_code == 202
    assert due_at(database) == NOW
    with database.transaction() as connection:
        feeds.claim_due(connection, NOW, 9, 10 * MINUTE)
        feeds.record(connection, [FeedUpdate(FeedId(1), NOW, NOW + 60 * MINUTE, 0)])
    clock.advance(seconds=10)
    for _ in range(5):
        push(address)
    assert due_at(database) == NOW + MINUTE


def test_what_a_push_says_is_never_taken_for_news(
    address: str, database: Database, held: HubLease
) -> None:
    body = b"<rss><channel><item><title>Moscow and Tehran at war</title></item></channel></rss>"
    assert push(address, body).status_code == 202
    with database.reading() as connection:
        assert connection.execute(select(tables.articles)).all() == []


@pytest.mark.parametrize("token", ["u" * 43, "short", "t" * 44, "t%00", "t" * 3_000])
def test_who_pushes_where_nobody_listens_is_told_that_it_is_over(
    address: str, database: Database, held: HubLease, token: str
) -> None:
    assert push(address, token=token).status_code == 410
    assert due_at(database) == NOW + 60 * MINUTE


def test_a_hub_that_was_left_is_told_that_it_is_over(
    address: str, database: Database, held: HubLease
) -> None:
    change(database, held, state=LeaseState.LEAVING)
    assert push(address).status_code == 410
    assert due_at(database) == NOW + 60 * MINUTE


# --- too much -----------------------------------------------------------------------------------


def test_a_body_up_to_the_limit_is_taken_and_not_one_byte_more(
    address: str, database: Database, held: HubLease
) -> None:
    assert MAX_PUSH > MAX_BODY_BYTES
    assert push(address, b"x" * MAX_PUSH).status_code == 202
    assert due_at(database) == NOW
    too_much = push(address, b"x" * (MAX_PUSH + 1))
    assert too_much.status_code == 413
    assert too_much.headers["x-content-type-options"] == "nosniff"


def talk(address: str, text: bytes) -> bytes:
    """Send bytes as they are, and return all that comes back until the server hangs up."""
    place = urlsplit(address)
    assert place.port is not None
    with socket.create_connection(("127.0.0.1", place.port), PATIENCE) as connection:
        connection.sendall(text)
        answer = b""
        while chunk := connection.recv(65_536):
            answer += chunk
        return answer


def head(*lines: str, method: str = "POST", path: str = f"/push/{TOKEN}") -> bytes:
    return "\r\n".join(
        [f"{method} {path} HTTP/1.1", "Host: watch.example", *lines, "", ""]
    ).encode()


def test_a_body_that_is_announced_too_large_is_not_waited_for(
    address: str, database: Database, held: HubLease
) -> None:
    answer = talk(address, head("Content-Length: 99999999999"))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert due_at(database) == NOW + 60 * MINUTE


def test_a_body_without_end_is_cut_off(address: str, database: Database, held: HubLease) -> None:
    chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    answer = talk(address, head("Transfer-Encoding: chunked") + chunk * 7)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert due_at(database) == NOW + 60 * MINUTE


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        head("Content-Length: 5", "Content-Length: 6"),
        head("Content-Length: -5"),
        head("Content-Length: x"),
        # Without an end.
        head("X-Long: " + "x" * 20_000)[:-4],
        head(path="/push/" + "x" * 20_000)[:-40],
    ],
)
def test_what_is_no_request_is_refused(address: str, held: HubLease, request_: bytes) -> None:
    assert talk(address, request_).startswith(b"HTTP/1.1 400 ")


def test_a_hub_that_hangs_up_in_the_middle_has_pushed_nothing(
    address: str, database: Database, held: HubLease
) -> None:
    change(database, held, secret="")
    place = urlsplit(address)
    assert place.port is not None
    with socket.create_connection(("127.0.0.1", place.port), PATIENCE) as connection:
        connection.sendall(head("Content-Length: 100") + b"half of it")
    # The server is as it was, and has heard of the end by the time it answers this.
    assert ask(address).status_code == 200
    assert due_at(database) == NOW + 60 * MINUTE


# --- a path of its own --------------------------------------------------------------------------


def test_a_public_address_may_have_a_path(database: Database, clock: Clock, held: HubLease) -> None:
    one = subscriber(database, clock, public_url="https://example.org/tools/watch")
    with serving(web_app(one, max_push_bytes=MAX_PUSH)) as address:
        assert ask(f"{address}/tools/watch").status_code == 200
        assert push(f"{address}/tools/watch").status_code == 202
        assert ask(address).status_code == 404
        slashed = f"{address}/tools/watch/push/{TOKEN}/"
        assert httpx.get(slashed, trust_env=False).status_code == 404


def test_a_lease_that_the_hub_never_confirmed_may_push_all_the_same(
    address: str, database: Database, feed: FeedId
) -> None:
    with database.transaction() as connection:
        hubs.add(connection, [lease(feed_id=feed, token=TOKEN, secret=SECRET)])
    assert push(address).status_code == 202
    assert due_at(database) == NOW
