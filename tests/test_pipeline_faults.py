"""What one fault must not take with it: the other feeds, subscriptions, stories and deliveries."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import select, update

from service.pipeline import Service, deliver, digest, poll
from service.records import Item, Score
from service.relevance.classifier import Scorer
from service.settings import Settings
from service.storage.tables import digests, feeds, outbox, stories
from service.wiring.running import build_service
from tests.make import Clock, feed_config, rss, rss_item, subscription
from tests.servers.http import Answer, HttpServer

RAIL = rss_item("Russia and Iran sign Rasht-Astara railway loan", "https://a.example/rail")
DRILL = rss_item("Iranian and Russian warships hold Caspian drill", "https://a.example/drill")


@pytest.fixture
def service(settings: Settings, web: HttpServer, clock: Clock) -> Iterator[Service]:
    for name, item in (("rail", RAIL), ("drill", DRILL)):
        web.routes[f"/{name}"] = Answer(body=rss(item).encode())
    changed = settings.model_copy(
        update={
            "feeds": tuple(feed_config(web.url(path)) for path in ("/rail", "/drill")),
            "subscriptions": (subscription("first"), subscription("second")),
        }
    )
    built = build_service(changed, clock=clock, chance=lambda: 0.5, console=io.StringIO())
    yield built
    built.database.close()


def texts(service: Service, name: str) -> str:
    path = Path(service.settings.data_dir) / "digests" / f"{name}-latest.txt"
    return path.read_text(encoding="utf-8")


class Choking:
    """A scorer that breaks on one word."""

    def __init__(self, scorer: Scorer, word: str) -> None:
        self.version, self.threshold = scorer.version, scorer.threshold
        self._scorer, self._word = scorer, word

    def score(self, items: Sequence[Item]) -> list[Score]:
        if any(self._word in item.title for item in items):
            raise ZeroDivisionError(self._word)
        return self._scorer.score(items)


def test_an_article_that_breaks_scoring_costs_only_its_own_feed(service: Service) -> None:
    choking = Choking(service.harvester.scorer, "railway")
    broken = replace(service, harvester=replace(service.harvester, scorer=choking))
    harvest = asyncio.run(poll(broken, Event()))
    assert (harvest.feeds, harvest.failed, harvest.new) == (2, 1, 1)
    with service.database.reading() as connection:
        codes = connection.execute(select(feeds.c.error_code).order_by(feeds.c.id)).scalars().all()
    assert codes == ["fault", None]


def test_a_story_stored_while_a_digest_was_made_is_told_in_the_next(
    service: Service, clock: Clock
) -> None:
    asyncio.run(poll(service, Event()))
    digest(service, at_once=True)
    # As if a batch that was begun before the digest had been committed after it.
    asked = clock.now - timedelta(seconds=5)
    clock.advance(hours=1)
    with service.database.transaction() as connection:
        connection.execute(update(stories).values(updated_at=asked, version=2))
    digest(service, at_once=True)
    deliver(service, Event())
    assert "railway" in texts(service, "first")


def test_a_story_that_did_not_fit_is_told_in_the_next_digest(
    service: Service, clock: Clock
) -> None:
    small = service.settings.digest.model_copy(update={"max_stories": 1})
    narrow = replace(service, settings=service.settings.model_copy(update={"digest": small}))
    asyncio.run(poll(narrow, Event()))
    told = []
    for _ in range(2):
        digest(narrow, at_once=True)
        deliver(narrow, Event())
        told.append(texts(service, "first"))
        clock.advance(hours=1)
    assert ["railway" in text for text in told] != ["drill" in text for text in told]
    assert "and 1 more" in told[0]
    assert "more" not in told[1]


def test_one_subscription_that_breaks_does_not_starve_the_next(service: Service) -> None:
    asyncio.run(poll(service, Event()))
    first, second = service.settings.subscriptions
    # No such zone: what configuration checks would refuse, come in some other way.
    impossible = first.model_copy(update={"time_zone": "Mars/Olympus"})
    both = service.settings.model_copy(update={"subscriptions": (impossible, second)})
    assert len(digest(replace(service, settings=both), at_once=True)) == 1


def test_a_digest_of_another_version_is_put_aside_and_the_next_is_sent(service: Service) -> None:
    asyncio.run(poll(service, Event()))
    strange, _ = digest(service, at_once=True)
    with service.database.transaction() as connection:
        connection.execute(
            update(digests).where(digests.c.id == strange).values(document={"unheard": "of"})
        )
    assert deliver(service, Event()).sent == 1
    with service.database.reading() as connection:
        rows = connection.execute(select(outbox).order_by(outbox.c.digest_id)).all()
    assert [(row.status, row.error_code) for row in rows] == [
        ("dead", "unreadable"),
        ("sent", None),
    ]


def test_a_delivery_that_fails_for_years_still_has_a_next_time(
    service: Service, clock: Clock
) -> None:
    delivery = service.settings.delivery.model_copy(update={"max_attempts": 10_000})
    settings = service.settings.model_copy(
        update={
            "delivery": delivery,
            "subscriptions": (subscription(channels=("slack:gone",), when_empty="send"),),
        }
    )
    patient = replace(service, settings=settings)
    digest(patient, at_once=True)
    with service.database.transaction() as connection:
        connection.execute(update(outbox).values(attempts=5_000))
    assert deliver(patient, Event()).failed == 1
    with service.database.reading() as connection:
        due = connection.execute(select(outbox.c.next_attempt_at)).scalar_one()
    assert clock.now < due <= clock.now + timedelta(hours=6)
