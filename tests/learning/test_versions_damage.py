"""What befalls the files beside the versions: pointer and history damaged, torn, or contended."""

from __future__ import annotations

import hashlib
import json
import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier

import pytest

from service.errors import InputError, ModelError
from service.learning.manifest import MANIFEST, MODEL, read_manifest
from service.learning.registry import read_estimators
from service.learning.versions import BASELINE, CURRENT, HISTORY, Versions
from tests.learning.small_versions import BREAKAGES, put, read_small, versions_in
from tests.make import NOW


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return versions_in(tmp_path)


def promoted(versions: Versions, *data: str) -> list[str]:
    names = [put(versions.own, each) for each in data]
    for name in names:
        versions.promote(name, "a test", NOW)
    return names


def append(versions: Versions, content: bytes) -> None:
    with (versions.own / HISTORY).open("ab") as history:
        history.write(content)


def test_a_pointer_that_is_no_text_leaves_the_last_one_serving(versions: Versions) -> None:
    (name,) = promoted(versions, "1")
    (versions.own / CURRENT).write_bytes(b"\xff\xfe\x00")
    model, problem = versions.load(read_small)
    assert (model.version, problem is None) == (name, False)
    assert versions.problem()


@pytest.mark.parametrize("line", [b"\xff\xfe", b"[" * 100_000], ids=["no text", "nested"])
def test_a_line_of_the_history_that_cannot_be_read_costs_only_itself(
    versions: Versions, line: bytes
) -> None:
    first, second = promoted(versions, "1", "2")
    append(versions, line + b"\n")
    assert [change.version for change in versions.history()] == [first, second]
    assert versions.rollback(NOW) == first


def test_a_line_that_a_crash_tore_off_does_not_swallow_the_next(versions: Versions) -> None:
    (first,) = promoted(versions, "1")
    append(versions, b'{"at": "2026-')
    (second,) = promoted(versions, "2")
    assert [change.version for change in versions.history()] == [first, second]
    assert versions.rollback(NOW) == first


@pytest.mark.parametrize("separator", ["\u2028", "\x85", "\x0b"])
def test_a_reason_with_line_separators_of_unicode_is_kept(
    versions: Versions, separator: str
) -> None:
    # A reader's name may hold one, and stands in the reason for what was forced.
    name = put(versions.own, "1")
    versions.promote(name, f"forced: labels of a{separator}b", NOW)
    assert [change.version for change in versions.history()] == [name]


def test_a_crash_between_history_and_pointer_leaves_the_way_back_open(versions: Versions) -> None:
    promoted(versions, "1")
    pointer = (versions.own / CURRENT).read_bytes()
    promoted(versions, "2")
    (versions.own / CURRENT).write_bytes(pointer)
    assert versions.rollback(NOW) == BASELINE


def test_a_version_that_was_rolled_back_does_not_serve_in_place_of_a_broken_one(
    versions: Versions,
) -> None:
    first, _ = promoted(versions, "1", "2")
    versions.rollback(NOW)
    BREAKAGES["tampered"][0](versions.own / first)
    model, _ = versions.load(read_small)
    assert model.version == read_manifest(versions.baseline).version


def test_a_place_that_cannot_be_written_to_is_told(versions: Versions) -> None:
    versions.own.write_text("a letter", encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        versions.promote(BASELINE, "a test", NOW)
    assert caught.value.code == "model-unwritable"


def test_two_that_promote_at_once_do_not_take_each_others_pointer(versions: Versions) -> None:
    both = promoted(versions, "1", "2")
    begun = Barrier(2)

    def keep_promoting(which: int) -> set[str]:
        begun.wait()
        seen = set()
        for number in range(40):
            versions.promote(both[(which + number) % 2], "a test", NOW)
            seen.add(versions.current)
        return seen

    with ThreadPoolExecutor(2) as pool:
        seen = set.union(*pool.map(keep_promoting, range(2)))
    assert seen <= set(both)
    assert len(versions.history()) == 82


def test_a_folder_called_as_the_baseline_is_no_second_one(versions: Versions) -> None:
    put(versions.own, "1", name=BASELINE)
    assert versions.names() == [BASELINE]


def test_no_name_is_no_beginning_of_one(versions: Versions) -> None:
    with pytest.raises(InputError):
        versions.find("")


def test_a_manifest_that_is_nested_without_end_is_refused(versions: Versions) -> None:
    (name,) = promoted(versions, "1")
    (versions.own / name / MANIFEST).write_text("[" * 100_000, encoding="utf-8")
    assert (versions.problem() or "").startswith(f"model {name}: ")


def test_a_model_with_bytes_changed_and_vouched_for_is_read_or_refused(
    versions: Versions,
) -> None:
    folder = versions.own / promoted(versions, "1")[0]
    whole = (folder / MODEL).read_bytes()
    fields = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    chance = random.Random(1)
    for _ in range(150):
        content = bytearray(whole)
        content[chance.randrange(len(content))] = chance.randrange(256)
        (folder / MODEL).write_bytes(content)
        vouched = fields | {"sha256": hashlib.sha256(content).hexdigest()}
        (folder / MANIFEST).write_text(json.dumps(vouched), encoding="utf-8")
        with suppress(ModelError):
            read_estimators(folder)
