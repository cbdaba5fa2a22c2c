"""The version that serves: it follows the pointer, and stays where the new one is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Event

import pytest
from sqlalchemy import select

from service.errors import ModelError
from service.harvest import Harvester
from service.learning.registry import read, write
from service.learning.served import Served
from service.learning.versions import BASELINE, CURRENT, Versions
from service.records import FeedState
from service.relevance.classifier import Classifier
from service.relevance.encoder import Vectors
from service.storage.database import Database
from service.storage.tables import loose_articles, scores
from service.wiring.models import encoder
from tests.learning.small_topic import FINDER, examples
from tests.learning.small_versions import (
    BREAKAGES,
    put,
    read_small,
    snapshot,
    trained,
    versions_in,
)
from tests.make import NOW, cadence, feed_state, fetched, rss, rss_item
from tests.storage.rows import list_feeds, rows_of

BREAK = pytest.mark.parametrize(("damage", "code"), BREAKAGES.values(), ids=BREAKAGES)
Damage = Callable[[Path], None]
ITEMS = [example.item for example in examples()]
FEED = "https://feed.example/rss"


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return versions_in(tmp_path)


def promote(versions: Versions, data: str) -> str:
    name = put(versions.own, data)
    versions.promote(name, "a test", NOW)
    return name


def point_to(versions: Versions, name: str) -> None:
    """Change the pointer by hand, past all that checks a version before it is put in use."""
    (versions.own / CURRENT).write_text(name + "\n", encoding="utf-8")


def code_of(served: Served) -> str | None:
    return served.problem.code if served.problem else None


# --- following the pointer -------------------------------------------------------------------


def test_what_is_in_use_at_the_start_serves(versions: Versions) -> None:
    baseline = read_small(versions.baseline)
    served = Served(versions, read_small)
    assert (served.version, served.threshold) == (baseline.version, baseline.threshold)
    assert (served.problem, served.score(ITEMS)) == (None, baseline.score(ITEMS))


def test_a_promoted_version_serves_after_a_restart_too(versions: Versions) -> None:
    name = promote(versions, "1")
    again = Versions(versions.own, versions.baseline)
    assert Served(again, read_small).version == name


def test_nothing_is_read_anew_while_the_pointer_stays(versions: Versions) -> None:
    reads = []

    def counted(folder: Path) -> Classifier:
        reads.append(folder)
        return read_small(folder)

    served = Served(versions, counted)
    assert [served.refresh() for _ in range(3)] == [False] * 3
    assert reads == [versions.baseline]


def test_a_running_one_switches_when_told_to_look_and_not_before(versions: Versions) -> None:
    served = Served(versions, read_small)
    before = served.version
    # Another threshold, so that something can be seen to change beside the name.
    stricter = replace(trained(), threshold=0.999)
    name = write(stricter, versions.own, "small", {"a": "1"}).version
    versions.promote(name, "a test", NOW)
    assert served.version == before
    assert (served.refresh(), served.version, served.threshold) == (True, name, 0.999)
    assert {score.model_version for score in served.score(ITEMS)} == {name}
    assert served.refresh() is False


def test_a_rollback_is_followed_like_any_change(versions: Versions) -> None:
    first = promote(versions, "1")
    served = Served(versions, read_small)
    second = promote(versions, "2")
    seen = [served.version]
    for change in (lambda: None, lambda: versions.rollback(NOW), lambda: versions.rollback(NOW)):
        change()
        assert served.refresh()
        seen.append(served.version)
    assert seen == [first, second, first, read_small(versions.baseline).version]


def test_the_baseline_is_read_and_never_written_to(versions: Versions) -> None:
    before = snapshot(versions.baseline)
    served = Served(versions, read_small)
    promote(versions, "1")
    served.refresh()
    versions.rollback(NOW)
    served.refresh()
    served.score(ITEMS)
    assert snapshot(versions.baseline) == before


# --- what is refused -------------------------------------------------------------------------


@BREAK
def test_a_version_that_is_refused_leaves_the_last_good_one_until_the_pointer_is_mended(
    versions: Versions, damage: Damage, code: str
) -> None:
    good = promote(versions, "1")
    served = Served(versions, read_small)
    whole = served.score(ITEMS)
    bad = promote(versions, "2")
    damage(versions.own / bad)
    for _ in range(2):
        assert (served.refresh(), code_of(served)) == (False, code)
        assert (served.version, served.score(ITEMS)) == (good, whole)
    point_to(versions, good)
    # The version serves already: nothing changes but that there is no problem any more.
    assert (served.refresh(), served.problem, served.version) == (False, None, good)
    third = promote(versions, "3")
    assert (served.refresh(), served.problem, served.version) == (True, None, third)


@BREAK
def test_a_refused_version_serves_once_it_is_restored(
    versions: Versions, damage: Damage, code: str
) -> None:
    served = Served(versions, read_small)
    name = promote(versions, "1")
    damage(versions.own / name)
    assert (served.refresh(), code_of(served)) == (False, code)
    # As from a backup: the pointer stays as it is.
    put(versions.own, "1")
    assert (served.refresh(), served.problem, served.version) == (True, None, name)


@BREAK
def test_a_start_on_a_refused_version_serves_the_last_good_one_and_recovers(
    versions: Versions, damage: Damage, code: str
) -> None:
    good, bad = promote(versions, "1"), promote(versions, "2")
    damage(versions.own / bad)
    served = Served(versions, read_small)
    assert (served.version, code_of(served)) == (good, code)
    assert (served.refresh(), code_of(served)) == (False, code)
    put(versions.own, "2")
    assert (served.refresh(), served.problem, served.version) == (True, None, bad)


def test_a_second_bad_version_is_complained_about_in_place_of_the_first(
    versions: Versions,
) -> None:
    served = Served(versions, read_small)
    for data, how, code in (("1", "newer", "model-format"), ("2", "missing", "model-missing")):
        BREAKAGES[how][0](versions.own / promote(versions, data))
        assert (served.refresh(), code_of(served)) == (False, code)


def test_a_version_of_another_encoder_is_refused_and_the_last_good_one_serves(
    versions: Versions,
) -> None:
    served = Served(versions, read_small)
    before = served.version
    foreign = replace(trained(), encoder="other-encoder")
    name = write(foreign, versions.own, "small", {"a": "1"}).version
    versions.promote(name, "a test", NOW)
    assert (served.refresh(), code_of(served), served.version) == (False, "model-encoder", before)


def test_what_serves_goes_on_when_every_file_is_gone(versions: Versions) -> None:
    name = promote(versions, "1")
    served = Served(versions, read_small)
    whole = served.score(ITEMS)
    for folder in (versions.own, versions.baseline):
        BREAKAGES["missing"][0](folder)
    assert (served.refresh(), code_of(served)) == (False, "model-missing")
    assert (served.version, served.score(ITEMS)) == (name, whole)


def test_without_any_model_there_is_no_start(versions: Versions) -> None:
    BREAKAGES["missing"][0](versions.baseline)
    with pytest.raises(ModelError, match=BASELINE):
        Served(versions, read_small)


# --- one version a call ----------------------------------------------------------------------


class Interrupting:
    """The encoder, which lets something happen in the midst of scoring."""

    def __init__(self, happens: Callable[[], object]) -> None:
        self.name, self.dimensions = encoder().name, encoder().dimensions
        self.happens = happens

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.happens()
        return encoder().encode(texts)


def switching(versions: Versions) -> tuple[Served, str, str]:
    """Return one that is switched in the midst of its first call, and both versions' names."""
    first, second = promote(versions, "1"), put(versions.own, "2")

    def switch() -> None:
        versions.promote(second, "a test", NOW)
        served.refresh()

    interrupting = Interrupting(switch)
    served = Served(versions, lambda folder: read(folder, FINDER, interrupting))
    return served, first, second


