"""What a hub is answered that asks whether we asked it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.polling.push.intent import (
    CONFIRMED_WITHIN,
    MAX_CHALLENGE,
    MAX_REASON,
    Consent,
    Intent,
    consent,
    read_intent,
)
from service.polling.push.leases import (
    LEASE,
    LONGEST_LEASE,
    LONGEST_WAIT,
    SOONEST_RENEWAL,
    asked,
    renew_at,
)
from service.records import HubLease, LeaseState
from tests.make import NOW
from tests.polling.test_push_leases import TOPIC, active, lease

PENDING = asked(lease(), NOW, 0.5)
LEAVING = asked(active(state=LeaseState.LEAVING), NOW, 0.5)
LATER = NOW + timedelta(seconds=20)


def intent(**changes: Any) -> Intent:
    values = {"mode": "subscribe", "topic": TOPIC, "challenge": "42", "lease_seconds": "86400"}
    return Intent(**(values | changes))


def answer(held: HubLease, **changes: Any) -> Consent | None:
    return consent(held, intent(**changes), LATER, 0.5)


def held_after(held: HubLease, **changes: Any) -> HubLease:
    agreed = answer(held, **changes)
    assert agreed is not None
    assert agreed.lease is not None
    return agreed.lease


# --- subscribe ----------------------------------------------------------------------------------


def test_what_we_asked_for_is_confirmed_for_as_long_as_the_hub_says() -> None:
    day = timedelta(days=1)
    assert answer(PENDING) == Consent(
        "42",
        replace(
            PENDING,
            state=LeaseState.ACTIVE,
            tries=0,
            expires_at=NOW + day,
            ask_at=renew_at(NOW, day, 0.5),
        ),
    )


@pytest.mark.parametrize("held", [PENDING, asked(active(), NOW, 0.5)])
@pytest.mark.parametrize(
    "changes",
    [
        {"topic": "https://feed.example/other"},
        {"topic": TOPIC + "/"},
        {"topic": ""},
        {"mode": "unsubscribe"},
        {"mode": "publish"},
        {"mode": ""},
        {"mode": "Subscribe"},
        {"challenge": ""},
        {"challenge": "x" * (MAX_CHALLENGE + 1)},
        {"challenge": "PK\x03\x04"},
        {"challenge": "a\nb"},
        {"lease_seconds": "0"},
        {"lease_seconds": "-1"},
        {"lease_seconds": "1.5"},
        {"lease_seconds": "soon"},
        {"lease_seconds": "²"},
    ],
)
def test_what_we_did_not_ask_for_is_not_confirmed(held: HubLease, changes: dict[str, str]) -> None:
    assert answer(held, **changes) is None


def test_a_hub_that_was_not_asked_yet_or_long_ago_is_not_confirmed() -> None:
    assert answer(lease()) is None
    old = replace(PENDING, asked_at=LATER - CONFIRMED_WITHIN - timedelta(seconds=1))
    assert answer(old) is None
    assert answer(replace(old, asked_at=LATER - CONFIRMED_WITHIN)) is not None


def test_a_hub_that_missed_the_answer_may_ask_again_which_makes_the_lease_no_longer() -> None:
    once = held_after(PENDING)
    again = consent(once, intent(), LATER + timedelta(hours=3), 0.5)
    assert again == Consent("42", once)


def test_a_hub_that_refused_may_think_better_of_it() -> None:
    refused = replace(PENDING, state=LeaseState.REFUSED, error="http-503: busy")
    assert held_after(refused).state is LeaseState.ACTIVE
    assert held_after(refused).error is None


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("", LEASE),
        ("60", timedelta(minutes=1)),
        ("0060", timedelta(minutes=1)),
        ("31536000", LONGEST_LEASE),
        ("9" * 3_000, LONGEST_LEASE),
    ],
)
def test_a_lease_has_bounds_whatever_the_hub_says(said: str, meant: timedelta) -> None:
    confirmed = held_after(PENDING, lease_seconds=said)
    assert confirmed.expires_at == NOW + meant
    assert confirmed.ask_at >= NOW + SOONEST_RENEWAL


# --- unsubscribe, denied ------------------------------------------------------------------------


def test_the_end_is_confirmed_only_where_we_asked_for_it() -> None:
    assert answer(LEAVING, mode="unsubscribe") == Consent("42", None)
    assert answer(LEAVING, mode="unsubscribe", lease_seconds="nonsense") == Consent("42", None)
    assert answer(LEAVING, mode="subscribe") is None
    for held in (PENDING, asked(active(), NOW, 0.5), replace(PENDING, state=LeaseState.REFUSED)):
        assert answer(held, mode="unsubscribe") is None


def test_a_hub_may_deny_at_any_time_and_is_left_alone_then() -> None:
    for held in (lease(), PENDING, active()):
        denied = held_after(held, mode="denied", challenge="", reason="not for\x1b[31m <b>you</b>")
        assert (denied.state, denied.expires_at) == (LeaseState.REFUSED, None)
        assert denied.ask_at == LATER + LONGEST_WAIT
        assert denied.error == "denied: not for [31m you"
        assert not denied.holds(LATER)
    assert answer(active(), mode="denied", topic="https://feed.example/other") is None
    assert answer(LEAVING, mode="denied") == Consent("", None)


def test_a_long_reason_is_cut_and_none_is_said_so() -> None:
    denied = held_after(PENDING, mode="denied", reason="x" * 10_000)
    assert denied.error == "denied: " + "x" * MAX_REASON
    assert held_after(PENDING, mode="denied").error == "denied without a reason"


# --- the request --------------------------------------------------------------------------------


def test_the_parameters_of_a_request_are_read() -> None:
    said = [
        ("page", "1"),
        ("hub.mode", "subscribe"),
        ("hub.topic", TOPIC),
        ("hub.challenge", "42"),
        ("hub.lease_seconds", "60"),
        ("hub.reason", ""),
        ("hub.unheard", "of"),
        ("mode", "denied"),
    ]
    assert read_intent(said) == Intent("subscribe", TOPIC, "42", "60")


def test_what_is_said_twice_is_not_said() -> None:
    said = [("hub.topic", TOPIC), ("hub.topic", TOPIC), ("hub.topic", TOPIC), ("hub.mode", "x")]
    assert read_intent(said) == Intent(mode="x")


@given(
    st.builds(
        Intent,
        mode=st.sampled_from(["subscribe", "unsubscribe", "denied"]) | st.text(),
        topic=st.just(TOPIC) | st.text(),
        challenge=st.text(),
        lease_seconds=st.text() | st.integers().map(str),
        reason=st.text(),
    ),
    st.sampled_from([lease(), PENDING, active(), LEAVING]),
)
def test_nothing_is_echoed_but_the_challenge_and_only_for_our_topic(
    said: Intent, held: HubLease
) -> None:
    agreed = consent(held, said, LATER, 0.5)
    if agreed is not None:
        assert said.topic == TOPIC
        assert agreed.answer in (said.challenge, "")
        assert agreed.answer.isprintable()
