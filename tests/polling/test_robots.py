"""What a site's robots.txt allows, how long it is remembered, and what silence means."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from service.polling.pages.robots import (
    MAX_GAP,
    MAX_ORIGINS,
    Permission,
    Robots,
    RobotsAnswer,
    origin_of,
)
from tests.make import Clock

PAGE = "https://outlet.example/world/1"
ALLOWED = Permission(allowed=True)
REFUSED = Permission(allowed=False, code="robots")
UNREACHABLE = Permission(allowed=False, code="robots-unreachable")


class Site:
    """Answers every request with what it was last told to, and remembers what it was asked."""

    def __init__(self, status: int | None = 200, text: str | bytes = "") -> None:
        self.asked: list[str] = []
        self.says(status, text)

    def says(self, status: int | None, text: str | bytes = "") -> None:
        self.answer = RobotsAnswer(status, text.encode() if isinstance(text, str) else text)

    async def __call__(self, url: str) -> RobotsAnswer:
        self.asked.append(url)
        return self.answer


def ask(text: str | bytes, url: str = PAGE) -> Permission:
    return asyncio.run(Robots(Site(200, text), Clock()).permission(url))


def run(story: Callable[[Site, Clock, Robots], Awaitable[None]]) -> None:
    async def tell() -> None:
        site, clock = Site(), Clock()
        await story(site, clock, Robots(site, clock))

    asyncio.run(tell())


# --- rules ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ALLOWED),
        ("User-agent: *\nDisallow: /", REFUSED),
        ("User-agent: *\nDisallow:", ALLOWED),
        ("User-agent: *\nDisallow: /world/", REFUSED),
        ("User-agent: *\nDisallow: /sport/", ALLOWED),
        ("User-agent: *\nDisallow: /world/\nAllow: /world/1", ALLOWED),
        ("User-agent: *\nAllow: /\nDisallow: /*/1$", REFUSED),
        ("User-agent: GPTBot\nDisallow: /", ALLOWED),
        ("User-agent: CaspianWatch\nDisallow: /", REFUSED),
        ("user-agent: caspianwatch/2.0 # us\ndisallow: /", REFUSED),
        ("User-agent: CaspianWatch\nAllow: /\n\nUser-agent: *\nDisallow: /", ALLOWED),
        ("User-agent: GPTBot\nUser-agent: CaspianWatch\nDisallow: /", REFUSED),
        ("User-agent: CaspianWatch\nUser-agent: GPTBot\nDisallow: /", REFUSED),
        ("\ufeffUser-agent: *\r\nDisallow: /\r\n", REFUSED),
        ("<!DOCTYPE html><html><body>Disallow: / is what we say</body></html>", ALLOWED),
        # The beginning of our name is not our name.
        ("User-agent: c\nDisallow: /", ALLOWED),
        ("User-agent: CaspianWatcher\nDisallow: /", ALLOWED),
    ],
)
def test_the_rules_for_us_are_kept(text: str, expected: Permission) -> None:
    assert ask(text) == expected


def test_the_rules_are_asked_for_at_the_origin_of_the_page() -> None:
    async def story(site: Site, _: Clock, robots: Robots) -> None:
        await robots.permission("http://user:word@Outlet.example:8080/a/b?c#d")
        assert site.asked == ["http://outlet.example:8080/robots.txt"]

    run(story)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://outlet.example:443/a", "https://outlet.example"),
        ("HTTP://outlet.example:80", "http://outlet.example"),
        ("http://outlet.example:443/", "http://outlet.example:443"),
        ("http://[::1]:8080/a", "http://[::1]:8080"),
        ("ftp://outlet.example/a", None),
        ("file:///etc/passwd", None),
        ("https://", None),
        ("https://outlet.example:port/", None),
        ("http://[", None),
        ("", None),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str | None) -> None:
    assert origin_of(url) == origin


def test_what_is_no_web_address_is_refused_without_asking_anybody() -> None:
    async def story(site: Site, _: Clock, robots: Robots) -> None:
        refused = await robots.permission("file:///etc/passwd")
        assert refused == Permission(allowed=False, code="bad-url")
        assert site.asked == []

    run(story)


@pytest.mark.parametrize(
    ("value", "gap"),
    [
        ("10", timedelta(seconds=10)),
        ("0.5", timedelta(seconds=0.5)),
        ("1e300", MAX_GAP),
        ("-1", None),
        ("nan", None),
        ("soon", None),
    ],
)
def test_a_crawl_delay_is_the_least_gap(value: str, gap: timedelta | None) -> None:
    assert ask(f"User-agent: *\nCrawl-delay: {value}") == Permission(allowed=True, gap=gap)


# --- what other answers mean ---------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 410, 451])
def test_a_site_without_rules_allows_everything(status: int) -> None:
    site = Site(status, "User-agent: *\nDisallow: /")
    assert asyncio.run(Robots(site, Clock()).permission(PAGE)) == ALLOWED


@pytest.mark.parametrize("status", [None, 429, 500, 503, 599])
def test_a_site_that_cannot_be_asked_allows_nothing_for_an_hour(status: int | None) -> None:
    async def story(site: Site, clock: Clock, robots: Robots) -> None:
        site.says(status)
        assert await robots.permission(PAGE) == UNREACHABLE
        site.says(200)
        clock.advance(minutes=59)
        assert await robots.permission(PAGE) == UNREACHABLE
        clock.advance(minutes=1)
        assert await robots.permission(PAGE) == ALLOWED
        assert len(site.asked) == 2

    run(story)


def test_old_rules_hold_while_a_site_cannot_be_asked() -> None:
    async def story(site: Site, clock: Clock, robots: Robots) -> None:
        site.says(200, "User-agent: *\nDisallow: /world/")
        await robots.permission(PAGE)
        site.says(503)
        clock.advance(hours=24)
        assert await robots.permission(PAGE) == REFUSED
        assert await robots.permission("https://outlet.example/sport/1") == ALLOWED
        site.says(404)
        clock.advance(hours=1)
        assert await robots.permission(PAGE) == ALLOWED

    run(story)


# --- memory --------------------------------------------------------------------------------


def test_rules_are_kept_for_a_day() -> None:
    async def story(site: Site, clock: Clock, robots: Robots) -> None:
        assert await robots.permission(PAGE) == ALLOWED
        site.says(200, "User-agent: *\nDisallow: /")
        clock.advance(hours=23, minutes=59)
        assert await robots.permission(PAGE) == ALLOWED
        clock.advance(minutes=1)
        assert await robots.permission(PAGE) == REFUSED
        assert len(site.asked) == 2

    run(story)


def test_origins_are_asked_apart() -> None:
    async def story(site: Site, _: Clock, robots: Robots) -> None:
        for origin in ("https://a.example", "http://a.example", "https://b.example"):
            await robots.permission(f"{origin}/1")
            await robots.permission(f"{origin}/2")
        assert len(site.asked) == 3

    run(story)


def test_only_so_many_origins_are_remembered_and_the_oldest_is_forgotten() -> None:
    async def story(site: Site, clock: Clock, robots: Robots) -> None:
        for number in (0, 1):
            await robots.permission(f"https://{number}.example/")
        clock.advance(hours=24)
        for number in (0, *range(2, MAX_ORIGINS + 1)):
            await robots.permission(f"https://{number}.example/")
        site.asked.clear()
        await robots.permission("https://0.example/")
        assert site.asked == []
        assert len(robots._known) == MAX_ORIGINS

    run(story)


# --- many at once --------------------------------------------------------------------------


class SlowSite(Site):
    """Answers when it is told to."""

    def __init__(self) -> None:
        super().__init__(200, "User-agent: *\nDisallow: /world/")
        self.reached, self.opened = asyncio.Event(), asyncio.Event()

    async def __call__(self, url: str) -> RobotsAnswer:
        answer = await super().__call__(url)
        self.reached.set()
        await self.opened.wait()
        return answer


def test_those_who_ask_at_once_share_one_request() -> None:
    async def story() -> None:
        site = SlowSite()
        robots = Robots(site, Clock())
        asking = [asyncio.create_task(robots.permission(PAGE)) for _ in range(10)]
        await site.reached.wait()
        site.opened.set()
        assert await asyncio.gather(*asking) == [REFUSED] * 10
        assert len(site.asked) == 1

    asyncio.run(story())


def test_one_who_gives_up_does_not_take_the_answer_from_the_others() -> None:
    async def story() -> None:
        site = SlowSite()
        robots = Robots(site, Clock())
        first, second = (asyncio.create_task(robots.permission(PAGE)) for _ in range(2))
        await site.reached.wait()
        first.cancel()
        await asyncio.wait([first])
        site.opened.set()
        assert await second == REFUSED
        assert first.cancelled()
        assert len(site.asked) == 1

    asyncio.run(story())


def test_a_fetch_that_breaks_is_heard_of_and_tried_again() -> None:
    async def story() -> None:
        answers = [RobotsAnswer(200)]

        async def fetch(_: str) -> RobotsAnswer:
            if answers:
                answers.pop()
                raise RuntimeError("the fetcher broke")
            return RobotsAnswer(404)

        robots = Robots(fetch, Clock())
        with pytest.raises(RuntimeError):
            await robots.permission(PAGE)
        assert await robots.permission(PAGE) == ALLOWED

    asyncio.run(story())


@pytest.mark.parametrize("begun", [True, False])
def test_what_one_event_loop_left_unanswered_another_asks_anew(begun: bool) -> None:
    robots: list[Robots] = []
    asking: set[asyncio.Task[Permission]] = set()

    async def leave() -> None:
        site = SlowSite()
        robots.append(Robots(site, Clock()))
        asking.add(asyncio.create_task(robots[0].permission(PAGE)))
        # One turn of the loop: the request is to be made, but not yet begun.
        await (site.reached.wait() if begun else asyncio.sleep(0))

    asyncio.run(leave())
    robots[0]._fetch = Site(404)
    assert asyncio.run(robots[0].permission(PAGE)) == ALLOWED
