"""Commands of the classifier: ``train`` and ``score``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import click
from rich.console import Console

from service.cli.app import EXIT_PROBLEM, ending_well, settings_of
from service.clock import utc_now
from service.learning.registry import write
from service.records import Item, Score
from service.relevance.classifier import Scorer
from service.settings import Settings
from service.wiring.models import load_classifier, train_classifier, versions
from service.wiring.stories import train_grouping

_console = Console(stderr=True)


@click.command("train")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="Write the model here instead of among your own versions, and do not put it in use.",
)
@click.option(
    "--stories",
    is_flag=True,
    help="Learn to group articles into stories instead; see stories.folder in settings.toml.",
)
@click.option("--json", "as_json", is_flag=True, help="The manifest, or the figures, as JSON.")
@click.pass_obj
@ending_well
def train_model(config_dir: Path, output: Path | None, stories: bool, as_json: bool) -> None:
    """Train on the seeds and the curriculum, and put the new model in use.

    \b
    Example:
      caspian train --json
    """
    settings = settings_of(config_dir)
    if stories:
        _train_grouping(settings, as_json=as_json)
        return
    topic = settings.topic.topic.id
    with _console.status("training") as status:
        trained, data = train_classifier(
            settings,
            lambda step: status.update(f"training: {step}"),
            keep_shipped=output == Path(settings.relevance.models_dir) / "baseline",
        )
    if output is None:
        known = versions(settings)
        manifest = write(trained, known.own, topic, data)
        known.promote(manifest.version, "trained on the written items alone", utc_now())
    else:
        manifest = write(trained, output.parent, topic, data, name=output.name)
    if as_json:
        click.echo(json.dumps(asdict(manifest), indent=2))
        return
    figures = trained.figures
    click.echo(
        f"{manifest.version}: {figures.examples} examples, {figures.relevant} relevant\n"
        f"held back in five folds: average precision {figures.average_precision:.3f}, "
        f"at threshold {trained.threshold:.3f} precision {figures.precision:.3f}, "
        f"recall {figures.recall:.3f}, F1 {figures.f1:.3f}"
    )


def _train_grouping(settings: Settings, *, as_json: bool) -> None:
    with _console.status("learning from the written stories"):
        path, figures = train_grouping(settings)
    if as_json:
        click.echo(json.dumps(asdict(figures), indent=2))
        return
    click.echo(
        f"{path}: {figures.articles} reports of {figures.stories} events\n"
        f"each set judged by what the others teach: pairs precision {figures.precision:.3f}, "
        f"recall {figures.recall:.3f}, F1 {figures.f1:.3f}; B-cubed F1 {figures.b_cubed:.3f}"
    )


@click.command("score")
@click.option(
    "--batch",
    type=click.IntRange(min=1),
    default=256,
    show_default=True,
    help="Lines scored at once.",
)
@click.pass_obj
@ending_well
def score_lines(config_dir: Path, batch: int) -> None:
    """Score JSON lines from standard input: id, title, summary, lang.

    One JSON line goes out for each that comes in, in order: id, probability, relevant, topics,
    evidence. A line that cannot be read gives one with "error" in it, and exit code 1.

    \b
    Example:
      echo '{"id": 1, "title": "Moscow and Tehran sign a gas deal"}' | caspian score --batch 1
    """
    scorer = load_classifier(settings_of(config_dir))
    failures = 0
    for results in _scored(sys.stdin.buffer, scorer, batch):
        for result in results:
            failures += "error" in result
            # Half a surrogate pair in an id goes out as a question mark, not as a traceback.
            click.echo(json.dumps(result, ensure_ascii=False).encode("utf-8", "replace"))
    if failures:
        click.echo(f"error [input]: {failures} lines could not be read", err=True)
        sys.exit(EXIT_PROBLEM)


Row = dict[str, object]


def _scored(lines: BinaryIO, scorer: Scorer, batch: int) -> Iterator[list[Row]]:
    numbered = enumerate(iter(lines.readline, b""), 1)
    while chunk := list(islice(numbered, batch)):
        read = [_read(number, line) for number, line in chunk]
        scores = iter(scorer.score([item for _, item in read if isinstance(item, Item)]))
        yield [
            _shown(id_, next(scores)) if isinstance(item, Item) else {"id": id_, "error": item}
            for id_, item in read
        ]


def _read(number: int, line: bytes) -> tuple[object, Item | str]:
    """Return the line's id and item, or its id and what is wrong with it."""
    try:
        row = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        return None, f"line {number}: not JSON: {error}"
    if not isinstance(row, dict):
        return None, f"line {number}: not an object"
    texts = [row.get(name) or "" for name in ("title", "summary", "lang")]
    if not all(isinstance(text, str) for text in texts):
        return row.get("id"), f"line {number}: title, summary and lang are texts"
    if not (texts[0] or texts[1]):
        return row.get("id"), f"line {number}: neither title nor summary"
    return row.get("id"), Item(*texts)


def _shown(id_: object, score: Score) -> Row:
    return {
        "id": id_,
        "probability": score.probability,
        "relevant": score.relevant,
        "topics": list(score.topics),
        "evidence": asdict(score.evidence),
    }
