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
from difflib import get_close_matches
from pathlib import Path

import click
from rich.console import Console

from service.asking import Asker, answer
from service.cli.app import EXIT_PROBLEM, ending_well, settings_of
from service.cli.interview import Interview, Told, counted, in_words
from service.cli.stored import find_article
from service.clock import utc_now
from service.errors import InputError
from service.learning.label_files import read_labels, write_labels
from service.learning.shelf import DatabaseShelf
from service.records import Origin, Said, Verdict
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
    show_default="your user name",
    show_envvar=True,
    help="Who labels.",
)


class _Labels(click.Group):
    """Takes what is no command of its own for an article to label."""

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = arguments[0]
        if name in self.commands or name.startswith("-"):
            return super().resolve_command(context, arguments)
        # Neither a number nor an address looks like a command.
        for command in get_close_matches(name.lower(), self.commands, n=1):
            context.fail(f"no command or article is called {name!r}; did you mean {command!r}?")
        return super().resolve_command(context, ["give", *arguments])


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


def _named(reader: str | None) -> str:
    """Return the reader's name: the one given, else that of the user who runs this.

    Raises:
        InputError: when there is none.

    """
    mend = "name yourself with --reader or CASPIAN_READER"
    try:
        name = (getpass.getuser() if reader is None else reader).strip()
    # No user has to have a name, in a container above all.
    except (KeyError, OSError, ImportError) as error:
        raise InputError("your user has no name to label under", mend=mend) from error
    if not name:
        raise InputError("a reader's name cannot be blank", mend=mend)
    return name


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
    reader: str | None,
    as_json: bool,
) -> None:
    """Label one stored article; what you said before stays in its history.

    \b
    Example:
      caspian label give 4711 not-relevant
    """
    name = _named(reader)
    with _opened(config_dir) as opened:
        topics = topics_of(opened.settings.topic)
        unknown = [topic for topic in chosen if topic not in topics]
        if unknown:
            raise click.BadParameter(f"no topic {unknown[0]!r}; there are: {', '.join(topics)}")
        said = Said(
            Verdict(verdict.replace("-", "_")),
            tuple(topic for topic in topics if topic in chosen),
            name,
            Origin.CLI,
            utc_now(),
        )
        found = find_article(opened.database, article)
        given = answer(opened.database, found, said, copies=copies)
    if as_json:
        click.echo(write_labels(given, as_csv=False), nl=False)
        return
    copied = counted(len(given) - 1, "copy", "copies")
    more = f", and {copied} of it" if len(given) > 1 else ""
    click.echo(f"{verdict}: {found.title or found.summary}{more}")


@label.command("next")
@click.option("--count", type=click.IntRange(1, 200), default=20, show_default=True)
@reader_option
@click.pass_obj
@ending_well
def ask(config_dir: Path, count: int, reader: str | None) -> None:
    """Be asked about the articles whose labels teach most, key by key.

    \b
    Example:
      caspian label next --count 40
    """
    name = _named(reader)
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
        if not questions:
            click.echo("nothing to ask: no article of the last weeks is without a label")
            return
        with _console.status("reading the written items"):
            neighbours = load_neighbours(settings)
        interview = Interview(
            database=database,
            model=model,
            neighbours=neighbours,
            topics=topics_of(settings.topic),
            reader=name,
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
def take_in(config_dir: Path, file: Path, reader: str | None, as_json: bool) -> None:
    """Take in labels from FILE: CSV if it is called so, else JSON lines.

    A bad line is told with its number and does not stop the others; a file taken in twice changes
    nothing. What is dated in the future counts as said now. Exit code 1 if there was a bad line.

    \b
    Example:
      caspian label import labels.csv
    """
    name, is_csv = _named(reader), file.suffix.lower() == ".csv"
    text = _text(file, is_csv=is_csv)
    with _opened(config_dir) as opened:
        read = read_labels(
            text,
            is_csv=is_csv,
            topics=topics_of(opened.settings.topic),
            reader=name,
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
        bad = counted(len(read.problems), "bad line")
        click.echo(f"{counted(new, 'label')} taken in, {known} known already, {bad}")
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


def _text(file: Path, *, is_csv: bool) -> str:
    """Return what the file holds.

    Raises:
        InputError: when it cannot be read.

    """
    try:
        # In a table a lone carriage return is part of a text: it must come as it is.
        with file.open(encoding="utf-8", newline="" if is_csv else None) as opened:
            return opened.read()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read: {error}", mend="check the path") from error


def _summary(told: Told) -> str:
    counts = ", ".join(f"{count} {in_words(name)}" for name, count in told.counts.items() if count)
    pace = f" ({counts}); {told.seconds / told.labels:.1f} s a label" if told.labels else ""
    return f"{counted(told.labels, 'label')}{pace}"
