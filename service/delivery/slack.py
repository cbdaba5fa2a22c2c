"""Digests by Slack's incoming webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from service.errors import DeliveryError
from service.records import Delivery, Rendered

# Slack's own words for what no retry will mend:
# docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
FINAL_STATUSES = frozenset({400, 403, 404, 410})
HTTP_TOO_MANY = 429
LONGEST_WAIT = timedelta(days=1)


class SlackSender:
    """Posts digests to the webhooks of the configuration, by name."""

    def __init__(self, webhooks: Mapping[str, SecretStr], timeout_seconds: float) -> None:
        self._webhooks = webhooks
        self._timeout = timeout_seconds

    def send(self, delivery: Delivery, rendered: Rendered) -> None:
        """Post the message; 429 and its Retry-After are honoured."""
        name = delivery.channel.target
        if name not in self._webhooks:
            raise DeliveryError(
                f"no Slack webhook is named {name!r} any more",
                permanent=False,
                code="slack-unknown",
                mend=f"set CASPIAN_SLACK_WEBHOOKS_{name.upper()}",
            )
        url = self._webhooks[name].get_secret_value()
        try:
            response = httpx.post(url, json=rendered.slack, timeout=self._timeout)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            # Without the address: it is a secret.
            raise DeliveryError(
                f"Slack could not be reached: {type(error).__name__}",
                permanent=False,
                code="slack-connection",
                mend="check the network, or the webhook's address",
            ) from error
        if response.status_code != httpx.codes.OK:
            raise _refused(response, url)


def _refused(response: httpx.Response, url: str) -> DeliveryError:
    status = response.status_code
    words = response.text
    # An error page may repeat the address, which is a secret.
    for secret in (url, urlsplit(url).path):
        words = words.replace(secret, "(the webhook)") if secret.strip("/") else words
    return DeliveryError(
        f"Slack answered {status}: {words[:200]}",
        permanent=status in FINAL_STATUSES,
        retry_after=_retry_after(response) if status == HTTP_TOO_MANY else None,
        code=f"slack-{status}",
        mend="make a new webhook in Slack and set it" if status in FINAL_STATUSES else "",
    )


def _retry_after(response: httpx.Response) -> timedelta | None:
    seconds = response.headers.get("retry-after", "")
    if not (seconds.isascii() and seconds.isdecimal()):
        return None
    return min(timedelta(seconds=int(seconds[:9])), LONGEST_WAIT)
