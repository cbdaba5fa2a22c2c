"""How the feeds are: what ``caspian feeds`` shows."""

from __future__ import annotations

import json
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
from service.records import Condition, FeedReport
from service.storage.database import open_database
from service.watch import reports

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
    finally:
        database.close()
    told = [(feed, *condition(feed, now)) for feed in known]
    if troubled:
        told = [row for row in told if row[1] not in (Condition.WELL, Condition.NEW)]
    told.sort(key=lambda row: (row[1] in (Condition.WELL, Condition.NEW), row[1], row[0].outlet))
    if as_json:
        rows = [asdict(feed) | {"condition": state, "why": why} for feed, state, why in told]
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
