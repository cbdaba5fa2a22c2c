"""A real SMTP server (aiosmtpd) with STARTTLS or TLS and login, and answers that can be scripted."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
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
        port=0,
        ssl_context=context if security == "tls" else None,
        server_kwargs={
            "tls_context": context if security == "starttls" else None,
            "require_starttls": security == "starttls",
            "authenticator": authenticate if secure else None,
            "auth_required": secure,
            "auth_require_tls": security == "starttls",
        },
    )
    controller.start()
    try:
        assert controller.server is not None
        state.port = controller.server.sockets[0].getsockname()[1]
        yield state
    finally:
        controller.stop()
