"""Feeds are subscribed to at the hubs they name, which tell of news; with a real hub."""

from __future__ import annotations

import asyncio
import json
import shutil
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import trustme
from structlog.testing import capture_logs

from service.clock import utc_now
from service.pipeline import Service, poll
from service.polling.cadence import SAFETY_NET
from service.polling.fetching.fetch import Fetcher
from service.polling.push.leases import (
    FIRST_WAIT,
    LONGEST_WAIT,
    RENEW_UNTIL,
    SETTLED,
    UNCONFIRMED,
)
from service.records import FeedId, FeedUpdate, Habit, HubLease, LeaseState
from service.settings import Settings
from service.storage import feeds, hubs
from service.storage.database import Database
from service.subscribing import ROUND, Round, Subscriber, draw, subscribe
from service.web.app import web_app
from service.wiring.running import build_service
from service.wiring.web import open_subscriber
from tests.commands import run
from tests.conftest import ROOT
from tests.make import NOW, Clock, feed_config, rss, rss_item
from tests.polling.asking import GUARDED, LIMITS
from tests.polling.test_push_leases import active
from tests.servers.http import Answer, HttpServer
from tests.servers.hub import LEASE, Hub, hub_server
from tests.storage.rows import at_once, list_feeds
from tests.web.serving import PATIENCE, PUBLIC, serving, subscriber

FEED, TOPIC = "https://feed.example/rss", "https://feed.example/all"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def watch(database: Database, clock: Clock) -> Subscriber:
    return subscriber(database, clock)


@pytest.fixture
def hub(watch: Subscriber) -> Iterator[Hub]:
    """A hub that reaches the subscriber, asked in the clear."""
    with hub_server() as hub, serving(web_app(watch, max_push_bytes=100_000)) as address:
        hub.reach[PUBLIC] = address
        yield hub


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure_hub(watch: Subscriber, authority: trustme.CA) -> Iterator[Hub]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with hub_server(context) as hub, serving(web_app(watch, max_push_bytes=100_000)) as address:
        hub.reach[PUBLIC] = address
        yield hub


def trusting(watch: Subscriber, authority: trustme.CA) -> Subscriber:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return replace(watch, open_fetcher=lambda: Fetcher(LIMITS, "CaspianWatch/1", tls=context))


def offer(database: Database, hub_url: str | None, feed: int = 1, topic: str = TOPIC) -> None:
    """Let the listed feed be one that was polled, and named a hub or none."""
    with database.transaction() as connection:
        habit = Habit(hub=hub_url, topic=topic)
        update = FeedUpdate(FeedId(feed), NOW, NOW + HOUR, 0, habit=habit)
        feeds.record(connection, [update])


def listed(database: Database, hub_url: str | None) -> None:
    list_feeds(database, FEED)
    offer(database, hub_url)


def ask(watch: Subscriber) -> Round:
    return asyncio.run(subscribe(watch))


def leases(database: Database) -> list[HubLease]:
    with database.reading() as connection:
        return hubs.leases(connection)


def lease(database: Database) -> HubLease:
    (one,) = leases(database)
    return one


# --- subscribing --------------------------------------------------------------------------------


@pytest.mark.parametrize("confirms", ["before", "after"])
def test_a_feed_that_names_a_hub_is_subscribed_to_there(
    database: Database, watch: Subscriber, hub: Hub, confirms: str
) -> None:
    hub.confirms = confirms
    listed(database, hub.url)
    assert ask(watch) == Round(taken=1)
    assert hub.heard.get(timeout=PATIENCE).is_success
    held = lease(database)
    assert (held.state, held.topic, held.tries) == (LeaseState.ACTIVE, TOPIC, 0)
    assert held.expires_at == NOW + timedelta(seconds=LEASE)
    (known,) = hub.held.values()
    assert (known.topic, known.callback) == (TOPIC, held.callback)
    # It is not asked again before that.
    assert ask(watch) == Round()
    assert len(hub.asked) == 1


