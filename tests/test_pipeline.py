"""The spines over real HTTP and a real database."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import func, select

from service.harvest import Harvest
from service.pipeline import Service, deliver, digest, poll
from service.records import Channel, ChannelKind
from service.settings import Settings
from service.storage import heartbeats
from service.storage.tables import articles, feeds, outbox, scores, sightings, stories
from service.wiring.running import build_service
from tests.make import Clock, feed_config, rss, rss_item, subscription
from tests.servers.http import Answer, HttpServer, Request

RELEVANT = rss_item(
    "Russia and Iran sign Rasht-Astara railway loan",
    "https://a.example/rail",
    "Moscow and Tehran signed a loan agreement for the railway on Tuesday.",
    "rail-1",
)
ORDINARY = rss_item("Local bakery wins prize", "https://a.example/bakery", "Bread.", "bread-1")

Build = Callable[..., Service]


@pytest.fixture
def build(settings: Settings, clock: Clock) -> Iterator[Build]:
    """Build a service on the given feeds' addresses; closed at the end."""
    built: list[Service] = []

    def make(*urls: str, subscriptions: tuple[Any, ...] = (), **polling: Any) -> Service:
        changed = settings.model_copy(
            update={
                "feeds": tuple(feed_config(url, outlet=url.rsplit("/", 1)[-1]) for url in urls),
                "subscriptions": subscriptions or (subscription(),),
                "polling": settings.polling.model_copy(update=polling),
            }
        )
        service = build_service(changed, clock=clock, chance=lambda: 0.5, console=io.StringIO())
        built.append(service)
        return service

    yield make
    for service in built:
        service.database.close()


def run_poll(service: Service) -> Harvest:
    return asyncio.run(poll(service, Event()))


def count(service: Service, table: Any) -> int:
    with service.database.reading() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_a_poll_stores_scores_and_groups_what_feeds_carry(web: HttpServer, build: Build) -> None:
    web.routes["/one"] = Answer(body=rss(RELEVANT, ORDINARY).encode())
    service = build(web.url("/one"))
    harvest = run_poll(service)
    assert (harvest.feeds, harvest.entries, harvest.new, harvest.relevant) == (1, 2, 2, 1)
    assert (count(service, articles), count(service, scores), count(service, stories)) == (2, 2, 1)


def test_a_second_poll_of_an_unchanged_feed_asks_conditionally_and_adds_nothing(
    web: HttpServer, build: Build, clock: Clock
) -> None:
    def conditional(request: Request) -> Answer:
        if request.headers.get("if-none-match") == '"v1"':
            return Answer(304)
        return Answer(body=rss(RELEVANT).encode(), headers={"etag": '"v1"'})

    web.routes["/one"] = conditional
    service = build(web.url("/one"))
    run_poll(service)
    clock.advance(hours=1)
    assert run_poll(service) == Harvest(feeds=1, unchanged=1)


@pytest.mark.parametrize("year", [1, 1970, 2031])
def test_a_date_that_cannot_be_true_is_not_stored(web: HttpServer, build: Build, year: int) -> None:
    dated = RELEVANT.replace("</item>", f"<pubDate>01 Jan {year:04} 10:00:00 GMT</pubDate></item>")
    web.routes["/one"] = Answer(body=rss(dated).encode())
    service = build(web.url("/one"))
    assert run_poll(service).new == 1
    with service.database.reading() as connection:
        stored = connection.execute(select(articles.c.published_at)).scalar_one()
    assert stored is None


def test_a_feed_that_is_not_due_is_not_asked(web: HttpServer, build: Build, clock: Clock) -> None:
    web.routes["/one"] = Answer(body=rss(RELEVANT).encode())
    service = build(web.url("/one"))
    run_poll(service)
    clock.advance(minutes=29)
    assert run_poll(service).feeds == 0
    clock.advance(minutes=1)
    assert run_poll(service).feeds == 1


