"""Turns an item into what the classifier weighs: masked text, and how the mentions lie.

Both sides are masked by one token each, so that the words around them are learnt and not the
names, and what is learnt in one language about their order and distance serves all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from service.records import Item, Mention
from service.relevance.mentions import MentionFinder
from service.text import fold

TITLE, SUMMARY = "title", "summary"
# Feeds with full texts: the relation is told in the first paragraphs or not at all.
SUMMARY_CHARACTERS = 1_200
TITLE_CHARACTERS = 500

_SENTENCE_END = re.compile(r"(?<=[.!?…؟۔।])\s+|(?<=[。！？])")

# What each side is masked by, in order of the sides.
MASKS = ("sidea", "sideb")


@dataclass(frozen=True, slots=True)
class Reading:
    """An item as read: its mentions, its sentences, and its text in two forms.

    In ``masked`` each naming of a side is one of ``MASKS``; in ``plain`` it is the side's name,
    whatever it was called and in which language.
    """

    item: Item
    mentions: tuple[Mention, ...]
    sentences: tuple[tuple[str, int, int, str], ...]
    masked: str
    plain: str

    @property
    def gated(self) -> bool:
        """Whether the gate stops it: fewer than two sides are named."""
        return len({mention.side for mention in self.mentions}) < 2


def passes(item: Item, finder: MentionFinder) -> bool:
    """Tell whether an item names both sides: the gate, without reading any further."""
    return finder.names_both(
        f"{item.title[:TITLE_CHARACTERS]}\n{item.summary[:SUMMARY_CHARACTERS]}"
    )


def read(item: Item, finder: MentionFinder) -> Reading:
    """Find the mentions of ``item`` and prepare it for the classifier."""
    if not passes(item, finder):
        return Reading(item, (), (), "", "")
    title, summary = item.title[:TITLE_CHARACTERS], item.summary[:SUMMARY_CHARACTERS]
    mentions = [*finder.find(title, TITLE), *finder.find(summary, SUMMARY)]
    masks = {side: f" {mask} " for side, mask in zip(finder.sides, MASKS, strict=True)}
    texts = {TITLE: title, SUMMARY: summary}
    masked = fold(" ".join(_renamed(texts[field], field, mentions, masks) for field in texts))
    named = [_renamed(texts[field], field, mentions, finder.names) for field in texts]
    plain = ". ".join(" ".join(text.split()) for text in named if text)
    sentences = (*_sentences(title, TITLE), *_sentences(summary, SUMMARY))
    return Reading(item, tuple(mentions), sentences, masked, plain)


def layout(reading: Reading, sides: Sequence[str]) -> list[float]:
    """Return nine numbers in [0, 1] that say how the mentions lie.

    Named in the title: the first side, the second, both; named in one sentence: whether, what
    share of sentences, how early; how near to one another; how often; no summary at all.
    """
    first, second = sides
    in_title = {m.side for m in reading.mentions if m.field == TITLE}
    named = [_sides_in(reading, sentence) for sentence in reading.sentences]
    shared = [index for index, found in enumerate(named) if len(found) == len(sides)]
    return [
        float(first in in_title),
        float(second in in_title),
        float({first, second} <= in_title),
        float(bool(shared)),
        len(shared) / max(len(named), 1),
        1 / (1 + shared[0]) if shared else 0.0,
        _nearness(reading, first, second),
        min(math.log1p(len(reading.mentions)) / 3, 1.0),
        float(not reading.item.summary),
    ]


def layout_signs(names: Mapping[str, str]) -> list[str]:
    """Return what the numbers of ``layout`` say, in words, in the same order."""
    first, second = names.values()
    return [
        f"{first} in the title",
        f"{second} in the title",
        "both in the title",
        "both in one sentence",
        "share of sentences with both",
        "both early in the text",
        "names near one another",
        "names often",
        "title alone",
    ]


def carrying_sentence(reading: Reading) -> str:
    """Return the sentence that names most of the sides, the earliest among equals."""
    if not reading.sentences:
        return ""
    best = max(reading.sentences, key=lambda sentence: len(_sides_in(reading, sentence)))
    return best[3]


def _sides_in(reading: Reading, sentence: tuple[str, int, int, str]) -> set[str]:
    field, start, end, _ = sentence
    return {m.side for m in reading.mentions if m.field == field and start <= m.start < end}


def _nearness(reading: Reading, first: str, second: str) -> float:
    by_side = {side: [m for m in reading.mentions if m.side == side] for side in (first, second)}
    gaps = [
        max(b.start - a.end, a.start - b.end, 0)
        for a, b in product(by_side[first], by_side[second])
        if a.field == b.field
    ]
    return math.exp(-min(gaps) / 40) if gaps else 0.0


def _renamed(text: str, field: str, mentions: Sequence[Mention], names: Mapping[str, str]) -> str:
    """Return ``text`` with each mention in it replaced by the name of its side.

    A word that names both ("Russo-Iranian") is replaced by both names.
    """
    parts, at, last = [], 0, ""
    for mention in mentions:
        if mention.field != field or (mention.end <= at and mention.side == last):
            continue
        if mention.start < at:
            parts += [" ", names[mention.side]]
        else:
            parts += [text[at : mention.start], names[mention.side]]
        at, last = max(at, mention.end), mention.side
    parts.append(text[at:])
    return "".join(parts)


def _sentences(text: str, field: str) -> list[tuple[str, int, int, str]]:
    found, at = [], 0
    for part in _SENTENCE_END.split(text):
        start = text.index(part, at)
        at = start + len(part)
        if part.strip():
            found.append((field, start, at, part.strip()))
    return found
