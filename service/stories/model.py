"""The grouping model: made by ``caspian train`` from written stories, and how it sees articles."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from service.records import ArticleId, Bearings, Item, PlacedArticle, StoryId
from service.stories.headlines import ReportKind, kind
from service.stories.rarity import Named, rarity
from service.stories.regroup import Rule
from service.stories.space import Background, Floats, Space
from service.stories.traits import Flags, Traits

NUMBER_BUCKETS = 64
# The event is told at the beginning; more costs the encoder time.
TEXT_CHARACTERS = 400
DAY_SECONDS = 86_400
# What speaks of many events.
MIXED = frozenset({ReportKind.LIVE, ReportKind.ROUNDUP})


@dataclass(frozen=True, slots=True)
class GroupingModel:
    """Where reports lie, and when two are of one event.

    ``actors`` are ids of the lexicon, in the order of the rule's weights, and ``shares`` those of
    the written items that name each; what the lexicon has beside them is not weighed.
    """

    space: Space
    rule: Rule
    actors: tuple[str, ...]
    shares: Floats

    def rule_given(self, named: Named) -> Rule:
        """Return the rule for a time in which actors are named so often."""
        weights = rarity(named, self.actors, self.shares)
        return replace(self.rule, model=replace(self.rule.model, actor_weights=weights))

    def place(
        self, newcomers: Sequence[Newcomer], backgrounds: Mapping[str, Background]
    ) -> tuple[list[PlacedArticle], dict[str, Background]]:
        """Return the articles as grouping knows them, and the backgrounds they change.

        All of a batch change the backgrounds before any is placed: their order tells nothing.
        """
        if not newcomers:
            return [], {}
        meaning = np.stack([one.meaning for one in newcomers])
        title = np.stack([one.title_vector for one in newcomers])
        languages = self.space.language_of(meaning)
        learnt = self.space.learn(backgrounds, meaning, title, languages)
        rows = np.hstack(
            self.space.place({**backgrounds, **learnt}, meaning, title, languages)
        ).astype(np.float16)
        return [
            PlacedArticle(
                one.id,
                one.story,
                one.outlet,
                one.reported_at,
                language,
                one.title,
                one.bearings,
                row.tobytes(),
            )
            for one, language, row in zip(newcomers, languages, rows, strict=True)
        ], learnt

    def traits(self, placed: Sequence[PlacedArticle]) -> Traits:
        """Return the rows by which placed articles are compared, in order."""
        kept = self.space.basis.shape[1]
        packed = np.frombuffer(b"".join(one.vectors for one in placed), dtype=np.float16)
        vectors = packed.reshape(len(placed), 2 * kept)
        bearings = [one.bearings for one in placed]
        return Traits(
            meaning=vectors[:, :kept].astype(np.float32),
            # Bytes cannot be written to; a copy can.
            title=vectors[:, kept:].copy(),
            actors=_flags([one.actors for one in bearings], self.actors),
            leads=_flags([one.leads for one in bearings], self.actors),
            numbers=_buckets([one.numbers for one in bearings]),
            day=np.array([one.reported_at.timestamp() / DAY_SECONDS for one in placed]),
            outlet=np.array([_hash(one.outlet) for one in placed], dtype=np.int64),
            language=np.array([_hash(one.language) for one in placed], dtype=np.int64),
            mixed=np.array([kind(one.title) in MIXED for one in placed], dtype=np.bool_),
        )


@dataclass(frozen=True, slots=True)
class Newcomer:
    """An article to be placed, with the encoder's vectors of its text and of its title.

    ``story`` is the one it is in already, if any.
    """

    id: ArticleId
    outlet: str
    reported_at: datetime
    title: str
    bearings: Bearings
    meaning: Floats
    title_vector: Floats
    story: StoryId | None = None


def text_of(item: Item) -> str:
    """Return the text whose vector stands for what an article says."""
    return f"{item.title}. {item.summary}"[:TEXT_CHARACTERS]


def title_of(item: Item) -> str:
    """Return the text whose vector stands for its title."""
    return item.title[:TEXT_CHARACTERS]


def _flags(named: Sequence[Sequence[str]], known: Sequence[str]) -> Flags:
    index = {name: column for column, name in enumerate(known)}
    flags = np.zeros((len(named), len(known)), dtype=np.bool_)
    for row, names in enumerate(named):
        flags[row, [index[name] for name in names if name in index]] = True
    return flags


def _buckets(numbers: Sequence[Sequence[str]]) -> Flags:
    flags = np.zeros((len(numbers), NUMBER_BUCKETS), dtype=np.bool_)
    for row, named in enumerate(numbers):
        flags[row, [_hash(number) % NUMBER_BUCKETS for number in named]] = True
    return flags


def _hash(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "replace"))
