"""Builds the running service from settings."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TextIO

import structlog

from service.clock import utc_now
from service.delivery.console import ConsoleSender
from service.delivery.email import EmailSender
from service.delivery.file import FileSender
from service.delivery.slack import SlackSender
from service.digests.compose import Vocabulary
from service.full_text import PageReader
from service.harvest import Harvester
from service.learning.served import Served
from service.learning.shelf import DatabaseShelf
from service.pipeline import Service
from service.polling.cadence import Cadence
from service.polling.reading.contained import ContainedParser
from service.records import ChannelKind
from service.relevance.encoder import ShelvedEncoder
from service.settings import Settings
from service.settings.schema import PollingSettings
from service.storage import feeds
from service.storage.database import open_database
from service.wiring.fetching import open_fetcher
from service.wiring.models import encoder_of, reader_of, side_names, topics_of, versions
from service.wiring.retraining import learn_by_itself
from service.wiring.stories import gatherer, lexicon

log = structlog.get_logger(__name__)


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
    database = open_database(settings)
    encoder = ShelvedEncoder(encoder_of(settings), DatabaseShelf(database, clock))
    scorer = Served(versions(settings), reader_of(settings, encoder))
    if scorer.problem is not None:
        log.error("model refused", why=scorer.problem.message, serving=scorer.version)
    with database.transaction() as connection:
        feeds.sync_listed(connection, settings.feeds, clock())
    parser = ContainedParser(
        settings.polling.parser_processes,
        settings.polling.parser_seconds,
        settings.polling.parser_memory_mb,
    )
    harvester = Harvester(
        database=database,
        scorer=scorer,
        cadence=_cadence(settings.polling),
        chance=chance,
        thresholds=tuple(
            wish.threshold for wish in settings.subscriptions if wish.threshold is not None
        ),
        names_any=scorer.names_any,
        parse=parser.parse_all,
    )
    return Service(
        settings=settings,
        database=database,
        harvester=harvester,
        gatherer=gatherer(settings, database, encoder),
        roles=lexicon(settings)[1],
        open_fetcher=lambda: open_fetcher(settings),
        senders={
            ChannelKind.CONSOLE: ConsoleSender(console or sys.stdout),
            ChannelKind.FILE: FileSender(data_dir / "digests"),
            ChannelKind.EMAIL: EmailSender(settings.smtp),
            ChannelKind.SLACK: SlackSender(settings.slack.webhooks, settings.slack.timeout_seconds),
        },
        vocabulary=Vocabulary(topics_of(settings.topic), side_names(settings.topic)),
        clock=clock,
        refresh_model=lambda: _refresh(scorer),
        learn=lambda: learn_by_itself(settings, database, clock()),
        pages=PageReader(lambda: open_fetcher(settings), clock)
        if settings.polling.full_text and not sample
        else None,
        parser=parser,
        sample=sample,
    )


def _refresh(scorer: Served) -> bool:
    """Follow the version in use; tell once of each one that is refused."""
    before, changed = scorer.problem, scorer.refresh()
    problem = scorer.problem
    if problem is not None and (before is None or before.message != problem.message):
        log.error("model refused", why=problem.message, serving=scorer.version)
    return changed


def _cadence(polling: PollingSettings) -> Cadence:
    return Cadence(
        first=timedelta(minutes=polling.interval_minutes),
        shortest=timedelta(minutes=polling.shortest_interval_minutes),
        longest=timedelta(hours=polling.longest_interval_hours),
        jitter=polling.jitter,
        max_backoff=timedelta(hours=polling.max_backoff_hours),
        longest_retry_after=timedelta(hours=polling.longest_retry_after_hours),
    )
