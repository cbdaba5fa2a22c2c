"""The articles of the last days and the stories they are in: what new articles are held against."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from service.records import ArticleId, StoryId
from service.stories.traits import Traits

STEPS_A_DAY = 4


def step(day: float) -> float:
    """Return from when on a window holds articles if it must hold those from ``day`` on.

    In steps, since throwing out takes long; by the clock, so that what a window holds does not
    depend on when it was last read.
    """
    return math.floor(day * STEPS_A_DAY) / STEPS_A_DAY


class Window:
    """Articles as rows of ``traits``. Room grows by doubling: one more costs the same however many.

    A plain list in memory: it belongs to whoever groups, and to one thread at a time.
    """

    def __init__(self, traits: Traits) -> None:
        """Take empty traits, for the widths of their rows."""
        self._room: Traits = traits
        self._clear(traits)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def traits(self) -> Traits:
        """The rows there are."""
        return self._room.head(len(self.ids))

    def members(self, story: StoryId) -> Sequence[int]:
        """Return the rows of a story, in the order they came in."""
        return self._members.get(story, ())

    def add(
        self,
        traits: Traits,
        ids: Sequence[ArticleId],
        stories: Iterable[StoryId | None] | None = None,
    ) -> None:
        """Add articles, in no story yet unless told otherwise."""
        first, needed = len(self.ids), len(self.ids) + len(ids)
        if needed > len(self._room):
            self._room = self._room.roomier(max(2 * len(self._room), needed))
        self._room.put(first, traits)
        self.ids += ids
        self.stories += [None] * len(ids)
        self._row.update((id_, first + at) for at, id_ in enumerate(ids))
        if stories is not None:
            for id_, story in zip(ids, stories, strict=True):
                if story is not None:
                    self.move([id_], story)

    def move(self, articles: Iterable[ArticleId], story: StoryId) -> None:
        """Put articles into a story, out of any other."""
        for article in articles:
            row = self._row[article]
            before = self.stories[row]
            if before is not None:
                self._members[before].remove(row)
                if not self._members[before]:
                    del self._members[before]
            self.stories[row] = story
            self._members[story].append(row)

    def merge(self, absorbed: StoryId, story: StoryId) -> None:
        """Put all articles of one story into another."""
        self.move([self.ids[row] for row in self.members(absorbed)], story)

    def forget(self, before: float) -> bool:
        """Throw out what is older than the step of ``before``, in days; tell if anything was."""
        kept = np.flatnonzero(self.traits.day >= step(before))
        if len(kept) == len(self.ids):
            return False
        traits, ids = self.traits.rows(kept), [self.ids[row] for row in kept]
        stories = [self.stories[row] for row in kept]
        self._clear(traits.head(0))
        self.add(traits, ids, stories)
        return True

    def _clear(self, traits: Traits) -> None:
        self.ids: list[ArticleId] = []
        self.stories: list[StoryId | None] = []
        self._room = traits
        self._members: defaultdict[StoryId, list[int]] = defaultdict(list)
        self._row: dict[ArticleId, int] = {}
