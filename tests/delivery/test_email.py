from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from service.delivery.email import EmailSender
from service.errors import DeliveryError
from service.records import ChannelKind, Delivery, Rendered
from service.settings.schema import SmtpSettings
from tests.delivery.dialogue import dialogue
from tests.delivery.outgoing import delivery, faces
from tests.servers.smtp import PASSWORD, USER, SmtpServer, smtp_server

# The server warns that its tests' own TLS, from the first byte, is not STARTTLS.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

DESK = "desk@client.example"
DELIVERY = delivery(ChannelKind.EMAIL, DESK)
# A refusal by the recipient, the message or the server, and whether it is final.
ANSWERS = [("450 try later", False), ("452 full", False), ("550 no such user", True)]


def smtp(port: int = 25, **changes: Any) -> SmtpSettings:
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "sender": "caspian@watch.example",
        "timeout_seconds": 5,
    }
    return SmtpSettings(**(values | changes))


def secure(server: SmtpServer, security: str = "starttls", **changes: Any) -> SmtpSettings:
    """Return settings with which ``server`` takes mail."""
    values = {"username": USER, "password": PASSWORD, "ca_file": server.ca_file}
    return smtp(server.port, security=security, **(values | changes))


def send(how: SmtpSettings, one: Delivery = DELIVERY, rendered: Rendered | None = None) -> None:
    EmailSender(how).send(one, rendered or faces())


def failure(how: SmtpSettings, one: Delivery = DELIVERY) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        send(how, one)
    return caught.value


# --- getting there -------------------------------------------------------------------------


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_goes_out_encrypted_and_with_login(tmp_path: Path, security: str) -> None:
    with smtp_server(tmp_path, security=security) as server:
        send(secure(server, security))
        assert server.recipients == [DESK]
        assert server.logins == ["good"]
        if security == "starttls":
            assert server.encrypted == [True]


def test_mail_goes_out_in_clear_only_where_that_is_set(tmp_path: Path) -> None:
    with smtp_server(tmp_path, security="none") as server:
        send(smtp(server.port))
        assert (server.recipients, server.encrypted) == ([DESK], [False])


def test_a_wrong_password_is_worth_a_retry_as_it_may_be_mended(tmp_path: Path) -> None:
    with smtp_server(tmp_path) as server:
        error = failure(secure(server, password="wrong horse"))
        assert (error.permanent, error.code) == (False, "smtp-login")
        assert "CASPIAN_SMTP_PASSWORD" in error.mend
        assert "wrong horse" not in str(error)
        # Once for each way to log in that the server offers.
        assert set(server.logins) == {"bad"}
        assert server.messages == []


def test_a_password_in_another_script_is_no_reason_to_break_down(tmp_path: Path) -> None:
    with smtp_server(tmp_path) as server:
        error = failure(secure(server, password="пароль"))
    assert not error.permanent
    assert "пароль" not in str(error)


def test_a_server_that_wants_a_login_is_worth_a_retry_as_one_may_be_set(tmp_path: Path) -> None:
    with smtp_server(tmp_path) as server:
        assert not failure(secure(server, username="")).permanent
        assert server.messages == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path, security: str) -> None:
    with smtp_server(tmp_path, security=security) as server:
        error = failure(secure(server, security, ca_file=""))
        assert (error.permanent, error.code) == (False, "smtp-connection")
        assert "certificate" in error.message.lower()
        assert (server.logins, server.messages) == ([], [])


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_for_another_name_is_refused(tmp_path: Path, security: str) -> None:
    with smtp_server(tmp_path, security=security) as server:
        error = failure(secure(server, security, host="localhost"))
        assert (error.permanent, error.code) == (False, "smtp-connection")
        assert (server.logins, server.messages) == ([], [])


def test_a_server_without_starttls_gets_neither_password_nor_mail() -> None:
    with dialogue(answers={"AUTH": "235 welcome"}) as server:
        how = smtp(server.port, security="starttls", username=USER, password=PASSWORD)
        error = failure(how)
    assert (error.permanent, error.code) == (False, "smtp-connection")
    assert set(server.heard) <= {"EHLO", "QUIT"}


def test_a_missing_file_of_certificates_is_worth_a_retry(tmp_path: Path) -> None:
    with smtp_server(tmp_path) as server:
        error = failure(secure(server, ca_file=str(tmp_path / "missing.pem")))
        assert (error.permanent, server.messages) == (False, [])


def test_a_refused_connection_is_worth_a_retry() -> None:
    with socket.socket() as nobody:
        # Bound and not listening: nobody else can take the port meanwhile.
        nobody.bind(("127.0.0.1", 0))
        error = failure(smtp(nobody.getsockname()[1]))
    assert (error.permanent, error.code) == (False, "smtp-connection")


@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
def test_silence_is_worth_a_retry(security: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        error = failure(smtp(port, security=security, timeout_seconds=0.05))
    assert (error.permanent, error.code) == (False, "smtp-connection")


def test_a_host_that_is_no_name_is_worth_a_retry_once_it_is_mended() -> None:
    assert not failure(smtp(host="mail..watch.example")).permanent


# --- what the server answers ---------------------------------------------------------------


@pytest.mark.parametrize(("words", "final"), ANSWERS)
def test_a_refusal_of_the_recipient(tmp_path: Path, words: str, final: bool) -> None:
    with smtp_server(tmp_path) as server:
        server.refused_recipients[DESK] = words
        error = failure(secure(server))
        assert (error.permanent, error.code) == (final, f"smtp-{words[:3]}")
        assert words in error.message


@pytest.mark.parametrize(("words", "final"), ANSWERS)
def test_a_refusal_of_the_message(tmp_path: Path, words: str, final: bool) -> None:
    with smtp_server(tmp_path) as server:
        server.refusals.append(words)
        error = failure(secure(server))
        assert (error.permanent, error.code) == (final, f"smtp-{words[:3]}")
        send(secure(server))
        assert len(server.messages) == 1


def test_a_recipient_that_is_refused_harms_no_other(tmp_path: Path) -> None:
    with smtp_server(tmp_path) as server:
        server.refused_recipients[DESK] = "550 no such user"
        failure(secure(server))
        send(secure(server), delivery(ChannelKind.EMAIL, "chief@client.example"))
        assert server.recipients == ["chief@client.example"]


@pytest.mark.parametrize("greeting", ["421 busy", "554 your address is on a list"])
def test_a_server_that_will_not_talk_now_may_do_so_later(greeting: str) -> None:
    # It has refused neither this recipient nor this message.
    with dialogue(greeting) as server:
        assert not failure(smtp(server.port)).permanent


def test_words_of_the_server_in_any_encoding_are_told() -> None:
    with dialogue(answers={"RCPT": "550 нет такого"}) as server:
        assert "нет такого" in failure(smtp(server.port)).message


@pytest.mark.parametrize("bye", ["421 closing", "500 what?", "250 OK"])
def test_mail_that_was_taken_is_sent_whatever_the_server_says_at_parting(bye: str) -> None:
    # To take it for a failure is to send the digest a second time, or to call it dead.
    with dialogue(answers={"QUIT": bye}) as server:
        send(smtp(server.port))
    assert "." in server.heard