def test_a_hub_that_confirms_while_it_is_asked_is_not_overwritten(
    database: Database, watch: Subscriber, hub: Hub
) -> None:
    listed(database, hub.url)
    ask(watch)
    assert lease(database).error is None


def test_over_tls_pushes_are_signed_and_in_the_clear_they_are_not(
    database: Database, watch: Subscriber, hub: Hub, secure_hub: Hub, authority: trustme.CA
) -> None:
    list_feeds(database, FEED, "https://other.example/rss")
    offer(database, hub.url)
    offer(database, secure_hub.url, feed=2)
    assert ask(trusting(watch, authority)) == Round(taken=2)
    assert "hub.secret" not in hub.asked[0]
    secret = secure_hub.asked[0]["hub.secret"]
    assert 32 < len(secret) < 200
    for one in (hub, secure_hub):
        assert one.publish(TOPIC) == [202]
    assert [held.last_push_at for held in leases(database)] == [NOW, NOW]


def test_a_push_with_a_wrong_signature_is_taken_and_ignored(
    database: Database, watch: Subscriber, secure_hub: Hub, authority: trustme.CA
) -> None:
    listed(database, secure_hub.url)
    ask(trusting(watch, authority))
    forged = {"x-hub-signature": "sha256=" + "0" * 64}
    assert secure_hub.publish(TOPIC, headers=forged) == [202]
    assert lease(database).last_push_at is None


def test_every_subscription_has_an_address_and_a_secret_of_its_own() -> None:
    drawn = [draw() for _ in range(100)]
    assert len({part for pair in drawn for part in pair}) == 200
    assert all(len(token) == 43 and len(secret) == 64 for token, secret in drawn)


def test_a_hub_asks_for_many_feeds_and_gets_no_more_than_a_round_at_once(
    database: Database, watch: Subscriber, hub: Hub
) -> None:
    urls = [f"https://feed.example/{number}" for number in range(ROUND + 3)]
    for number, url in enumerate(urls):
        if not number:
            list_feeds(database, *urls)
        offer(database, hub.url, number + 1, url)
    assert [ask(watch), ask(watch), ask(watch)] == [Round(ROUND), Round(3), Round()]
    assert len(hub.held) == ROUND + 3


def test_where_no_feed_names_a_hub_nobody_is_asked(database: Database, clock: Clock) -> None:
    def never() -> Fetcher:
        raise AssertionError("a connection was opened")

    listed(database, None)
    assert ask(subscriber(database, clock, open_fetcher=never)) == Round()
    assert leases(database) == []


def test_two_processes_ask_a_hub_once(database: Database, watch: Subscriber, hub: Hub) -> None:
    listed(database, hub.url)
    rounds = at_once([lambda: ask(watch)] * 4)
    assert sum(one.taken for one in rounds) == len(hub.asked) == 1


# --- renewing -----------------------------------------------------------------------------------


def test_a_lease_is_renewed_before_it_ends_without_a_gap(
    database: Database, watch: Subscriber, hub: Hub, clock: Clock
) -> None:
    listed(database, hub.url)
    ask(watch)
    first = lease(database)
    clock.now = first.ask_at
    assert clock.now <= NOW + timedelta(seconds=LEASE) * RENEW_UNTIL
    # Until the hub has confirmed, the old one holds.
    hub.confirms = "never"
    assert ask(watch) == Round(taken=1)
    assert lease(database).holds(clock.now)
    clock.now = lease(database).ask_at
    hub.confirms = "before"
    ask(watch)
    renewed = lease(database)
    assert renewed.expires_at == clock.now + timedelta(seconds=LEASE)
    assert (renewed.token, renewed.secret, renewed.tries) == (first.token, first.secret, 0)
    assert len(hub.held) == 1


def test_a_lease_that_ended_is_asked_for_again(
    database: Database, watch: Subscriber, hub: Hub, clock: Clock
) -> None:
    listed(database, hub.url)
    ask(watch)
    clock.advance(days=30)
    hub.confirms = "never"
    ask(watch)
    assert lease(database).state is LeaseState.ASKED


