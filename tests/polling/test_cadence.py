from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from service.polling.cadence import Cadence
from service.records import Failed, NotModified
from tests.make import NOW

CADENCE = Cadence(timedelta(minutes=30), jitter=0.1, max_backoff=timedelta(hours=24))
CHANCES = st.floats(0, 1, exclude_max=True)


def test_a_feed_that_answers_is_asked_again_after_the_interval() -> None:
    assert CADENCE.next_poll_at(NOW, NotModified(), 0, 0.5) == NOW + timedelta(minutes=30)


@given(CHANCES)
def test_jitter_stays_within_its_share_of_the_interval(chance: float) -> None:
    wait = CADENCE.next_poll_at(NOW, NotModified(), 0, chance) - NOW
    assert timedelta(minutes=27) <= wait <= timedelta(minutes=33)


@given(st.integers(1, 10_000), CHANCES)
def test_a_failing_feed_is_asked_ever_less_often_but_never_given_up(
    failures: int, chance: float
) -> None:
    failed = Failed("timeout", "slow")
    now, later = (CADENCE.next_poll_at(NOW, failed, n, chance) for n in (failures, failures + 1))
    assert NOW < now <= later <= NOW + timedelta(hours=24 * 1.1)


def test_a_permanent_failure_is_asked_again_a_day_later() -> None:
    gone = Failed("http-410", "gone", permanent=True)
    assert CADENCE.next_poll_at(NOW, gone, 1, 0.5) == NOW + timedelta(hours=24)


@given(st.timedeltas(timedelta(0), timedelta(days=400)), CHANCES)
def test_retry_after_is_honoured_up_to_a_day(asked: timedelta, chance: float) -> None:
    slow_down = Failed("http-429", "slow down", retry_after=asked)
    wait = CADENCE.next_poll_at(NOW, slow_down, 1, chance) - NOW
    assert min(asked, timedelta(hours=24)) <= wait <= timedelta(hours=24 * 1.1)
