"""Commands that do the service's work: ``run``, ``poll``, ``digest``."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from threading import Event

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from service.cli.app import EXIT_PROBLEM, ending_well, settings_of
from service.digests.render import render
from service.harvest import Harvest
from service.pipeline import Service, compose_for, deliver, digest, is_due, poll
from service.records import Channel, ChannelKind, Delivery, DeliveryId, DigestId
from service.sample import SUBSCRIPTION, sample_settings, serve
from service.scheduler import Daemon
from service.settings import Settings, Subscription
from service.storage import feeds
from service.subscribing import Subscriber
from service.telemetry import configure_logs
from service.watch import watched
from service.web.app import web_app
from service.web.server import WebServer
from service.wiring.running import build_service
from service.wiring.web import open_subscriber

# Progress and tables go where logs go; what a script reads goes to standard output.
_console = Console(stderr=True)


@click.command()
@click.option("--welcome", is_flag=True, help="Poll, show a first digest, then stay.")
@click.pass_obj
@ending_well
def run(config_dir: Path, welcome: bool) -> None:
    """Run the daemon: poll, digest and deliver until SIGTERM.

    \b
    Example:
      caspian run
    """
    settings = settings_of(config_dir)
    if welcome:
        # Which feeds failed is in the table; a line for each would bury the digest.
        configure_logs(settings.log.model_copy(update={"level": "error"}))
        _welcome(settings, config_dir / "sample")
    configure_logs(settings.log)
    service = build_service(settings)
    try:
        asyncio.run(_daemon(service))
    finally:
        service.close()


@click.command("poll")
@click.option("--all", "every", is_flag=True, help="All feeds, not only those that are due.")
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON.")
@click.pass_obj
@ending_well
def poll_once(config_dir: Path, every: bool, as_json: bool) -> None:
    """Poll the feeds that are due, once.

    \b
    Example:
      caspian poll --all
    """
    with _service(config_dir) as service:
        if every:
            with service.database.transaction() as connection:
                feeds.make_due(connection, service.clock())
        harvest = _poll_with_progress(service)
    if as_json:
        click.echo(json.dumps(asdict(harvest)))
    else:
        _console.print(_summary(harvest))


@click.command("digest")
@click.option("--subscription", help="Only this one; without it, every subscription.")
@click.option("--due", is_flag=True, help="Only digests whose time has come.")
@click.option("--dry-run", is_flag=True, help="Show what would be sent; send and store nothing.")
@click.option("--json", "as_json", is_flag=True, help="With --dry-run: the digests as JSON.")
@click.pass_obj
@ending_well
def digest_once(
    config_dir: Path, subscription: str | None, due: bool, dry_run: bool, as_json: bool
) -> None:
    """Make digests now and send them.

    \b
    Example:
      caspian digest --subscription morning --dry-run
    """
    with _service(config_dir) as service:
        known = [s.id for s in service.settings.subscriptions]
        if subscription is not None and subscription not in known:
            raise click.BadParameter(
                f"no subscription {subscription!r}; there are: {', '.join(known)}"
            )
        if dry_run:
            _preview(service, subscription, due=due, as_json=as_json)
            return
        issued = digest(service, at_once=not due, only=subscription)
        done = deliver(service, Event())
    _console.print(
        f"{len(issued)} digests made; {done.sent} deliveries sent, {done.failed} to be tried"
        f" again, {done.dead} given up"
    )
    if done.failed or done.dead:
        sys.exit(EXIT_PROBLEM)


async def _daemon(service: Service) -> None:
    subscriber = open_subscriber(service)
    server = None if subscriber is None else _server(subscriber, service.settings)
    if not await Daemon(service, server=server, subscriber=subscriber).run():
        # A thread hangs in a slow server's answer, and leaving the loop would wait for it. Its
        # work is taken up at the next start.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _server(subscriber: Subscriber, settings: Settings) -> WebServer:
    app = web_app(subscriber, max_push_bytes=settings.polling.max_body_bytes)
    return WebServer(app, settings.web.listen)


@contextmanager
def _service(config_dir: Path) -> Iterator[Service]:
    settings = settings_of(config_dir)
    configure_logs(settings.log)
    service = build_service(settings)
    try:
        yield service
    finally:
        service.close()


def _poll_with_progress(service: Service) -> Harvest:
    with _progress() as progress:
        task = progress.add_task("polling feeds", total=None)
        return asyncio.run(
            poll(service, Event(), lambda n, of: progress.update(task, completed=n, total=of))
        )


@contextmanager
def _progress() -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=_console) as progress:
        yield progress


def _summary(harvest: Harvest) -> Table:
    table = Table(title="Poll", show_header=False)
    table.add_column(justify="left")
    table.add_column(justify="right")
    for name, value in asdict(harvest).items():
        table.add_row(name, f"{value:,}")
    return table


def _preview(service: Service, only: str | None, *, due: bool, as_json: bool) -> None:
    now = service.clock()
    with service.database.reading() as connection:
        for subscription in service.settings.subscriptions:
            wanted = only in (None, subscription.id)
            if wanted and (not due or is_due(connection, subscription, now)):
                rendered = render(compose_for(service, connection, subscription, now))
                click.echo(json.dumps(rendered.document) if as_json else rendered.text)


def _welcome(settings: Settings, sample: Path) -> None:
    """Poll at once and show a digest; where no feed answers at all, that of the sample day."""
    service = build_service(settings)
    _console.print(_summary(_poll_with_progress(service)))
    with service.database.reading() as connection:
        health = watched(connection, service.clock())
    if health.failing == health.total > 0 and sample.is_dir():
        service.close()
        _console.print(
            f"\n[bold]None of the {health.total} feeds answered:[/bold] this machine seems to be"
            " offline.\nHere is a made-up sample day instead;"
            " the daemon goes on trying the feeds.\n"
        )
        with serve(sample / "feeds") as address:
            service = build_service(sample_settings(settings, sample, address), sample=True)
            _console.print(_summary(_poll_with_progress(service)))
    page = _show(service)
    service.close()
    _console.print(f"The digest as a page: {page.resolve().as_uri()}", soft_wrap=True)
    _console.print("The daemon goes on from here; Ctrl-C stops it.\n")


def _show(service: Service) -> Path:
    """Show the digest of the last hours here and as files; nobody else gets it, nothing is told."""
    name = SUBSCRIPTION if service.sample else "welcome"
    console, file = Channel(ChannelKind.CONSOLE), Channel(ChannelKind.FILE)
    subscription = Subscription(
        id=name, title=f"{service.settings.topic.topic.name} watch", channels=(console, file)
    )
    now = service.clock()
    with service.database.reading() as connection:
        made = compose_for(service, connection, subscription, now)
    for channel in subscription.channels:
        delivery = Delivery(DeliveryId(0), DigestId(0), channel, 1, name, now, made)
        service.senders[channel.kind].send(delivery, render(made))
    return Path(service.settings.data_dir) / "digests" / f"{name}-latest.html"
