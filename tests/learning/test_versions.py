"""Which version is in use: the pointer, its history, the way back, and what is refused."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier, Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import InputError, ModelError
from service.learning.manifest import read_manifest
from service.learning.versions import BASELINE, CURRENT, HISTORY, Versions
from tests.learning.small_versions import BREAKAGES, put, read_small, snapshot, versions_in
from tests.make import NOW

BREAK = pytest.mark.parametrize(("damage", "code"), BREAKAGES.values(), ids=BREAKAGES)
Damage = Callable[[Path], None]


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return versions_in(tmp_path)


def promoted(versions: Versions, *data: str) -> list[str]:
    """Write versions and put them in use, one after the other."""
    names = [put(versions.own, each) for each in data]
    for name in names:
        versions.promote(name, "a test", NOW)
    return names


def served(versions: Versions) -> tuple[str, str | None]:
    """Return the version that loads, and the code of what was wrong with the one in use."""
    model, problem = versions.load(read_small)
    return model.version, problem.code if problem else None


# --- which is in use -------------------------------------------------------------------------


def test_without_a_version_of_the_readers_own_the_baseline_is_in_use(versions: Versions) -> None:
    assert (versions.current, versions.names(), versions.history()) == (BASELINE, [BASELINE], [])
    assert served(versions) == (read_manifest(versions.baseline).version, None)


def test_a_version_that_is_written_is_not_in_use_until_it_is_promoted(versions: Versions) -> None:
    name = put(versions.own, "1")
    assert versions.current == BASELINE
    versions.promote(name, "better", NOW)
    assert (versions.current, served(versions)) == (name, (name, None))


def test_a_promoted_version_survives_a_restart(versions: Versions) -> None:
    *_, last = promoted(versions, "1", "2")
    again = Versions(versions.own, versions.baseline)
    assert (again.current, served(again)) == (last, (last, None))
    assert again.history() == versions.history()


def test_every_promotion_is_kept_with_its_time_and_reason(versions: Versions) -> None:
    name = put(versions.own, "1")
    versions.promote(name, "Besseres Modell, лучше", NOW)
    versions.promote(BASELINE, "two\nlines", NOW + timedelta(hours=1))
    told = [(change.at, change.version, change.why) for change in versions.history()]
    assert told == [
        (NOW, name, "Besseres Modell, лучше"),
        (NOW + timedelta(hours=1), BASELINE, "two\nlines"),
    ]


def test_nothing_lies_about_but_versions_pointer_and_history(versions: Versions) -> None:
    names = promoted(versions, "1", "2")
    assert {path.name for path in versions.own.iterdir()} == {CURRENT, HISTORY, *names}


@pytest.mark.parametrize("pointer", ["", "\n", " \t\n"])
def test_an_empty_pointer_means_the_baseline(versions: Versions, pointer: str) -> None:
    promoted(versions, "1")
    (versions.own / CURRENT).write_text(pointer, encoding="utf-8")
    assert versions.current == BASELINE


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_pointer_may_be_written_by_hand(versions: Versions, end: str) -> None:
    first, _ = promoted(versions, "1", "2")
    (versions.own / CURRENT).write_bytes(first.encode() + end.encode())
    assert served(versions) == (first, None)


def test_the_baseline_is_never_written_to(versions: Versions) -> None:
    before = snapshot(versions.baseline)
    first, second = promoted(versions, "1", "2")
    versions.promote(BASELINE, "back", NOW)
    versions.promote(second, "and forth", NOW)
    versions.rollback(NOW)
    BREAKAGES["tampered"][0](versions.own / first)
    versions.load(read_small)
    versions.all()
    versions.problem()
    assert snapshot(versions.baseline) == before


# --- what is refused -------------------------------------------------------------------------


@BREAK
def test_a_version_that_cannot_be_read_is_not_put_in_use(
    versions: Versions, damage: Damage, code: str
) -> None:
    first, second = promoted(versions, "1"), put(versions.own, "2")
    damage(versions.own / second)
    before = versions.history()
    with pytest.raises(ModelError) as refused:
        versions.promote(second, "in vain", NOW)
    assert refused.value.code == code
    assert ([versions.current], versions.history()) == (first, before)


def test_a_version_that_never_was_is_not_put_in_use(versions: Versions) -> None:
    with pytest.raises(ModelError, match="no model at"):
        versions.promote("small-unheard-of", "in vain", NOW)
    assert not versions.own.exists()


@BREAK
def test_where_the_one_in_use_is_broken_the_one_before_it_serves(
    versions: Versions, damage: Damage, code: str
) -> None:
    first, second = promoted(versions, "1", "2")
    damage(versions.own / second)
    assert served(versions) == (first, code)
    assert versions.current == second


@BREAK
def test_where_all_of_the_readers_own_are_broken_the_baseline_serves(
    versions: Versions, damage: Damage, code: str
) -> None:
    baseline, _ = served(versions)
    for name in promoted(versions, "1", "2"):
        damage(versions.own / name)
    assert served(versions) == (baseline, code)


def test_where_nothing_can_be_read_the_one_in_use_is_complained_about(versions: Versions) -> None:
    (name,) = promoted(versions, "1")
    BREAKAGES["newer"][0](versions.own / name)
    BREAKAGES["missing"][0](versions.baseline)
    with pytest.raises(ModelError, match=name) as refused:
        versions.load(read_small)
    assert refused.value.code == "model-format"


def test_a_pointer_to_a_version_that_is_gone_leaves_the_last_one_serving(
    versions: Versions,
) -> None:
    (name,) = promoted(versions, "1")
    (versions.own / CURRENT).write_text("gone\n", encoding="utf-8")
    assert served(versions) == (name, "model-missing")


@pytest.mark.parametrize("pointer", ["no\0name", "x" * 300, "../own", "/dev/null", ".", "a\nb"])
def test_a_pointer_that_is_no_name_leaves_the_last_one_serving(
    versions: Versions, pointer: str
) -> None:
    (name,) = promoted(versions, "1")
    (versions.own / CURRENT).write_text(pointer, encoding="utf-8")
    version, code = served(versions)
    assert version == name
    assert code in ("model-missing", "model-format")
    assert versions.problem()


@BREAK
def test_what_is_wrong_with_the_one_in_use_is_told_until_the_pointer_is_mended(
    versions: Versions, damage: Damage, code: str
) -> None:
    first, second = promoted(versions, "1", "2")
    assert versions.problem() is None
    damage(versions.own / second)
    assert (versions.problem() or "").startswith(f"model {second}: ")
    (versions.own / CURRENT).write_text(first, encoding="utf-8")
    assert versions.problem() is None


def test_what_is_wrong_with_another_version_is_no_problem(versions: Versions) -> None:
    first, _ = promoted(versions, "1", "2")
    BREAKAGES["truncated"][0](versions.own / first)
    assert versions.problem() is None


# --- the way back ----------------------------------------------------------------------------


def test_without_a_change_there_is_no_way_back(versions: Versions) -> None:
    put(versions.own, "1")
    with pytest.raises(InputError, match="no version was in use before"):
        versions.rollback(NOW)
    assert versions.current == BASELINE


def test_the_first_version_leads_back_to_the_baseline(versions: Versions) -> None:
    promoted(versions, "1")
    assert versions.rollback(NOW) == BASELINE
    assert versions.current == BASELINE


def test_two_rollbacks_lead_two_versions_back(versions: Versions) -> None:
    first, second, _ = promoted(versions, "1", "2", "3")
    assert [versions.rollback(NOW), versions.rollback(NOW)] == [second, first]
    assert served(versions) == (first, None)


def test_a_rollback_is_itself_in_the_history(versions: Versions) -> None:
    first, second = promoted(versions, "1", "2")
    later = NOW + timedelta(days=1)
    versions.rollback(later)
    last = versions.history()[-1]
    assert (last.at, last.version, last.why) == (later, first, f"rolled back from {second}")


def test_a_rollback_after_a_rollback_passes_over_what_was_undone(versions: Versions) -> None:
    first, second = promoted(versions, "1", "2")
    versions.rollback(NOW)
    (third,) = promoted(versions, "3")
    assert versions.current == third
    assert versions.rollback(NOW) == first
    assert versions.rollback(NOW) == BASELINE
    assert second not in [change.version for change in versions.history()[2:]]


def test_a_version_that_was_undone_can_be_promoted_again(versions: Versions) -> None:
    first, second = promoted(versions, "1", "2")
    versions.rollback(NOW)
    versions.promote(second, "after all", NOW)
    assert versions.rollback(NOW) == first


def test_a_version_promoted_twice_in_a_row_is_one_step_back(versions: Versions) -> None:
    first, second = promoted(versions, "1", "2")
    versions.promote(second, "once more", NOW)
    assert versions.rollback(NOW) == first


@BREAK
def test_a_rollback_to_what_cannot_be_read_changes_nothing(
    versions: Versions, damage: Damage, code: str
) -> None:
    first, second = promoted(versions, "1", "2")
    damage(versions.own / first)
    with pytest.raises(ModelError) as refused:
        versions.rollback(NOW)
    assert refused.value.code == code
    assert (versions.current, len(versions.history())) == (second, 2)


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Five versions, to be linked to: Hypothesis makes many folders of them."""
    shelf = versions_in(tmp_path_factory.mktemp("five"))
    names = [put(shelf.own, str(number)) for number in range(5)]
    return [str(shelf.baseline), *(str(shelf.own / name) for name in names)]


