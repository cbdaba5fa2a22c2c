"""Versions on disk: what is saved is what is loaded, and what was tampered with is refused."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io as sio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.errors import ModelError
from service.learning.manifest import FORMAT, MANIFEST, MODEL, Made, read_manifest
from service.learning.registry import read, write
from service.learning.train import Trained, train
from service.records import Item
from service.relevance.classifier import Classifier
from service.relevance.encoder import Vectors
from service.wiring.models import encoder
from tests.conftest import ROOT
from tests.learning.small_topic import FINDER, TOPICS, examples
from tests.make import NOW

ENCODER = encoder()

ITEMS = [e.item for e in examples()] + [Item("Rain", "", "en"), Item("", "", "")]


class Foreign:
    """What no model holds. To build one is to run code of the file's choosing."""

    built = 0

    def __init__(self) -> None:
        self.secret = "x"

    def __setstate__(self, state: object) -> None:
        type(self).built += 1


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train(examples(), FINDER, ENCODER, TOPICS)


@pytest.fixture
def folder(trained: Trained, tmp_path: Path) -> Path:
    write(trained, tmp_path, "small", {"a.jsonl": "00"}, name="version")
    return tmp_path / "version"


def _refused(folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        read(folder, FINDER, ENCODER)
    assert caught.value.mend
    return caught.value.code


def _change_manifest(folder: Path, **changes: Any) -> None:
    fields = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    (folder / MANIFEST).write_text(json.dumps(fields | changes), encoding="utf-8")


def _replace_model(folder: Path, content: bytes) -> None:
    """Put another model in place of the saved one, with a manifest that vouches for it."""
    (folder / MODEL).write_bytes(content)
    _change_manifest(folder, sha256=hashlib.sha256(content).hexdigest())


def test_a_model_read_back_gives_the_same_scores_and_reasons(
    trained: Trained, folder: Path
) -> None:
    loaded = read(folder, FINDER, ENCODER)
    fresh = Classifier(
        FINDER,
        ENCODER,
        trained.estimators,
        threshold=trained.threshold,
        version=loaded.version,
    )
    assert loaded.threshold == trained.threshold
    assert loaded.score(ITEMS) == fresh.score(ITEMS)


def test_the_manifest_says_what_the_model_is_and_where_it_came_from(
    trained: Trained, folder: Path
) -> None:
    manifest = read_manifest(folder)
    assert (manifest.format, manifest.topic, manifest.topics) == (FORMAT, "small", TOPICS)
    assert manifest.sha256 == hashlib.sha256((folder / MODEL).read_bytes()).hexdigest()
    assert manifest.data == {"a.jsonl": "00"}
    assert manifest.figures["examples"] == 40
    assert manifest.threshold == trained.threshold
    assert set(manifest.software) == {"python", "scikit-learn", "skops"}
    assert read(folder, FINDER, ENCODER).version == manifest.version


def test_the_manifest_says_how_a_version_of_the_readers_own_came_to_be(
    trained: Trained, folder: Path
) -> None:
    assert read_manifest(folder).made is None
    reasons = ("why not", "warum nicht: ä")
    made = Made(NOW, "parent", 12, 2, 15, reasons, {"bob": 0.5}, True, {"alerts_new": 3})
    write(trained, folder.parent, "small", {}, name="own", made=made)
    assert read_manifest(folder.parent / "own").made == made


def test_writing_a_version_again_replaces_its_files_and_leaves_no_others(
    trained: Trained, folder: Path
) -> None:
    write(trained, folder.parent, "small", {"a.jsonl": "01"}, name="version")
    assert read_manifest(folder).data == {"a.jsonl": "01"}
    assert {path.name for path in folder.iterdir()} == {MODEL, MANIFEST}


def test_a_place_that_cannot_be_written_to_is_told(trained: Trained, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a letter", encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        write(trained, tmp_path / "taken", "small", {})
    assert caught.value.code == "model-unwritable"


def test_other_data_make_another_version_and_the_same_data_the_same(
    trained: Trained, tmp_path: Path
) -> None:
    first, again, other = (
        write(trained, tmp_path, "small", {"a.jsonl": data}).version for data in ("00", "00", "01")
    )
    assert first == again != other
    assert first.startswith("small-")


def test_the_threshold_asked_for_wins_over_the_saved_one(folder: Path) -> None:
    assert read(folder, FINDER, ENCODER, 0.0).threshold == 0.0


@pytest.mark.parametrize("name", [MODEL, MANIFEST])
def test_a_file_that_is_gone_is_a_missing_model(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert _refused(folder) == "model-missing"


def test_no_folder_at_all_is_a_missing_model(tmp_path: Path) -> None:
    assert _refused(tmp_path / "nowhere") == "model-missing"


def _halve(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    "change", [_halve, lambda _: b"", lambda content: content + b"\0", lambda _: b"PK"]
)
def test_a_truncated_or_lengthened_model_is_refused(
    folder: Path, change: Callable[[bytes], bytes]
) -> None:
    (folder / MODEL).write_bytes(change((folder / MODEL).read_bytes()))
    assert _refused(folder) == "model-altered"


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 255))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_one_altered_byte_anywhere_is_enough_to_refuse(
    folder: Path, where: float, change: int
) -> None:
    content = (folder / MODEL).read_bytes()
    at = int(where * len(content))
    (folder / MODEL).write_bytes(content[:at] + bytes([content[at] ^ change]) + content[at + 1 :])
    try:
        assert _refused(folder) == "model-altered"
    finally:
        (folder / MODEL).write_bytes(content)


@pytest.mark.parametrize("number", [0, 1, FORMAT + 1, str(FORMAT), None])
def test_a_model_of_another_format_is_refused(folder: Path, number: object) -> None:
    _change_manifest(folder, format=number)
    assert _refused(folder) == "model-format"


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"null", b"\xff\xfe", b"PK\x03\x04"])
def test_a_manifest_that_is_no_manifest_is_refused(folder: Path, content: bytes) -> None:
    (folder / MANIFEST).write_bytes(content)
    assert _refused(folder) == "model-format"


