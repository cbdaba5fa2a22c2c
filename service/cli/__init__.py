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

    modules: ClassVar[dict[str, tuple[str, str]]] = {
        "check-config": ("inspect:check_config", "Say what is wrong with the configuration."),
        "digest": ("work:digest_once", "Make digests now and send them."),
        "evaluate": ("judge:evaluate_model", "Say how good the model is on labelled items."),
        "explain": ("judge:explain_text", "Say why an item scores as it does."),
        "feeds": ("feeds:feeds", "Find, list, exchange and check feeds."),
        "group": ("group:group_lines", "Group JSON lines from standard input into stories."),
        "health": ("inspect:health", "Exit with 0 while the daemon does its work."),
        "label": ("label:label", "Say what is relevant, or be asked about it."),
        "models": ("models:models", "See the versions of the model, and choose one."),
        "outbox": ("outbox:outbox", "See what waits, failed or went out; send it again."),
        "poll": ("work:poll_once", "Poll the feeds that are due, once."),
        "retrain": ("models:retrain_model", "Learn from the labels, if that makes it better."),
        "run": ("work:run", "Run the daemon: poll, digest and deliver until SIGTERM."),
        "score": ("learn:score_lines", "Score JSON lines from standard input."),
        "stories": ("stories:list_stories", "List stories, newest first."),
        "story": ("stories:show_story", "Show one story with its timeline."),
        "topic": ("topic:topic", "Look after the topic: check its written items."),
        "train": ("learn:train_model", "Train on the seeds and the curriculum."),
    }

    def list_commands(self, _context: click.Context) -> list[str]:
        return sorted(self.modules)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in self.modules:
            return None
        module, attribute = self.modules[name][0].split(":")
        command: click.Command = getattr(import_module(f"service.cli.{module}"), attribute)
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in sorted(self.modules.items())])


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

    Exit codes: 0 done, 1 a problem that the message names, 2 wrong usage or configuration,
    3 a new model was refused.

    \b
    Example:
      caspian check-config && caspian run
    """
    context.obj = config_dir
