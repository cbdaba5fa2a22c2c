"""An encoder of the reader's own: any sentence-transformers model exported to ONNX.

The folder holds ``model.onnx`` and ``tokenizer.json``, as ``optimum-cli export onnx`` and
sentence-transformers' ONNX backend write them. Needs the ``onnx`` extra. Token vectors are averaged
over the tokens that are no padding and brought to length one, as in Sentence-BERT (Reimers and
Gurevych 2019, arXiv 1908.10084).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from service.errors import ModelError
from service.relevance.encoder import AT_ONCE, Vectors

MODEL, TOKENIZER = "model.onnx", "tokenizer.json"
MOST_TOKENS = 512
MEND = f"relevance.encoder names a folder that holds {MODEL} and {TOKENIZER}"


class OnnxEncoder:
    """Encodes with an ONNX model from disk; safe to share between threads."""

    def __init__(self, folder: Path, prefix: str = "") -> None:
        """Open the model in ``folder``; ``prefix`` goes before each text ("query: " for e5).

        Raises:
            ModelError: codes ``encoder-missing``, ``encoder-unreadable``.

        """
        try:
            import onnxruntime  # noqa: PLC0415 - an extra, needed by few
            from tokenizers import Tokenizer  # noqa: PLC0415
        except ImportError as error:
            raise ModelError(
                f"an encoder from {folder} needs {error.name}",
                mend='install the extra: pip install "caspian-watch[onnx]"',
                code="encoder-missing",
            ) from error
        missing = [name for name in (MODEL, TOKENIZER) if not (folder / name).is_file()]
        if missing:
            raise ModelError(
                f"{folder} holds no {' and no '.join(missing)}", mend=MEND, code="encoder-missing"
            )
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
            self._session = onnxruntime.InferenceSession(
                str(folder / MODEL), providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise ModelError(f"{folder}: {error}", mend=MEND, code="encoder-unreadable") from error
        self._tokenizer.enable_truncation(MOST_TOKENS)
        self._tokenizer.enable_padding()
        self._inputs = {entry.name for entry in self._session.get_inputs()}
        self._prefix = prefix
        self._lock = Lock()
        digest = hashlib.sha256(prefix.encode())
        for name in (MODEL, TOKENIZER):
            digest.update((folder / name).read_bytes())
        self.name = f"onnx-{folder.name}-{digest.hexdigest()[:10]}"
        self.dimensions = self._run(["size"]).shape[1]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See ``Encoder``."""
        if not texts:
            return np.empty((0, self.dimensions), dtype=np.float32)
        parts = [texts[start : start + AT_ONCE] for start in range(0, len(texts), AT_ONCE)]
        with self._lock:
            vectors = np.concatenate([self._run(part) for part in parts])
        return vectors.astype(np.float16).astype(np.float32)

    def _run(self, texts: Sequence[str]) -> Vectors:
        whole = [self._prefix + text.encode("utf-8", "replace").decode() for text in texts]
        tokens = self._tokenizer.encode_batch(whole)
        mask = np.array([entry.attention_mask for entry in tokens], dtype=np.int64)
        given: dict[str, Any] = {
            "input_ids": np.array([entry.ids for entry in tokens], dtype=np.int64),
            "attention_mask": mask,
            "token_type_ids": np.array([entry.type_ids for entry in tokens], dtype=np.int64),
        }
        states = self._session.run(
            None, {name: array for name, array in given.items() if name in self._inputs}
        )[0]
        kept = mask[:, :, None]
        means = (states * kept).sum(axis=1) / np.maximum(kept.sum(axis=1), 1)
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        unit: Vectors = (means / np.maximum(lengths, 1e-12)).astype(np.float32)
        return unit
