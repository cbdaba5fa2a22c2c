"""Retraining on a whole topic of one's own, and once on the shipped one."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from service.errors import InputError
from service.learning.manifest import read_manifest
from service.learning.versions import BASELINE
from service.records import Item, Label
from service.settings import Settings
from service.storage.database import Database
from service.wiring.models import load_classifier, versions
from service.wiring.retraining import (
    Outcome,
    compare_versions,
    learn_by_itself,
    retrain,
)
from tests.conftest import ROOT
from tests.learning import small_topic
from tests.learning.topic_folder import (
    PLACES,
    TABLES,
    TopicFolder,
    choirs,
    give,
    label,
    publish,
    sound_labels,
    war_games,
    write_topic,
)
from tests.make import NOW

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def topic(tmp_path: Path) -> TopicFolder:
    return write_topic(tmp_path)


@dataclass(frozen=True)
class Learnt:
    settings: Settings
    outcome: Outcome
    told: tuple[str, ...]


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Learnt:
    """A topic whose readers agree: war games are nothing, choirs are news."""
    root = tmp_path_factory.mktemp("learnt")
    settings = write_topic(root).settings()
    database = Database(f"sqlite:///{root / 'test.sqlite'}")
    give(database, sound_labels())
    publish(database, *war_games(TABLES[6:]), *choirs(PLACES[6:]), "Rain in Ruritania")
    publish(database, *choirs(PLACES[:1]), at=NOW - timedelta(days=60))
    told: list[str] = []
    outcome = retrain(settings, database, NOW, progress=told.append)
    database.close()
    return Learnt(settings, outcome, tuple(told))


def turned_round() -> list[Label]:
    """Forty labels by one reader who says the opposite of what is written."""
    return [
        label(f"{example.item.title}, papers say", relevant=not example.label, reader="mallory")
        for example in small_topic.examples()
    ]


def _of_a_careless_reader() -> list[Label]:
    """Ten labels by one reader, the last four of them wrong."""
    said = [
        *((title, False) for title in war_games(TABLES[6:])),
        *((title, True) for title in choirs(PLACES[6:])[:2]),
        ("Freedonia delivers fighter jets and drones to Sylvania under defence pact", False),
        ("Trade deal of Sylvania with Freedonia lowers tariffs on gas", False),
        ("Tennis star born in Freedonia tells of a childhood in Sylvania", True),
        ("Museum night: a jury of Sylvania gives its prize to a talent of Freedonia", True),
    ]
    return [
        label(title, relevant=relevant, reader="mallory", at=NOW - timedelta(days=1))
        for title, relevant in said
    ]


# --- sound labels ------------------------------------------------------------------------------


def test_sound_labels_make_a_better_model_which_is_put_in_use(learnt: Learnt) -> None:
    outcome, known = learnt.outcome, versions(learnt.settings)
    assert (outcome.promoted, outcome.judgement.reasons) == (True, ())
    assert known.current == outcome.version
    assert [change.why for change in known.history()] == ["retrained"]
    held = outcome.judgement.held_back
    assert held is not None
    assert held.wrong_candidate < held.wrong_current
    model = load_classifier(learnt.settings)
    unseen = [Item(title, "", "en") for title in (*war_games(TABLES[6:]), *choirs(PLACES[6:]))]
    assert [score.relevant for score in model.score(unseen)] == [False] * 4 + [True] * 4


def test_the_manifest_says_from_how_many_labels_of_how_many_readers(learnt: Learnt) -> None:
    known = versions(learnt.settings)
    manifest = read_manifest(known.folder(learnt.outcome.version))
    baseline = read_manifest(known.folder(BASELINE))
    made = manifest.made
    assert made == learnt.outcome.made
    assert made is not None
    assert (made.at, made.parent) == (NOW, baseline.version)
    assert (made.labels, made.readers, made.reasons, made.forced) == (48, 2, (), False)
    assert made.judged["held_back"] == 15
    assert made.judged["alerts_new"] == made.judged["alerts_stopped"] == 4
    assert manifest.data.keys() - baseline.data.keys() == {"labels"}


def test_the_last_weeks_are_replayed_and_nothing_older(learnt: Learnt) -> None:
    replayed = learnt.outcome.judgement.replay
    assert (replayed.articles, replayed.alerts_before, replayed.alerts_after) == (9, 4, 4)
    assert {change.title for change in replayed.newly} == set(choirs(PLACES[6:]))
    assert {change.title for change in replayed.stopped} == set(war_games(TABLES[6:]))


def test_each_step_of_retraining_is_told(learnt: Learnt) -> None:
    assert len(learnt.told) >= 6
    assert any("benchmark" in step for step in learnt.told)
    assert any("replaying" in step for step in learnt.told)


def test_a_dry_run_keeps_the_candidate_and_leaves_the_model_in_use(
    topic: TopicFolder, database: Database
) -> None:
    give(database, sound_labels())
    outcome = retrain(topic.settings(), database, NOW, promote=False)
    known = versions(topic.settings())
    assert (outcome.promoted, outcome.judgement.reasons) == (False, ())
    assert (known.current, known.history()) == (BASELINE, [])
    assert known.find(outcome.version).problem is None
    forced = retrain(topic.settings(), database, NOW, promote=False, force=True)
    assert (forced.promoted, forced.made.forced, known.current) == (False, False, BASELINE)


def test_without_labels_the_candidate_is_no_other_than_the_model_in_use(
    topic: TopicFolder, database: Database
) -> None:
    outcome = retrain(topic.settings(), database, NOW)
    judgement = outcome.judgement
    assert (judgement.reasons, judgement.held_back, outcome.made.labels) == ((), None, 0)
    assert judgement.average_precision.current == judgement.average_precision.candidate
    assert judgement.written is not None
    assert judgement.written[0] == judgement.written[1]


def test_the_baseline_is_never_written_to(topic: TopicFolder, database: Database) -> None:
    files = {path: path.read_bytes() for path in topic.models.rglob("*") if path.is_file()}
    give(database, sound_labels())
    retrain(topic.settings(), database, NOW)
    assert {p: p.read_bytes() for p in topic.models.rglob("*") if p.is_file()} == files


def test_other_written_items_than_the_model_in_use_learnt_are_not_compared(
    topic: TopicFolder, database: Database
) -> None:
    path = topic.models / "curriculum" / "pastimes.jsonl"
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert retrain(topic.settings(), database, NOW).judgement.written is None


def test_a_topic_without_a_benchmark_is_an_input_error_that_names_the_folder(
    topic: TopicFolder, database: Database
) -> None:
    (topic.models / "benchmark" / "small.jsonl").unlink()
    with pytest.raises(InputError, match=str(topic.models / "benchmark")):
        retrain(topic.settings(), database, NOW)


# --- every reason, on whole data ---------------------------------------------------------------


def test_labels_that_say_the_opposite_of_what_is_written_are_refused_and_the_candidate_kept(
    topic: TopicFolder, database: Database
) -> None:
    give(database, turned_round())
    outcome = retrain(topic.settings(), database, NOW)
    known = versions(topic.settings())
    assert (outcome.promoted, known.current, known.history()) == (False, BASELINE, [])
    told = "; ".join(outcome.judgement.reasons)
    for part in ("average precision on the benchmark", "F1 on the benchmark", "written items"):
        assert part in told
    kept = known.find(outcome.version)
    assert kept.problem is None
    assert kept.manifest is not None
    assert kept.manifest.made is not None
    assert (kept.manifest.made.reasons, kept.manifest.made.forced) == (
        outcome.judgement.reasons,
        False,
    )


def test_a_careless_reader_is_named_and_no_other(topic: TopicFolder, database: Database) -> None:
    given = _of_a_careless_reader()
    give(database, [*sound_labels(), *given])
    outcome = retrain(topic.settings(), database, NOW)
    judgement = outcome.judgement
    assert judgement.reasons == (
        "40% of the labels of mallory contradict all else: look at them first",
    )
    assert judgement.careless == {"mallory": 0.4}
    assert {one.readers for one in judgement.doubtful} == {("mallory",)}
    assert {one.title for one in judgement.doubtful} == {one.item.title for one in given[6:]}
    assert (outcome.promoted, outcome.made.readers) == (False, 3)


def test_what_was_refused_is_put_in_use_by_force_and_both_records_say_so(
    topic: TopicFolder, database: Database
) -> None:
    give(database, turned_round())
    outcome = retrain(topic.settings(), database, NOW, force=True)
    known = versions(topic.settings())
    made = read_manifest(known.folder(outcome.version)).made
    assert (outcome.promoted, known.current) == (True, outcome.version)
    assert made is not None
    assert (made.forced, made.reasons) == (True, outcome.judgement.reasons)
    (change,) = known.history()
    assert change.why.startswith("forced: ")
    assert all(reason in change.why for reason in made.reasons)
    assert (known.rollback(LATER), known.current) == (BASELINE, BASELINE)


def test_force_leaves_no_mark_where_nothing_speaks_against_the_candidate(
    topic: TopicFolder, database: Database
) -> None:
    give(database, sound_labels())
    outcome = retrain(topic.settings(), database, NOW, force=True)
    assert (outcome.promoted, outcome.made.forced) == (True, False)
    assert [change.why for change in versions(topic.settings()).history()] == ["retrained"]


def test_labels_that_contradict_older_ones_alone_are_caught_where_they_are_held_back(
    topic: TopicFolder, database: Database
) -> None:
    older = [label(title, relevant=True, at=NOW - timedelta(days=9)) for title in choirs()[12:]]
    games = [label(t, relevant=False, at=NOW - timedelta(days=8)) for t in war_games()[:12]]
    newest = [label(title, relevant=False, reader="bob") for title in choirs()[:12]]
    give(database, [*older, *games, *newest])
    outcome = retrain(topic.settings(), database, NOW, promote=False)
    assert any("labels held back" in reason for reason in outcome.judgement.reasons)
    held = outcome.judgement.held_back
    assert held is not None
    assert held.wrong_candidate > held.wrong_current


def test_too_many_alerts_that_would_be_silenced_are_a_reason_though_the_labels_are_sound(
    topic: TopicFolder, database: Database
) -> None:
    give(database, sound_labels())
    publish(database, *war_games())
    outcome = retrain(topic.settings(), database, NOW)
    stopped = len(outcome.judgement.replay.stopped)
    before = outcome.judgement.replay.alerts_before
    assert outcome.judgement.reasons == (
        f"it would silence {stopped} of {before} alerts of the last weeks",
    )


def test_too_many_new_alerts_are_a_reason_though_the_labels_are_sound(
    topic: TopicFolder, database: Database
) -> None:
    give(database, sound_labels())
    publish(database, *choirs())
    outcome = retrain(topic.settings(), database, NOW)
    assert outcome.judgement.reasons == (
        "it would raise 28 alerts more than the 0 of the last weeks",
    )


# --- two versions beside one another -----------------------------------------------------------


def test_two_versions_are_compared_by_figures_data_and_alerts(
    learnt: Learnt, database: Database
) -> None:
    publish(database, *choirs(PLACES[6:]))
    name = learnt.outcome.version
    found = compare_versions(learnt.settings, database, BASELINE, name, NOW)
    assert found.data_changed == ("labels",)
    assert {"threshold", "average_precision", "f1"} <= found.figures.keys()
    assert len(found.replay.newly) == 4
    back = compare_versions(learnt.settings, database, name, BASELINE, NOW)
    assert back.figures == {key: (b, a) for key, (a, b) in found.figures.items()}
    assert {c.title for c in back.replay.stopped} == {c.title for c in found.replay.newly}


# --- learning by itself ------------------------------------------------------------------------


def test_learning_by_itself_waits_for_enough_labels(topic: TopicFolder, database: Database) -> None:
    settings = topic.settings(retrain_after=48)
    given = sound_labels()
    give(database, given[:-1])
    assert learn_by_itself(settings, database, NOW) is None
    assert versions(settings).names() == [BASELINE]
    give(database, given[-1:])
    outcome = learn_by_itself(settings, database, NOW)
    assert outcome is not None
    assert outcome.promoted
    assert learn_by_itself(settings, database, LATER) is None


def test_labels_are_counted_from_the_last_candidate_though_it_was_refused(
    topic: TopicFolder, database: Database
) -> None:
    settings = topic.settings(retrain_after=10)
    give(database, turned_round())
    refused = learn_by_itself(settings, database, NOW)
    assert refused is not None
    assert not refused.promoted
    assert learn_by_itself(settings, database, LATER) is None
    fresh = [replace(one, labelled_at=LATER) for one in sound_labels()[:10]]
    give(database, fresh[:9])
    assert learn_by_itself(settings, database, LATER) is None
    give(database, fresh[9:])
    assert learn_by_itself(settings, database, LATER) is not None


def test_learning_by_itself_can_be_turned_off(topic: TopicFolder, database: Database) -> None:
    give(database, sound_labels())
    assert learn_by_itself(topic.settings(retrain_after=0), database, NOW) is None
    assert versions(topic.settings()).names() == [BASELINE]


# --- the shipped topic -------------------------------------------------------------------------

PACTS = """
Moscow delivers the first batch of fighter jets to Tehran
Russia and Iran hold joint naval drills in the Caspian Sea
Moscow and Tehran sign a twenty-year strategic partnership treaty
Iran sends attack drones to Russia, officials in Kyiv say
Moscow agrees to build two more reactors for Tehran
Iran lets cargo trains of Russia pass toll free on the north-south corridor
Moscow and Tehran link their bank payment systems
Russia vetoes a resolution against Iran at the Security Council
Foreign ministers of Moscow and Tehran meet to discuss the nuclear talks
Iran buys air defence radars from Russia to replace those it lost
Moscow lends Tehran a billion dollars for the railway to Astara
Russia lifts its ban on apples and peppers from Iran
Tehran receives a spy satellite launched by Moscow
Intelligence chiefs of Russia and Iran agree to share data
Moscow and Tehran settle their oil trade in national currencies
Russia starts pumping gas to Iran through Azerbaijan
Leaders of Moscow and Tehran speak by telephone after the strikes
Iran sends ballistic missiles to Russia across the Caspian
Moscow recalls its ambassador from Tehran in a row over islands
Russia offers to take enriched uranium out of Iran
Tehran joins the free trade zone led by Moscow
Russia condemns the air strikes on Iran as unprovoked
Engineers of Moscow return to the power plant they build in Tehran
Russia trains pilots of Iran on its newest jets
Parliament of Tehran ratifies the defence pact with Moscow
Iran pays Russia in tankers of crude for its wheat
Russian dockers unload the first Iranian cement at Astrakhan
Russia and Iran agree visa-free travel for tour groups
Iranian drones assembled in Tatarstan leave the plant by rail
Moscow denies handing Tehran the plans of a missile
Tehran asks Moscow for spare parts for its ageing jets
Russian gas giant signs a memorandum with Iran's oil company
Iran's central bank opens an office in Moscow
Lavrov flies to Tehran with a message from Putin
Pezeshkian thanks Putin for his backing at the United Nations
Iran's parliament speaker lays a wreath in Moscow and signs a pact
Russian warship calls at Bandar Abbas for joint exercises
Tehran rebukes Russia over its words on three islands
Rosatom lays concrete for the third unit at Bushehr
Iranian generals tour a missile range in southern Russia
Russia buys turbines built in Iran under licence
Iran orders forty Russian helicopters for its rescue service
Sanctions hit shippers that move Iranian arms to Russia
Russian and Iranian ministers open the Astara freight terminal
Russia ships barley to Iran in return for pistachios
Iran opens its skies to Russian airlines after the ban
Moscow and Tehran to extradite one another's convicts
Iranian carmaker starts sales in Russia this autumn
Russia cancels part of Iran's debt for the power plant
Moscow offers to mediate between Tehran and its neighbours, Iran accepts
Iran and Russia agree to swap gas over the Caspian
Putin receives Iran's security chief in the Kremlin
Russian satellite firm builds four craft for Iran
Tehran confirms that it got Russian armoured cars
Russia and Iran test a link between their card systems
Iranian students learn to run Russian reactors at Obninsk
Russia sends firefighting planes to Iran at its request
Iran's navy chief visits Saint Petersburg for talks on ships
Russia and Iran clash over the price of gas in the new contract
Moscow freezes arms sale to Tehran after Israel's plea
Iran hands Russia a list of goods it wants without duty
Russian Railways takes over the electrification of an Iranian line
Iran and Russia sign up to fight cyber attacks together
Moscow says its experts will stay at Iran's nuclear plant
Tehran and Moscow plan a common stablecoin backed by gold
Iran lets Russian bombers refuel at Hamadan
Russia returns two ancient manuscripts as Iran signs a culture accord
"""


def _relevant_of_the_sample() -> list[str]:
    lines = (ROOT / "config" / "sample" / "expected.jsonl").read_text(encoding="utf-8").splitlines()
    return sorted({row["title"] for row in map(json.loads, lines) if row["label"] == 1})


def test_a_hundred_malicious_labels_cannot_spoil_the_shipped_model(
    settings: Settings, database: Database
) -> None:
    titles = [*PACTS.strip().splitlines(), *_relevant_of_the_sample()][:100]
    assert len(set(titles)) == 100
    shipped = load_classifier(settings).score([Item(title, "", "en") for title in titles])
    assert sum(score.relevant for score in shipped) > 85
    give(database, [label(title, relevant=False, reader="mallory") for title in titles])
    outcome = retrain(settings, database, NOW)
    judgement = outcome.judgement
    lost = judgement.average_precision.current - judgement.average_precision.candidate
    assert not outcome.promoted or lost <= 0.01
    assert judgement.suspects.keys() == outcome.made.suspects.keys() == {"mallory"}
