"""``caspian feeds``: find the feeds of a site, list them, and see how those listed do."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from service.cli.app import EXIT_PROBLEM, ending_well, settings_of
from service.cli.feed_exchange import export_feeds, import_feeds
from service.cli.feed_facts import (
    Facts,
    fact_options,
    feed_or_ask,
    known,
    on_a_terminal,
    unnamed_languages,
)
from service.cli.feed_health import show_health
from service.cli.feed_tables import (
    FIRST_TITLES,
    candidates_table,
    misses_in_words,
    probes_table,
    remarks,
)
from service.clock import utc_now
from service.errors import InputError
from service.polling.sources.discover import Candidate, Discovery, discover
from service.polling.sources.origin import country_of
from service.polling.sources.probe import Outcome, Probe, newest_of, probe_all
from service.settings import FeedConfig, Settings
from service.settings.feed_file import FEEDS_FILE, add_feeds, address_key
from service.wiring.fetching import open_fetcher

# No markup: titles come from anywhere, and "[red]" in one is not ours to obey.
_console = Console(markup=False, highlight=False)
_beside = Console(stderr=True, markup=False, highlight=False)
LONGEST_OUTLET = 80


@click.group("feeds", invoke_without_command=True)
@click.option("--troubled", is_flag=True, help="Only feeds in trouble.")
@click.option("--json", "as_json", is_flag=True, help="All that is known of each, as JSON.")
@click.pass_context
@ending_well
def feeds(context: click.Context, *, troubled: bool, as_json: bool) -> None:
    """Say how the feeds are, or look after them: find, list, exchange and check them.

    \b
    Example:
      caspian feeds --troubled
      caspian feeds add example.org --country GB
    """
    if context.invoked_subcommand is None:
        show_health(context.obj, as_json=as_json, troubled=troubled)


feeds.add_command(import_feeds)
feeds.add_command(export_feeds)


# --- add -------------------------------------------------------------------------------------


@feeds.command("add")
@click.argument("url")
@click.option("--pick", "picks", type=click.IntRange(1), multiple=True, help="Take number N.")
@click.option("--all", "every", is_flag=True, help="Take all feeds found.")
@click.option("--dry-run", is_flag=True, help="Only show what is found.")
@click.option("--json", "as_json", is_flag=True, help="What is found and added as JSON.")
@fact_options
@click.pass_obj
@ending_well
def add(
    config_dir: Path,
    /,
    url: str,
    picks: tuple[int, ...],
    every: bool,
    dry_run: bool,
    as_json: bool,
    **facts: object,
) -> None:
    """Find the feeds of a site, show them, and add the chosen ones to feeds.toml.

    URL is a feed, or any page of the site. One feed found is taken at once. Exit code 1 if there
    is none, 2 if it must be said which.

    \b
    Example:
      caspian feeds add https://www.tehrantimes.com --country IR --affiliation state
    """
    settings = settings_of(config_dir)
    address = url if "://" in url else f"https://{url}"
    candidates: Sequence[Candidate] = ()
    chosen = [address]
    new: list[FeedConfig] = []
    if _listed(settings, address) is None:
        candidates = _found(settings, address)
        if not as_json:
            listed = {one.url for one in candidates if _listed(settings, one.url)}
            _console.print(candidates_table(candidates, listed, utc_now()))
        picked = [] if dry_run else _chosen(candidates, picks, every=every)
        chosen = [one.url for one in picked]
        fresh = [one for one in picked if _listed(settings, one.url) is None]
        new = [feed_or_ask(_facts(one, facts)) for one in fresh]
    if new:
        add_feeds(config_dir, os.environ, new)
    old = [feed for one in chosen if (feed := _listed(settings, one))]
    if as_json:
        click.echo(_as_json(settings, candidates, new, old))
        return
    for feed in old:
        click.echo(f"listed already: {feed.outlet}, {feed.url}")
    for feed in new:
        click.echo(f"added to {config_dir / FEEDS_FILE}: {_in_words(feed)}")
    for language in unnamed_languages(settings, new):
        click.echo(f"note: topic.toml has no names in {language!r}; nothing is found in it yet")


def _listed(settings: Settings, url: str) -> FeedConfig | None:
    key = address_key(url)
    return next((feed for feed in settings.feeds if address_key(feed.url) == key), None)


def _found(settings: Settings, url: str) -> Sequence[Candidate]:
    with _beside.status(f"looking for feeds at {url}"):
        found = asyncio.run(_search(settings, url))
    if found.candidates:
        return found.candidates
    raise InputError(
        f"no feed was found; tried:\n{misses_in_words(found.misses)}",
        mend="give the address of the feed itself, or of a page that links to it",
    )


async def _search(settings: Settings, url: str) -> Discovery:
    async with open_fetcher(settings) as fetcher:
        return await discover(url, fetcher.fetch)


def _chosen(
    candidates: Sequence[Candidate], picks: Sequence[int], *, every: bool
) -> Sequence[Candidate]:
    if every or (len(candidates) == 1 and not picks):
        return candidates
    if not picks and on_a_terminal():
        picks = _asked(len(candidates))
    if not picks:
        raise click.UsageError(
            f"{len(candidates)} feeds were found: say which with --pick N (more than once for"
            " several), or --all"
        )
    if max(picks) > len(candidates):
        raise click.UsageError(f"--pick {max(picks)}: there are only {len(candidates)} feeds")
    return [candidates[number - 1] for number in dict.fromkeys(picks)]


def _asked(count: int) -> list[int]:
    while True:
        answer = click.prompt(f'Which? 1-{count}, several as "1 3", or "all"', err=True).lower()
        if answer == "all":
            return list(range(1, count + 1))
        words = answer.replace(",", " ").split()
        if words and all(word.isdecimal() and 1 <= int(word) <= count for word in words):
            return [int(word) for word in words]


def _facts(candidate: Candidate, given: Facts) -> Facts:
    """What the feed says of itself, under what the user says of it."""
    return {
        "url": candidate.url,
        "outlet": candidate.feed.title[:LONGEST_OUTLET].strip() or None,
        "language": candidate.language,
        "country": country_of(candidate.url),
        **known(given),
    }


def _as_json(
    settings: Settings,
    candidates: Sequence[Candidate],
    new: Sequence[FeedConfig],
    old: Sequence[FeedConfig],
) -> str:
    now = utc_now()
    told = {
        "candidates": [
            {
                "number": number,
                "url": one.url,
                "found": one.found.value,
                "title": one.feed.title,
                "entries": len(one.feed.articles),
                "newest": _iso(newest_of(one.feed, now)),
                "language": one.language,
                "listed": _listed(settings, one.url) is not None,
                "titles": [article.title for article in one.feed.articles[:FIRST_TITLES]],
            }
            for number, one in enumerate(candidates, start=1)
        ],
        "added": [feed.model_dump(mode="json") for feed in new],
        "listed_already": [feed.url for feed in old],
    }
    return json.dumps(told, ensure_ascii=False, indent=2)


def _in_words(feed: FeedConfig) -> str:
    facts = f"{feed.language}, {feed.country}, {feed.affiliation.value}, weight {feed.weight:g}"
    return f"{feed.outlet} ({facts}), {feed.url}"


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


# --- check -----------------------------------------------------------------------------------


@feeds.command("check")
@click.option("--json", "as_json", is_flag=True, help="One object for each feed.")
@click.pass_obj
@ending_well
def check(config_dir: Path, as_json: bool) -> None:
    """Ask every listed feed once and say how it does; nothing is stored.

    Exit code 1 if a feed fails.

    \b
    Example:
      caspian feeds check --json
    """
    settings = settings_of(config_dir)
    now = utc_now()
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=_beside
    ) as progress:
        task = progress.add_task("asking feeds", total=len(settings.feeds))
        probes = asyncio.run(_probes(settings, now, lambda _: progress.advance(task)))
    failed = sum(probe.outcome is Outcome.FAILED for probe in probes)
    if as_json:
        rows = [_probe_as_json(probe) for probe in probes]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        _console.print(probes_table(probes, now))
        click.echo(f"{len(probes) - failed} of {len(probes)} feeds answer; {failed} fail")
    if failed:
        sys.exit(EXIT_PROBLEM)


async def _probes(
    settings: Settings, now: datetime, tell: Callable[[Probe], None]
) -> Sequence[Probe]:
    async with open_fetcher(settings) as fetcher:
        at_once = settings.polling.concurrency
        return await probe_all(settings.feeds, fetcher.fetch, now, at_once, tell)


def _probe_as_json(probe: Probe) -> dict[str, object]:
    return {
        "url": probe.feed.url,
        "outlet": probe.feed.outlet,
        "outcome": probe.outcome.value,
        "entries": probe.entries,
        "skipped": probe.skipped,
        "newest": _iso(probe.newest),
        "moved_to": probe.moved_to,
        "code": probe.failure.code if probe.failure else None,
        "remarks": remarks(probe),
    }
