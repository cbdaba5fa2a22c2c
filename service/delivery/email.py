"""Digests by email, over SMTP with STARTTLS or TLS and login."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime

from service.errors import DeliveryError
from service.records import Delivery, Rendered
from service.settings.schema import SmtpSettings

# Said of a recipient, but meant for the sender, who can mend it.
LOGIN_REQUIRED = 530


class EmailSender:
    """Sends each digest as one message with a text and an HTML part, to one address."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings

    def send(self, delivery: Delivery, rendered: Rendered) -> None:
        """Hand the message to the server.

        A 5xx answer to the recipient or to the message is final. All else is worth a retry:
        the server may come back, a login may be mended, and the digest must not be lost.
        """
        try:
            message = self.compose(delivery, rendered)
            server = self._connect()
            try:
                if self._settings.username:
                    password = self._settings.password.get_secret_value()
                    server.login(self._settings.username, password)
                server.send_message(message)
                # The message is taken: whatever the server says at parting changes nothing.
                with suppress(smtplib.SMTPException, OSError):
                    server.quit()
            finally:
                server.close()
        except smtplib.SMTPRecipientsRefused as error:
            status, words = next(iter(error.recipients.values()))
            raise _refused(status, words, "recipient refused", final=True) from error
        except smtplib.SMTPDataError as error:
            raise _refused(error.smtp_code, error.smtp_error, "refused", final=True) from error
        except smtplib.SMTPAuthenticationError as error:
            raise DeliveryError(
                f"login failed: {_words(error.smtp_error)}",
                permanent=False,
                code="smtp-login",
                mend="check smtp.username and CASPIAN_SMTP_PASSWORD",
            ) from error
        except smtplib.SMTPResponseException as error:
            raise _refused(error.smtp_code, error.smtp_error, "refused", final=False) from error
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise DeliveryError(
                f"no mail server at {self._settings.host}:{self._settings.port}: {error}",
                permanent=False,
                code="smtp-connection",
                mend="check smtp.host, smtp.port and smtp.security",
            ) from error

    def compose(self, delivery: Delivery, rendered: Rendered) -> EmailMessage:
        """Return the message. Its Message-ID is the outbox row's: a second copy can be told."""
        sender = Address(display_name="Caspian Watch", addr_spec=self._settings.sender)
        message = EmailMessage(policy=SMTP_POLICY)
        message["From"] = sender
        message["To"] = delivery.channel.target
        message["Subject"] = rendered.subject
        message["Date"] = format_datetime(delivery.created_at)
        message["Message-ID"] = f"<{delivery.message_id}@{sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        # Base64 rather than quoted-printable: no line of any script grows past SMTP's limit.
        message.set_content(rendered.text, charset="utf-8", cte="base64")
        message.add_alternative(rendered.html, subtype="html", charset="utf-8", cte="base64")
        return message

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        place = (settings.host, settings.port)
        if settings.security == "none":
            return smtplib.SMTP(*place, timeout=settings.timeout_seconds)
        context = ssl.create_default_context(cafile=settings.ca_file or None)
        if settings.security == "tls":
            return smtplib.SMTP_SSL(*place, timeout=settings.timeout_seconds, context=context)
        server = smtplib.SMTP(*place, timeout=settings.timeout_seconds)
        try:
            # Raises where the server offers none: never on in clear text.
            server.starttls(context=context)
        except (smtplib.SMTPException, OSError):
            server.close()
            raise
        return server


def _refused(status: int, words: bytes | str, what: str, *, final: bool) -> DeliveryError:
    return DeliveryError(
        f"{what}: {status} {_words(words)}",
        permanent=final and 500 <= status < 600 and status != LOGIN_REQUIRED,
        code=f"smtp-{status}",
        mend="check the address; the server's own words are above",
    )


def _words(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