@given(st.lists(st.integers(1, 5), unique=True, max_size=5), st.data())
@settings(max_examples=15, deadline=None)
def test_as_many_rollbacks_as_promotions_lead_back_to_the_baseline_in_reverse(
    five: list[str], order: list[int], data: st.DataObject
) -> None:
    with TemporaryDirectory() as place:
        own = Path(place) / "own"
        own.mkdir()
        for folder in five[1:]:
            (own / Path(folder).name).symlink_to(folder)
        versions = Versions(own, Path(five[0]))
        names = [Path(five[number]).name for number in order]
        for name in names:
            versions.promote(name, "a test", NOW)
            if data.draw(st.booleans()):
                # There and back is as if it had not been.
                other = data.draw(st.sampled_from([n for n in versions.names() if n not in names]))
                if other != BASELINE:
                    versions.promote(other, "a try", NOW)
                    assert versions.rollback(NOW) == name
        back = [versions.rollback(NOW) for _ in names]
        assert back == [*reversed([BASELINE, *names][: len(names)])]
        with pytest.raises(InputError):
            versions.rollback(NOW)


# --- a history that is damaged ---------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nonsense",
        '{"at": "2026-03-17T12:00',
        "[1, 2]",
        "null",
        '"text"',
        "7",
        "{}",
        '{"at": 5, "version": "a", "why": ""}',
        '{"at": null, "version": "a", "why": ""}',
        '{"at": "yesterday", "version": "a", "why": ""}',
        '{"at": "2026-03-17T12:00:00+00:00", "version": "a"}',
        "\0\0\0\0",
        "1" * 5_000,
    ],
)
def test_a_damaged_line_costs_only_itself(versions: Versions, line: str) -> None:
    first, second = promoted(versions, "1", "2")
    whole = versions.history()
    path = versions.own / HISTORY
    one, two = path.read_text(encoding="utf-8").splitlines()
    path.write_text(f"{one}\n{line}\n{two}\n", encoding="utf-8")
    assert versions.history() == whole
    assert versions.rollback(NOW) == first
    assert versions.rollback(NOW) == BASELINE
    assert second in [change.version for change in versions.history()]


