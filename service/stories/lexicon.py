"""Reads who and what an item is about, in words that are the same in every language.

Two reports of one event name the same actors (a state, an office, a person, a place) and the same
matters (drones, sanctions, a railway), whatever language they are in. The terms come from
``lexicon.toml``; its comment describes how they are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from ahocorasick_rs import AhoCorasick

from service.records import Bearings, Item
from service.stories.numbers import Span, numbers
from service.text import Term, ends_word, is_unspaced, read_term, spell, starts_word, word_end


@dataclass(frozen=True, slots=True)
class Naming:
    """One naming of an actor or matter; ``start`` and ``end`` count characters of folded text."""

    start: int
    end: int
    id: str


class _Kind(Enum):
    ACTOR = auto()
    MATTER = auto()
    NOT_MEANT = auto()  # words that hold a name and mean another thing


@dataclass(frozen=True, slots=True)
class _Pattern:
    """What terms of several actors, or of several matters, have in common."""

    kind: _Kind
    term: Term
    anywhere: bool
    ids: tuple[str, ...]


class Lexicon:
    """Finds actors and matters. Immutable and safe to share between threads."""

    def __init__(
        self,
        actors: Mapping[str, Iterable[str]],
        matters: Mapping[str, Iterable[str]],
        not_meant: Iterable[str] = (),
    ) -> None:
        """Take the terms by id, of all languages at once; ``not_meant`` name neither."""
        tables = ((_Kind.ACTOR, actors), (_Kind.MATTER, matters))
        ids: dict[tuple[_Kind, Term], set[str]] = {}
        for kind, table in (*tables, (_Kind.NOT_MEANT, {"": not_meant})):
            for id_, terms in table.items():
                named = _with_wholes(id_, table)
                for written in terms:
                    ids.setdefault((kind, read_term(written)), set()).update(named)
        patterns: dict[str, list[_Pattern]] = {}
        for (kind, term), found in ids.items():
            pattern = _Pattern(kind, term, is_unspaced(term.folded), tuple(sorted(found)))
            patterns.setdefault(term.folded, []).append(pattern)
        self._patterns = list(patterns.values())
        self._automaton = AhoCorasick(list(patterns))

    def read(self, item: Item) -> Bearings:
        """Return what ``item`` names."""
        title = spell(item.title)
        spelled = f"{title}\n{spell(item.summary)}"
        folded = spelled.lower()
        actors, matters = self._find(spelled, folded)
        amounts = numbers(folded, [(name.start, name.end) for name in (*actors, *matters)])
        cut = len(title)
        return Bearings(
            actors=_sorted(actors),
            leads=_sorted(name for name in actors if name.start < cut),
            matters=_sorted(matters),
            headed=_sorted(name for name in matters if name.start < cut),
            numbers=tuple(f"{value:g}" for value in sorted({value for value, _ in amounts})),
        )

    def namings(self, text: str) -> list[Naming]:
        """Return all namings in ``text`` in order, for those who ask why it is read so."""
        spelled = spell(text)
        actors, matters = self._find(spelled, spelled.lower())
        named = {*actors, *matters}
        return sorted(named, key=lambda name: (name.start, name.end, name.id))

    def _find(self, spelled: str, folded: str) -> tuple[list[Naming], list[Naming]]:
        """Return the actors and the matters named."""
        actors: list[Naming] = []
        matters: list[Naming] = []
        barred: list[Span] = []
        for index, start, end in self._automaton.find_matches_as_indexes(folded, overlapping=True):
            for pattern in self._patterns[index]:
                if not _fits(spelled, folded, start, end, pattern):
                    continue
                if pattern.kind is _Kind.NOT_MEANT:
                    stop = word_end(folded, end) if pattern.term.open_end else end
                    barred.append((start, stop))
                    continue
                named = actors if pattern.kind is _Kind.ACTOR else matters
                named += [Naming(start, end, id_) for id_ in pattern.ids]
        return _outermost(actors, barred), _outside(matters, barred) if barred else matters


def _with_wholes(id_: str, table: Mapping[str, object]) -> list[str]:
    """Return the id and those it is part of: us_treasury, and us."""
    return [id_, *(other for other in table if id_.startswith(f"{other}_"))]


def _fits(spelled: str, folded: str, start: int, end: int, pattern: _Pattern) -> bool:
    if pattern.anywhere:
        return True
    if not pattern.term.open_end and not ends_word(folded, end):
        return False
    if not starts_word(folded, start):
        return False
    return not pattern.term.spelled or spelled[start:end] == pattern.term.spelled


def _outermost(names: list[Naming], barred: list[Span]) -> list[Naming]:
    """Leave out the names that lie within a longer one, or within what is barred."""
    reach, inner = -1, set()
    spans = {(name.start, name.end) for name in names}.union(barred)
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if end <= reach:
            inner.add((start, end))
        reach = max(reach, end)
    return [name for name in names if (name.start, name.end) not in inner]


def _outside(names: list[Naming], barred: list[Span]) -> list[Naming]:
    """Leave out the names that lie within what is barred, but for those that fill it."""
    return [
        name
        for name in names
        if not any(
            first <= name.start and name.end <= last and (first, last) != (name.start, name.end)
            for first, last in barred
        )
    ]


def _sorted(namings: Iterable[Naming]) -> tuple[str, ...]:
    return tuple(sorted({name.id for name in namings}))
