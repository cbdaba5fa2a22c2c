"""Commands about the topic itself: ``topic check``, ``topic new``."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from service.cli.app import EXIT_PROBLEM, ending_well, settings_of
from service.learning.checks import Fault, check_curriculum
from service.learning.corpus import SEED, TWIN, Example
from service.relevance.mentions import MentionFinder
from service.settings import Settings
from service.settings.new_topic import lay_out, slug
from service.wiring.models import (
    benchmark,
    curriculum_files,
    mention_finder,
    topics_of,
    training_data,
)

# No markup: titles come from anywhere, and "[red]" in one is not ours to obey.
_console = Console(markup=False)
SIDES = 2


@click.group("topic")
def topic() -> None:
    """Look after the topic: its names, seeds, written items and benchmark."""


@dataclass(frozen=True, slots=True)
class _Share:
    """How many written items of a language or kind there are, and how many reach the model."""

    name: str
    items: int
    relevant: int
    past_the_gate: int


@topic.command("check")
@click.option("--json", "as_json", is_flag=True, help="Faults and counts as JSON.")
@click.pass_obj
@ending_well
def check(config_dir: Path, as_json: bool) -> None:
    """Check the seeds, the curriculum and the benchmark, and count what is in them.

    Exit code 1 if there is a fault; each is named with its file, line and mend.

    \b
    Example:
      caspian topic check --json
    """
    settings = settings_of(config_dir)
    faults = _faults(settings)
    shares = [] if any("line" in fault.where for fault in faults) else _shares(settings)
    if as_json:
        told = {"faults": list(map(asdict, faults)), "counts": list(map(asdict, shares))}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        for fault in faults:
            click.echo(str(fault))
        if shares:
            _console.print(_table(shares))
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        click.echo(count if faults else "nothing to mend")
    if faults:
        sys.exit(EXIT_PROBLEM)


@topic.command("new")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--name", required=True, help="What it is about, for people.")
@click.option("--side", "sides", multiple=True, required=True, help="A side's English name; two.")
@click.option("--topic", "topics", multiple=True, default=("military", "economic", "diplomatic"))
@ending_well
def new(folder: Path, name: str, sides: tuple[str, ...], topics: tuple[str, ...]) -> None:
    """Lay out a folder for another pair of sides, with what there is to fill in.

    \b
    Example:
      caspian topic new serbia-china --name "Serbia-China" --side Serbia --side China
    """
    if len(sides) != SIDES or len({slug(side) for side in sides} - {""}) != SIDES:
        raise click.BadParameter("name two different sides, each with --side")
    for path in lay_out(folder, slug(name) or "topic", name, sides, topics):
        click.echo(f"written: {path}")
    click.echo(
        f"Fill these in, then: caspian --config {folder / 'config'} topic check, and train.\n"
        "docs/another-topic.md leads through it."
    )


def _faults(settings: Settings) -> list[Fault]:
    judged_on = [f"{entry.item.title} {entry.item.summary}" for entry in benchmark(settings)]
    return check_curriculum(curriculum_files(settings), topics_of(settings.topic), judged_on)


def _shares(settings: Settings) -> list[_Share]:
    examples, _ = training_data(settings)
    finder = mention_finder(settings.topic)
    written = [example for example in examples if example.kind not in (SEED, TWIN)]
    by_name: dict[str, list[Example]] = {"all": written}
    for example in written:
        by_name.setdefault(example.item.lang, []).append(example)
    kinds = Counter(example.kind for example in examples)
    for kind, _ in kinds.most_common():
        by_name[kind] = [example for example in examples if example.kind == kind]
    return [_share(name, members, finder) for name, members in by_name.items()]


def _share(name: str, examples: list[Example], finder: MentionFinder) -> _Share:
    texts = (f"{example.item.title}\n{example.item.summary}" for example in examples)
    past = sum(finder.names_both(text) for text in texts)
    return _Share(name, len(examples), sum(example.label for example in examples), past)


def _table(shares: list[_Share]) -> Table:
    table = Table(title="Written items, by language and kind")
    for heading in ("", "items", "relevant", "name both sides"):
        table.add_column(heading, justify="right" if heading else "left")
    for share in shares:
        table.add_row(share.name, *map(str, (share.items, share.relevant, share.past_the_gate)))
    return table
