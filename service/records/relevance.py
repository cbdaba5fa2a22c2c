"""What is scored, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass

from service.records.basics import Topic


@dataclass(frozen=True, slots=True)
class Item:
    """What is scored: a title and a summary in some language (ISO 639-1, or "" if unknown)."""

    title: str
    summary: str
    lang: str = ""


@dataclass(frozen=True, slots=True)
class Mention:
    """One naming of one side. ``start`` and ``end`` count characters of ``field``."""

    side: str
    kind: str
    text: str
    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a score is what it is.

    ``sentence`` is the one that carries the link between the sides; ``phrases`` are the words
    that moved the probability most, ``signs`` how the names lie, both with
    their weight in log-odds. ``text_from`` tells which text was seen: the feed's, or the one on
    the article's own "page".
    """

    mentions: tuple[Mention, ...] = ()
    sentence: str = ""
    phrases: tuple[tuple[str, float], ...] = ()
    signs: tuple[tuple[str, float], ...] = ()
    text_from: str = "feed"


@dataclass(frozen=True, slots=True)
class Score:
    """The model's verdict on one item. ``probability`` is calibrated, in [0, 1]."""

    probability: float
    relevant: bool
    topics: tuple[Topic, ...]
    evidence: Evidence
    model_version: str
