"""``caspian retrain`` and ``caspian models``: new versions, and which one is in use."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Table

from service.cli.app import EXIT_PROBLEM, EXIT_REFUSED, ending_well, settings_of
from service.clock import utc_now
from service.learning.manifest import Made, Manifest
from service.learning.replay import Changed, Replay
from service.learning.rule import Judgement
from service.learning.versions import Version
from service.storage.database import open_database
from service.wiring.models import reader_of, versions
from service.wiring.retraining import Outcome, compare_versions, retrain

# No markup: titles come from anywhere, and "[red]" in one is not ours to obey.
_console = Console(markup=False)
_progress = Console(stderr=True)
_OUTCOME = TypeAdapter(Outcome)
_VERSIONS = TypeAdapter(list[Version])
LISTED = 15


@click.command("retrain")
@click.option("--force", is_flag=True, help="Put it in use whatever speaks against it.")
@click.option("--dry-run", is_flag=True, help="Make, judge and keep it, but do not put it in use.")
@click.option("--all", "every", is_flag=True, help="List every alert that would change.")
@click.option("--json", "as_json", is_flag=True, help="Everything found out, as JSON.")
@click.pass_obj
@ending_well
def retrain_model(config_dir: Path, force: bool, dry_run: bool, every: bool, as_json: bool) -> None:
    """Learn from the labels: make a candidate, judge it, and use it if nothing speaks against it.

    Exit code 3 if it was refused; it is kept, and can be put in use by `caspian models promote`.

    \b
    Example:
      caspian retrain --dry-run
    """
    settings = settings_of(config_dir)
    database = open_database(settings)
    try:
        with _progress.status("retraining") as status:
            outcome = retrain(
                settings,
                database,
                utc_now(),
                force=force,
                promote=not dry_run,
                progress=lambda step: status.update(f"retraining: {step}"),
            )
    finally:
        database.close()
    if as_json:
        click.echo(_OUTCOME.dump_json(outcome, indent=2).decode())
    else:
        _show_judgement(outcome.judgement, every=every)
        click.echo(_verdict(outcome))
    if outcome.judgement.reasons and not outcome.promoted:
        sys.exit(EXIT_REFUSED)


@click.group("models")
def models() -> None:
    """See the versions of the model, compare them, and say which one is in use."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="The versions with their manifests as JSON.")
@click.pass_obj
@ending_well
def list_versions(config_dir: Path, as_json: bool) -> None:
    """List all versions, the shipped baseline first.

    \b
    Example:
      caspian models list
    """
    found = versions(settings_of(config_dir)).all()
    if as_json:
        click.echo(_VERSIONS.dump_json(found, indent=2).decode())
        return
    table = Table(title="Versions")
    for heading in ("", "version", "made", "labels", "average precision", "F1", "remarks"):
        table.add_column(heading)
    for version in found:
        table.add_row("in use" if version.in_use else "", version.name, *_row(version))
    _console.print(table)


@models.command("show")
@click.argument("version", default="")
@click.option("--json", "as_json", is_flag=True, help="The manifest as JSON.")
@click.pass_obj
@ending_well
def show_version(config_dir: Path, version: str, as_json: bool) -> None:
    """Show where a version came from and how it does; without a name, the one in use.

    \b
    Example:
      caspian models show baseline
    """
    known = versions(settings_of(config_dir))
    found = known.find(version or known.current)
    if as_json:
        click.echo(TypeAdapter(Version).dump_json(found, indent=2).decode())
    else:
        for name, value in _told(found):
            click.echo(f"{name}: {value}")
        for change in known.history():
            if change.version == found.name:
                click.echo(f"put in use {change.at:%Y-%m-%d %H:%M} UTC: {change.why}")
    if found.problem:
        sys.exit(EXIT_PROBLEM)


@models.command("diff")
@click.argument("before")
@click.argument("after")
@click.option("--all", "every", is_flag=True, help="List every alert that would change.")
@click.option("--json", "as_json", is_flag=True, help="The differences as JSON.")
@click.pass_obj
@ending_well
def diff_versions(config_dir: Path, before: str, after: str, every: bool, as_json: bool) -> None:
    """Say what would change from one version to another: figures, and alerts of the last weeks.

    \b
    Example:
      caspian models diff baseline russia-iran-1a2b3c4d5e
    """
    settings = settings_of(config_dir)
    database = open_database(settings)
    try:
        with _progress.status("replaying the last weeks"):
            found = compare_versions(settings, database, before, after, utc_now())
    finally:
        database.close()
    if as_json:
        click.echo(TypeAdapter(type(found)).dump_json(found, indent=2).decode())
        return
    for name, (old, new) in found.figures.items():
        click.echo(f"{name}: {old} -> {new}")
    for name in found.data_changed:
        click.echo(f"learnt from another {name}")
    _show_changes("newly alerts", found.replay.newly, every=every)
    _show_changes("alerts no more", found.replay.stopped, every=every)
    click.echo(_replayed(found.replay))


@models.command("promote")
@click.argument("version")
@click.pass_obj
@ending_well
def promote_version(config_dir: Path, version: str) -> None:
    """Put a version in use. The running daemon takes it up at its next poll.

    \b
    Example:
      caspian models promote russia-iran-1a2b3c4d5e
    """
    settings = settings_of(config_dir)
    known = versions(settings)
    found = known.find(version)
    # Made with another encoder or topic it would never serve.
    reader_of(settings)(found.folder)
    known.promote(found.name, "promoted by hand", utc_now())
    click.echo(f"in use: {found.name}")


