"""A model version on disk: a folder with the fitted parts and a manifest.

``model.skops`` holds scikit-learn objects and arrays, nothing else; skops builds no object whose
type it does not know to be safe, unlike pickle, which runs what the file tells it to. The
manifest carries the file's SHA-256, so that a truncated or altered model is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
import sklearn
import skops
import skops.io as sio
from sklearn.feature_extraction.text import TfidfVectorizer
from skops.io.exceptions import UntrustedTypesFoundException

from service.errors import ModelError
from service.learning.manifest import (
    DOCUMENT,
    FORMAT,
    MANIFEST,
    MODEL,
    RETRAIN,
    Made,
    Manifest,
    check,
)
from service.learning.train import Trained
from service.relevance.classifier import Classifier, Estimators
from service.relevance.encoder import Encoder
from service.relevance.kernel import KernelMachine
from service.relevance.mentions import MentionFinder
from service.relevance.vectors import Vectorisers

# How a damaged or foreign file shows itself while it is read.
UNREADABLE = (
    UntrustedTypesFoundException,
    zipfile.BadZipFile,
    AttributeError,
    IndexError,
    KeyError,
    RuntimeError,
    TypeError,
    ValueError,
    zlib.error,
)


def write(
    trained: Trained,
    parent: Path,
    topic: str,
    data: Mapping[str, str],
    name: str | None = None,
    made: Made | None = None,
) -> Manifest:
    """Write a version's folder under ``parent``, named by ``name`` or by the version itself."""
    content = sio.dumps(_to_parts(trained.estimators), compression=zipfile.ZIP_DEFLATED)
    manifest = Manifest(
        format=FORMAT,
        version=version_of(trained, topic, data),
        topic=topic,
        topics=tuple(trained.estimators.topics),
        encoder=trained.encoder,
        threshold=trained.threshold,
        sha256=hashlib.sha256(content).hexdigest(),
        data=dict(data),
        figures=asdict(trained.figures),
        software={
            "python": platform.python_version(),
            "scikit-learn": sklearn.__version__,
            "skops": skops.__version__,
        },
        made=made,
    )
    folder = parent / (name or manifest.version)
    text = json.dumps(DOCUMENT.dump_python(manifest, mode="json"), indent=2, ensure_ascii=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / MODEL, content)
        _replace(folder / MANIFEST, (text + "\n").encode())
    except OSError as error:
        raise ModelError(
            f"the model cannot be written to {folder}: {error}",
            mend="choose a folder that is writable",
            code="model-unwritable",
        ) from error
    return manifest


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: a daemon may be reading the old one."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(content)
    part.replace(path)


def read(
    folder: Path, finder: MentionFinder, encoder: Encoder, threshold: float | None = None
) -> Classifier:
    """Return the classifier in ``folder``.

    Raises:
        ModelError: codes ``model-missing``, ``model-format``, ``model-altered``, ``model-types``.

    """
    manifest, estimators = read_estimators(folder)
    if manifest.encoder != encoder.name:
        raise ModelError(
            f"{folder} was trained with the encoder {manifest.encoder}, not {encoder.name}",
            mend="set the encoder it was trained with, or run `caspian train`",
            code="model-encoder",
        )
    return Classifier(
        finder,
        encoder,
        estimators,
        threshold=manifest.threshold if threshold is None else threshold,
        version=manifest.version,
    )


def read_estimators(folder: Path) -> tuple[Manifest, Estimators]:
    """Return a version's manifest and fitted parts; see ``read``."""
    manifest, content = check(folder)
    try:
        estimators = _from_parts(cast("dict[str, Any]", sio.loads(content, trusted=[])))
    except UNREADABLE as error:
        raise ModelError(f"{folder / MODEL}: {error}", mend=RETRAIN, code="model-types") from error
    if tuple(estimators.topics) != manifest.topics:
        raise ModelError(
            f"{folder}: the model's topics are not those of its manifest",
            mend=RETRAIN,
            code="model-format",
        )
    return manifest, estimators


# skops writes a vocabulary term by term, and reads it at 0.1 ms each; as an array it is read at
# once. So vectorisers are kept as their parameters, their terms and the terms' weights.
_SETTINGS = ("lowercase", "analyzer", "token_pattern", "ngram_range", "sublinear_tf")


def _to_parts(estimators: Estimators) -> dict[str, Any]:
    return {
        "words": _vectoriser_state(estimators.vectorisers.words),
        "characters": _vectoriser_state(estimators.vectorisers.characters),
        "word_opinion": estimators.word_opinion,
        "meaning_opinion": asdict(estimators.meaning_opinion),
        "calibration": estimators.calibration,
        "topics": dict(estimators.topics),
    }


def _from_parts(parts: dict[str, Any]) -> Estimators:
    return Estimators(
        Vectorisers(_vectoriser(parts["words"]), _vectoriser(parts["characters"])),
        parts["word_opinion"],
        KernelMachine(**parts["meaning_opinion"]),
        parts["calibration"],
        parts["topics"],
    )


def _vectoriser_state(vectoriser: TfidfVectorizer) -> dict[str, Any]:
    parameters = vectoriser.get_params()
    return {
        "settings": {key: parameters[key] for key in _SETTINGS},
        "terms": np.array(vectoriser.get_feature_names_out(), dtype=np.str_),
        "weights": vectoriser.idf_,
    }


def _vectoriser(state: dict[str, Any]) -> TfidfVectorizer:
    vectoriser = TfidfVectorizer(
        vocabulary=state["terms"].tolist(), dtype=np.float64, **state["settings"]
    )
    vectoriser.idf_ = state["weights"]
    return vectoriser


def version_of(trained: Trained, topic: str, data: Mapping[str, str]) -> str:
    """Name a version by what it was learnt from and what came of it."""
    source = hashlib.sha256(json.dumps([sorted(data.items()), trained.threshold]).encode())
    source.update(np.round(trained.estimators.word_opinion.coef_, 6).tobytes())
    return f"{topic}-{source.hexdigest()[:10]}"
