"""A real SMTP server (aiosmtpd) with STARTTLS or TLS, login, and answers to be scripted."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "caspian", "correct horse"


@dataclass
class SmtpServer:
    """``refusals`` are answered to the next messages, one each, before mail is taken again."""

    port: int = 0
    ca_file: str = ""
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    refused_recipients: dict[str, str] = field(default_factory=dict)
    logins: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    # Called when a message has been taken, before the client is told so.
    on_message: Callable[[], None] | None = None


class _Handler:
    def __init__(self, state: SmtpServer) -> None:
        self._state = state

    async def handle_RCPT(  # noqa: N802 - as aiosmtpd names it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if address in self._state.refused_recipients:
            return self._state.refused_recipients[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - as aiosmtpd names it
        self, _server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self._state.refusals:
            return self._state.refusals.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        self._state.messages.append(message_from_bytes(content, policy=policy.default))
        self._state.recipients += envelope.rcpt_tos
        self._state.encrypted.append(session.ssl is not None)
        if self._state.on_message is not None:
            self._state.on_message()
        return "250 OK"


@contextmanager
def smtp_server(folder: Path, *, security: str = "starttls") -> Iterator[SmtpServer]:
    """Run a server; ``security`` is "starttls", "tls" or "none" (no login then)."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    state = SmtpServer(ca_file=str(ca_file))

    def authenticate(
        _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        good = isinstance(data, LoginPassword) and data == LoginPassword(
            USER.encode(), PASSWORD.encode()
        )
        state.logins.append("good" if good else "bad")
        return AuthResult(success=good, handled=False)

    secure = security != "none"
    controller = Controller(
        _Handler(state),
        hostname="127.0.0.1",
        port=_free_port(),
        ssl_context=context if security == "tls" else None,
        tls_context=context if security == "starttls" else None,
        require_starttls=security == "starttls",
        authenticator=authenticate if secure else None,
        auth_required=secure,
        auth_require_tls=security == "starttls",
    )
    controller.start()
    try:
        state.port = controller.port
        yield state
    finally:
        controller.stop()


def _free_port() -> int:
    # aiosmtpd connects to itself by number, so it cannot be left to choose one.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
