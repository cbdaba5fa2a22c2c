"""Finds where a text names either side, in any script.

The gate before the classifier: an item that does not name both sides cannot be about what lies
between them. Terms come from ``topic.toml``; its comment describes how they are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ahocorasick_rs import AhoCorasick

from service.records import Mention
from service.text import ends_word, fold, is_unspaced, starts_word, word_end

__all__ = ["NOT_MEANT", "Match", "MentionFinder", "fold"]


@dataclass(frozen=True, slots=True)
class _Pattern:
    side: str
    kind: str
    open_end: bool
    anywhere: bool


# A kind of terms that name no side although they hold one's name: 白俄罗斯 is Belarus.
NOT_MEANT = "not"

Match = tuple[int, int, _Pattern]


class MentionFinder:
    """Finds the terms of both sides. Immutable and safe to share between threads."""

    def __init__(
        self,
        sides: Mapping[str, Mapping[str, Iterable[str]]],
        names: Mapping[str, str] | None = None,
    ) -> None:
        """Take the terms by side and kind ("country", "leaders", ...), and the sides' names."""
        self.sides = tuple(sides)
        self.names = names or {side: side.capitalize() for side in sides}
        patterns: dict[str, list[_Pattern]] = {}
        for side, kinds in sides.items():
            for kind, terms in kinds.items():
                for term in terms:
                    text = fold(term.removesuffix("*"))
                    pattern = _Pattern(side, kind, term.endswith("*"), is_unspaced(text))
                    _add(patterns.setdefault(text, []), pattern)
        self._patterns = list(patterns.values())
        self._automaton = AhoCorasick(list(patterns))

    def names_both(self, text: str) -> bool:
        """Tell whether ``text`` names both sides; the fast path for the bulk of all news."""
        return len({pattern.side for _, _, pattern in self._matches(fold(text))}) > 1

    def names_any(self, text: str) -> bool:
        """Tell whether ``text`` names a side."""
        return any(pattern.kind != NOT_MEANT for _, _, pattern in self._matches(fold(text)))

    def find(self, text: str, field: str) -> list[Mention]:
        """Return the mentions in ``text`` in order; of overlapping ones of a side the longest."""
        pieces = [fold(character) for character in text]
        folded = "".join(pieces)
        # Which character of the text each one of the folded text came from.
        origin = [index for index, piece in enumerate(pieces) for _ in piece]
        mentions: list[Mention] = []
        taken = dict.fromkeys(self.sides, 0)
        for start, stop, pattern in sorted(self._matches(folded), key=_longest_first):
            if start < taken[pattern.side]:
                continue
            end = word_end(folded, stop) if pattern.open_end else stop
            taken[pattern.side] = end
            first, last = origin[start], origin[end - 1] + 1
            mentions.append(
                Mention(pattern.side, pattern.kind, text[first:last], field, first, last)
            )
        return mentions

    def _matches(self, folded: str) -> list[Match]:
        found = self._automaton.find_matches_as_indexes(folded, overlapping=True)
        if not found:
            return []
        matches = [
            (start, end, pattern)
            for index, start, end in found
            for pattern in self._patterns[index]
            if _fits(folded, start, end, pattern)
        ]
        barred = [(start, end) for start, end, pattern in matches if pattern.kind == NOT_MEANT]
        return [
            (start, end, pattern)
            for start, end, pattern in matches
            if not any(first <= start and end <= last for first, last in barred)
        ]


def _add(known: list[_Pattern], pattern: _Pattern) -> None:
    """Add a pattern to those of its text: one a side, with an open end if any language opens it."""
    for index, other in enumerate(known):
        if other.side == pattern.side:
            known[index] = replace(other, open_end=other.open_end or pattern.open_end)
            return
    known.append(pattern)


def _longest_first(match: Match) -> tuple[int, int]:
    return match[0], -match[1]


def _fits(text: str, start: int, end: int, pattern: _Pattern) -> bool:
    if pattern.anywhere:
        return True
    if not pattern.open_end and not ends_word(text, end):
        return False
    return starts_word(text, start)
