"""Puts new articles into stories, and mends the stories they touch.

A new article is weighed together with all articles of the stories that it lies near to, which are
thereby grouped anew: two stories may turn out to be one, and one two. What stands together is
held together a little, lest stories change without need.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from service.records import ArticleId, StoryId
from service.stories.clusters import agglomerate
from service.stories.pairs import LONGEST_GAP_DAYS, PairModel
from service.stories.space import Places
from service.stories.traits import Traits
from service.stories.window import Window

# An article is compared in full with those of the window that mean most nearly the same.
CANDIDATES = 64
# Of the stories among those the likeliest are weighed again together with it.
TOUCHED = 6
# New articles compared at once: more would only fill the memory.
AT_ONCE = 16
# What holds a story together against the pull of its parts, in log-odds.
HELD = 1.0
# Of a story of hundreds only the last articles are weighed; the others stay where they are.
WEIGHED = 80

# A new article, or a story, by number.
Part = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Rule:
    """When clusters are one: from log-odds of ``threshold`` on; see ``clusters.agglomerate``."""

    model: PairModel
    threshold: float


@dataclass(frozen=True, slots=True)
class Regrouped:
    """A story as it is from now on.

    ``story`` is None for a new one. ``articles`` come into it, new ones and such as were in
    other stories; ``absorbed`` are the stories it takes over whole, ``split_from`` the one that a
    new story was part of.
    """

    story: StoryId | None
    articles: tuple[ArticleId, ...]
    absorbed: tuple[StoryId, ...] = ()
    split_from: StoryId | None = None


def regroup(window: Window, fresh: Sequence[int], rule: Rule) -> list[Regrouped]:
    """Return what changes once the rows ``fresh``, which are in no story, are in one.

    They must come in an order that does not depend on how they arrived; then the result, which
    is a partition, does not either.
    """
    changes: list[Regrouped] = []
    for rows in _neighbourhoods(window, fresh, rule):
        changes += _settle(window, rows, rule)
    return changes


def _neighbourhoods(window: Window, fresh: Sequence[int], rule: Rule) -> list[list[int]]:
    """Return the rows to weigh together: new articles, and the stories that they touch."""
    unions = _Unions(("article", row) for row in fresh)
    for row, others in _touched(window, fresh, rule):
        for other in _parts(window, others):
            unions.join(("article", row), other)
    return [
        [
            row
            for kind, number in sorted(parts)
            for row in ([number] if kind == "article" else _latest(window, StoryId(number)))
        ]
        for parts in unions.sets()
    ]


def _parts(window: Window, others: Places) -> list[Part]:
    """Return what these rows, the likeliest first, are part of: new articles, and a few stories.

    Counted by article, the copies of one text would hide all that another text says of the event.
    """
    stories = dict.fromkeys(window.stories[row] for row in others)
    touched = [("story", story) for story in stories if story is not None][:TOUCHED]
    return touched + [("article", int(row)) for row in others if window.stories[row] is None]


def _latest(window: Window, story: StoryId) -> list[int]:
    day = window.traits.day
    return sorted(window.members(story), key=lambda row: (day[row], row))[-WEIGHED:]


def _touched(window: Window, fresh: Sequence[int], rule: Rule) -> Iterable[tuple[int, Places]]:
    """Yield, for each new row, those that it may be in one story with, the likeliest first.

    Clusters whose nearest pair is below the threshold are never joined: nothing else is touched.
    """
    traits = window.traits
    for start in range(0, len(fresh), AT_ONCE):
        rows = np.array(fresh[start : start + AT_ONCE])
        near = _candidates(traits, rows)
        others = np.unique(np.concatenate(near))
        odds = rule.model.odds(traits.rows(rows), traits.rows(others))
        for row, candidates, own in zip(rows, near, odds, strict=True):
            likely = np.flatnonzero(np.isin(others, candidates) & (own >= rule.threshold))
            yield int(row), others[likely[np.argsort(-own[likely], kind="stable")]]


def _candidates(traits: Traits, rows: Places) -> list[Places]:
    """Return, for each of ``rows``, those within reach that mean most nearly the same."""
    found = []
    for row, likeness in zip(rows, traits.meaning[rows] @ traits.meaning.T, strict=True):
        likeness[np.abs(traits.day - traits.day[row]) > LONGEST_GAP_DAYS] = -2
        likeness[row] = -2
        count = min(CANDIDATES, len(likeness))
        best = np.argpartition(-likeness, count - 1)[:count]
        found.append(best[likeness[best] > -2])
    return found


def _settle(window: Window, rows: Sequence[int], rule: Rule) -> list[Regrouped]:
    """Group one neighbourhood, and tell how that differs from what stands."""
    traits = window.traits.rows(np.array(rows))
    stands = np.array([window.stories[row] or 0 for row in rows])
    together = (stands[:, None] == stands[None, :]) & (stands > 0)[:, None]
    odds = rule.model.odds(traits, traits) + HELD * together
    clusters: defaultdict[int, list[int]] = defaultdict(list)
    for row, number in zip(rows, agglomerate(odds, rule.threshold), strict=True):
        clusters[number].append(row)
    return _named(window, list(clusters.values()))


def _named(window: Window, clusters: Sequence[Sequence[int]]) -> list[Regrouped]:
    """Let each story's id stay with most of its articles, and the oldest id of a cluster win."""
    homes = _homes(window, clusters)
    changes = []
    for number, rows in enumerate(clusters):
        own = sorted(story for story, home in homes.items() if home == number)
        keeps = own[0] if own else None
        before = [window.stories[row] for row in rows]
        moved = tuple(
            window.ids[row]
            for row, story in zip(rows, before, strict=True)
            if story is None or story != keeps
        )
        if moved:
            parents = Counter(story for story in before if story is not None)
            parent = parents.most_common(1)[0][0] if keeps is None and parents else None
            changes.append(Regrouped(keeps, moved, tuple(own[1:]), parent))
    return changes


def _homes(window: Window, clusters: Sequence[Sequence[int]]) -> dict[StoryId, int]:
    """Return which cluster holds most of each story's articles; of equals, its first article."""
    days = window.traits.day
    found: defaultdict[StoryId, defaultdict[int, list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for number, rows in enumerate(clusters):
        for row in rows:
            story = window.stories[row]
            if story is not None:
                found[story][number].append(days[row])
    return {
        story: max(parts, key=lambda number: (len(parts[number]), -min(parts[number])))
        for story, parts in found.items()
    }


class _Unions:
    """Which parts hang together; each is found by following it to the first of its set."""

    def __init__(self, parts: Iterable[Part]) -> None:
        self._parent = {part: part for part in parts}

    def join(self, one: Part, other: Part) -> None:
        self._parent.setdefault(other, other)
        first, second = sorted((self._first(one), self._first(other)))
        self._parent[second] = first

    def sets(self) -> list[list[Part]]:
        sets: defaultdict[Part, list[Part]] = defaultdict(list)
        for part in sorted(self._parent):
            sets[self._first(part)].append(part)
        return list(sets.values())

    def _first(self, part: Part) -> Part:
        while self._parent[part] != part:
            self._parent[part] = self._parent[self._parent[part]]
            part = self._parent[part]
        return part
