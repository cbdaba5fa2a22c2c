"""Which hubs are asked for what, when, and when they are left alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.polling.push.leases import (
    FIRST_WAIT,
    JITTER,
    LEASE,
    LONGEST_LEASE,
    LONGEST_WAIT,
    MOST_GOODBYES,
    RENEW_FROM,
    RENEW_UNTIL,
    SETTLED,
    SOONEST_RENEWAL,
    UNCONFIRMED,
    Plan,
    asked,
    plan,
    renew_at,
    request,
    taken,
    turned_down,
)
from service.records import Failed, FeedId, HubLease, HubOffer, LeaseState
from tests.make import NOW

PUBLIC = "https://watch.example/caspian"
HUB, TOPIC = "https://hub.example/", "https://feed.example/rss"
CHANCES = st.floats(0, 1, exclude_max=True)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
REFUSED = Failed("http-403", "the server answered 403 Forbidden: not you", permanent=True)
SLOW = Failed("timeout", "no complete answer within 30 s")


def offer(hub: str | None = HUB, topic: str = TOPIC, feed: int = 1) -> HubOffer:
    return HubOffer(FeedId(feed), hub, topic)


def lease(**changes: Any) -> HubLease:
    values: dict[str, Any] = {
        "token": "token",
        "feed_id": FeedId(1),
        "hub": HUB,
        "topic": TOPIC,
        "callback": f"{PUBLIC}/push/token",
        "secret": "secret",
        "state": LeaseState.ASKED,
        "ask_at": NOW,
    }
    return HubLease(**(values | changes))


def active(**changes: Any) -> HubLease:
    values: dict[str, Any] = {
        "state": LeaseState.ACTIVE,
        "asked_at": NOW - DAY,
        "expires_at": NOW + DAY,
        "ask_at": NOW + HOUR,
    }
    return lease(**(values | changes))


def draws() -> Iterator[tuple[str, str]]:
    return ((f"token-{n}", f"secret-{n}") for n in count(1))


def planned(offers: list[HubOffer], *leases: HubLease, now: datetime = NOW) -> Plan:
    return plan(offers, leases, PUBLIC, now, draws().__next__)


# --- whom to subscribe --------------------------------------------------------------------------


def test_each_listed_feed_that_names_a_hub_is_subscribed_with_a_secret_of_its_own() -> None:
    made = planned([offer(), offer(None, feed=2), offer(feed=3)])
    assert made.new == (
        lease(token="token-1", callback=f"{PUBLIC}/push/token-1", secret="secret-1"),
        lease(
            token="token-2",
            callback=f"{PUBLIC}/push/token-2",
            secret="secret-2",
            feed_id=FeedId(3),
        ),
    )
    assert (made.changed, made.ended) == ((), ())


@pytest.mark.parametrize(
    "known", [lease(), active(), lease(state=LeaseState.REFUSED), active(ask_at=NOW - DAY)]
)
def test_what_is_agreed_or_asked_for_stays(known: HubLease) -> None:
    assert planned([offer()], known) == Plan()


def test_a_feed_that_left_the_list_is_unsubscribed() -> None:
    known = active()
    leaving = replace(known, state=LeaseState.LEAVING, ask_at=NOW)
    assert planned([], known) == Plan(changed=((known, leaving),))


@pytest.mark.parametrize(
    "known",
    [
        lease(asked_at=NOW),
        lease(state=LeaseState.REFUSED),
        active(expires_at=NOW),
        active(expires_at=None),
    ],
)
def test_a_hub_that_pushes_nothing_need_not_be_told_that_a_feed_left(known: HubLease) -> None:
    assert planned([], known) == Plan(ended=(known,))


@pytest.mark.parametrize(
    "now_offered", [offer("https://new.example/"), offer(topic="https://feed.example/new")]
)
def test_a_feed_that_names_another_hub_or_address_changes_over(now_offered: HubOffer) -> None:
    known = active()
    made = planned([now_offered], known)
    assert [after.state for _, after in made.changed] == [LeaseState.LEAVING]
    assert [(one.hub, one.topic) for one in made.new] == [(now_offered.hub, now_offered.topic)]


def test_a_feed_that_names_no_hub_any_more_is_unsubscribed() -> None:
    made = planned([offer(None)], active())
    assert [after.state for _, after in made.changed] == [LeaseState.LEAVING]
    assert made.new == ()


def test_a_feed_that_names_another_hub_each_time_makes_us_write_to_few_of_them() -> None:
    known = lease(asked_at=NOW - SETTLED + timedelta(seconds=1))
    for hub in ("https://new.example/", None):
        assert planned([offer(hub)], known) == Plan()
        later = planned([offer(hub)], known, now=NOW + timedelta(seconds=1))
        assert later.ended == (known,)


def test_another_public_address_needs_another_subscription() -> None:
    known = active(callback="https://old.example/push/token")
    made = planned([offer()], known)
    assert [after.callback for _, after in made.changed] == [known.callback]
    assert [one.callback for one in made.new] == [f"{PUBLIC}/push/token-1"]


def test_a_feed_that_comes_back_while_it_is_unsubscribed_is_subscribed_anew() -> None:
    leaving = active(state=LeaseState.LEAVING)
    made = planned([offer()], leaving)
    assert len(made.new) == 1
    assert (made.changed, made.ended) == ((), ())


def test_a_hub_that_does_not_confirm_the_end_is_left_to_its_lease() -> None:
    for over in (
        active(state=LeaseState.LEAVING, tries=MOST_GOODBYES),
        active(state=LeaseState.LEAVING, expires_at=NOW),
    ):
        assert planned([], over) == Plan(ended=(over,))


STATES = st.sampled_from(list(LeaseState))
LEASES = st.builds(
    replace,
    st.just(lease()),
    state=STATES,
    hub=st.sampled_from([HUB, "http://old.example/"]),
    feed_id=st.sampled_from([FeedId(1), FeedId(2)]),
    tries=st.integers(0, 9),
    asked_at=st.none() | st.sampled_from([NOW, NOW - DAY]),
    expires_at=st.none() | st.sampled_from([NOW - DAY, NOW + DAY]),
)


@given(st.lists(st.sampled_from([HUB, None]), max_size=2), st.lists(LEASES, max_size=5))
def test_after_a_plan_nothing_is_left_to_plan(
    hubs: list[str | None], leases: list[HubLease]
) -> None:
    known = [
        replace(one, token=f"t{n}", callback=f"{PUBLIC}/push/t{n}") for n, one in enumerate(leases)
    ]
    offers = [offer(hub, feed=number + 1) for number, hub in enumerate(hubs)]
    made = plan(offers, known, PUBLIC, NOW, draws().__next__)
    changed = dict(made.changed)
    then = [changed.get(one, one) for one in known if one not in made.ended] + list(made.new)
    assert plan(offers, then, PUBLIC, NOW, draws().__next__) == Plan()
    # Every feed with a hub has somebody to tell of its news, or had another one just now.
    served = {one.feed_id for one in then if one.state is not LeaseState.LEAVING}
    assert {one.feed_id for one in offers if one.hub} <= served


# --- the request --------------------------------------------------------------------------------


def test_the_form_says_what_the_recommendation_wants() -> None:
    assert request(lease()) == (
        HUB,
        {
            "hub.mode": "subscribe",
            "hub.topic": TOPIC,
            "hub.callback": f"{PUBLIC}/push/token",
            "hub.lease_seconds": "604800",
            "hub.secret": "secret",
        },
    )


def test_to_unsubscribe_neither_secret_nor_time_is_said() -> None:
    form = request(active(state=LeaseState.LEAVING))[1]
    assert form["hub.mode"] == "unsubscribe"
    assert form.keys() == {"hub.mode", "hub.topic", "hub.callback"}


@pytest.mark.parametrize(
    ("hub", "asked_at", "with_secret"),
    [
        ("https://hub.example/", "https://hub.example/", True),
        ("https://hub.example:8443/x", "https://hub.example:8443/x", True),
        # TLS is tried where it usually is.
        ("http://hub.example/x?y=1", "https://hub.example/x?y=1", True),
        ("http://hub.example", "https://hub.example", True),
        # With a port nobody knows where it would be; and in the clear no secret is told.
        ("http://hub.example:8080/", "http://hub.example:8080/", False),
        ("http://[::1]/", "http://[::1]/", False),
    ],
)
def test_a_hub_is_asked_over_tls_where_that_can_be_and_else_gets_no_secret(
    hub: str, asked_at: str, with_secret: bool
) -> None:
    (new,) = planned([offer(hub)]).new
    address, form = request(new)
    assert address == asked_at
    assert ("hub.secret" in form) is with_secret is bool(new.secret)


def test_a_hub_without_tls_is_asked_without_and_without_a_secret_at_once() -> None:
    (new,) = planned([offer("http://hub.example/")]).new
    once = asked(new, NOW, 0.5)
    again = turned_down(once, Failed("connect", "no connection"), NOW, 0.5)
    assert again is not None
    assert again.ask_at == NOW
    address, form = request(again)
    assert (address, "hub.secret" in form) == ("http://hub.example/", False)
    # That is the last way there is.
    last = turned_down(asked(again, NOW, 0.5), Failed("connect", "no connection"), NOW, 0.5)
    assert last is not None
    assert last.ask_at > NOW


def test_what_was_agreed_over_tls_is_not_renewed_in_the_clear() -> None:
    held = asked(active(hub="http://hub.example/"), NOW, 0.5)
    failed = turned_down(held, Failed("connect", "no connection"), NOW, 0.5)
    assert failed is not None
    assert failed.secret == "secret"


# --- when ---------------------------------------------------------------------------------------


def test_a_hub_that_does_not_confirm_is_asked_ever_less_often_down_to_once_a_week() -> None:
    waits, held, now = [], lease(), NOW
    for _ in range(12):
        held = asked(held, now, 0.5)
        waits.append(held.ask_at - now)
        now = held.ask_at
    assert waits[:3] == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT


@given(st.integers(0, 10_000), CHANCES)
def test_however_often_it_was_asked_the_wait_has_its_bounds(tries: int, chance: float) -> None:
    wait = asked(lease(tries=tries), NOW, chance).ask_at - NOW
    assert FIRST_WAIT * (1 - JITTER) <= wait <= LONGEST_WAIT * (1 + JITTER)


def test_asking_does_not_end_what_holds_and_does_not_keep_what_is_over() -> None:
    assert asked(active(), NOW, 0.5).state is LeaseState.ACTIVE
    assert asked(active(expires_at=NOW), NOW, 0.5).state is LeaseState.ASKED
    assert asked(lease(state=LeaseState.REFUSED), NOW, 0.5).state is LeaseState.REFUSED


@given(st.timedeltas(timedelta(seconds=1), LONGEST_LEASE), CHANCES)
def test_a_lease_is_renewed_before_it_ends_if_it_is_no_shorter_than_that_may_be(
    granted: timedelta, chance: float
) -> None:
    wait = renew_at(NOW, granted, chance) - NOW
    assert wait >= SOONEST_RENEWAL
    if granted * RENEW_FROM > SOONEST_RENEWAL:
        assert granted * RENEW_FROM <= wait <= granted * RENEW_UNTIL


def test_renewals_do_not_come_all_at_once() -> None:
    assert len({renew_at(NOW, LEASE, chance / 10) for chance in range(10)}) == 10


# --- when a hub does not take it ----------------------------------------------------------------


def test_a_hub_that_says_no_is_left_alone_for_a_week_with_its_reason() -> None:
    refused = turned_down(asked(lease(), NOW, 0.5), REFUSED, NOW, 0.5)
    assert refused is not None
    assert refused.state is LeaseState.REFUSED
    assert refused.ask_at == NOW + LONGEST_WAIT
    assert refused.error == "http-403: the server answered 403 Forbidden: not you"


def test_a_renewal_that_is_refused_leaves_the_lease_its_time() -> None:
    refused = turned_down(asked(active(), NOW, 0.5), REFUSED, NOW, 0.5)
    assert refused is not None
    assert (refused.state, refused.expires_at) == (LeaseState.ACTIVE, NOW + DAY)
    assert refused.ask_at == NOW + LONGEST_WAIT


def test_a_hub_that_fails_is_asked_again_when_it_would_have_been_anyway() -> None:
    once = asked(lease(), NOW, 0.5)
    failed = turned_down(once, SLOW, NOW, 0.5)
    assert failed == replace(once, error="timeout: no complete answer within 30 s")


@pytest.mark.parametrize(
    ("wish", "wait"),
    [(HOUR / 2, FIRST_WAIT), (5 * HOUR, 5 * HOUR), (400 * DAY, LONGEST_WAIT)],
)
def test_a_hub_that_wants_to_be_left_alone_is_up_to_a_week(
    wish: timedelta, wait: timedelta
) -> None:
    busy = Failed("http-429", "later", retry_after=wish)
    failed = turned_down(asked(lease(), NOW, 0.5), busy, NOW, 0.5)
    assert failed is not None
    assert failed.ask_at == NOW + wait


def test_a_hub_that_does_not_want_to_hear_that_we_leave_is_left() -> None:
    leaving = asked(active(state=LeaseState.LEAVING), NOW, 0.5)
    assert turned_down(leaving, REFUSED, NOW, 0.5) is None
    later = turned_down(leaving, SLOW, NOW, 0.5)
    assert later is not None
    assert later.state is LeaseState.LEAVING


def test_a_hub_that_took_the_request_and_says_no_more_is_known_by_that() -> None:
    once = asked(lease(), NOW, 0.5)
    assert taken(once) == replace(once, error=UNCONFIRMED)


def test_neither_token_nor_secret_stands_in_a_log() -> None:
    shown = repr(lease(token="TOKEN", secret="SECRET", callback="https://a/push/TOKEN"))
    assert "TOKEN" not in shown
    assert "SECRET" not in shown
