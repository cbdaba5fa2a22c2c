"""A running service and the commands follow the version in use, and say when it is refused."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from service.health import LONGEST_SILENCE
from service.learning.manifest import read_manifest
from service.learning.versions import BASELINE, CURRENT, Versions
from service.pipeline import Service, digest, poll
from service.settings import Settings
from service.settings.schema import TopicConfig
from service.storage import heartbeats
from service.storage.database import Database
from service.storage.tables import articles, digests, scores
from service.wiring.models import load_classifier
from service.wiring.models import versions as versions_of
from service.wiring.running import build_service
from tests.commands import run
from tests.conftest import ROOT
from tests.learning.small_versions import BREAKAGES, put, snapshot
from tests.make import NOW, Clock, feed_config, rss, rss_item, subscription
from tests.processes import caspian, write_config
from tests.servers.http import Answer, HttpServer

TOPIC = TopicConfig.model_validate(
    {
        "topic": {"id": "small", "name": "Small", "topics": ["military", "economic"]},
        "sides": {
            side: {"name": side.title(), "country": {"en": [f"{side.title()}*"]}}
            for side in ("freedonia", "sylvania")
        },
    }
)
TITLES = (
    "Freedonia delivers twenty fighter jets to Sylvania",
    "Sylvania and Freedonia sign a gas deal for forty years",
    "Freedonia and Sylvania sign defence pact in spring",
)
BREAK = pytest.mark.parametrize("damage", [row[0] for row in BREAKAGES.values()], ids=BREAKAGES)
Damage = Callable[[Path], None]


@pytest.fixture
def small(settings: Settings, tmp_path: Path, web: HttpServer) -> Settings:
    """Settings of the small topic, with a baseline and one feed."""
    put(tmp_path / "models", "0", name=BASELINE)
    relevance = settings.relevance.model_copy(update={"models_dir": str(tmp_path / "models")})
    return settings.model_copy(
        update={
            "topic": TOPIC,
            "relevance": relevance,
            "feeds": (feed_config(web.url("/one")),),
            "subscriptions": (subscription(),),
        }
    )


@pytest.fixture
def build(small: Settings, clock: Clock) -> Iterator[Callable[[], Service]]:
    built: list[Service] = []

    def make() -> Service:
        service = build_service(small, clock=clock, chance=lambda: 0.5, console=io.StringIO())
        built.append(service)
        return service

    yield make
    for service in built:
        service.database.close()


@pytest.fixture
def versions(small: Settings) -> Versions:
    return versions_of(small)


def promote(versions: Versions, data: str) -> str:
    name = put(versions.own, data)
    versions.promote(name, "a test", NOW)
    return name


def read_next(service: Service, web: HttpServer, clock: Clock, title: str) -> str:
    """Let the feed carry one more article, poll, and return the version that scored it."""
    web.routes["/one"] = Answer(body=rss(rss_item(title, f"https://a.example/{title}")).encode())
    clock.advance(hours=2)
    harvest = asyncio.run(poll(service, Event()))
    assert (harvest.new, harvest.failed) == (1, 0)
    with service.database.reading() as connection:
        query = select(scores.c.model_version).join(articles).where(articles.c.title == title)
        return str(connection.execute(query).scalar_one())


# --- the running service ---------------------------------------------------------------------


def test_a_running_service_takes_a_promoted_version_up_at_its_next_poll_and_says_so(
    build: Callable[[], Service], versions: Versions, web: HttpServer, clock: Clock
) -> None:
    service = build()
    baseline = read_manifest(versions.baseline).version
    assert read_next(service, web, clock, TITLES[0]) == baseline
    name = promote(versions, "1")
    assert service.harvester.scorer.version == baseline
    with capture_logs() as logs:
        assert read_next(service, web, clock, TITLES[1]) == name
    assert [row for row in logs if row["event"] == "model changed"] == [
        {"event": "model changed", "version": name, "log_level": "info"}
    ]
    with capture_logs() as logs:
        assert read_next(service, web, clock, TITLES[2]) == name
    assert "model changed" not in [row["event"] for row in logs]


def test_a_promoted_version_survives_a_restart_of_the_service(
    build: Callable[[], Service], versions: Versions
) -> None:
    build().database.close()
    name = promote(versions, "1")
    assert build().harvester.scorer.version == name


def test_a_digest_names_the_version_that_serves(
    build: Callable[[], Service], versions: Versions, web: HttpServer, clock: Clock
) -> None:
    service = build()
    name = promote(versions, "1")
    read_next(service, web, clock, TITLES[0])
    assert digest(service, at_once=True)
    with service.database.reading() as connection:
        document = connection.execute(select(digests.c.document)).scalar_one()
    assert document["footer"]["model_version"] == name


@BREAK
def test_a_running_service_goes_on_with_the_last_good_version_and_recovers(
    build: Callable[[], Service], versions: Versions, web: HttpServer, clock: Clock, damage: Damage
) -> None:
    good = promote(versions, "1")
    service = build()
    damage(versions.own / promote(versions, "2"))
    assert read_next(service, web, clock, TITLES[0]) == good
    third = promote(versions, "3")
    assert read_next(service, web, clock, TITLES[1]) == third


@BREAK
def test_a_service_that_starts_on_a_broken_version_serves_the_last_good_one_and_logs_why(
    build: Callable[[], Service], versions: Versions, damage: Damage
) -> None:
    good, bad = promote(versions, "1"), promote(versions, "2")
    damage(versions.own / bad)
    with capture_logs() as logs:
        service = build()
    assert service.harvester.scorer.version == good
    (refused,) = [row for row in logs if row["event"] == "model refused"]
    assert (refused["log_level"], refused["serving"]) == ("error", good)
    assert bad in refused["why"]


def test_a_service_with_a_scorer_of_its_own_polls_without_anything_to_follow(
    build: Callable[[], Service], web: HttpServer, clock: Clock, versions: Versions
) -> None:
    service = replace(build(), refresh_model=lambda: False)
    promote(versions, "1")
    baseline = read_manifest(versions.baseline).version
    assert read_next(service, web, clock, TITLES[0]) == baseline


# --- commands that score ---------------------------------------------------------------------


def test_commands_score_with_the_version_in_use(small: Settings, versions: Versions) -> None:
    assert load_classifier(small).version == read_manifest(versions.baseline).version
    name = promote(versions, "1")
    assert load_classifier(small).version == name


def test_commands_have_the_threshold_of_the_settings_whatever_the_version(
    small: Settings, versions: Versions
) -> None:
    promote(versions, "1")
    relevance = small.relevance.model_copy(update={"threshold": 0.125})
    assert load_classifier(small.model_copy(update={"relevance": relevance})).threshold == 0.125


@BREAK
def test_commands_score_with_the_last_good_version_and_warn(
    small: Settings, versions: Versions, caplog: pytest.LogCaptureFixture, damage: Damage
) -> None:
    good, bad = promote(versions, "1"), promote(versions, "2")
    damage(versions.own / bad)
    with caplog.at_level(logging.WARNING):
        assert load_classifier(small).version == good
    (warning,) = caplog.messages
    assert warning.startswith("model refused: ")
    assert bad in warning
    assert warning.endswith(f"; {good} serves")


# --- health ----------------------------------------------------------------------------------


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose daemon's jobs have just come through."""
    config = write_config(tmp_path)
    (tmp_path / "var").mkdir()
    database = Database(f"sqlite:///{tmp_path / 'var' / 'caspian.sqlite'}")
    with database.transaction() as connection:
        for job in LONGEST_SILENCE:
            heartbeats.beat(connection, job, datetime.now(UTC))
    database.close()
    return config


