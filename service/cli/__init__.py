"""The ``caspian`` command: thin; all parts come from ``wiring``."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import ClassVar

import click

from service import __version__

__all__ = ["main"]


class _LazyGroup(click.Group):
    """Imports a command's module when it is called: ``--help`` need not wait for scikit-learn."""

    modules: ClassVar[dict[str, str]] = {
        "check-config": "inspect:check_config",
        "digest": "work:digest_once",
        "health": "inspect:health",
        "poll": "work:poll_once",
        "run": "work:run",
        "score": "learn:score_lines",
        "train": "learn:train_model",
    }

    def list_commands(self, _context: click.Context) -> list[str]:
        return sorted(self.modules)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in self.modules:
            return None
        module, attribute = self.modules[name].split(":")
        command: click.Command = getattr(import_module(f"service.cli.{module}"), attribute)
        return command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
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
    """Find Russia-Iran developments in news feeds and send each story once.

    Exit codes: 0 done, 1 a problem that the message names, 2 wrong usage or configuration.

    \b
    Example:
      caspian check-config && caspian run
    """
    context.obj = config_dir