@pytest.mark.parametrize("name", ["version", "topics", "threshold", "sha256", "software"])
def test_a_manifest_with_a_missing_line_is_refused(folder: Path, name: str) -> None:
    fields = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    del fields[name]
    (folder / MANIFEST).write_text(json.dumps(fields), encoding="utf-8")
    assert _refused(folder) == "model-format"


@pytest.mark.parametrize(
    "changes",
    [
        {"unheard_of": 1},
        {"topics": None},
        {"topics": ["military"]},
        {"topics": "ab"},
        {"threshold": "high"},
        {"threshold": None},
        {"threshold": 1.5},
        {"threshold": float("nan")},
        {"made": {}},
        {"made": "by hand"},
        {"figures": {"f1": "high"}},
    ],
    ids=str,
)
def test_a_manifest_whose_values_do_not_fit_is_refused_when_loaded_not_when_scoring(
    folder: Path, changes: dict[str, object]
) -> None:
    _change_manifest(folder, **changes)
    assert _refused(folder) == "model-format"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
FIELDS = ("version", "topic", "topics", "encoder", "threshold", "sha256", "data", "figures", "made")


@given(st.dictionaries(st.sampled_from(FIELDS), JSON, min_size=1))
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_a_manifest_says_it_is_read_or_refused(
    folder: Path, changes: dict[str, object]
) -> None:
    whole = (folder / MANIFEST).read_bytes()
    _change_manifest(folder, **changes)
    try:
        with suppress(ModelError):
            assert read_manifest(folder).format == FORMAT
    finally:
        (folder / MANIFEST).write_bytes(whole)


def test_a_model_with_a_foreign_type_is_refused_and_the_type_never_built(folder: Path) -> None:
    _replace_model(folder, sio.dumps({"words": Foreign()}))
    before = Foreign.built
    assert _refused(folder) == "model-types"
    assert Foreign.built == before


@pytest.mark.parametrize("parts", [{"words": 1}, {}, [1, 2], "text", {"words": {"terms": None}}])
def test_a_model_without_its_parts_is_refused(folder: Path, parts: object) -> None:
    _replace_model(folder, sio.dumps(parts))
    assert _refused(folder) == "model-types"


def _zip(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"", b"not a zip", b"\x80\x04N.", _zip(a="b"), _zip(schema_json="{"), _zip(schema_json="{}")],
)
def test_a_vouched_for_file_that_is_no_model_is_refused(folder: Path, content: bytes) -> None:
    _replace_model(folder, content)
    assert _refused(folder) == "model-types"


@pytest.mark.filterwarnings("ignore:Label not")
def test_a_model_with_a_topic_that_no_example_has_can_be_loaded_again(tmp_path: Path) -> None:
    # Else a retraining that succeeded would leave a service that cannot start.
    topics = (*TOPICS, type(TOPICS[0])("diplomatic"))
    saved = write(train(examples(), FINDER, ENCODER, topics), tmp_path, "small", {})
    assert read(tmp_path / saved.version, FINDER, ENCODER).version == saved.version


@pytest.mark.parametrize("shipped", [True, False])
def test_a_model_file_holds_no_pickle(folder: Path, shipped: bool) -> None:
    path = (ROOT / "models" / "baseline" if shipped else folder) / MODEL
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        assert "schema.json" in names
        for name in names:
            content = archive.read(name)
            if name.endswith(".npy"):
                # Would raise for an array of objects, which numpy can only pickle.
                assert np.load(io.BytesIO(content), allow_pickle=False).dtype != object
            else:
                assert json.loads(content), name


def test_the_shipped_model_is_the_file_its_manifest_was_written_for() -> None:
    folder = ROOT / "models" / "baseline"
    manifest = read_manifest(folder)
    assert manifest.sha256 == hashlib.sha256((folder / MODEL).read_bytes()).hexdigest()
    assert manifest.topics == ("military", "economic", "diplomatic")
    assert 0 < manifest.threshold < 1


class OtherEncoder:
    name = "other-encoder"
    dimensions = 2

    def encode(self, texts: Sequence[str]) -> Vectors:
        return np.zeros((len(texts), 2), dtype=np.float32)


def test_a_model_is_not_used_with_an_encoder_it_was_not_trained_with(folder: Path) -> None:
    with pytest.raises(ModelError, match="other-encoder") as refused:
        read(folder, FINDER, OtherEncoder())
    assert refused.value.code == "model-encoder"
    assert "caspian train" in refused.value.mend
