"""An encoder from disk: a real ONNX model and a real tokenizer, made here and made small."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from service.errors import ModelError
from service.relevance.onnx import MODEL, TOKENIZER, OnnxEncoder

WORDS = ["[PAD]", "[UNK]", "moscow", "tehran", "query", ":"]
# A token's vector is a row: padding would show in the mean, were it not left out.
TABLE = np.array(
    [[9, 9, 9], [0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 2], [0, 0, 2]], dtype=np.float32
)


def _write(folder: Path) -> Path:
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "tokens"])
    mask = helper.make_tensor_value_info("attention_mask", TensorProto.INT64, ["batch", "tokens"])
    states = helper.make_tensor_value_info(
        "last_hidden_state", TensorProto.FLOAT, ["batch", "tokens", 3]
    )
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])],
        "lookup",
        [ids, mask],
        [states],
        [numpy_helper.from_array(TABLE, "table")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    folder.mkdir()
    onnx.save(model, str(folder / MODEL))
    tokenizer = Tokenizer(
        WordLevel({word: index for index, word in enumerate(WORDS)}, unk_token="[UNK]")
    )
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / TOKENIZER))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write(tmp_path_factory.mktemp("own") / "tiny")


def test_a_vector_is_the_mean_of_the_tokens_without_the_padding(folder: Path) -> None:
    vectors = OnnxEncoder(folder).encode(["moscow", "moscow tehran", "tehran tehran tehran"])
    half = 0.5**0.5
    assert vectors == pytest.approx(np.array([[1, 0, 0], [half, half, 0], [0, 1, 0]]), abs=1e-3)


def test_a_text_is_encoded_alone_as_beside_others(folder: Path) -> None:
    encoder = OnnxEncoder(folder)
    many = ["moscow " * n + "tehran" for n in range(20)]
    alone = [encoder.encode([text])[0] for text in many]
    assert encoder.encode(many) == pytest.approx(np.array(alone), abs=1e-3)


def test_no_texts_give_no_vectors_and_an_empty_text_gives_one(folder: Path) -> None:
    encoder = OnnxEncoder(folder)
    assert encoder.dimensions == 3
    assert encoder.encode([]).shape == (0, 3)
    assert np.isfinite(encoder.encode(["", "\ud800"])).all()


def test_a_prefix_goes_before_each_text_and_is_part_of_the_name(folder: Path) -> None:
    plain, asked = OnnxEncoder(folder), OnnxEncoder(folder, "query: ")
    assert not np.allclose(plain.encode(["moscow"]), asked.encode(["moscow"]))
    assert plain.name.startswith("onnx-tiny-")
    assert plain.name != asked.name


def test_a_folder_without_the_files_is_an_error_that_names_them(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model\.onnx and no tokenizer\.json") as caught:
        OnnxEncoder(tmp_path)
    assert caught.value.code == "encoder-missing"


def test_files_that_hold_something_else_are_an_error(tmp_path: Path, folder: Path) -> None:
    (tmp_path / MODEL).write_bytes(b"no model")
    (tmp_path / TOKENIZER).write_bytes((folder / TOKENIZER).read_bytes())
    with pytest.raises(ModelError) as caught:
        OnnxEncoder(tmp_path)
    assert caught.value.code == "encoder-unreadable"
