"""How the feeds are: what ``caspian feeds`` shows."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from service.cli.app import settings_of
from service.clock import utc_now
from service.polling.condition import ago, condition, usual_day
from service.records import Condition, FeedReport
from service.storage.database import open_database
from service.watch import reports

_COLOURS = {
    Condition.WELL: "green",
    Condition.NEW: "dim",
    Condition.FAILING: "red",
    Condition.GONE: "red",
}


def show_health(config_dir: Path, *, as_json: bool, troubled: bool) -> None:
    """Print how each listed feed is, those in trouble first; ``troubled`` leaves out the rest."""
    settings, now = settings_of(config_dir), utc_now()
    database = open_database(settings, migrate=False)
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
    Console().print(_table(told, now))
    well = sum(state is Condition.WELL for _, state, _ in told)
    if not troubled:
        click.echo(f"{well} of {len(known)} feeds are well")


def _table(told: list[tuple[FeedReport, Condition, str]], now: datetime) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("feed", "", "state", "good", "next", "new today", "usual", "why"):
        right = heading in ("new today", "usual", "good", "next")
        table.add_column(heading, justify="right" if right else "left", no_wrap=heading != "why")
    for feed, state, why in told:
        today = sum(day.new for day in feed.days if day.day == now.date())
        usual = usual_day(feed.days, now.date())
        colour = _COLOURS.get(state, "yellow")
        table.add_row(
            feed.outlet,
            feed.language,
            f"[{colour}]{state}[/]",
            ago(feed.last_success_at, now) if feed.last_success_at else "never",
            "now" if feed.next_poll_at <= now else ago(now, feed.next_poll_at),
            str(today),
            "" if usual is None else f"{usual:.0f}",
            why,
        )
    return table
