"""``group``: puts reports from standard input into stories."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import click
from rich.console import Console
from rich.progress import Progress

from service.cli.app import EXIT_PROBLEM, ending_well, settings_of
from service.errors import InputError
from service.learning.story_sets import StoryReport, report_of
from service.wiring.stories import group_reports

_console = Console(stderr=True)


@click.command("group")
@click.pass_obj
@ending_well
def group_lines(config_dir: Path) -> None:
    """Group JSON lines from standard input: id, title, summary, lang, date, source.

    They come in the order of time. One JSON line goes out for each, in order: id, story. Those of
    one hour are taken together, and those that tell only their day by the day. Stories may yet
    merge or part as more comes in, so nothing goes out before the last line is in. A line that
    cannot be read gives one with "error" in it, and exit code 1.

    \b
    Example:
      caspian group < reports.jsonl > stories.jsonl
    """
    settings = settings_of(config_dir)
    read = list(_read(sys.stdin.buffer))
    reports = [one for _, one in read if isinstance(one, StoryReport)]
    with Progress(console=_console, transient=True) as shown:
        task = shown.add_task("reading", total=len(reports))
        found = group_reports(settings, reports, lambda done: shown.update(task, completed=done))
    stories = iter(found)
    failures = 0
    for id_, one in read:
        failures += isinstance(one, str)
        row = (
            {"id": id_, "error": one}
            if isinstance(one, str)
            else {"id": id_, "story": next(stories)}
        )
        click.echo(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace"))
    if failures:
        click.echo(f"error [input]: {failures} lines could not be read", err=True)
        sys.exit(EXIT_PROBLEM)


def _read(lines: BinaryIO) -> Iterator[tuple[object, StoryReport | str]]:
    """Yield each line's id and report, or its id and what is wrong with it."""
    for number, line in enumerate(iter(lines.readline, b""), 1):
        if not line.strip():
            continue
        where = f"line {number}"
        try:
            report = report_of(line, where)
        except InputError as error:
            yield None, error.message
        else:
            yield report.id, report
