"""Vectors of the training texts, kept beside the models so that training need not encode them.

A file of two arrays: hashes of the texts, and their vectors in half precision. It is a cache: what
is missing is encoded, and what is damaged is encoded anew.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from service.relevance.encoder import RememberingEncoder, Vectors


def load(path: Path, encoder: RememberingEncoder) -> None:
    """Let ``encoder`` remember what the file holds for its model; a missing file is fine."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            if str(arrays["encoder"]) == encoder.name:
                vectors: Vectors = arrays["vectors"].astype(np.float32)
                encoder.remember(dict(zip(arrays["hashes"].tolist(), vectors, strict=True)))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return


def save(path: Path, encoder: RememberingEncoder, texts: Sequence[str]) -> None:
    """Write the vectors of ``texts``, and of nothing else, in the order of their hashes."""
    known = dict(sorted(encoder.known(texts).items()))
    path.parent.mkdir(parents=True, exist_ok=True)
    # Whole or not at all: two trainings may end at once.
    part = path.with_name(f".{path.name}.{os.getpid()}.npz")
    np.savez_compressed(
        part,
        encoder=np.array(encoder.name),
        hashes=np.array(list(known)),
        vectors=np.stack(list(known.values())).astype(np.float16),
    )
    part.replace(path)
