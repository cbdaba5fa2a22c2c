"""``caspian feeds``: adding, exchanging and checking, as a new user or a script meets them."""

from __future__ import annotations

import json
import os
import pty
from pathlib import Path
from subprocess import PIPE, Popen
from sys import executable
from typing import Any

import pytest
from click.testing import Result

from service.settings import FeedConfig, load
from tests import commands
from tests.make import rss, rss_item
from tests.processes import environment, write_config
from tests.servers.http import Answer, HttpServer

FEED = rss(
    rss_item("Moscow and Tehran sign an [red]agreement[/red]", "https://a.example/1"),
    rss_item("The minister of oil and the head of gas meet", "https://a.example/2"),
    title="Caspian Post",
)
OTHER = rss(rss_item("Oil is up", "https://a.example/3"), title="Oil")
PAGE = "".join(
    f'<link rel="alternate" type="application/rss+xml" href="/{name}">' for name in ("new", "oil")
)
FACTS = ("--language", "en", "--country", "IR")
OWN_NETWORK = {"POLLING_ALLOW_PRIVATE_ADDRESSES": "true", "POLLING_HOST_GAP_SECONDS": "0"}


@pytest.fixture
def config(tmp_path: Path, web: HttpServer) -> Path:
    documents = {"/listed": FEED.replace("a.example", "b.example"), "/new": FEED, "/oil": OTHER}
    web.routes.update({path: Answer(body=body.encode()) for path, body in documents.items()})
    web.routes["/"] = Answer(body=f"<html>{PAGE}</html>".encode())
    folder = write_config(tmp_path, web.url("/listed"))
    path = folder / "feeds.toml"
    path.write_text(f"# Ours.\n{path.read_text()}")
    return folder


def run(config: Path, *arguments: str, stdin: bytes | None = None) -> Result:
    return commands.run(config, "feeds", *arguments, stdin=stdin, **OWN_NETWORK)