def test_an_edited_article_stays_one_article_in_one_story(
    web: HttpServer, build: Build, clock: Clock
) -> None:
    web.routes["/one"] = Answer(body=rss(RELEVANT).encode())
    service = build(web.url("/one"))
    run_poll(service)
    edited = RELEVANT.replace("on Tuesday", "on Tuesday, ministers said")
    web.routes["/one"] = Answer(body=rss(edited).encode())
    clock.advance(hours=1)
    harvest = run_poll(service)
    assert (harvest.new, harvest.edited) == (0, 1)
    assert (count(service, articles), count(service, stories)) == (1, 1)


def test_an_article_in_two_feeds_is_one_row_with_two_sightings(
    web: HttpServer, build: Build
) -> None:
    web.routes["/one"] = Answer(body=rss(RELEVANT).encode())
    tracked = RELEVANT.replace("/rail", "/rail?utm_source=rss").replace("rail-1", "other-guid")
    web.routes["/two"] = Answer(body=rss(tracked).encode())
    service = build(web.url("/one"), web.url("/two"))
    run_poll(service)
    assert (count(service, articles), count(service, sightings)) == (1, 2)


def test_a_failing_feed_is_recorded_with_its_reason_and_harms_no_other(
    web: HttpServer, build: Build, clock: Clock
) -> None:
    web.routes["/good"] = Answer(body=rss(RELEVANT).encode())
    web.routes["/page"] = Answer(body=b"<!doctype html><html><body>Log in</body></html>")
    service = build(web.url("/good"), web.url("/page"), web.url("/missing"))
    harvest = run_poll(service)
    assert (harvest.failed, harvest.new) == (2, 1)
    with service.database.reading() as connection:
        rows = connection.execute(select(feeds).order_by(feeds.c.id)).all()
    assert [(row.error_code, row.failures) for row in rows] == [
        (None, 0),
        ("html", 1),
        ("http-404", 1),
    ]
    assert rows[2].next_poll_at == clock.now + timedelta(hours=24)


def test_a_304_after_a_failure_restores_the_feed_and_keeps_its_validators(
    web: HttpServer, build: Build, clock: Clock
) -> None:
    answers = [
        Answer(body=rss(RELEVANT).encode(), headers={"etag": '"v1"'}),
        Answer(503),
        Answer(304),
    ]
    web.routes["/one"] = lambda _: answers.pop(0)
    service = build(web.url("/one"))
    for _ in range(3):
        run_poll(service)
        clock.advance(hours=25)
    assert web.requests[2].headers["if-none-match"] == '"v1"'
    with service.database.reading() as connection:
        row = connection.execute(select(feeds)).one()
    assert (row.failures, row.error_code) == (0, None)


def test_a_poll_told_to_stop_gives_its_feeds_back(
    web: HttpServer, build: Build, clock: Clock
) -> None:
    stop = Event()

    def slow() -> Iterator[bytes]:
        # Only asked once the poll runs; from then on nothing is worth waiting for.
        stop.set()
        while True:
            yield b" "

    web.routes["/slow"] = Answer(chunks=slow)
    service = build(web.url("/slow"))
    harvest = asyncio.run(poll(service, stop))
    assert harvest.feeds == 0
    with service.database.reading() as connection:
        assert connection.execute(select(feeds.c.next_poll_at)).scalar_one() == clock.now