def test_a_call_that_is_being_answered_ends_with_the_version_it_began_with(
    versions: Versions,
) -> None:
    served, first, second = switching(versions)
    given = [{score.model_version for score in served.score(ITEMS)} for _ in range(2)]
    assert given == [{first}, {second}]


def harvester(database: Database, scorer: Served) -> Harvester:
    return Harvester(
        database=database,
        scorer=scorer,
        cadence=cadence(),
        chance=lambda: 0.5,
    )


def answers(database: Database, *titles: str) -> tuple[FeedState, ...]:
    ids = list_feeds(database, *(f"{FEED}/{n}" for n, _ in enumerate(titles)))
    return tuple(feed_state(f"{FEED}/{n}", id=id_) for n, id_ in enumerate(ids))


def test_all_scores_of_one_batch_carry_one_version_though_the_model_is_switched_meanwhile(
    versions: Versions, database: Database
) -> None:
    served, first, second = switching(versions)
    harvests = harvester(database, served)
    feeds = answers(database, "one", "two")
    given: list[set[str]] = []
    for half in (ITEMS[::2], ITEMS[1::2]):
        known = {row.article_id for row in rows_of(database, scores)}
        items = [rss_item(item.title, f"https://a.example/{item.title}") for item in half]
        parts = (items[:10], items[10:])
        batch = [
            (feed, fetched(rss(*part), feed.url)) for feed, part in zip(feeds, parts, strict=True)
        ]
        assert harvests.take_in(batch, NOW).new == 20
        rows = [row for row in rows_of(database, scores) if row.article_id not in known]
        assert len(rows) == 20
        given.append({row.model_version for row in rows})
    assert given == [{first}, {second}]


