from __future__ import annotations

import socket
import traceback
from datetime import timedelta

import pytest
from pydantic import SecretStr

from service.delivery.slack import SlackSender
from service.errors import DeliveryError
from service.records import ChannelKind
from tests.delivery.outgoing import delivery, faces
from tests.make import NOW, digest, digest_story
from tests.servers.http import Answer, HttpServer
from tests.servers.slack import PATH, SlackServer

DELIVERY = delivery(ChannelKind.SLACK, "desk")


def send(url: str, timeout: float = 5) -> None:
    SlackSender({"desk": SecretStr(url)}, timeout).send(DELIVERY, faces())


def failure(url: str, timeout: float = 5) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        send(url, timeout)
    return caught.value


def test_the_message_arrives_as_it_was_rendered(slack: SlackServer) -> None:
    send(slack.url)
    assert slack.messages == [faces().slack]


def test_texts_in_other_scripts_arrive_unharmed(slack: SlackServer) -> None:
    rendered = faces(digest(digest_story(headline="Газ — گاز — 天然气 🛢")))
    SlackSender({"desk": SecretStr(slack.url)}, 5).send(DELIVERY, rendered)
    assert slack.messages == [rendered.slack]


def test_the_webhook_is_the_one_that_the_channel_names(slack: SlackServer) -> None:
    webhooks = {"other": SecretStr("http://127.0.0.1:1/"), "desk": SecretStr(slack.url)}
    SlackSender(webhooks, 5).send(DELIVERY, faces())
    assert len(slack.messages) == 1


def test_too_many_messages_wait_as_long_as_slack_asks(slack: SlackServer) -> None:
    slack.answers = [Answer(429, {"retry-after": "30"}, b"rate_limited")]
    error = failure(slack.url)
    assert (error.permanent, error.retry_after) == (False, timedelta(seconds=30))
    assert error.code == "slack-429"
    send(slack.url)
    assert len(slack.messages) == 1


@pytest.mark.parametrize("wait", [{}, {"retry-after": "soon"}, {"retry-after": "-5"}])
def test_too_many_without_a_usable_wait_are_tried_again_all_the_same(
    slack: SlackServer, wait: dict[str, str]
) -> None:
    slack.answers = [Answer(429, wait)]
    error = failure(slack.url)
    assert (error.permanent, error.retry_after) == (False, None)


@pytest.mark.parametrize("wait", ["999999999999", "99999999999999999999", "9" * 5_000])
def test_a_wait_beyond_all_measure_does_not_break_the_schedule(
    slack: SlackServer, wait: str
) -> None:
    slack.answers = [Answer(429, {"retry-after": wait})]
    # What the pipeline does with it; dates end with the year 9999.
    assert NOW + (failure(slack.url).retry_after or timedelta(0)) >= NOW


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_what_slack_calls_final_is_final(slack: SlackServer, status: int) -> None:
    slack.answers = [Answer(status, body=b"channel_is_archived")]
    error = failure(slack.url)
    assert (error.permanent, error.code) == (True, f"slack-{status}")
    assert "channel_is_archived" in error.message
    assert error.mend


@pytest.mark.parametrize("status", [302, 408, 500, 502, 503])
def test_anything_else_is_worth_a_retry(slack: SlackServer, status: int) -> None:
    slack.answers = [Answer(status, {"location": slack.url, "retry-after": "9"})]
    error = failure(slack.url)
    assert (error.permanent, error.retry_after) == (False, None)
    assert slack.messages == []


def test_a_refused_connection_is_worth_a_retry() -> None:
    with socket.socket() as nobody:
        # Bound and not listening: nobody else can take the port meanwhile.
        nobody.bind(("127.0.0.1", 0))
        error = failure(f"http://127.0.0.1:{nobody.getsockname()[1]}{PATH}")
    assert (error.permanent, error.code) == (False, "slack-connection")


def test_silence_is_worth_a_retry() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = failure(f"http://127.0.0.1:{silent.getsockname()[1]}{PATH}", timeout=0.05)
    assert (error.permanent, error.code) == (False, "slack-connection")


def test_a_webhook_that_is_no_longer_configured_can_be_mended() -> None:
    with pytest.raises(DeliveryError) as caught:
        SlackSender({}, 5).send(DELIVERY, faces())
    assert (caught.value.permanent, caught.value.code) == (False, "slack-unknown")
    assert "CASPIAN_SLACK_WEBHOOKS_DESK" in caught.value.mend


@pytest.mark.parametrize(
    "address",
    [
        "https://hooks.example/services/secret\n",
        "https://hooks..example/services/secret",
    ],
)
def test_an_address_that_is_none_is_worth_a_retry_once_it_is_mended(address: str) -> None:
    error = failure(address)
    assert not error.permanent
    assert "secret" not in f"{error} {error.mend}"


# --- the address is a secret ---------------------------------------------------------------


def test_the_address_is_in_no_message_of_a_refusal(slack: SlackServer) -> None:
    for status in (400, 404, 429, 500):
        slack.answers = [Answer(status, body=b"no_service")]
        assert "secret" not in written(failure(slack.url))


def test_the_address_is_in_no_message_where_nobody_answers() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        error = failure(f"http://127.0.0.1:{nobody.getsockname()[1]}{PATH}")
    assert "secret" not in written(error)


def test_the_address_stays_out_where_the_server_says_it_back(web: HttpServer) -> None:
    # As web servers' own error pages do: "The requested URL /services/... was not found".
    web.routes[PATH] = lambda r: Answer(404, body=f"The URL {r.path} was not found".encode())
    assert "secret" not in written(failure(web.url(PATH)))


def written(error: DeliveryError) -> str:
    """Return all that a log or a terminal could show of the error, its causes included."""
    lines = traceback.format_exception(error)
    shown = [line for line in lines if not line.lstrip().startswith("File ")]
    return "\n".join([*shown, str(error), repr(error), error.mend])
