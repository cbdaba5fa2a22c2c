"""The version that scores in a running process."""

from __future__ import annotations

from collections.abc import Sequence

from service.errors import ModelError
from service.learning.versions import Read, Versions
from service.records import Item, Score


class Served:
    """A scorer that follows the version in use; what cannot be read leaves the last good one."""

    def __init__(self, versions: Versions, read: Read) -> None:
        """Load the version in use, or the last good one.

        Raises:
            ModelError: when not even the baseline can be read.

        """
        self._versions = versions
        self._read = read
        self._tried = versions.current
        self._model, self.problem = versions.load(read)

    @property
    def version(self) -> str:
        """The version that serves now."""
        return self._model.version

    @property
    def threshold(self) -> float:
        """The threshold that holds now."""
        return self._model.threshold

    def score(self, items: Sequence[Item]) -> list[Score]:
        """See ``Scorer``; all items of one call are scored by one version."""
        return self._model.score(items)

    def names_any(self, item: Item) -> bool:
        """Tell whether an item names one side at least."""
        return self._model.names_any(item)

    def refresh(self) -> bool:
        """Switch to the version in use if that has changed; tell whether it did."""
        wanted = self._versions.current
        if wanted == self._tried and self.problem is None:
            return False
        self._tried = wanted
        try:
            fresh = self._read(self._versions.folder(wanted))
        except ModelError as error:
            self.problem = error
            return False
        self.problem = None
        changed = fresh.version != self._model.version
        self._model = fresh
        return changed
