"""Fixtures: a temporary place to work, a clock, and the shipped classifier, loaded once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.relevance.classifier import Classifier
from service.settings import Settings, load
from service.storage.database import Database
from service.wiring.models import load_classifier
from tests.make import Clock
from tests.servers.http import HttpServer, http_server
from tests.servers.slack import SlackServer, slack_server

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the developer's reaches a test; commands may ask feeds on this machine."""
    for name in list(os.environ):
        if name.startswith("CASPIAN_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CASPIAN_POLLING_ALLOW_PRIVATE_ADDRESSES", "true")
    monkeypatch.setenv("CASPIAN_POLLING_HOST_GAP_SECONDS", "0")
    # To start a process takes half a second; tests that are about it ask for it.
    monkeypatch.setenv("CASPIAN_POLLING_PARSER_PROCESSES", "0")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path / 'test.sqlite'}")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def shipped_settings() -> Settings:
    """The configuration as shipped, with the models of the checkout."""
    settings = load(ROOT / "config", {})
    relevance = settings.relevance.model_copy(update={"models_dir": str(ROOT / "models")})
    stories = settings.stories.model_copy(update={"folder": str(ROOT / "models" / "stories")})
    return settings.model_copy(update={"relevance": relevance, "stories": stories})


@pytest.fixture
def settings(shipped_settings: Settings, tmp_path: Path) -> Settings:
    """The shipped configuration without feeds or subscriptions, with data in a temporary place.

    Feeds may be on this machine, and are asked without pauses.
    """
    polling = shipped_settings.polling.model_copy(
        update={
            "allow_private_addresses": True,
            "host_gap_seconds": 0.0,
            "parser_processes": 0,
        }
    )
    return shipped_settings.model_copy(
        update={
            "data_dir": str(tmp_path / "var"),
            "feeds": (),
            "subscriptions": (),
            "polling": polling,
        }
    )


@pytest.fixture(scope="session")
def classifier(shipped_settings: Settings) -> Classifier:
    nowhere = shipped_settings.model_copy(update={"data_dir": "/nonexistent"})
    return load_classifier(nowhere)


@pytest.fixture
def web() -> Iterator[HttpServer]:
    with http_server() as server:
        yield server


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with slack_server() as server:
        yield server


@pytest.fixture
def shared() -> Path:
    """The real feeds and labelled items beside the checkout; never part of the project."""
    if not SHARED.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"no {SHARED}: in CI no test may skip")
        pytest.skip(f"no {SHARED}: the real feeds and labelled items are not here")
    return SHARED
