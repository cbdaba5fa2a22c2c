"""What stands beside a model: enough to know where it came from and whether it is whole.

Apart from ``registry``, so that a health check need not wait for scikit-learn.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from service.errors import ModelError

FORMAT = 3
MODEL, MANIFEST = "model.skops", "manifest.json"
RETRAIN = "run `caspian train`, or restore the folder from a backup"


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class Made:
    """How a version of the reader's own came to be.

    ``parent`` is the version it was judged against, ``reasons`` what spoke against it, ``forced``
    whether it was put in use in spite of them.
    """

    at: datetime
    parent: str
    labels: int
    readers: int
    # The newest label that had come in, by its number.
    labels_until: int
    reasons: tuple[str, ...]
    # Readers to look at first where there are reasons, and the share of their labels in doubt.
    suspects: dict[str, float]
    forced: bool
    judged: dict[str, float]


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
    # None for what `caspian train` makes of the repository's files alone.
    made: Made | None = None


DOCUMENT = TypeAdapter(Manifest)


def check(folder: Path) -> tuple[Manifest, bytes]:
    """Return a version's manifest and model file, if they are whole and belong together.

    Raises:
        ModelError: codes ``model-missing``, ``model-format``, ``model-altered``.

    """
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
    return manifest, content


def read_manifest(folder: Path) -> Manifest:
    """Return a version's manifest, or raise a ModelError that says what is wrong with it."""
    path = folder / MANIFEST
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"no model at {folder}", mend=RETRAIN, code="model-missing") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: {error}", mend=RETRAIN, code="model-format") from error
    if not isinstance(fields, dict) or fields.get("format") != FORMAT:
        raise ModelError(
            f"{path} is not of format {FORMAT}, the one this program reads",
            mend="use the program that wrote it, or run `caspian train`",
            code="model-format",
        )
    try:
        return DOCUMENT.validate_python(fields)
    except ValidationError as error:
        raise ModelError(f"{path}: {error}", mend=RETRAIN, code="model-format") from error
