"""robots.txt that are broken or meant to do harm: none raises, none takes long."""

from __future__ import annotations

import asyncio
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.polling.pages.robots import MAX_BODY, Permission, Robots, RobotsAnswer
from tests.make import Clock

PAGE = "https://outlet.example/world/1"
# No measure of speed, which is a twentieth of it: what takes so long has no bound.
STALLED_SECONDS = 5


def ask(text: str | bytes, url: str = PAGE) -> Permission:
    async def fetch(_: str) -> RobotsAnswer:
        return RobotsAnswer(200, text.encode() if isinstance(text, str) else text)

    return asyncio.run(Robots(fetch, Clock()).permission(url))


def test_a_long_file_is_read_up_to_its_limit_by_whole_lines() -> None:
    padding = "# long\n" * (MAX_BODY // 7 - 5)
    assert ask("User-agent: *\nDisallow: /world/\n" + padding * 2) == Permission(
        allowed=False, code="robots"
    )
    cut_off = f"User-agent: *\n{padding}".ljust(MAX_BODY - 12, "#") + "\nDisallow: /sport/"
    assert len(cut_off) > MAX_BODY
    assert ask(cut_off) == Permission(allowed=True)


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"User-agent: a{i}\n" for i in range(15_000)) + "Disallow: /a\n" * 18_000,
        "User-agent: *\n" + "Disallow: /*a*b$\n" * 30_000,
        "User-agent: *\nDisallow: /" + "*w" * 250_000,
        "User-agent: *\nDisallow: /" + "$" * 500_000,
        "User-agent" + " " * 500_000,
        "User-agent: *\nUser-agent: CaspianWatch\n" * 12_000,
        "\n" * 510_000,
    ],
    ids=["agents", "patterns", "stars", "ends", "spaces", "groups", "lines"],
)
def test_no_file_takes_long(text: str) -> None:
    start = process_time()
    ask(text, PAGE + "w" * 4_000)
    assert process_time() - start < STALLED_SECONDS


LINES = [
    "User-agent: *",
    "user agent",
    "Disallow:",
    "Allow: /%",
    "Crawl-delay: inf",
    "\ufeff",
    "\0",
]


@given(st.binary() | st.lists(st.sampled_from(LINES)).map("\n".join), st.text(max_size=30))
def test_no_bytes_raise(text: bytes | str, path: str) -> None:
    assert ask(text, f"https://outlet.example/{path}").code in (None, "robots")
