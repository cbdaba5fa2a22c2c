"""What all commands share: the settings, and how errors end."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

from service.errors import CaspianError, ConfigError
from service.settings import Settings, load

P = ParamSpec("P")
R = TypeVar("R")

EXIT_PROBLEM = 1
EXIT_CONFIG = 2
EXIT_REFUSED = 3


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
