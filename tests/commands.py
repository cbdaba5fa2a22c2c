"""Runs the ``caspian`` command inside the test's own process: quick, and seen by coverage."""

from __future__ import annotations

import logging
from pathlib import Path

import structlog
from click.testing import CliRunner, Result

from service.cli import main
from tests.conftest import ROOT


def run(config: Path, *arguments: str, stdin: str | bytes | None = None, **settings: str) -> Result:
    """Run a command; what it raises that is not an exit fails the test."""
    environment = {
        "CASPIAN_DATA_DIR": str(config.parent / "var"),
        "CASPIAN_RELEVANCE_MODELS_DIR": str(ROOT / "models"),
        "CASPIAN_STORIES_FOLDER": str(ROOT / "models" / "stories"),
    }
    named = {f"CASPIAN_{name}": value for name, value in settings.items()}
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        return CliRunner().invoke(
            main,
            ["--config", str(config), *arguments],
            input=stdin,
            env=environment | named,
            catch_exceptions=False,
        )
    finally:
        # Commands set up the process's logging; the next test must not find it so.
        root.handlers, root.level = handlers, level
        structlog.reset_defaults()
