"""The command group, its common options, and how errors end."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

from service import __version__
from service.errors import CaspianError, ConfigError
from service.records import Finding
from service.settings import Settings, check, load

P = ParamSpec("P")
R = TypeVar("R")

EXIT_PROBLEM = 1
EXIT_CONFIG = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="caspian")
@click.option(
    "--config",
    "config_dir",
    type=click.Path(path_type=Path),
    default=Path("config"),
    envvar="CASPIAN_CONFIG",
    show_default=True,
    show_envvar=True,
    help="Folder with settings.toml, feeds.toml, subscriptions.toml and topic.toml.",
)
@click.pass_context
def main(context: click.Context, config_dir: Path) -> None:
    r"""Find Russia-Iran developments in news feeds and send each story once.

    Exit codes: 0 done, 1 a problem that the message names, 2 wrong usage or configuration.

    \b
    Example:
      caspian check-config && caspian run
    """
    context.obj = config_dir


def ending_well(command: Callable[P, R]) -> Callable[P, R]:
    """Turn the service's own errors into a message, a mend and an exit code."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except CaspianError as error:
            click.echo(f"error [{error.code}]: {error}", err=True)
            sys.exit(EXIT_CONFIG if isinstance(error, ConfigError) else EXIT_PROBLEM)

    return wrapped


def settings_of(config_dir: Path) -> Settings:
    """Return the settings, or end with all that is wrong with them."""
    return load(config_dir, os.environ)


@main.command("check-config")
@click.option("--json", "as_json", is_flag=True, help="Findings as JSON.")
@click.pass_obj
def check_config(config_dir: Path, as_json: bool) -> None:
    r"""Say what is wrong with the configuration, where, and how to mend it.

    \b
    Example:
      caspian --config /etc/caspian check-config
    """
    findings = check(config_dir, os.environ)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            click.echo(f"{finding.level}: {finding}")
        if not findings:
            click.echo(f"{config_dir}: nothing to mend")
    if any(_is_error(finding) for finding in findings):
        sys.exit(EXIT_CONFIG)


def _is_error(finding: Finding) -> bool:
    return finding.level == "error"
