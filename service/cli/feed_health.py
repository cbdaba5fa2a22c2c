"""How the feeds are: what ``caspian feeds`` shows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from service.cli.app import settings_of
from service.clock import utc_now
from service.polling.condition import ago, condition, usual_day
from service.records import Condition, FeedId, FeedReport, HubLease, LeaseState
from service.storage import hubs
from service.storage.database import open_database
from service.watch import reports

# What lets anybody call in a hub's name.
SECRETS = frozenset({"token", "callback", "secret"})
# Where the reasons fit beside the rest; on a narrower terminal they stand below.
WIDE = 110

_COLOURS = {
    Condition.WELL: "green",
    Condition.NEW: "dim",
    Condition.FAILING: "red",
    Condition.GONE: "red",
}


def show_health(config_dir: Path, *, as_json: bool, troubled: bool) -> None:
    """Print how each listed feed is, those in trouble first; ``troubled`` leaves out the rest."""
    settings, now = settings_of(config_dir), utc_now()
    database = open_database(settings)
    try:
        with database.reading() as connection:
            known = reports(connection, now)
            agreed = hubs.leases(connection)
    finally:
        database.close()
    told = [(feed, *condition(feed, now)) for feed in known]
    if troubled:
        told = [row for row in told if row[1] not in (Condition.WELL, Condition.NEW)]
    told.sort(key=lambda row: (row[1] in (Condition.WELL, Condition.NEW), row[1], row[0].outlet))
    leases = {one.feed_id: one for one in agreed if one.state is not LeaseState.LEAVING}
    if as_json:
        rows = [
            asdict(feed) | {"condition": state, "why": why, "push": _facts(leases.get(feed.id))}
            for feed, state, why in told
        ]
        click.echo(json.dumps(rows, ensure_ascii=False, default=str, indent=2))
        return
    if not known:
        click.echo("no feed was polled yet: `caspian run` or `caspian poll` lists them")
        return
    console = Console()
    is_wide = console.width >= WIDE
    console.print(_table(told, now, with_reasons=is_wide))
    for feed, _, why in told:
        if why and not is_wide:
            console.print(Text(f"{feed.outlet}: {why}"))
    well = sum(state is Condition.WELL for _, state, _ in told)
    if not troubled:
        click.echo(f"{well} of {len(known)} feeds are well")
    for line in _hubs_in_words(known, leases, now):
        console.print(Text(line))


def _facts(lease: HubLease | None) -> dict[str, object] | None:
    if lease is None:
        return None
    return {name: value for name, value in asdict(lease).items() if name not in SECRETS}


def _hubs_in_words(
    known: Iterable[FeedReport], leases: Mapping[FeedId, HubLease], now: datetime
) -> Iterable[str]:
    """Yield how many feeds are pushed, and why the others with a hub are not."""
    if not leases:
        return
    pushed = sum(lease.holds(now) for lease in leases.values())
    yield f"{pushed} of {len(leases)} feeds that name a hub are subscribed to there"
    for feed in known:
        lease = leases.get(feed.id)
        if lease is not None and not lease.holds(now) and lease.error:
            yield f"{feed.outlet}: not subscribed to at {lease.hub}: {lease.error}"


def _table(
    told: list[tuple[FeedReport, Condition, str]], now: datetime, *, with_reasons: bool
) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    headings = ("feed", "", "state", "good", "next", "today", "usual", "why")
    for heading in headings if with_reasons else headings[:-1]:
        right = heading in ("today", "usual", "good", "next")
        table.add_column(heading, justify="right" if right else "left", no_wrap=heading != "why")
    for feed, state, why in told:
        today = sum(day.new for day in feed.days if day.day == now.date())
        usual = usual_day(feed.days, now.date())
        colour = _COLOURS.get(state, "yellow")
        cells: list[RenderableType] = [
            # As it is: an outlet's name may hold what looks like markup.
            Text(feed.outlet),
            feed.language,
            f"[{colour}]{state}[/]",
            ago(feed.last_success_at, now) if feed.last_success_at else "never",
            "now" if feed.next_poll_at <= now else ago(now, feed.next_poll_at),
            str(today),
            "" if usual is None else f"{usual:.0f}",
        ]
        table.add_row(*cells, *([Text(why)] if with_reasons else []))
    return table
