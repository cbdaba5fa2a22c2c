"""Commands that look: ``check-config``, ``health``. Quick to start."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from service.cli.app import EXIT_CONFIG, EXIT_PROBLEM, ending_well, settings_of
from service.errors import ConfigError
from service.health import silent_jobs
from service.learning.versions import BASELINE, Versions
from service.records import Finding, Level
from service.settings import check, load
from service.settings.lexicon_file import LEXICON, read_lexicon, stories_folder
from service.storage import heartbeats
from service.storage.database import open_database


@click.command("check-config")
@click.option("--json", "as_json", is_flag=True, help="Findings as JSON.")
@click.pass_obj
def check_config(config_dir: Path, as_json: bool) -> None:
    """Say what is wrong with the configuration, where, and how to mend it.

    \b
    Example:
      caspian --config /etc/caspian check-config
    """
    findings = check(config_dir, os.environ)
    if not any(finding.level is Level.ERROR for finding in findings):
        findings += _lexicon_findings(config_dir)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            click.echo(f"{finding.level}: {finding}")
        if not findings:
            click.echo(f"{config_dir}: nothing to mend")
    if any(finding.level is Level.ERROR for finding in findings):
        sys.exit(EXIT_CONFIG)


def _lexicon_findings(config_dir: Path) -> tuple[Finding, ...]:
    """Return what is wrong with the lexicon that a sound configuration names."""
    folder = stories_folder(load(config_dir, os.environ))
    try:
        read_lexicon(folder / LEXICON)
    except ConfigError as error:
        return error.findings
    return ()


@click.command()
@click.pass_obj
@ending_well
def health(config_dir: Path) -> None:
    """Exit with 0 if the daemon's jobs come through, with 1 and the reason if not.

    \b
    Example:
      caspian health || echo "look at the log"
    """
    settings = settings_of(config_dir)
    ticks = {
        "poll": timedelta(seconds=settings.polling.tick_seconds),
        "digest": timedelta(seconds=settings.digest.tick_seconds),
        "deliver": timedelta(seconds=settings.delivery.tick_seconds),
    }
    database = open_database(settings, migrate=False)
    with database.reading() as connection:
        beats = heartbeats.last_beats(connection)
    database.close()
    problems = silent_jobs(beats, datetime.now(UTC), ticks)
    baseline = Path(settings.relevance.models_dir) / BASELINE
    refused = Versions(Path(settings.data_dir) / "models", baseline).problem()
    if refused:
        problems.append(f"{refused}; the last good one serves")
    click.echo("; ".join(problems) or "healthy")
    if problems:
        sys.exit(EXIT_PROBLEM)
