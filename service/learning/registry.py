"""Model versions on disk: a folder each, with the fitted parts and a manifest.

``model.skops`` holds scikit-learn objects and nothing else; skops builds no object whose type
it does not know to be safe, unlike pickle, which runs what the file tells it to. The manifest
carries the file's SHA-256, so that a truncated or altered model is refused.
"""

from __future__ import annotations

import hashlib
import json
import platform
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, cast

import numpy as np
import sklearn
import skops
import skops.io as sio
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config
from sklearn.feature_extraction.text import TfidfVectorizer
from skops.io.exceptions import UntrustedTypesFoundException

from service.errors import ModelError
from service.learning.train import Trained
from service.relevance.classifier import Classifier, Estimators
from service.relevance.encoder import Encoder
from service.relevance.mentions import MentionFinder

FORMAT = 1
MODEL, MANIFEST = "model.skops", "manifest.json"
CURRENT = "current"
# How a damaged or foreign file shows itself while it is read.
UNREADABLE = (
    UntrustedTypesFoundException,
    zipfile.BadZipFile,
    AttributeError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
)
RETRAIN = "run `caspian train`, or restore the folder from a backup"


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class Manifest:
    """What stands beside a model: enough to know where it came from and to check it."""

    format: int
    version: str
    topic: str
    topics: tuple[str, ...]
    encoder: str
    threshold: Annotated[float, Field(ge=0, le=1)]
    sha256: str
    data: dict[str, str]
    figures: dict[str, float]
    software: dict[str, str]


_MANIFEST = TypeAdapter(Manifest)


class Registry:
    """Finds, saves and loads versions: the reader's own first, else the shipped baseline."""

    def __init__(self, own: Path, baseline: Path) -> None:
        self._own = own
        self._baseline = baseline

    def current(self) -> Path:
        """Return the folder of the version in use."""
        pointer = self._own / CURRENT
        if pointer.exists():
            return self._own / pointer.read_text(encoding="utf-8").strip()
        return self._baseline

    def save(self, trained: Trained, topic: str, data: Mapping[str, str]) -> Manifest:
        """Write ``trained`` as a version of the reader's own and put it in use."""
        manifest = write(trained, self._own, topic, data)
        # What cannot be read back must not be put in use.
        _read_estimators(self._own / manifest.version)
        # Renaming is atomic: a daemon that reads the pointer sees the old or the new one.
        fresh = self._own / f"{CURRENT}.new"
        fresh.write_text(manifest.version + "\n", encoding="utf-8")
        fresh.replace(self._own / CURRENT)
        return manifest

    def load(self, finder: MentionFinder, encoder: Encoder, threshold: float | None) -> Classifier:
        """Return the classifier in use; ``threshold`` overrides the one it was saved with."""
        return read(self.current(), finder, encoder, threshold)


def write(
    trained: Trained,
    parent: Path,
    topic: str,
    data: Mapping[str, str],
    name: str | None = None,
) -> Manifest:
    """Write a version's folder under ``parent``, named by ``name`` or by the version itself."""
    content = sio.dumps(_to_parts(trained.estimators), compression=zipfile.ZIP_DEFLATED)
    manifest = Manifest(
        format=FORMAT,
        version=_version(trained, topic, data),
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
    )
    folder = parent / (name or manifest.version)
    text = json.dumps(asdict(manifest), indent=2, ensure_ascii=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MODEL).write_bytes(content)
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise ModelError(
            f"the model cannot be written to {folder}: {error}",
            mend="choose a folder that is writable",
            code="model-unwritable",
        ) from error
    return manifest


def read(
    folder: Path, finder: MentionFinder, encoder: Encoder, threshold: float | None = None
) -> Classifier:
    """Return the classifier in ``folder``.

    Raises:
        ModelError: codes ``model-missing``, ``model-format``, ``model-altered``, ``model-types``.

    """
    manifest, estimators = _read_estimators(folder)
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


def _read_estimators(folder: Path) -> tuple[Manifest, Estimators]:
    manifest = read_manifest(folder)
    try:
        content = (folder / MODEL).read_bytes()
    except OSError as error:
        raise ModelError(str(error), mend=RETRAIN, code="model-missing") from error
    if hashlib.sha256(content).hexdigest() != manifest.sha256:
        raise ModelError(
            f"{folder / MODEL} is not the file its manifest was written for",
            mend=RETRAIN,
            code="model-altered",
        )
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


def read_manifest(folder: Path) -> Manifest:
    """Return a version's manifest, or raise a ModelError that says what is wrong with it."""
    path = folder / MANIFEST
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"no model at {folder}", mend=RETRAIN, code="model-missing") from error
    except ValueError as error:
        raise ModelError(f"{path}: {error}", mend=RETRAIN, code="model-format") from error
    if not isinstance(fields, dict) or fields.get("format") != FORMAT:
        raise ModelError(
            f"{path} is not of format {FORMAT}, the one this program reads",
            mend="use the program that wrote it, or run `caspian train`",
            code="model-format",
        )
    try:
        return _MANIFEST.validate_python(fields)
    except ValidationError as error:
        raise ModelError(f"{path}: {error}", mend=RETRAIN, code="model-format") from error


# skops writes a vocabulary term by term, and reads it at 0.1 ms each; as an array it is read at
# once. So vectorisers are kept as their parameters, their terms and the terms' weights.
_VECTORISERS = ("words", "characters")
_SETTINGS = ("lowercase", "analyzer", "token_pattern", "ngram_range", "sublinear_tf")


def _to_parts(estimators: Estimators) -> dict[str, Any]:
    parts: dict[str, Any] = {f.name: getattr(estimators, f.name) for f in fields(estimators)}
    for name in _VECTORISERS:
        vectoriser: TfidfVectorizer = parts[name]
        parameters = vectoriser.get_params()
        parts[name] = {
            "settings": {key: parameters[key] for key in _SETTINGS},
            "terms": np.array(vectoriser.get_feature_names_out(), dtype=np.str_),
            "weights": vectoriser.idf_,
        }
    return parts


def _from_parts(parts: dict[str, Any]) -> Estimators:
    for name in _VECTORISERS:
        state = parts[name]
        vectoriser = TfidfVectorizer(
            vocabulary=state["terms"].tolist(), dtype=np.float64, **state["settings"]
        )
        vectoriser.idf_ = state["weights"]
        parts[name] = vectoriser
    return Estimators(**parts)


def _version(trained: Trained, topic: str, data: Mapping[str, str]) -> str:
    """Name a version by what it was learnt from and what came of it."""
    source = hashlib.sha256(json.dumps([sorted(data.items()), trained.threshold]).encode())
    source.update(np.round(trained.estimators.word_opinion.coef_, 6).tobytes())
    return f"{topic}-{source.hexdigest()[:10]}"
