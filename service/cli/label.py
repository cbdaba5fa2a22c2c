"""``caspian label``: what readers say of articles, one by one, from a queue, or as files."""

from __future__ import annotations

import getpass
import json
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import click
from rich.console import Console

from service.asking import Asker, answer
from service.cli.app import EXIT_PROBLEM, ending_well, settings_of
from service.cli.interview import Interview, Told
from service.cli.stored import find_article
from service.clock import utc_now
from service.errors import InputError
from service.learning.label_files import read_labels, write_labels
from service.learning.shelf import DatabaseShelf
from service.records import Origin, Said, Topic, Verdict
from service.relevance.encoder import ShelvedEncoder
from service.settings import Settings
from service.storage import labels
from service.storage.database import Database, open_database
from service.wiring.models import (
    encoder_of,
    load_neighbours,
    mention_finder,
    reader_of,
    topics_of,
    versions,
)

_console = Console(stderr=True)

reader_option = click.option(
    "--reader",
    envvar="CASPIAN_READER",
    default=getpass.getuser,
    show_default="your user name",
    show_envvar=True,
    help="Who labels.",
)


class _Labels(click.Group):
    """Takes what is no command of its own for an article to label."""

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = arguments[0] in self.commands or arguments[0].startswith("-")
        return super().resolve_command(context, arguments if known else ["give", *arguments])


@click.group("label", cls=_Labels)
def label() -> None:
    """Say of an article whether it is relevant, or be asked about the next ones.

    \b
    Example:
      caspian label https://outlet.example/gas-deal relevant --topic economic
    """


@dataclass(frozen=True, slots=True)
class _Open:
    settings: Settings
    database: Database


@contextmanager
def _opened(config_dir: Path) -> Iterator[_Open]:
    settings = settings_of(config_dir)
    database = open_database(settings)
    try:
        yield _Open(settings, database)
    finally:
        database.close()


@label.command("give")
@click.argument("article", metavar="ID|URL")
@click.argument("verdict", type=click.Choice(["relevant", "not-relevant", "unsure", "withdrawn"]))
@click.option("--topic", "chosen", multiple=True, help="A topic of a relevant article.")
@click.option("--copies/--no-copies", default=True, help="Its copies in the same story too.")
@reader_option
@click.option("--json", "as_json", is_flag=True, help="The labels as JSON lines.")
@click.pass_obj
@ending_well
def give(
    config_dir: Path,
    article: str,
    verdict: str,
    chosen: tuple[str, ...],
    copies: bool,
    reader: str,
    as_json: bool,
) -> None:
    """Label one stored article; what you said before stays in its history.

    \b
    Example:
      caspian label give 4711 not-relevant
    """
    with _opened(config_dir) as opened:
        topics = topics_of(opened.settings.topic)
        unknown = [topic for topic in chosen if topic not in topics]
        if unknown:
            raise click.BadParameter(f"no topic {unknown[0]!r}; there are: {', '.join(topics)}")
        said = Said(
            Verdict(verdict.replace("-", "_")),
            tuple(map(Topic, chosen)),
            reader,
            Origin.CLI,
            utc_now(),
        )
        found = find_article(opened.database, article)
        given = answer(opened.database, found, said, copies=copies)
    if as_json:
        click.echo(write_labels(given, as_csv=False), nl=False)
        return
    more = f", and {len(given) - 1} copies of it" if len(given) > 1 else ""
    click.echo(f"{verdict}: {found.title or found.summary}{more}")


@label.command("next")
@click.option("--count", type=click.IntRange(1, 200), default=20, show_default=True)
@reader_option
@click.pass_obj
@ending_well
def ask(config_dir: Path, count: int, reader: str) -> None:
    """Be asked about the articles whose labels teach most, key by key.

    \b
    Example:
      caspian label next --count 40
    """
    with _opened(config_dir) as opened:
        settings, database = opened.settings, opened.database
        with _console.status("choosing what to ask"):
            encoder = ShelvedEncoder(encoder_of(settings), DatabaseShelf(database, utc_now))
            model, _ = versions(settings).load(reader_of(settings, encoder))
            asker = Asker(
                database,
                mention_finder(settings.topic),
                encoder,
                model.threshold,
                timedelta(days=settings.learning.replay_days),
                random.SystemRandom().random,
            )
            questions = asker.questions(count, utc_now())
            neighbours = load_neighbours(settings)
        if not questions:
            click.echo("nothing to ask: no article of the last weeks is without a label")
            return
        interview = Interview(
            database=database,
            model=model,
            neighbours=neighbours,
            topics=topics_of(settings.topic),
            reader=reader,
            clock=utc_now,
            stopwatch=time.monotonic,
            key=click.getchar,
            console=Console(),
        )
        try:
            told = interview.run(questions)
        except OSError as error:
            raise InputError(f"no key can be read: {error}", mend="run it in a terminal") from error
    click.echo(_summary(told))


@label.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@reader_option
@click.option("--json", "as_json", is_flag=True, help="What was taken in, as JSON.")
@click.pass_obj
@ending_well
def take_in(config_dir: Path, file: Path, reader: str, as_json: bool) -> None:
    """Take in labels from FILE: CSV if it is called so, else JSON lines.

    A bad line is told with its number and does not stop the others; a file taken in twice changes
    nothing. Exit code 1 if there was a bad line.

    \b
    Example:
      caspian label import labels.csv
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read: {error}", mend="check the path") from error
    with _opened(config_dir) as opened:
        read = read_labels(
            text,
            is_csv=file.suffix.lower() == ".csv",
            topics=topics_of(opened.settings.topic),
            reader=reader,
            now=utc_now(),
        )
        with opened.database.transaction() as connection:
            new = labels.add(connection, read.dated)
            new += labels.add(connection, read.undated, dated=False)
    known = len(read.dated) + len(read.undated) - new
    if as_json:
        problems = [{"line": line, "problem": problem} for line, problem in read.problems]
        click.echo(json.dumps({"new": new, "known": known, "problems": problems}))
    else:
        for line, problem in read.problems:
            click.echo(f"{file}, line {line}: {problem}", err=True)
        click.echo(f"{new} labels taken in, {known} known already, {len(read.problems)} bad lines")
    if read.problems:
        sys.exit(EXIT_PROBLEM)


@label.command("export")
@click.option("--csv", "as_csv", is_flag=True, help="CSV instead of JSON lines.")
@click.option("--history", is_flag=True, help="All that was ever said, not only what holds.")
@click.pass_obj
@ending_well
def put_out(config_dir: Path, as_csv: bool, history: bool) -> None:
    """Write the labels to standard output, so that they can be taken in elsewhere.

    \b
    Example:
      caspian label export --csv > labels.csv
    """
    with _opened(config_dir) as opened, opened.database.reading() as connection:
        found = labels.history(connection) if history else labels.current(connection)
    click.echo(write_labels(found, as_csv=as_csv), nl=False)


def _summary(told: Told) -> str:
    counts = ", ".join(f"{count} {name}" for name, count in told.counts.items() if count)
    pace = f"; {told.seconds / told.labels:.1f} s a label" if told.labels else ""
    return f"{told.labels} labels ({counts or 'none'}){pace}"
