"""``caspian outbox``: which digests wait, went out or were given up, and sending these again."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.cli.app import EXIT_PROBLEM, ending_well, settings_of
from service.clock import utc_now
from service.records import DeliveryId, DeliveryStatus, OutboxRow, Revival
from service.settings import Settings
from service.storage import outbox as deliveries
from service.storage.database import open_database

MOMENT = "%Y-%m-%d %H:%M"
LARGEST_ID = 2**31 - 1
# What stands behind a server's name may be what lets anybody post there.
_ADDRESS = re.compile(r"(\w+://)(?:[^\s/@]*@)?([^\s/?#]+)[/?#]\S*")

_COLOURS = {
    DeliveryStatus.PENDING: "yellow",
    DeliveryStatus.SENDING: "yellow",
    DeliveryStatus.SENT: "green",
    DeliveryStatus.DEAD: "red",
}


@click.group("outbox", invoke_without_command=True)
@click.option(
    "--status",
    "statuses",
    type=click.Choice([str(status) for status in DeliveryStatus]),
    multiple=True,
    help="Only these; may be given more than once.",
)
@click.option(
    "--days",
    type=click.FloatRange(min=0, min_open=True, max=36_500),
    default=30,
    show_default=True,
    help="Deliveries made in so many days.",
)
@click.option("--json", "as_json", is_flag=True, help="All that is known of each, as JSON.")
@click.pass_context
@ending_well
def outbox(
    context: click.Context, /, statuses: tuple[str, ...], days: float, *, as_json: bool
) -> None:
    """List deliveries, the newest first: what waits, was sent, or was given up and why.

    Times are in UTC. A delivery is one digest on its way to one channel.

    \b
    Example:
      caspian outbox --status dead --days 90
      caspian outbox resend 12
    """
    if context.invoked_subcommand is not None:
        return
    settings, now = settings_of(context.obj), utc_now()
    wanted = [DeliveryStatus(status) for status in statuses]
    database = open_database(settings)
    try:
        with database.reading() as connection:
            rows = deliveries.listed(connection, wanted, now - timedelta(days=days))
            counted = deliveries.count_by_status(connection)
    finally:
        database.close()
    secrets = _secrets(settings)
    if as_json:
        facts = [_facts(row, secrets) for row in rows]
        click.echo(json.dumps(facts, ensure_ascii=False, indent=2))
        return
    console = Console()
    if rows:
        console.print(_table(rows, now))
        for row in rows:
            if row.error_code:
                console.print(Text(f"delivery {row.id}: {_reason(row, secrets)}"))
    else:
        kind = " or ".join(statuses)
        click.echo(f"no {f'{kind} ' if kind else ''}delivery was made in {days:g} days")
    if dead := counted.get(DeliveryStatus.DEAD, 0):
        shown = sum(row.status is DeliveryStatus.DEAD for row in rows)
        click.echo(_summary(dead, dead - shown))


@outbox.command("resend")
@click.argument("ids", type=click.IntRange(1, LARGEST_ID), nargs=-1, metavar="[ID]...")
@click.option("--all-dead", is_flag=True, help="All that were given up, however old.")
@click.pass_obj
@ending_well
def resend(config_dir: Path, /, ids: tuple[int, ...], *, all_dead: bool) -> None:
    """Send deliveries that were given up again, as if never tried.

    They are due at once: the daemon sends them at its next turn, under the Message-ID they had.
    Exit code 1 if one is unknown or was not given up; the others are sent all the same.

    \b
    Example:
      caspian outbox resend 12 13
      caspian outbox resend --all-dead
    """
    settings, now = settings_of(config_dir), utc_now()
    if bool(ids) == all_dead:
        raise click.UsageError("give the ids of dead deliveries, or --all-dead")
    database = open_database(settings)
    try:
        with database.transaction() as connection:
            dead = deliveries.listed(connection, [DeliveryStatus.DEAD]) if all_dead else []
            chosen = [row.id for row in reversed(dead)] or [DeliveryId(id_) for id_ in ids]
            found = deliveries.revive(connection, chosen, now)
    finally:
        database.close()
    _tell(found)
    if found.refused or found.unknown:
        sys.exit(EXIT_PROBLEM)


def harmless(words: str, secrets: Iterable[str] = ()) -> str:
    """Return a server's words as they may be shown: one line, no control characters, no secrets.

    Of an address only the server's name is left, whether ``secrets`` has it or not: a webhook
    that was taken out of the configuration may still be good.
    """
    for secret in secrets:
        words = words.replace(secret, "(secret)")
    words = _ADDRESS.sub(r"\1\2/(hidden)", words)
    return " ".join("".join(one if one.isprintable() else " " for one in words).split())


def _secrets(settings: Settings) -> list[str]:
    """Return what no error may show, the longest first: one may be a part of another."""
    urls = [webhook.get_secret_value() for webhook in settings.slack.webhooks.values()]
    secrets = {*urls, *(urlsplit(url).path for url in urls)}
    secrets.add(settings.smtp.password.get_secret_value())
    return sorted((one for one in secrets if one.strip("/")), key=len, reverse=True)


def _reason(row: OutboxRow, secrets: Iterable[str]) -> str:
    return harmless(f"{row.error_code}: {row.error}" if row.error else f"{row.error_code}", secrets)


def _facts(row: OutboxRow, secrets: Iterable[str]) -> dict[str, object]:
    error = None if row.error is None else harmless(row.error, secrets)
    facts = asdict(row) | {"error": error}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in facts.items()
    }


def _table(rows: Sequence[OutboxRow], now: datetime) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("id", justify="right", no_wrap=True)
    table.add_column("made", no_wrap=True)
    table.add_column("for", overflow="fold")
    table.add_column("to", overflow="fold")
    table.add_column("status", no_wrap=True)
    table.add_column("tries", justify="right", no_wrap=True)
    table.add_column("next or sent", no_wrap=True)
    for row in rows:
        table.add_row(
            str(row.id),
            f"{row.created_at:{MOMENT}}",
            # As they are: names may hold what looks like markup.
            Text(harmless(row.subscription)),
            Text(harmless(row.channel)),
            f"[{_COLOURS[row.status]}]{row.status}[/]",
            str(row.attempts),
            _when(row, now),
        )
    return table


def _when(row: OutboxRow, now: datetime) -> str:
    moment = row.sent_at or row.next_attempt_at
    if moment is None:
        return ""
    is_due = row.status is DeliveryStatus.PENDING and moment <= now
    return "now" if is_due else f"{moment:{MOMENT}}"


def _summary(dead: int, hidden: int) -> str:
    older = f" ({hidden} not shown: caspian outbox --status dead --days 36500)" if hidden else ""
    return f"{dead} dead{older}: caspian outbox resend ID, or resend --all-dead"


def _tell(found: Revival) -> None:
    for row in found.revived:
        click.echo(f"delivery {row.id} to {harmless(row.channel)} waits to be sent again")
    for row in found.refused:
        click.echo(f"delivery {row.id} was left alone: {_why_not(row)}", err=True)
    for id_ in found.unknown:
        click.echo(f"there is no delivery {id_}\n  mend: caspian outbox lists them", err=True)
    if found.revived:
        click.echo(f"{len(found.revived)} due now: the daemon, or caspian digest --due, sends them")
    elif not (found.refused or found.unknown):
        click.echo("no delivery is dead")


def _why_not(row: OutboxRow) -> str:
    at = row.sent_at or row.next_attempt_at
    moment = f"{at:{MOMENT}}" if at else "a time unknown"
    match row.status:
        case DeliveryStatus.SENT:
            return f"it was sent at {moment}\n  mend: nothing is left to send"
        case DeliveryStatus.SENDING:
            return f"it is being sent\n  mend: wait; if that is lost, it is sent again at {moment}"
        case DeliveryStatus.PENDING:
            return f"it waits already, due {moment}\n  mend: let the daemon run: it sends it then"
        case DeliveryStatus.DEAD:
            return "it was given up only now\n  mend: ask again"
