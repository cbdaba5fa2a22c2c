"""Finds where a text names either side, in any script.

The gate before the classifier: an item that does not name both sides cannot be about what lies
between them. Terms come from ``topic.toml``; its comment describes how they are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ahocorasick_rs import AhoCorasick

from service.records import Mention

# One-letter words written together with the next one, alone or stacked: Arabic and, so, by, as
# (folded), to and the two letters of the article; Hebrew and, the, in, to, from, that, as.
# Escaped, since the two scripts have letters that look alike on the page.
_CLITICS = frozenset(
    "\u0648\u0641\u0628\u06a9\u0644\u0627"  # waw, fa, ba, kaf, lam, alif
    "\u05d5\u05d4\u05d1\u05dc\u05de\u05e9\u05db"  # vav, he, bet, lamed, mem, shin, kaf
)
_MAX_CLITICS = 4

# Letters that writers use one for the other, and marks that writers leave out.
_FOLDED = str.maketrans(
    {
        "İ": "i",
        "I": "i",
        "ı": "i",
        "ё": "е",
        "Ё": "е",
        "ي": "ی",
        "ى": "ی",
        "ئ": "ی",
        "ك": "ک",
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
        "ٱ": "ا",
        "ة": "ه",
        "ۀ": "ه",
        "ؤ": "و",
        "\u0640": None,  # tatweel
        "\u200c": " ",  # ZWNJ parts a word from its ending
        "\u05be": "-",  # maqaf, Hebrew's hyphen
        **dict.fromkeys("\u00ad\u200b\u200d\ufeff", None),  # invisible within words
        "\u00a0": " ",
        **dict.fromkeys("’ʼ׳", "'"),
        **dict.fromkeys('«»“”„"״', None),
        **dict.fromkeys(map(chr, [*range(0x064B, 0x0653), 0x0670]), None),
        **dict.fromkeys(
            map(chr, {*range(0x0591, 0x05C8)} - {0x05BE, 0x05C0, 0x05C3, 0x05C6}), None
        ),
        # Halves of surrogate pairs, which no text should hold and the automaton refuses.
        **dict.fromkeys(map(chr, range(0xD800, 0xE000)), "\ufffd"),
    }
)


def fold(text: str) -> str:
    """Return ``text`` with case and spelling variants folded; see ``_FOLDED``."""
    return text.translate(_FOLDED).lower()


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
                    pattern = _Pattern(side, kind, term.endswith("*"), _is_unspaced(text))
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
            end = _word_end(folded, stop) if pattern.open_end else stop
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


def _is_unspaced(text: str) -> bool:
    """Chinese and Japanese put no space between words."""
    return any("\u3040" <= character <= "\u9fff" for character in text)


def _fits(text: str, start: int, end: int, pattern: _Pattern) -> bool:
    if pattern.anywhere:
        return True
    if not pattern.open_end and end < len(text) and _continues(text[end]):
        return False
    back = start
    while back > 0 and start - back < _MAX_CLITICS and text[back - 1] in _CLITICS:
        back -= 1
    # Any number of clitics may be part of the match's surroundings; a limit must follow them.
    return any(at == 0 or not _continues(text[at - 1]) for at in range(back, start + 1))


def _continues(character: str) -> bool:
    # Latin beside Chinese ("S-400导弹") is the end of a word all the same. Indian vowel signs
    # are no letters, but part of the word.
    if "\u3040" <= character <= "\u9fff":
        return False
    return character.isalnum() or "\u0900" <= character <= "\u0963"


def _word_end(text: str, end: int) -> int:
    while end < len(text) and _continues(text[end]):
        end += 1
    return end
