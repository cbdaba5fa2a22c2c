"""``caspian feeds import`` and ``export``: lists of feeds as OPML, as feed readers have them."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import click
from rich.console import Console

from service.cli.app import ending_well, settings_of
from service.cli.feed_facts import EXAMPLES, Facts, fact_options, known, unnamed_languages
from service.cli.feed_tables import feeds_table
from service.errors import InputError
from service.polling.sources.opml import MAX_BYTES, Broken, Opml, Outline, read_opml, write_opml
from service.polling.sources.origin import country_of
from service.settings import FeedConfig, Settings
from service.settings.feed_file import (
    FEEDS_FILE,
    Fault,
    add_feeds,
    address_key,
    make_feed,
    write_whole,
)

_console = Console(markup=False, highlight=False)
SHOWN_FAULTS = 20
STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True)
class _Sorted:
    """An OPML file against what is listed: each outline is in one of the three."""

    new: tuple[tuple[Outline, FeedConfig], ...]
    listed: tuple[Outline, ...]
    broken: tuple[Broken, ...]


@click.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--skip-broken", is_flag=True, help="Leave out outlines that cannot be used.")
@click.option("--dry-run", is_flag=True, help="Only show what would be added.")
@click.option("--json", "as_json", is_flag=True, help="What is added as JSON.")
@fact_options
@click.pass_obj
@ending_well
def import_feeds(
    config_dir: Path,
    /,
    file: BinaryIO,
    skip_broken: bool,
    dry_run: bool,
    as_json: bool,
    **facts: object,
) -> None:
    """Add the feeds of an OPML file to feeds.toml: all of them, or none.

    The options say what the file leaves open. Feeds that are listed already are passed over.

    \b
    Example:
      caspian feeds import subscriptions.opml --language en --country GB
    """
    settings = settings_of(config_dir)
    name = getattr(file, "name", "the file")
    opml = read_opml(file.read(MAX_BYTES + 1))
    if isinstance(opml, Broken):
        raise InputError(
            f"{name}: line {opml.line}: {opml.message}", mend="export it anew from your reader"
        )
    found = _sorted(opml, settings, facts)
    if found.broken and not skip_broken:
        raise _refusal(name, found.broken)
    feeds = [feed for _, feed in found.new]
    if feeds and not dry_run:
        add_feeds(config_dir, os.environ, feeds)
    if as_json:
        click.echo(_as_json(found, dry_run=dry_run))
        return
    if feeds:
        rows = [(" / ".join(outline.folder), feed) for outline, feed in found.new]
        _console.print(feeds_table(rows, "Feeds to add" if dry_run else "Feeds added"))
    for fault in found.broken:
        click.echo(f"left out: line {fault.line}: {fault.message}", err=True)
    done = "would be added" if dry_run else f"added to {config_dir / FEEDS_FILE}"
    click.echo(f"{len(feeds)} {done}, {len(found.listed)} listed already")
    for language in unnamed_languages(settings, feeds):
        click.echo(f"note: topic.toml has no names in {language!r}; nothing is found in it yet")


@click.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), default=STANDARD_OUTPUT)
@click.pass_obj
@ending_well
def export_feeds(config_dir: Path, file: Path) -> None:
    """Write the listed feeds as OPML, grouped by language; to standard output without FILE.

    What is written can be imported again without loss.

    \b
    Example:
      caspian feeds export feeds.opml
    """
    settings = settings_of(config_dir)
    text = write_opml(settings.feeds, f"{settings.topic.topic.name} feeds")
    if str(file) == STANDARD_OUTPUT:
        click.echo(text.encode(), nl=False)
        return
    if file.exists() and file.suffix not in (".opml", ".xml"):
        raise InputError(
            f"{file} is there already, and may be something else",
            mend="name a new file, or one that ends in .opml",
        )
    write_whole(file, text.encode())
    click.echo(f"{len(settings.feeds)} feeds written to {file}", err=True)


def _sorted(opml: Opml, settings: Settings, given: Facts) -> _Sorted:
    seen = {address_key(feed.url) for feed in settings.feeds}
    new: list[tuple[Outline, FeedConfig]] = []
    listed, broken = [], list(opml.broken)
    for outline in opml.outlines:
        key = address_key(outline.url)
        feed = make_feed(_facts(outline, given))
        if key in seen:
            listed.append(outline)
        elif isinstance(feed, FeedConfig):
            new.append((outline, feed))
            seen.add(key)
        else:
            broken += [_broken(outline, fault) for fault in feed]
    return _Sorted(tuple(new), tuple(listed), tuple(sorted(broken, key=lambda one: one.line)))


def _facts(outline: Outline, given: Facts) -> Facts:
    """What the file says, over what the user says, over what can be guessed."""
    own = {key: getattr(outline, key) for key in EXAMPLES}
    return {
        "url": outline.url,
        "outlet": _host(outline.url),
        "country": country_of(outline.url),
        **known(given),
        **{key: value for key, value in own.items() if value},
    }


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _broken(outline: Outline, fault: Fault) -> Broken:
    option = f"; say --{fault.key}" if fault.message == "is missing" else ""
    name = outline.outlet or outline.url
    return Broken(outline.line, f"{name!r}: {fault.key} {fault.message}{option}")


def _refusal(name: str, broken: Sequence[Broken]) -> InputError:
    shown = [f"{name}: line {one.line}: {one.message}" for one in broken[:SHOWN_FAULTS]]
    if len(broken) > SHOWN_FAULTS:
        shown.append(f"and {len(broken) - SHOWN_FAULTS} more")
    return InputError(
        "\n".join(["nothing was added:", *shown]),
        mend="mend these lines, say with an option what is missing, or leave them out"
        " with --skip-broken",
    )


def _as_json(found: _Sorted, *, dry_run: bool) -> str:
    told = {
        "to_add" if dry_run else "added": [
            {"folder": list(outline.folder), **feed.model_dump(mode="json")}
            for outline, feed in found.new
        ],
        "listed_already": [outline.url for outline in found.listed],
        "left_out": [{"line": one.line, "message": one.message} for one in found.broken],
    }
    return json.dumps(told, ensure_ascii=False, indent=2)
