"""The grouping model on disk: arrays and names in one file, which holds nothing that could run."""

from __future__ import annotations

import os
import zipfile
import zlib
from pathlib import Path

import numpy as np

from service.errors import ModelError
from service.stories.model import GroupingModel
from service.stories.pairs import FEATURES, PairModel
from service.stories.regroup import Rule
from service.stories.space import Space

FILE = "grouping.npz"
FORMAT = 1
UNREADABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)


def write(model: GroupingModel, path: Path) -> None:
    """Write the model whole or not at all: a daemon may be reading the old one.

    Raises:
        ModelError: the folder cannot be written to.

    """
    space, rule = model.space, model.rule
    part = path.with_name(f".{path.name}.{os.getpid()}.npz")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(
            part,
            format=np.array(FORMAT),
            encoder=np.array(space.encoder),
            languages=np.array(space.languages),
            meaning_means=space.meaning_means,
            title_means=space.title_means,
            basis=space.basis.astype(np.float16),
            features=np.array(FEATURES),
            weights=rule.model.weights,
            bias=np.array(rule.model.bias),
            actors=np.array(model.actors, dtype=np.str_),
            shares=model.shares,
            threshold=np.array(rule.threshold),
        )
        part.replace(path)
    except OSError as error:
        raise ModelError(
            f"the grouping model cannot be written to {path}: {error}",
            mend="choose a folder that is writable",
            code="model-unwritable",
        ) from error


def read(path: Path, encoder: str) -> GroupingModel:
    """Return the model of a file, made for the vectors of ``encoder``.

    Raises:
        ModelError: there is none, it is damaged, or belongs to another encoder or version.

    """
    mend = "make it anew with: caspian train --stories"
    if not path.is_file():
        raise ModelError(f"no grouping model at {path}", mend=mend, code="model-missing")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            loaded = {name: arrays[name] for name in arrays.files}
        known = int(loaded["format"]) == FORMAT and tuple(loaded["features"]) == FEATURES
        model = _model(loaded)
    except UNREADABLE as error:
        raise ModelError(
            f"the grouping model {path} cannot be read: {error}", mend=mend, code="model-damaged"
        ) from error
    if not known or model.space.encoder != encoder:
        raise ModelError(
            f"the grouping model {path} was made for {model.space.encoder}"
            f" by another version; in use is {encoder}",
            mend=mend,
            code="model-foreign",
        )
    return model


def _model(arrays: dict[str, np.ndarray]) -> GroupingModel:
    return GroupingModel(
        Space(
            str(arrays["encoder"]),
            tuple(map(str, arrays["languages"])),
            arrays["meaning_means"].astype(np.float32),
            arrays["title_means"].astype(np.float32),
            arrays["basis"].astype(np.float32),
        ),
        Rule(
            PairModel(
                arrays["weights"].astype(np.float64),
                float(arrays["bias"]),
                np.ones(len(arrays["actors"]), dtype=np.float32),
            ),
            float(arrays["threshold"]),
        ),
        tuple(map(str, arrays["actors"])),
        arrays["shares"].astype(np.float32),
    )