# --- hubs that do not -----------------------------------------------------------------------------


def test_a_hub_that_never_confirms_is_asked_ever_less_often(
    database: Database, watch: Subscriber, hub: Hub, clock: Clock
) -> None:
    hub.confirms = "never"
    listed(database, hub.url)
    for _ in range(3):
        assert ask(watch) == Round(taken=1)
        assert ask(watch) == Round()
        clock.now = lease(database).ask_at
    assert clock.now == NOW + 7 * FIRST_WAIT
    assert lease(database).error == UNCONFIRMED


@pytest.mark.parametrize(
    "lies",
    [
        {"hub.topic": "https://feed.example/other"},
        {"hub.mode": "unsubscribe"},
        {"hub.lease_seconds": "never"},
        {"hub.challenge": ""},
    ],
)
def test_a_hub_that_asks_about_something_else_is_not_confirmed(
    database: Database, watch: Subscriber, hub: Hub, lies: dict[str, str]
) -> None:
    hub.lies = lies
    listed(database, hub.url)
    ask(watch)
    assert hub.heard.get(timeout=PATIENCE).status_code == 404
    assert lease(database).state is LeaseState.ASKED
    assert hub.held == {}


def test_a_hub_that_refuses_is_left_alone_for_a_week_and_its_reason_is_told(
    database: Database, watch: Subscriber, hub: Hub, clock: Clock
) -> None:
    hub.refuses = Answer(403, body=b"<p>Topic not <b>allowed</b></p>")
    listed(database, hub.url)
    with capture_logs() as logs:
        assert ask(watch) == Round(failed=1)
    why = "the server answered 403 Forbidden: Topic not allowed"
    (told,) = (one for one in logs if one["event"] == "hub not subscribed to")
    assert (told["code"], told["why"], told["hub"]) == ("http-403", why, hub.url)
    refused = lease(database)
    assert (refused.state, refused.error) == (LeaseState.REFUSED, f"http-403: {why}")
    clock.now = NOW + LONGEST_WAIT - DAY
    assert ask(watch) == Round()
    # It may have thought better of it by then.
    hub.refuses = None
    clock.now = refused.ask_at
    assert ask(watch) == Round(taken=1)
    assert lease(database).state is LeaseState.ACTIVE


def test_a_hub_that_hangs_is_not_waited_for_and_asked_again_in_an_hour(
    database: Database, clock: Clock
) -> None:
    release = Event()
    limits = replace(LIMITS, total_timeout=0.2)
    watch = subscriber(database, clock, open_fetcher=lambda: Fetcher(limits, "CaspianWatch/1"))
    with hub_server() as hub:
        hub.before_answering = lambda: release.wait(PATIENCE)
        listed(database, hub.url)
        assert ask(watch) == Round(failed=1)
        release.set()
    failed = lease(database)
    assert (failed.state, failed.ask_at) == (LeaseState.ASKED, NOW + FIRST_WAIT)
    assert (failed.error or "").startswith("timeout: ")


def test_a_hub_on_our_own_network_is_not_written_to(
    database: Database, watch: Subscriber, hub: Hub
) -> None:
    listed(database, hub.url)
    guarded = replace(watch, open_fetcher=lambda: Fetcher(GUARDED, "CaspianWatch/1"))
    assert ask(guarded) == Round(failed=1)
    assert hub.asked == []
    assert (lease(database).error or "").startswith("private-address: ")


def test_a_hub_that_sends_us_on_is_followed(
    database: Database, watch: Subscriber, hub: Hub
) -> None:
    hub.server.routes["/old"] = Answer(308, {"Location": hub.path})
    listed(database, hub.server.url("/old"))
    ask(watch)
    assert lease(database).state is LeaseState.ACTIVE