@pytest.mark.parametrize("version", ["gone", "../../etc", "no\0name", "x" * 300, "", ["a"], None])
def test_a_line_about_a_version_that_is_none_does_not_keep_the_service_from_starting(
    versions: Versions, version: object
) -> None:
    baseline, _ = served(versions)
    versions.own.mkdir()
    line = json.dumps({"at": NOW.isoformat(), "version": version, "why": ""})
    (versions.own / HISTORY).write_text(line + "\n", encoding="utf-8")
    (versions.own / CURRENT).write_text("gone", encoding="utf-8")
    assert served(versions) == (baseline, "model-missing")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_text_is_a_history(text: str) -> None:
    with TemporaryDirectory() as place:
        (Path(place) / HISTORY).write_text(text, encoding="utf-8")
        assert Versions(Path(place), Path(place)).history() == []


def test_a_history_that_is_gone_leaves_the_one_in_use(versions: Versions) -> None:
    (name,) = promoted(versions, "1")
    (versions.own / HISTORY).unlink()
    assert (served(versions), versions.history()) == ((name, None), [])


# --- names -----------------------------------------------------------------------------------


def test_versions_are_listed_from_old_to_new_with_the_one_in_use_marked(
    versions: Versions,
) -> None:
    names = [put(versions.own, data) for data in ("1", "2", "3")]
    # Not in the order of their names, nor in that in which they were written.
    order = sorted(names, reverse=True)
    for age, name in enumerate(order):
        os.utime(versions.own / name, (1_000_000 + age, 1_000_000 + age))
    versions.promote(order[1], "a test", NOW)
    assert versions.names() == [BASELINE, *order]
    assert [v.name for v in versions.all() if v.in_use] == [order[1]]
    assert all(v.manifest and v.problem is None for v in versions.all())


