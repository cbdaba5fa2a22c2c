"""Finds labels that contradict all else, and readers who give too many of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.learning.retrain import Fitted
from service.relevance.vectors import Vector

Marks = npt.NDArray[np.bool_]

# A label that a model which never saw it finds this unlikely is doubtful...
DOUBTFUL = 0.05
# ...and a reader of whose labels this share is doubtful is careless, or worse.
CARELESS_SHARE = 0.3
SUSPECT_SHARE = 0.5
FEWEST_OF_A_READER = 10


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A label that contradicts what all other items teach."""

    readers: tuple[str, ...]
    title: str
    label: bool
    probability: float


def doubtful(fitted: Fitted) -> tuple[Doubtful, ...]:
    """Return the labels that models which never saw them find most unlikely, worst first.

    A text called relevant that the gate stops is no fault of its reader's.
    """
    marks = _contradicts(fitted, fitted.out_of_fold)
    found = [
        Doubtful(one.readers, one.example.item.title, one.example.label, round(float(p), 4))
        for one, p, marked in zip(fitted.judged, fitted.out_of_fold, marks, strict=True)
        if marked
    ]
    return tuple(sorted(found, key=lambda one: abs(one.probability - one.label), reverse=True))


def careless(fitted: Fitted) -> dict[str, float]:
    """Return the readers with too many doubtful labels, and the share of them."""
    marks = _contradicts(fitted, fitted.out_of_fold)
    of_each = {reader: np.asarray(marks[at]) for reader, at in _places_by_reader(fitted).items()}
    return _too_many(of_each, CARELESS_SHARE)


def suspects(fitted: Fitted) -> dict[str, float]:
    """Return the readers most of whose labels contradict all that others say, and the share.

    Wrong labels vouch for one another: many of one kind hide each from ``careless``, and spoil
    the calibration. So each reader's labels are judged by a fit without any of them, and count as
    contradicted where both of its opinions are against them. It cannot tell one who errs from one
    who teaches something new: no ground for refusing a candidate, but where to look first if
    there is one. Takes a second or so a reader.
    """
    marks: dict[str, Marks] = {}
    for reader, places in _places_by_reader(fitted).items():
        sign = np.where([fitted.judged[place].example.label for place in places], 1, -1)
        against = fitted.without(places) * sign[:, None] < 0
        marks[reader] = np.asarray(against.all(axis=1))
    return _too_many(marks, SUSPECT_SHARE)


def _contradicts(fitted: Fitted, belief: Vector) -> Marks:
    """Return which labels ``belief``, a probability each, makes doubtful; NaN makes none."""
    labels = np.array([one.example.label for one in fitted.judged], dtype=bool)
    return np.asarray(np.where(labels, belief, 1 - belief) < DOUBTFUL)


def _too_many(marks: Mapping[str, Marks], allowed: float) -> dict[str, float]:
    shares = {reader: round(float(of_one.mean()), 3) for reader, of_one in marks.items()}
    return {reader: share for reader, share in shares.items() if share >= allowed}


def _places_by_reader(fitted: Fitted) -> dict[str, list[int]]:
    """Return where the labels of each reader with enough of them stand."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(fitted.judged):
        for reader in one.readers:
            places[reader].append(place)
    return {reader: at for reader, at in places.items() if len(at) >= FEWEST_OF_A_READER}
