"""Which version is in use: the reader's own in a folder of theirs, else the shipped baseline.

The folder holds a folder for each version, ``current`` with the name of the one in use, and
``history.jsonl`` with every change of it. The baseline is never written to.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from os import SEEK_END
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING

from service.errors import InputError, ModelError
from service.learning.manifest import MANIFEST, Manifest, check, read_manifest

if TYPE_CHECKING:
    from service.relevance.classifier import Classifier

CURRENT, HISTORY = "current", "history.jsonl"
BASELINE = "baseline"

Read = Callable[[Path], "Classifier"]


@dataclass(frozen=True, slots=True)
class Version:
    """A version on disk: its manifest, or what is wrong with it."""

    name: str
    folder: Path
    in_use: bool
    manifest: Manifest | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the version in use."""

    at: datetime
    version: str
    why: str


class Versions:
    """Finds versions and says which is in use."""

    def __init__(self, own: Path, baseline: Path) -> None:
        self.own = own
        self.baseline = baseline

    @property
    def current(self) -> str:
        """The name of the version in use: a folder's, or ``baseline``."""
        try:
            # A damaged pointer names no version, which is then told and not served.
            return (self.own / CURRENT).read_text("utf-8", "replace").strip() or BASELINE
        except OSError:
            return BASELINE

    def folder(self, name: str) -> Path:
        """Return the folder of a version."""
        return self.baseline if name == BASELINE else self.own / name

    def names(self) -> list[str]:
        """Return the names of all versions, the baseline first, then from old to new."""
        folders = [p.parent for p in self.own.glob(f"*/{MANIFEST}") if p.parent.name != BASELINE]
        own = sorted(folders, key=lambda path: (path.stat().st_mtime, path.name))
        return [BASELINE, *(path.name for path in own)]

    def all(self) -> list[Version]:
        """Return all versions, in the order of ``names``."""
        return [self._version(name) for name in self.names()]

    def find(self, name: str) -> Version:
        """Return the version of a name, or of the beginning of one if only one begins so.

        Raises:
            InputError: when there is none, or more than one.

        """
        if name in (found := self.names()):
            return self._version(name)
        versions = [self._version(known) for known in found]
        matching = [
            version
            for version in versions
            if name
            and (
                version.name.startswith(name)
                or (version.manifest and version.manifest.version.startswith(name))
            )
        ]
        if len(matching) != 1:
            raise InputError(
                f"{len(matching)} versions are called {name!r}",
                mend=f"choose from {', '.join(found)}",
            )
        return matching[0]

    def promote(self, name: str, why: str, at: datetime) -> None:
        """Put a version in use.

        Raises:
            ModelError: when it cannot be read, and so is not put in use.

        """
        # Here, since it brings scikit-learn along, and a health check has no need of that.
        from service.learning.registry import read_estimators  # noqa: PLC0415

        read_estimators(self.folder(name))
        line = json.dumps({"at": at.isoformat(), "version": name, "why": why}) + "\n"
        fresh = self.own / f".{CURRENT}.{os.getpid()}.{get_ident()}"
        try:
            self.own.mkdir(parents=True, exist_ok=True)
            # First the history, then the pointer: a crash between them leaves the old one in use.
            with (self.own / HISTORY).open("a+b") as history:
                history.seek(max(history.seek(0, SEEK_END) - 1, 0))
                torn = history.read() not in (b"", b"\n")
                history.write(b"\n" * torn + line.encode())
            # Renaming is atomic: a daemon that reads the pointer sees the old or the new one.
            fresh.write_text(name + "\n", encoding="utf-8")
            fresh.replace(self.own / CURRENT)
        except OSError as error:
            raise ModelError(
                f"{self.own} cannot be written to: {error}",
                mend="set data_dir to a folder that is writable",
                code="model-unwritable",
            ) from error

    def rollback(self, at: datetime) -> str:
        """Put the version in use that was in use before, and return its name.

        Raises:
            InputError: when there was none before.

        """
        before = self._before()
        if not before:
            raise InputError("no version was in use before this one", mend="see `caspian models`")
        previous = before[-1]
        self.promote(previous, f"rolled back from {self.current}", at)
        return previous

    def history(self) -> list[Change]:
        """Return every change of the version in use, oldest first; damaged lines are left out."""
        try:
            lines = (self.own / HISTORY).read_text("utf-8", "replace").split("\n")
        except OSError:
            return []
        changes = []
        for line in lines:
            try:
                row = json.loads(line)
                at = datetime.fromisoformat(row["at"])
                changes.append(Change(at, str(row["version"]), str(row["why"])))
            except (ValueError, KeyError, TypeError, RecursionError):
                continue
        return changes

    def load(self, read: Read) -> tuple[Classifier, ModelError | None]:
        """Return the version in use, or the last good one and why the one in use is refused.

        Raises:
            ModelError: when not even the baseline can be read.

        """
        problem = None
        for name in self._preferred():
            try:
                return read(self.folder(name)), problem
            except ModelError as error:
                problem = problem or error
        if problem is None:
            raise AssertionError("the baseline is always tried")
        raise problem

    def problem(self) -> str | None:
        """Say what is wrong with the version in use, without loading it."""
        try:
            check(self.folder(self.current))
        except ModelError as error:
            return f"model {self.current}: {error.message}"
        return None

    def _preferred(self) -> list[str]:
        """The version in use, then those in use before it, newest first, then the baseline."""
        return list(dict.fromkeys([self.current, *reversed(self._before()), BASELINE]))

    def _before(self) -> list[str]:
        """The versions in use before the current one, oldest first, without what was undone."""
        stack = [BASELINE]
        for change in self.history():
            if change.version in stack:
                del stack[stack.index(change.version) + 1 :]
            else:
                stack.append(change.version)
        current = self.current
        # Not the last where the pointer was written by hand, or a crash kept it from changing.
        return stack[: stack.index(current)] if current in stack else stack

    def _version(self, name: str) -> Version:
        folder, in_use = self.folder(name), name == self.current
        try:
            manifest = read_manifest(folder)
        except ModelError as error:
            return Version(name, folder, in_use, None, error.message)
        try:
            check(folder)
        except ModelError as error:
            return Version(name, folder, in_use, manifest, error.message)
        return Version(name, folder, in_use, manifest, None)