def test_a_poll_that_dies_leaves_its_feeds_to_come_due_after_the_lease(
    web: HttpServer, build: Build, clock: Clock
) -> None:
    web.routes["/one"] = Answer(body=rss(RELEVANT).encode())
    service = build(web.url("/one"))

    class Killed(BaseException):
        pass

    def die(_done: int, _of: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        asyncio.run(poll(service, Event(), die))
    assert run_poll(service).feeds == 0
    clock.advance(minutes=service.settings.polling.lease_minutes)
    assert run_poll(service).new == 1


def test_a_digest_is_made_when_due_and_tells_each_story_once(
    web: HttpServer, build: Build, clock: Clock
) -> None:
    web.routes["/one"] = Answer(body=rss(RELEVANT, ORDINARY).encode())
    service = build(web.url("/one"), subscriptions=(subscription(cron="0 13 * * *"),))
    run_poll(service)
    assert digest(service) == []  # at noon the schedule is set, and nothing is due
    clock.advance(hours=1)
    assert len(digest(service)) == 1
    assert deliver(service, Event()).sent == 1
    page = Path(service.settings.data_dir) / "digests" / "desk-latest.html"
    assert "Rasht-Astara railway loan" in page.read_text(encoding="utf-8")
    clock.advance(days=1)
    assert digest(service) == []  # nothing new, and an empty digest is skipped


def test_a_digest_that_fell_due_while_the_service_was_down_is_made_at_the_next_start(
    web: HttpServer, build: Build, clock: Clock
) -> None:
    web.routes["/one"] = Answer(body=rss(RELEVANT).encode())
    desk = subscription(cron="0 13 * * *")
    service = build(web.url("/one"), subscriptions=(desk,))
    run_poll(service)
    digest(service)
    clock.advance(hours=9)
    restarted = build(web.url("/one"), subscriptions=(desk,))
    assert len(digest(restarted)) == 1
    assert digest(restarted) == []


def test_a_changed_schedule_starts_from_now(web: HttpServer, build: Build, clock: Clock) -> None:
    web.routes["/one"] = Answer(body=rss(RELEVANT).encode())
    run_poll(service := build(web.url("/one"), subscriptions=(subscription(cron="0 13 * * *"),)))
    digest(service)
    clock.advance(hours=2)
    changed = build(web.url("/one"), subscriptions=(subscription(cron="30 14 * * *"),))
    assert digest(changed) == []
    clock.advance(hours=1)
    assert len(digest(changed)) == 1


def test_an_empty_digest_is_sent_where_the_subscription_wants_it(build: Build) -> None:
    service = build(subscriptions=(subscription(when_empty="send"),))
    assert len(digest(service, at_once=True)) == 1


def test_subscriptions_get_what_they_asked_for(web: HttpServer, build: Build) -> None:
    web.routes["/one"] = Answer(body=rss(RELEVANT).encode())
    service = build(
        web.url("/one"),
        subscriptions=(
            subscription("all"),
            subscription("persian", languages=("fa",)),
            subscription("certain", threshold=1.0),
        ),
    )
    run_poll(service)
    digest(service, at_once=True)
    deliver(service, Event())
    folder = Path(service.settings.data_dir) / "digests"
    told = {
        name: "railway" in (folder / f"{name}-latest.txt").read_text(encoding="utf-8")
        for name in ("all", "persian", "certain")
    }
    assert told == {"all": True, "persian": False, "certain": False}


def test_a_failed_delivery_is_tried_again_later_and_given_up_in_the_end(
    build: Build, clock: Clock
) -> None:
    desk = subscription(channels=(Channel(ChannelKind.SLACK, "gone"),), when_empty="send")
    service = build(subscriptions=(desk,))
    digest(service, at_once=True)
    outcomes = []
    for _ in range(service.settings.delivery.max_attempts + 1):
        outcomes.append(deliver(service, Event()))
        assert deliver(service, Event()).failed == 0  # not before its time
        clock.advance(hours=7)
    assert [o.failed for o in outcomes] == [1] * 11 + [0, 0]
    assert [o.dead for o in outcomes] == [0] * 11 + [1, 0]
    with service.database.reading() as connection:
        row = connection.execute(select(outbox)).one()
    assert (row.status, row.error_code) == ("dead", "slack-unknown")


def test_one_channel_that_fails_does_not_hold_up_the_others(build: Build) -> None:
    desk = subscription(
        channels=(Channel(ChannelKind.SLACK, "gone"), Channel(ChannelKind.FILE)),
        when_empty="send",
    )
    service = build(subscriptions=(desk,))
    digest(service, at_once=True)
    done = deliver(service, Event())
    assert (done.sent, done.failed) == (1, 1)


def test_each_spine_leaves_a_heartbeat(build: Build, clock: Clock) -> None:
    service = build()
    run_poll(service)
    digest(service)
    deliver(service, Event())
    with service.database.reading() as connection:
        beats = heartbeats.last_beats(connection)
    assert beats == dict.fromkeys(("poll", "digest", "deliver"), clock.now)
