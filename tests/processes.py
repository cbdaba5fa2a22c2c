"""Runs the ``caspian`` command as a real process on a configuration of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]


def write_config(folder: Path, *feeds: str, channels: tuple[str, ...] = ("file",)) -> Path:
    """Write a configuration with the shipped topic, the given feeds, and one subscription."""
    config = folder / "config"
    config.mkdir()
    shutil.copy(ROOT / "config" / "topic.toml", config)
    shutil.copytree(ROOT / "config" / "sample", config / "sample")
    (config / "feeds.toml").write_text(
        "".join(
            f'[[feeds]]\nurl = "{url}"\noutlet = "Outlet {number}"\n'
            'language = "en"\ncountry = "GB"\n'
            for number, url in enumerate(feeds)
        )
    )
    quoted = ", ".join(f'"{channel}"' for channel in channels)
    (config / "subscriptions.toml").write_text(
        f'[[subscriptions]]\nid = "desk"\nchannels = [{quoted}]\n'
    )
    return config


def environment(folder: Path, **settings: str) -> dict[str, str]:
    return {
        **os.environ,
        "CASPIAN_DATA_DIR": str(folder / "var"),
        "CASPIAN_RELEVANCE_MODELS_DIR": str(ROOT / "models"),
        "CASPIAN_STORIES_FOLDER": str(ROOT / "models" / "stories"),
        **{f"CASPIAN_{name}": value for name, value in settings.items()},
    }


def caspian(config: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "service", "--config", str(config), *arguments],
        env=environment(config.parent, **settings),
        cwd=config.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def running(config: Path, *arguments: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command beside the test; killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "--config", str(config), *arguments],
        env=environment(config.parent, **settings),
        cwd=config.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_for_line(process: subprocess.Popen[str], words: str) -> str:
    """Read the process's log until a line has ``words``."""
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return line
    raise AssertionError(f"the process ended without saying {words!r}")
