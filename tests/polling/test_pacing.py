"""When requests begin: told by a clock that moves only when all wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from heapq import heappop, heappush
from itertools import count, pairwise

from hypothesis import given
from hypothesis import strategies as st

from service.polling.fetching.pacing import REMEMBERED, Pacer


class Time:
    """Passes from one wake-up to the next, as soon as nobody has anything to do before it."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []
        self._number = count()

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        awake = asyncio.Event()
        heappush(self._sleepers, (self.now + seconds, next(self._number), awake))
        await awake.wait()

    async def until(self, *work: Coroutine[object, object, None]) -> None:
        done = asyncio.gather(*work)
        while not done.done():
            # As many turns of the loop as the longest chain of wake-ups can need.
            for _ in range(50):
                await asyncio.sleep(0)
            if self._sleepers and not done.done():
                self.now, _, awake = heappop(self._sleepers)
                awake.set()
        await done


class House:
    """A pacer, its time, and a book of when who began."""

    def __init__(self, everyone: int = 100, per_host: int = 100, gap: float = 0) -> None:
        self.time = Time()
        self.pacer = Pacer(everyone, per_host, gap, self.time, self.time.sleep)
        self.began: dict[str, list[float]] = {}
        self.refused: list[str] = []
        self._now: dict[str, int] = {}
        self.most_of: dict[str, int] = {}
        self.most = 0

    async def ask(
        self,
        host: str,
        takes: float = 0,
        at: float = 0,
        wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        if at:
            await self.time.sleep(at)
        async with self.pacer.turn(host, wanted) as begun:
            if not begun:
                self.refused.append(host)
                return
            self.began.setdefault(host, []).append(self.time.now)
            self._count(host, 1)
            if takes:
                await self.time.sleep(takes)
            self._count(host, -1)

    def _count(self, host: str, change: int) -> None:
        self._now[host] = self._now.get(host, 0) + change
        self.most_of[host] = max(self.most_of.get(host, 0), self._now[host])
        self.most = max(self.most, sum(self._now.values()))

    def run(self, *work: Coroutine[object, object, None]) -> None:
        async def all_of_it() -> None:
            await self.time.until(*work)

        asyncio.run(all_of_it())


def test_requests_to_one_host_begin_a_gap_apart() -> None:
    house = House(gap=2)
    house.run(*(house.ask("a") for _ in range(4)))
    assert house.began == {"a": [0, 2, 4, 6]}


def test_hosts_do_not_wait_for_one_another() -> None:
    house = House(gap=2)
    house.run(*(house.ask(host) for host in "abcab"))
    assert house.began == {"a": [0, 2], "b": [0, 2], "c": [0]}


def test_a_slow_request_does_not_delay_the_next_beyond_its_gap() -> None:
    house = House(gap=2, per_host=2)
    house.run(*(house.ask("a", takes=3) for _ in range(3)))
    assert house.began == {"a": [0, 2, 4]}
    assert house.most_of == {"a": 2}


def test_no_more_requests_are_at_one_host_than_allowed() -> None:
    house = House(per_host=2)
    house.run(*(house.ask("a", takes=5) for _ in range(5)))
    assert house.began == {"a": [0, 0, 5, 5, 10]}


def test_who_waits_for_a_host_holds_no_place_that_others_could_use() -> None:
    house = House(everyone=1, gap=10)
    house.run(house.ask("a"), house.ask("a"), house.ask("b"), house.ask("c"))
    assert house.began == {"a": [0, 10], "b": [0], "c": [0]}


def test_the_gap_is_counted_from_when_a_place_was_free() -> None:
    house = House(everyone=1, gap=2)
    house.run(house.ask("b", takes=9), house.ask("a"), house.ask("a"))
    assert house.began == {"b": [0], "a": [9, 11]}


def test_a_gap_of_nothing_waits_for_nothing() -> None:
    house = House()
    house.run(*(house.ask("a") for _ in range(50)))
    assert house.began == {"a": [0] * 50}


REQUESTS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 5), st.integers(0, 10)), max_size=12
)


@given(REQUESTS, st.integers(1, 3), st.integers(1, 3), st.integers(0, 4))
def test_whatever_comes_the_limits_hold_and_all_are_served(
    requests: list[tuple[str, int, int]], everyone: int, per_host: int, gap: int
) -> None:
    house = House(everyone, per_host, gap)
    house.run(*(house.ask(host, takes, at) for host, takes, at in requests))
    assert sum(len(times) for times in house.began.values()) == len(requests)
    for times in house.began.values():
        assert all(later - earlier >= gap for earlier, later in pairwise(times))
    assert house.most <= everyone
    assert all(most <= per_host for most in house.most_of.values())


def test_those_no_longer_wanted_leave_without_waiting_out_their_gaps() -> None:
    house = House(gap=5)

    def wanted() -> bool:
        return house.time.now < 5

    house.run(*(house.ask("a", wanted=wanted) for _ in range(10)))
    assert house.began == {"a": [0]}
    assert house.refused == ["a"] * 9
    assert house.time.now == 5


def test_one_no_longer_wanted_while_all_places_were_taken_takes_none() -> None:
    house = House(everyone=1)
    house.run(
        house.ask("b", takes=3),
        house.ask("a", wanted=lambda: house.time.now < 3),
        house.ask("c"),
    )
    assert house.refused == ["a"]
    assert house.began == {"b": [0], "c": [3]}


async def cancelled(house: House, at: float) -> None:
    task = asyncio.create_task(house.ask("a", takes=1000))
    await house.time.sleep(at)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def test_one_that_is_cancelled_leaves_its_places_to_the_next() -> None:
    house = House(everyone=1, per_host=1, gap=4)
    house.run(cancelled(house, at=2), house.ask("b", at=1), house.ask("a", at=1))
    assert house.began == {"a": [0, 4], "b": [2]}


def test_one_that_is_cancelled_while_it_waits_delays_nobody() -> None:
    house = House(everyone=1, per_host=1, gap=4)
    house.run(house.ask("a"), cancelled(house, at=2), house.ask("a", at=1))
    assert house.began == {"a": [0, 4]}


def test_hosts_are_not_remembered_for_ever_but_as_long_as_it_matters() -> None:
    house = House(gap=1)
    house.run(*(house.ask(f"host {number}") for number in range(REMEMBERED)))
    house.run(house.ask("late"), house.ask("host 0"))
    assert house.pacer.hosts > REMEMBERED
    assert house.began["host 0"] == [0, 1]
    house.time.now += 10
    house.run(house.ask("later"))
    assert house.pacer.hosts == 1