def health(config: Path) -> tuple[int, str]:
    result = run(config, "health")
    return result.exit_code, result.stdout


@BREAK
def test_a_version_in_use_that_is_refused_is_not_healthy_until_the_pointer_is_mended(
    config: Path, tmp_path: Path, damage: Damage
) -> None:
    own = Versions(tmp_path / "var" / "models", ROOT / "models" / BASELINE)
    good = promote(own, "1")
    assert health(config) == (0, "healthy\n")
    bad = promote(own, "2")
    damage(own.own / bad)
    code, told = health(config)
    assert code == 1
    assert told.startswith(f"model {bad}: ")
    assert told.endswith("; the last good one serves\n")
    (own.own / CURRENT).write_text(good, encoding="utf-8")
    assert health(config) == (0, "healthy\n")


def test_a_broken_baseline_is_not_healthy_though_none_of_the_readers_own_is_in_use(
    config: Path, tmp_path: Path
) -> None:
    result = run(config, "health", RELEVANCE_MODELS_DIR=str(tmp_path / "nowhere"))
    assert result.exit_code == 1
    assert result.stdout.startswith("model baseline: no model at ")


def test_silent_jobs_and_a_refused_version_are_told_together(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    own = Versions(tmp_path / "var" / "models", ROOT / "models" / BASELINE)
    BREAKAGES["truncated"][0](own.own / promote(own, "1"))
    code, told = health(config)
    assert code == 1
    assert all(f"{job} has never run" in told for job in LONGEST_SILENCE)
    assert "is not the file its manifest was written for" in told


def test_health_does_not_wait_for_scikit_learn(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    result = caspian(config, "health")
    assert (result.returncode, result.stdout) == (0, "healthy\n")
    assert "service.cli" in result.stderr
    assert not [name for name in ("sklearn", "skops", "scipy") if name in result.stderr]


# --- promoting and rolling back by hand ------------------------------------------------------


def test_a_version_promoted_by_one_process_is_in_use_in_the_next_and_the_way_back_is_open(
    config: Path, tmp_path: Path
) -> None:
    shipped = snapshot(ROOT / "models" / BASELINE)
    name = put(tmp_path / "var" / "models", "1")
    assert run(config, "models", "promote", name[:-2]).stdout == f"in use: {name}\n"
    shown = caspian(config, "models", "show", "--json")
    assert (shown.returncode, json.loads(shown.stdout)["name"]) == (0, name)
    assert run(config, "models", "rollback").stdout == f"in use: {BASELINE}\n"
    again = run(config, "models", "rollback")
    assert again.exit_code == 1
    assert "error [input]: no version was in use before this one" in again.stderr
    assert snapshot(ROOT / "models" / BASELINE) == shipped


def test_a_beginning_that_several_versions_share_is_told_with_the_choice(
    config: Path, tmp_path: Path
) -> None:
    names = [put(tmp_path / "var" / "models", data) for data in ("1", "2")]
    result = run(config, "models", "promote", "small-")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "error [input]: 2 versions are called 'small-'" in result.stderr
    assert all(name in result.stderr for name in names)
    assert not (tmp_path / "var" / "models" / CURRENT).exists()


def test_a_version_that_cannot_be_read_is_not_promoted_by_hand(
    config: Path, tmp_path: Path
) -> None:
    name = put(tmp_path / "var" / "models", "1")
    BREAKAGES["tampered"][0](tmp_path / "var" / "models" / name)
    result = run(config, "models", "promote", name)
    assert result.exit_code == 1
    assert "error [model-altered]" in result.stderr
    assert run(config, "models", "show").stdout.startswith(f"version: {BASELINE}\n")
