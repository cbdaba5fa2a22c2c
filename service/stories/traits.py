"""What grouping weighs of articles: rows of numbers, compared row by row."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from service.stories.space import Floats, Places

Flags = npt.NDArray[np.bool_]
Halves = npt.NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Traits:
    """Rows for n articles; every array has n of them.

    ``meaning`` and ``title`` (n, kept) are unit vectors. ``actors``, ``leads`` (the actors in the
    title) and ``numbers`` (n, known ones) tell which are named. ``day`` is the time in
    days, ``outlet`` and ``language`` stand for names, ``mixed`` marks live blogs and round-ups.
    """

    meaning: Floats
    title: Halves
    actors: Flags
    leads: Flags
    numbers: Flags
    day: npt.NDArray[np.float64]
    outlet: npt.NDArray[np.int64]
    language: npt.NDArray[np.int64]
    mixed: Flags

    def __len__(self) -> int:
        return len(self.day)

    def rows(self, chosen: Places) -> Traits:
        """Return the chosen rows."""
        return Traits(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def head(self, count: int) -> Traits:
        """Return the first rows, without copying them."""
        return Traits(*(getattr(self, field.name)[:count] for field in fields(self)))

    def roomier(self, capacity: int) -> Traits:
        """Return the same rows with space for more after them."""
        grown = []
        for field in fields(self):
            rows = getattr(self, field.name)
            room = np.zeros((capacity, *rows.shape[1:]), dtype=rows.dtype)
            room[: len(rows)] = rows
            grown.append(room)
        return Traits(*grown)

    def put(self, at: int, others: Traits) -> None:
        """Write the others' rows over these from ``at`` on."""
        for field in fields(self):
            getattr(self, field.name)[at : at + len(others)] = getattr(others, field.name)