def test_a_hub_that_is_busy_is_not_asked_for_the_other_feeds_in_that_round(
    database: Database, clock: Clock, hub: Hub
) -> None:
    hub.refuses = Answer(429, {"Retry-After": "7200"})
    one_by_one = replace(LIMITS, per_host=1)
    watch = subscriber(database, clock, open_fetcher=lambda: Fetcher(one_by_one, "CaspianWatch/1"))
    list_feeds(database, FEED, "https://other.example/rss")
    offer(database, hub.url)
    offer(database, hub.url, feed=2)
    assert ask(watch) == Round(failed=2)
    assert len(hub.asked) == 1
    assert [one.ask_at for one in leases(database)] == [NOW + timedelta(hours=2)] * 2


def test_a_process_that_dies_while_it_asks_asks_again(
    database: Database, watch: Subscriber, clock: Clock
) -> None:
    def die() -> Fetcher:
        raise InterruptedError

    with hub_server() as hub:
        listed(database, hub.url)
        with pytest.raises(InterruptedError):
            ask(replace(watch, open_fetcher=die))
        hub.confirms = "never"
        assert ask(watch) == Round()
        clock.now = NOW + FIRST_WAIT
        assert ask(watch) == Round(taken=1)


# --- leaving ------------------------------------------------------------------------------------


def test_a_feed_that_leaves_the_list_is_unsubscribed(
    database: Database, watch: Subscriber, hub: Hub
) -> None:
    listed(database, hub.url)
    ask(watch)
    list_feeds(database, "https://other.example/rss")
    assert ask(watch) == Round(taken=1)
    assert hub.asked[-1]["hub.mode"] == "unsubscribe"
    assert hub.held == {}
    assert leases(database) == []


def test_a_feed_whose_hub_changed_goes_over_to_the_other(
    database: Database, watch: Subscriber, hub: Hub, clock: Clock
) -> None:
    listed(database, hub.url)
    ask(watch)
    with hub_server() as other:
        other.reach = hub.reach
        offer(database, other.url)
        assert ask(watch) == Round()
        clock.now = NOW + SETTLED
        assert ask(watch) == Round(taken=2)
        assert [hub.asked[-1]["hub.mode"], other.asked[-1]["hub.mode"]] == [
            "unsubscribe",
            "subscribe",
        ]
        assert (len(hub.held), len(other.held)) == (0, 1)
    assert lease(database).hub == other.url


def test_a_hub_that_goes_on_pushing_is_told_that_it_is_over(
    database: Database, watch: Subscriber, hub: Hub
) -> None:
    listed(database, hub.url)
    ask(watch)
    hub.confirms = "never"
    list_feeds(database, "https://other.example/rss")
    ask(watch)
    assert hub.publish(TOPIC) == [410]


# --- the whole way ------------------------------------------------------------------------------

FIRST = rss_item("Rain in Rome", "https://feed.example/rain", "It rained in Rome on Monday.")
NEWS = rss_item(
    "Russia and Iran sign Rasht-Astara railway loan",
    "https://feed.example/rail",
    "Moscow and Tehran signed a loan agreement for the railway on Tuesday.",
)


def feed_answer(hub: Hub, *items: str) -> Answer:
    links = f'<{hub.url}>; rel="hub", <{TOPIC}>; rel="self"'
    return Answer(headers={"Link": links}, body=rss(*items).encode())


@pytest.fixture
def service(settings: Settings, web: HttpServer, clock: Clock) -> Iterator[Service]:
    place = settings.web.model_copy(update={"public_url": PUBLIC})
    changes = {"web": place, "feeds": (feed_config(web.url("/feed")),)}
    built = build_service(settings.model_copy(update=changes), clock=clock, chance=lambda: 0.5)
    yield built
    built.close()


def next_wait(service: Service, clock: Clock) -> tuple[timedelta, timedelta]:
    """Return how long the feed is left alone now, and how long it would be if nobody pushed."""
    with service.database.reading() as connection:
        (report,) = feeds.reports(connection, clock.now.date())
    return report.next_poll_at - clock.now, service.harvester.cadence.interval(report.habit)


