"""The kinds of values in the configuration, each with its check.

A value that cannot be right raises ``PydanticCustomError`` with a stable finding id as its type
and the way to mend it in its context; ``load`` turns these into findings.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from service.records import Channel, ChannelKind

CRON_FIELDS = 5
EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+\Z")
# A prefix of addresses: nothing comes after the path, nothing is written in more ways than one.
PUBLIC_URL = re.compile(
    r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[\w~-][\w.~-]*)*/?", re.A
)
LISTEN = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}", re.A)
HIGHEST_PORT = 65_535
# What a shell variable's name can end in: CASPIAN_SLACK_WEBHOOKS_DESK.
WEBHOOK_NAME = re.compile(r"[a-z0-9_]+\Z")


def problem(finding: str, message: str, mend: str) -> PydanticCustomError:
    """Return the error of a value that cannot be right."""
    # Values travel in the context, not in the template, which pydantic would interpolate.
    return PydanticCustomError(finding, "{message}", {"message": message, "mend": mend})


def http_url(value: str) -> str:
    """Return an http(s) address as it is; raise what is wrong with it."""
    try:
        parts = urlsplit(value)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_fine = urlsplit(""), False
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine:
        raise problem(
            "caspian.E005",
            f"{value!r} is not an http(s) address",
            "write it whole, like https://example.org/rss.xml",
        )
    return value


def _public_url(value: str) -> str:
    if not value:
        return value
    if not PUBLIC_URL.fullmatch(http_url(value)):
        # What stands in it may be a password.
        raise problem(
            "caspian.E005",
            "a public address is a host and perhaps a port and a path, all in plain letters",
            'write it like "https://watch.example.org" or "https://example.org/watch"',
        )
    return value.rstrip("/")


def host_and_port(listen: str) -> tuple[str, int]:
    """Return the two halves of an address to listen on, like "127.0.0.1:8711" or "[::1]:8711"."""
    host, _, port = listen.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _listen(value: str) -> str:
    if not LISTEN.fullmatch(value) or not 0 < host_and_port(value)[1] <= HIGHEST_PORT:
        raise problem(
            "caspian.E004",
            f"{value[:100]!r} is not a host and a port to listen on",
            'write it like "127.0.0.1:8711", or "0.0.0.0:8711" for whoever can reach this machine',
        )
    return value


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError):
        raise problem(
            "caspian.E006",
            f"there is no time zone {value!r}",
            'use a name of the IANA list, like "Europe/London", "Asia/Dubai" or "UTC"',
        ) from None
    return value


def _cron(value: str) -> str:
    try:
        due = next(CronSim(value, datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration, ValueError, OverflowError):
        due = None
    # CronSim takes a sixth field for seconds, and takes it first.
    if due is None or len(value.split()) != CRON_FIELDS:
        raise problem(
            "caspian.E007",
            f"{value[:100]!r} is not a schedule that ever comes due",
            'use five cron fields: minute hour day month weekday, like "0 7 * * mon-fri"',
        )
    return value


def _channel(value: object) -> Channel:
    if isinstance(value, Channel):
        return value
    kind, _, target = str(value).partition(":")
    needs_target = kind in (ChannelKind.EMAIL, ChannelKind.SLACK)
    known = kind in set(ChannelKind)
    named_well = kind != ChannelKind.SLACK or WEBHOOK_NAME.match(target)
    if not known or bool(target) != needs_target or not named_well:
        # An address may be a webhook's, which is a secret.
        shown = "an address" if "://" in str(value) else repr(value)
        raise problem(
            "caspian.E008",
            f"{shown} is not a channel",
            'use "console", "file", "email:name@example.org" or "slack:WEBHOOK_NAME", '
            "the name in small letters, digits and _",
        )
    if kind == ChannelKind.EMAIL and not EMAIL.match(target):
        raise problem(
            "caspian.E009",
            f"{target!r} is not an email address",
            'write one address a channel, like "email:desk@example.org"',
        )
    return Channel(ChannelKind(kind), target)


HttpUrl = Annotated[str, AfterValidator(http_url)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
Listen = Annotated[str, AfterValidator(_listen)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Cron = Annotated[str, AfterValidator(_cron)]
ChannelSpec = Annotated[Channel, BeforeValidator(_channel)]
# Upper bounds that no sane value comes near, and that every clock can hold.
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Minutes = Annotated[float, Field(gt=0, le=525_600, allow_inf_nan=False)]
Hours = Annotated[float, Field(gt=0, le=87_600, allow_inf_nan=False)]
Tick = Annotated[int, Field(ge=1, le=86_400)]
WebhookName = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
Probability = Annotated[float, Field(ge=0, le=1)]
# Not 0, which every article there is would pass.
Threshold = Annotated[float, Field(gt=0, le=1)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