def done(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def listed(config: Path) -> list[FeedConfig]:
    return list(load(config, {}).feeds)


def words(text: str) -> str:
    """The text without the breaks that the width of the terminal makes."""
    return " ".join(text.split())


# --- add -------------------------------------------------------------------------------------


def test_one_feed_is_shown_and_added_at_once(config: Path, web: HttpServer) -> None:
    before = (config / "feeds.toml").read_text()
    result = run(
        config, "add", web.url("/new"), *FACTS, "--affiliation", "state", "--weight", "1.2"
    )
    assert result.exit_code == 0
    assert "[red]agreement[/red]" in result.stdout
    assert "Caspian Post (en, IR, state, weight 1.2)" in result.stdout
    after = (config / "feeds.toml").read_text()
    assert after.startswith(before)
    feed = listed(config)[-1]
    assert feed == FeedConfig(
        url=web.url("/new"),
        outlet="Caspian Post",
        language="en",
        country="IR",
        affiliation="state",
        weight=1.2,
    )


def test_of_several_feeds_none_is_taken_until_it_is_said_which(
    config: Path, web: HttpServer
) -> None:
    before = (config / "feeds.toml").read_bytes()
    result = run(config, "add", web.url("/"), *FACTS)
    assert result.exit_code == 2
    assert "2 feeds were found: say which with --pick N" in result.stderr
    assert "Caspian Post" in result.stdout
    assert (config / "feeds.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("choice", "outlets"),
    [
        (("--pick", "2"), ["Oil"]),
        (("--pick", "2", "--pick", "1"), ["Oil", "Caspian Post"]),
        (("--all",), ["Caspian Post", "Oil"]),
    ],
)
def test_the_chosen_ones_are_added(
    choice: tuple[str, ...], outlets: list[str], config: Path, web: HttpServer
) -> None:
    assert run(config, "add", web.url("/"), *FACTS, *choice).exit_code == 0
    assert [feed.outlet for feed in listed(config)][1:] == outlets


def test_a_number_that_is_not_there_is_wrong_usage(config: Path, web: HttpServer) -> None:
    result = run(config, "add", web.url("/"), *FACTS, "--pick", "3")
    assert result.exit_code == 2
    assert "there are only 2 feeds" in result.stderr


def test_a_dry_run_shows_and_writes_nothing(config: Path, web: HttpServer) -> None:
    told = done(run(config, "add", web.url("/"), "--dry-run", "--json"))
    assert [(one["number"], one["title"], one["entries"]) for one in told["candidates"]] == [
        (1, "Caspian Post", 2),
        (2, "Oil", 1),
    ]
    assert told["added"] == []
    assert len(listed(config)) == 1


def test_what_is_missing_is_told_with_its_option_and_nothing_is_written(
    config: Path, web: HttpServer
) -> None:
    result = run(config, "add", web.url("/new"), "--language", "English")
    assert result.exit_code == 2
    assert "language String should match" in words(result.stderr)
    assert "country is missing; say --country, like --country IR" in words(result.stderr)
    assert len(listed(config)) == 1


def test_what_is_listed_already_is_said_and_changes_nothing(config: Path, web: HttpServer) -> None:
    result = run(config, "add", web.url("/listed/"))
    assert (result.exit_code, web.requests) == (0, [])
    assert result.stdout == f"listed already: Outlet 0, {web.url('/listed')}\n"


def test_a_listed_feed_among_those_found_is_passed_over(config: Path, web: HttpServer) -> None:
    page = PAGE.replace("/oil", "/listed")
    web.routes["/"] = Answer(body=f"<html>{page}</html>".encode())
    told = done(run(config, "add", web.url("/"), *FACTS, "--all", "--json"))
    assert [feed["url"] for feed in told["added"]] == [web.url("/new")]
    assert told["listed_already"] == [web.url("/listed")]
    assert [one["listed"] for one in told["candidates"]] == [False, True]


def test_a_site_without_feeds_is_told_with_all_that_was_tried(
    config: Path, web: HttpServer
) -> None:
    web.routes["/"] = Answer(body=b"<html></html>")
    result = run(config, "add", web.url("/"))
    assert result.exit_code == 1
    assert "error [input]: no feed was found; tried:" in result.stderr
    assert f"{web.url('/feed')}: the server answered 404" in result.stderr
    assert "mend: give the address of the feed itself" in result.stderr


def test_the_private_network_is_refused_as_everywhere(config: Path, web: HttpServer) -> None:
    strict = {"POLLING_ALLOW_PRIVATE_ADDRESSES": "false"}
    result = commands.run(config, "feeds", "add", web.url("/new"), *FACTS, **strict)
    assert result.exit_code == 1
    assert web.requests == []


def test_a_language_that_the_topic_does_not_know_is_noted(config: Path, web: HttpServer) -> None:
    result = run(config, "add", web.url("/oil"), "--language", "eo", "--country", "GB")
    assert "topic.toml has no names in 'eo'" in result.stdout


def test_on_a_terminal_one_is_asked_which_and_what_is_missing(
    config: Path, web: HttpServer
) -> None:
    ours, theirs = pty.openpty()
    with Popen(
        [executable, "-m", "service", "--config", str(config), "feeds", "add", web.url("/")],
        env=environment(config.parent, **OWN_NETWORK),
        stdin=theirs,
        stdout=PIPE,
        stderr=PIPE,
        text=True,
    ) as process:
        os.write(ours, b"9\n1, 2\nIran\nIR\nen\nGB\n")
        _, told = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 0, told
    assert 'Which? 1-2, several as "1 3", or "all"' in told
    assert "country is missing; like IR" in told
    assert "country String should match" in told
    added = [(feed.outlet, feed.country) for feed in listed(config)[1:]]
    assert added == [("Caspian Post", "IR"), ("Oil", "GB")]


# --- check -----------------------------------------------------------------------------------


def test_feeds_that_all_answer_end_with_0_and_nothing_is_stored(config: Path) -> None:
    result = run(config, "check")
    assert result.exit_code == 0
    assert "1 of 1 feeds answer; 0 fail" in result.stdout
    assert "asking feeds" in result.stderr
    assert not (config.parent / "var").exists()


def test_feeds_that_fail_are_told_in_words_and_end_with_1(config: Path, web: HttpServer) -> None:
    dated = FEED.replace("</item>", "<pubDate>Tue, 17 Mar 2026 10:00:00 +0330</pubDate></item>", 1)
    web.routes["/dated"] = Answer(body=dated.encode())
    web.routes["/moved"] = Answer(301, {"location": "/oil"})
    web.routes["/quiet"] = Answer(body=rss().encode())
    (config.parent / "more").mkdir()
    paths = ("/gone", "/dated", "/moved", "/quiet", "/")
    more = write_config(config.parent / "more", *map(web.url, paths))
    result = run(more, "check", "--json")
    assert result.exit_code == 1
    rows = {row["url"].removeprefix(web.address): row for row in json.loads(result.stdout)}
    assert {path: row["outcome"] for path, row in rows.items()} == {
        "/gone": "failed",
        "/dated": "ok",
        "/moved": "ok",
        "/quiet": "empty",
        "/": "failed",
    }
    assert (rows["/gone"]["code"], rows["/"]["code"]) == ("http-404", "html")
    assert (rows["/dated"]["entries"], rows["/dated"]["newest"]) == (2, "2026-03-17T06:30:00+00:00")
    assert rows["/moved"]["moved_to"] == web.url("/oil")
    shown = run(more, "check")
    # The table is as wide as the terminal, which here is none.
    assert "[http-404]" in shown.stdout
    assert "3 of 5 feeds answer; 2 fail" in shown.stdout