@pytest.mark.parametrize(("own", "least"), [((), 0.999), ((0.2, 0.5), 0.2)])
def test_what_is_grouped_follows_the_threshold_of_the_version_that_serves(
    versions: Versions, database: Database, own: tuple[float, ...], least: float
) -> None:
    served = Served(versions, read_small)
    harvests = replace(harvester(database, served), thresholds=own)
    assert harvests.floor == min([served.threshold, *own])
    stricter = replace(trained(), threshold=0.999)
    name = write(stricter, versions.own, "small", {"a": "1"}).version
    versions.promote(name, "a test", NOW)
    served.refresh()
    assert harvests.floor == least
    (feed,) = answers(database, "one")
    items = [rss_item(item.title, f"https://a.example/{n}") for n, item in enumerate(ITEMS)]
    harvests.take_in([(feed, fetched(rss(*items), feed.url))], NOW)
    with database.reading() as connection:
        probabilities = connection.execute(select(scores.c.probability)).scalars().all()
    wanted = [probability for probability in probabilities if probability >= least]
    assert len(rows_of(database, loose_articles)) == len(wanted)


def test_many_threads_may_score_while_others_promote_and_switch(versions: Versions) -> None:
    both = [promote(versions, "1"), promote(versions, "2")]
    served = Served(versions, read_small)
    served.score(ITEMS)
    begun, done = Barrier(4), Event()

    def keep_scoring() -> list[set[str]]:
        begun.wait()
        seen = []
        while not done.is_set():
            seen.append({score.model_version for score in served.score(ITEMS[:6])})
        return seen

    def keep_looking() -> list[set[str]]:
        begun.wait()
        while not done.is_set():
            served.refresh()
            assert served.problem is None
        return []

    with ThreadPoolExecutor(3) as pool:
        others = [pool.submit(work) for work in (keep_scoring, keep_scoring, keep_looking)]
        begun.wait()
        try:
            for number in range(20):
                versions.promote(both[number % 2], "a test", NOW)
        finally:
            done.set()
        seen = [one for other in others for one in other.result()]
    assert all(len(one) == 1 and one <= set(both) for one in seen)
    served.refresh()
    assert served.version == both[1]
