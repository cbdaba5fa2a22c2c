"""Versions of the small topic's model on disk, and the ways in which one breaks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

from service.learning.manifest import FORMAT, MANIFEST, MODEL
from service.learning.registry import read, write
from service.learning.train import Trained, train
from service.learning.versions import BASELINE, Versions
from service.relevance.classifier import Classifier
from service.wiring.models import encoder
from tests.learning.small_topic import FINDER, TOPICS, examples


@cache
def trained() -> Trained:
    return train(examples(), FINDER, encoder(), TOPICS)


def put(parent: Path, data: str, name: str | None = None) -> str:
    """Write a version learnt from ``data``, so to speak; return its own name, not its folder's."""
    return write(trained(), parent, "small", {"a.jsonl": data}, name=name).version


def versions_in(folder: Path) -> Versions:
    """Return versions with a baseline and none of the reader's own."""
    put(folder / "shipped", "0", name=BASELINE)
    return Versions(folder / "own", folder / "shipped" / BASELINE)


def read_small(folder: Path) -> Classifier:
    return read(folder, FINDER, encoder())


def _truncate(folder: Path) -> None:
    content = (folder / MODEL).read_bytes()
    (folder / MODEL).write_bytes(content[: len(content) // 2])


def _tamper(folder: Path) -> None:
    content = (folder / MODEL).read_bytes()
    (folder / MODEL).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def _outdate(folder: Path) -> None:
    fields = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    text = json.dumps(fields | {"format": FORMAT + 1})
    (folder / MANIFEST).write_text(text, encoding="utf-8")


# What befalls a version, and the code it is refused with.
BREAKAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "truncated": (_truncate, "model-altered"),
    "tampered": (_tamper, "model-altered"),
    "newer": (_outdate, "model-format"),
    "missing": (shutil.rmtree, "model-missing"),
    "half-missing": (lambda folder: (folder / MODEL).unlink(), "model-missing"),
}


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return all files with what is in them and when they were written."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in files
    }