def test_folders_that_are_no_versions_are_not_listed(versions: Versions) -> None:
    (versions.own / "embeddings").mkdir(parents=True)
    (versions.own / "notes.txt").write_text("mine", encoding="utf-8")
    assert versions.names() == [BASELINE]


@pytest.mark.parametrize(
    ("how", "words", "readable"),
    [
        ("truncated", "is not the file its manifest was written for", True),
        ("newer", "is not of format", False),
        ("half-missing", "No such file", True),
    ],
)
def test_a_broken_version_is_listed_with_what_is_wrong_with_it(
    versions: Versions, how: str, words: str, readable: bool
) -> None:
    (name,) = promoted(versions, "1")
    BREAKAGES[how][0](versions.own / name)
    baseline, broken = versions.all()
    assert words in (broken.problem or "")
    assert (broken.name, broken.in_use, broken.manifest is not None) == (name, True, readable)
    assert baseline.problem is None


def test_a_version_is_found_by_its_name_and_by_the_beginning_of_it(versions: Versions) -> None:
    put(versions.own, "1", name="march")
    put(versions.own, "2", name="april")
    assert [versions.find(name).name for name in ("march", "mar", "a", "base")] == [
        "march",
        "march",
        "april",
        BASELINE,
    ]


def test_a_version_is_found_by_what_its_manifest_calls_it(versions: Versions) -> None:
    id_ = put(versions.own, "1", name="march")
    assert versions.find(id_).name == "march"
    assert versions.find(id_[:-1]).name == "march"


def test_the_beginning_of_several_names_is_an_error_that_lists_them(versions: Versions) -> None:
    for name in ("march", "march-2"):
        put(versions.own, name, name=name)
    with pytest.raises(InputError, match="2 versions are called 'mar'") as caught:
        versions.find("mar")
    assert all(name in caught.value.mend for name in (BASELINE, "march", "march-2"))
    # A whole name is no beginning.
    assert versions.find("march").name == "march"


@pytest.mark.parametrize("name", ["unheard-of", "../shipped/baseline", "*", "[a-z]*", "Base"])
def test_a_name_that_is_none_is_an_error(versions: Versions, name: str) -> None:
    with pytest.raises(InputError, match="0 versions are called"):
        versions.find(name)


# --- at the same time ------------------------------------------------------------------------


def test_whoever_reads_while_the_pointer_is_replaced_sees_the_old_or_the_new_one(
    versions: Versions,
) -> None:
    both = promoted(versions, "1", "2")
    begun, done = Barrier(3), Event()

    def keep_looking() -> set[tuple[str, str | None, str | None]]:
        begun.wait()
        seen = set()
        while not done.is_set():
            model, problem = versions.load(read_small)
            code = problem.code if problem else None
            seen |= {(versions.current, None, None), (model.version, code, versions.problem())}
        return seen

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(keep_looking) for _ in range(2)]
        begun.wait()
        try:
            for number in range(40):
                versions.promote(both[number % 2], "a test", NOW)
        finally:
            done.set()
        for reader in readers:
            assert reader.result() <= {(name, None, None) for name in both}
    assert len(versions.history()) == 42