def test_a_push_brings_the_news_and_polling_becomes_a_safety_net(
    service: Service, web: HttpServer, clock: Clock
) -> None:
    watch = open_subscriber(service)
    assert watch is not None
    with hub_server() as hub, serving(web_app(watch, max_push_bytes=100_000)) as address:
        hub.reach[PUBLIC] = address
        web.routes["/feed"] = feed_answer(hub, FIRST)
        assert asyncio.run(poll(service, Event())).new == 1
        assert ask(watch) == Round(taken=1)
        clock.advance(minutes=5)
        # Not due, and nobody asks.
        assert asyncio.run(poll(service, Event())).feeds == 0
        web.routes["/feed"] = feed_answer(hub, NEWS, FIRST)
        assert hub.publish(TOPIC) == [202]
        harvest = asyncio.run(poll(service, Event()))
        assert (harvest.feeds, harvest.new) == (1, 1)
        wait, usual = next_wait(service, clock)
        assert wait == usual * SAFETY_NET
        # What a poll finds without a push shows that the hub cannot be relied on.
        clock.now += wait + HOUR
        more = rss_item("Snow in Oslo", "https://feed.example/snow")
        web.routes["/feed"] = feed_answer(hub, more, NEWS, FIRST)
        assert asyncio.run(poll(service, Event())).new == 1
        wait, usual = next_wait(service, clock)
        assert wait == usual


def test_without_a_public_address_no_hub_is_asked_and_none_is_waited_for(
    settings: Settings, clock: Clock
) -> None:
    built = build_service(settings.model_copy(update={"feeds": (feed_config(FEED),)}), clock=clock)
    with built.database.transaction() as connection:
        hubs.add(connection, [active(last_push_at=NOW)])
    assert open_subscriber(built) is None
    assert leases(built.database) == []
    built.close()


# --- caspian feeds ------------------------------------------------------------------------------


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    for name in ("settings.toml", "topic.toml", "subscriptions.toml", "feeds.toml"):
        shutil.copy(ROOT / "config" / name, folder)
    (tmp_path / "var").mkdir()
    return folder


def known_to_the_command(config: Path, *states: dict[str, Any]) -> None:
    opened = Database(f"sqlite:///{config.parent / 'var' / 'caspian.sqlite'}")
    now = utc_now()
    listed = [
        feed_config(f"https://{number}.example/rss", outlet=f"Outlet {number}")
        for number in range(len(states) + 1)
    ]
    with opened.transaction() as connection:
        feeds.sync_listed(connection, listed, now)
        for number, state in enumerate(states, start=1):
            values = {"token": f"TOKEN{number}", "secret": "SECRET", "expires_at": now + DAY}
            hubs.add(connection, [active(feed_id=FeedId(number), **(values | state))])
    opened.close()


def test_how_many_feeds_are_pushed_is_told_and_why_others_are_not(config: Path) -> None:
    known_to_the_command(
        config,
        {},
        {"state": LeaseState.REFUSED, "error": "http-403: not [red]you"},
        {"state": LeaseState.LEAVING},
    )
    shown = " ".join(run(config, "feeds").stdout.split())
    assert "1 of 2 feeds that name a hub are subscribed to there" in shown
    assert "Outlet 1: not subscribed to at https://hub.example/: http-403: not [red]you" in shown


def test_a_script_gets_the_subscription_and_none_of_its_secrets(config: Path) -> None:
    known_to_the_command(config, {"last_push_at": NOW})
    result = run(config, "feeds", "--json")
    pushed, other = sorted(json.loads(result.stdout), key=lambda row: row["id"])
    assert (pushed["push"]["state"], pushed["push"]["hub"]) == ("active", "https://hub.example/")
    assert other["push"] is None
    assert "SECRET" not in result.stdout
    assert "TOKEN" not in result.stdout


def test_where_no_feed_is_subscribed_to_nothing_is_said_of_hubs(config: Path) -> None:
    known_to_the_command(config)
    assert "hub" not in run(config, "feeds").stdout
