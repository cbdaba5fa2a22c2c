"""How words are found in text of any script: what is levelled, and where a word begins and ends.

Shared by the names of the topic's sides and by the lexicon of stories. Pure, and of no topic.
"""

from __future__ import annotations

from dataclasses import dataclass

# How a term is written: found with these capitals only, and going on with any letters.
AS_WRITTEN = "="
OPEN_END = "*"

# One-letter words written together with the next one, alone or stacked: Arabic and, so, by, as
# (folded), to and the two letters of the article; Hebrew and, the, in, to, from, that, as.
# Escaped, since the two scripts have letters that look alike on the page.
_CLITICS = frozenset(
    "\u0648\u0641\u0628\u06a9\u0644\u0627"  # waw, fa, ba, kaf, lam, alif
    "\u05d5\u05d4\u05d1\u05dc\u05de\u05e9\u05db"  # vav, he, bet, lamed, mem, shin, kaf
)
_MAX_CLITICS = 4

# Letters that writers use one for the other, and marks that writers leave out.
_SPELLED = str.maketrans(
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


def spell(text: str) -> str:
    """Return ``text`` with spelling variants levelled and its capitals kept, but for I."""
    return text.translate(_SPELLED)


def fold(text: str) -> str:
    """Return ``text`` with case and spelling variants levelled.

    It is as long as ``spell(text)``, letter by letter: the one letter whose small form is two
    characters is levelled before.
    """
    return text.translate(_SPELLED).lower()


@dataclass(frozen=True, slots=True)
class Term:
    """A word or name to be found: folded, and what is said of its end and its capitals."""

    folded: str
    open_end: bool
    spelled: str  # "", or how it must be written


def read_term(written: str) -> Term:
    """Return the term written "stem*", "=US" or plainly."""
    bare = written.removeprefix(AS_WRITTEN).removesuffix(OPEN_END)
    spelled = spell(bare) if written.startswith(AS_WRITTEN) else ""
    return Term(fold(bare), written.endswith(OPEN_END), spelled)


def is_unspaced(text: str) -> bool:
    """Tell whether ``text`` holds Chinese or Japanese, which put no space between words."""
    return any("\u3040" <= character <= "\u9fff" for character in text)


def starts_word(text: str, start: int) -> bool:
    """Tell whether a word starts at ``start`` of a folded text, if need be after clitics."""
    if start == 0 or not _continues(text[start - 1]):
        return True
    # Any number of clitics may be part of the match's surroundings; a limit must follow them.
    back = start
    while back > max(0, start - _MAX_CLITICS) and text[back - 1] in _CLITICS:
        back -= 1
        if back == 0 or not _continues(text[back - 1]):
            return True
    return False


def ends_word(text: str, end: int) -> bool:
    """Tell whether a word of a folded text ends before ``end``."""
    return end >= len(text) or not _continues(text[end])


def word_end(text: str, end: int) -> int:
    """Return where the word ends that goes on at ``end`` of a folded text."""
    while end < len(text) and _continues(text[end]):
        end += 1
    return end


def _continues(character: str) -> bool:
    # Latin beside Chinese ("S-400导弹") is the end of a word all the same. Indian vowel signs
    # are no letters, but part of the word.
    if "\u3040" <= character <= "\u9fff":
        return False
    return character.isalnum() or "\u0900" <= character <= "\u0963"