@models.command("rollback")
@click.pass_obj
@ending_well
def roll_back(config_dir: Path) -> None:
    """Put the version in use that was in use before.

    \b
    Example:
      caspian models rollback
    """
    click.echo(f"in use: {versions(settings_of(config_dir)).rollback(utc_now())}")


def _verdict(outcome: Outcome) -> str:
    if outcome.promoted:
        how = "by force: " + "; ".join(outcome.made.reasons) if outcome.made.forced else "in use"
        return f"{outcome.version} is in use" + (f", {how}" if outcome.made.forced else "")
    if outcome.judgement.reasons:
        reasons = "".join(f"\n  - {reason}" for reason in outcome.judgement.reasons)
        hints = "".join(
            f"\n  look first at the labels of {line}" for line in _suspects(outcome.made)
        )
        return f"{outcome.version} is refused and kept:{reasons}{hints}"
    return f"{outcome.version} is kept; nothing speaks against it"


def _suspects(made: Made) -> list[str]:
    shares = sorted(made.suspects.items(), key=lambda pair: -pair[1])
    return [f"{reader}: {share:.0%} contradict all others" for reader, share in shares]


def _show_judgement(judgement: Judgement, *, every: bool) -> None:
    table = Table(title="The candidate beside the model in use")
    for heading in ("", "in use", "candidate", "difference, 95 %"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, figure in (
        ("benchmark, average precision", judgement.average_precision),
        ("benchmark, F1", judgement.f1),
    ):
        bounds = f"{figure.low:+.3f} to {figure.high:+.3f}"
        table.add_row(name, f"{figure.current:.3f}", f"{figure.candidate:.3f}", bounds)
    if judgement.written:
        before, after = judgement.written
        table.add_row("written items, average precision", f"{before:.3f}", f"{after:.3f}", "")
    if held := judgement.held_back:
        name = f"wrong of {held.texts} labels held back"
        table.add_row(name, str(held.wrong_current), str(held.wrong_candidate), "")
    _console.print(table)
    _show_changes("would newly alert", judgement.replay.newly, every=every)
    _show_changes("would alert no more", judgement.replay.stopped, every=every)
    click.echo(_replayed(judgement.replay))
    if judgement.doubtful:
        doubts = Table(title="Labels that contradict all else")
        for heading in ("reader", "label", "probability", "title"):
            doubts.add_column(heading)
        for doubt in judgement.doubtful[: None if every else LISTED]:
            said = "relevant" if doubt.label else "not relevant"
            doubts.add_row(", ".join(doubt.readers), said, f"{doubt.probability:.2f}", doubt.title)
        _console.print(doubts)


def _show_changes(title: str, changes: tuple[Changed, ...], *, every: bool) -> None:
    if not changes:
        return
    table = Table(title=f"{len(changes)} {title}")
    for heading in ("article", "before", "after", "title"):
        table.add_column(heading, justify="left" if heading == "title" else "right")
    for change in changes[: None if every else LISTED]:
        table.add_row(
            str(change.article_id), f"{change.before:.2f}", f"{change.after:.2f}", change.title
        )
    _console.print(table)
    if len(changes) > LISTED and not every:
        click.echo(f"and {len(changes) - LISTED} more: --all lists them")


def _replayed(replay: Replay) -> str:
    before, after = replay.alerts_before, replay.alerts_after
    return f"replayed: {replay.articles:,} articles, {before} alerts before, {after} after"


def _row(version: Version) -> list[str]:
    manifest = version.manifest
    if manifest is None:
        return ["", "", "", "", version.problem or ""]
    made = manifest.made
    figures = manifest.figures
    remarks = [version.problem] if version.problem else []
    if made and made.reasons:
        remarks.append("forced" if made.forced else "refused")
    return [
        f"{made.at:%Y-%m-%d %H:%M}" if made else "",
        str(made.labels) if made else "",
        f"{figures['average_precision']:.3f}",
        f"{figures['f1']:.3f}",
        "; ".join(remarks),
    ]


def _told(version: Version) -> list[tuple[str, object]]:
    manifest: Manifest | None = version.manifest
    told: list[tuple[str, object]] = [
        ("version", version.name),
        ("folder", version.folder),
        ("in use", "yes" if version.in_use else "no"),
    ]
    if version.problem:
        told.append(("problem", version.problem))
    if manifest is None:
        return told
    told += [
        ("id", manifest.version),
        ("topic", f"{manifest.topic} ({', '.join(manifest.topics)})"),
        ("encoder", manifest.encoder),
        ("threshold", manifest.threshold),
        *manifest.figures.items(),
        ("learnt from", f"{len(manifest.data)} files"),
        *((name, release) for name, release in manifest.software.items()),
    ]
    if made := manifest.made:
        told += [
            ("made", f"{made.at:%Y-%m-%d %H:%M} UTC from {made.labels} labels"),
            ("judged against", made.parent),
            *made.judged.items(),
            *(("spoke against it", reason) for reason in made.reasons),
            *(("labels in doubt", line) for line in _suspects(made)),
        ]
    return told
