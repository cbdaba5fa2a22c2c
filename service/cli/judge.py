"""Commands that judge: ``evaluate`` a model, ``explain`` a score."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from service.cli.app import ending_well, settings_of
from service.clock import utc_now
from service.learning.audit import FEWEST_ANSWERS, FEWEST_PER_SIDE, Audit
from service.learning.evaluate import FEWEST, Evaluation, Group, evaluate, read_labelled
from service.records import Interval, Item, Score
from service.relevance.neighbours import Neighbour
from service.settings import Settings
from service.wiring.models import benchmark, load_classifier, load_neighbours

# No markup: titles come from anywhere, and "[red]" in one is not ours to obey.
_console = Console(markup=False)


@click.command("evaluate")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="All figures as JSON.")
@click.option(
    "--plots",
    type=click.Path(path_type=Path, file_okay=False),
    help="Draw the precision-recall curve and the reliability into this folder, as SVG.",
)
@click.option(
    "--live",
    is_flag=True,
    help="Judge it on the articles of the last weeks, by labels of some drawn at random.",
)
@click.pass_obj
@ending_well
def evaluate_model(
    config_dir: Path, file: Path | None, as_json: bool, plots: Path | None, live: bool
) -> None:
    """Say how good the model in use is on labelled items: the public benchmark, or FILE.

    FILE holds JSON lines with title, summary, lang, label (0 or 1) and, if you like, topics and
    kind; lines marked unsure are left out. Intervals are 95 % bootstraps.

    \b
    Example:
      caspian evaluate my-labels.jsonl --plots var/plots
      caspian evaluate --live
    """
    settings = settings_of(config_dir)
    if live:
        if file or plots:
            raise click.UsageError("--live takes neither a file nor --plots")
        _live(settings, as_json=as_json)
        return
    labelled = read_labelled(file) if file else benchmark(settings)
    name = file.name if file else "public benchmark"
    evaluation = evaluate(labelled, load_classifier(settings))
    if plots:
        # Here, since drawing is slow to import and seldom asked for.
        from service.learning.plots import draw  # noqa: PLC0415

        for path in draw(evaluation, name, plots):
            click.echo(f"drawn: {path}", err=True)
    if as_json:
        click.echo(json.dumps(asdict(evaluation), ensure_ascii=False, indent=2))
        return
    _console.print(_summary(evaluation, name))
    _console.print(_table("By language", evaluation.languages))
    _console.print(_table("By kind", evaluation.kinds))
    _console.print(_table("By topic, relevant items", evaluation.topics))
    worst = Table(title="Surest mistakes", show_lines=False)
    for heading in ("probability", "answer", "lang", "kind", "text"):
        worst.add_column(heading)
    for m in evaluation.worst:
        answer = "relevant" if m.relevant else "not relevant"
        worst.add_row(f"{m.probability:.2f}", answer, m.lang, m.kind, m.text)
    _console.print(worst)


def _live(settings: Settings, *, as_json: bool) -> None:
    # Here, since the other ways to evaluate need no database.
    from service.measured import measure  # noqa: PLC0415
    from service.storage.database import open_database  # noqa: PLC0415

    threshold = load_classifier(settings).threshold
    window = timedelta(days=settings.learning.replay_days)
    database = open_database(settings)
    try:
        with database.reading() as connection:
            audited = measure(connection, utc_now() - window, threshold)
    finally:
        database.close()
    if as_json:
        click.echo(json.dumps(asdict(audited), indent=2))
        return
    _console.print(_cells(audited))
    for line in _live_lines(audited):
        click.echo(line)


def _cells(audited: Audit) -> Table:
    table = Table(title=f"The last weeks, threshold {audited.threshold:.3f}")
    for heading in ("probability", "articles", "read at random", "relevant"):
        table.add_column(heading, justify="right")
    for cell in audited.cells:
        span = f"{cell.low:.2f} - {min(cell.high, 1):.2f}"
        table.add_row(span, f"{cell.articles:,}", str(cell.answered), str(cell.relevant))
    return table


def _live_lines(audited: Audit) -> Iterator[str]:
    def told(interval: Interval) -> str:
        return f"{interval.value:.3f} ({interval.low:.3f} - {interval.high:.3f})"

    if audited.recall and audited.precision:
        yield f"recall, of articles that name both sides: {told(audited.recall)}"
        yield f"precision of the alerts: {told(audited.precision)}"
    else:
        yield (
            f"too few answers yet to tell recall and precision: {audited.answered} of"
            f" {FEWEST_ANSWERS}, {FEWEST_PER_SIDE} at least on each side of the threshold;"
            " `caspian label next` asks for them"
        )
    if audited.gate_missed:
        yield (
            f"relevant among those the gate stopped: {told(audited.gate_missed)}, "
            f"by {audited.gate_answered} read"
        )
    if audited.feedback:
        yield (
            f"relevant among {audited.feedback_answers} sent articles that readers judged:"
            f" {told(audited.feedback)}"
        )


@click.command("explain")
@click.argument("title", required=False)
@click.argument("summary", default="")
@click.option("--article", metavar="ID|URL", help="Explain a stored article instead of a text.")
@click.option("--json", "as_json", is_flag=True, help="The explanation as JSON.")
@click.pass_obj
@ending_well
def explain_text(
    config_dir: Path, title: str | None, summary: str, article: str | None, as_json: bool
) -> None:
    """Say why an item scores as it does: names, sentence, words, nearest written examples.

    \b
    Example:
      caspian explain "Moscow and Tehran sign a gas deal" "Gazprom will deliver from May."
      caspian explain --article https://outlet.example/2026/gas-deal
    """
    if (title is None) == (article is None):
        raise click.UsageError("give either a title or --article")
    settings = settings_of(config_dir)
    item = _stored_item(settings, article) if article else Item(title or "", summary)
    classifier = load_classifier(settings)
    (score,) = classifier.score([item])
    near = load_neighbours(settings).nearest(item, 3) if score.evidence.sentence else []
    if as_json:
        told = {
            "item": asdict(item),
            "score": asdict(score),
            "threshold": classifier.threshold,
            "nearest": [asdict(neighbour) for neighbour in near],
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for line in _told(item, score, classifier.threshold, near):
        click.echo(line)


def _stored_item(settings: Settings, reference: str) -> Item:
    from service.cli.stored import stored_article  # noqa: PLC0415 - no database for a text

    found = stored_article(settings, reference)
    return Item(found.title, found.summary, found.language)


def _told(item: Item, score: Score, threshold: float, near: Sequence[Neighbour]) -> Iterator[str]:
    verdict = "relevant" if score.relevant else "not relevant"
    topics = f", topics {', '.join(score.topics)}" if score.topics else ""
    yield f"{verdict}: probability {score.probability:.3f}, threshold {threshold:.3f}{topics}"
    yield f"title: {item.title or '(none)'}"
    names = ", ".join(f"{m.text} ({m.side}, {m.field})" for m in score.evidence.mentions)
    yield f"names: {names or 'neither side'}"
    if not score.evidence.sentence:
        yield "stopped by the gate: it does not name both sides, so nothing was weighed"
        return
    yield f"sentence: {score.evidence.sentence}"
    yield f"words: {_weighed(score.evidence.phrases) or 'none that it knows'}"
    yield f"signs: {_weighed(score.evidence.signs)}"
    yield "nearest written examples:"
    for neighbour in near:
        mark = "relevant" if neighbour.label else f"not relevant ({neighbour.kind})"
        yield f"  {neighbour.similarity:.2f} {mark}: {neighbour.text}"


def _weighed(pairs: Sequence[tuple[str, float]]) -> str:
    return ", ".join(f"{words} {weight:+.2f}" for words, weight in pairs)


def _summary(evaluation: Evaluation, name: str) -> Table:
    table = Table(title=f"{name}: {evaluation.items} items, {evaluation.relevant} relevant")
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_column("95 % interval", justify="right")
    for figure in ("average_precision", "precision", "recall", "f1"):
        interval = getattr(evaluation, figure)
        bounds = f"{interval.low:.3f} - {interval.high:.3f}"
        table.add_row(figure.replace("_", " "), f"{interval.value:.3f}", bounds)
    table.add_row("threshold", f"{evaluation.threshold:.3f}")
    table.add_row("calibration error", f"{evaluation.calibration_error:.3f}")
    table.add_row("topics, micro F1", f"{evaluation.topics_micro_f1:.3f}")
    return table


def _table(title: str, groups: tuple[Group, ...]) -> Table:
    table = Table(title=title)
    for heading in ("", "items", "relevant", "alerts", "correct", "F1"):
        table.add_column(heading, justify="right" if heading else "left")
    for group in groups:
        f1 = "" if group.f1 is None or group.items < FEWEST else f"{group.f1:.3f}"
        counts = (group.items, group.relevant, group.alerts, group.correct)
        table.add_row(group.name, *map(str, counts), f1)
    return table
