"""A space small enough to see: two directions tell the language, four which event is told.

Two reports of one event lie at an angle of 0, and the odds that they are one fall with the cosine:
``5`` at 0 degrees, ``0`` at 60, ``-5`` at 90. The weights are written, not learnt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from service.records import ArticleId, Bearings, PlacedArticle, StoryId
from service.stories.model import DAY_SECONDS, GroupingModel, Newcomer
from service.stories.pairs import FEATURES, LONGEST_GAP_DAYS, PairModel
from service.stories.rarity import Named
from service.stories.regroup import Regrouped, Rule, regroup
from service.stories.space import Background, Floats, Space
from service.stories.stream import Stream, in_order
from service.stories.traits import Traits
from service.stories.window import Window, step
from tests.make import NOW

LANGUAGES = ("en", "ru")
DIMENSIONS, EVENTS = 6, 4
# Four events of which no two are alike.
STRIKE, DEAL, TALKS, CRASH = range(EVENTS)
TALE, OTHER_TALE = StoryId(1), StoryId(2)

ACTORS = ("lavrov", "araghchi", "kyiv")


def told(event: int = STRIKE, towards: int = DEAL, degrees: float = 0) -> Floats:
    """Return where a report of an event lies, so many degrees off towards another event."""
    vector = np.zeros(EVENTS, dtype=np.float32)
    angle = np.deg2rad(degrees)
    vector[towards] = np.sin(angle)
    vector[event] = np.cos(angle)
    return vector


def encoded(event: Floats, language: str = "en") -> Floats:
    """Return what an encoder would make of it: mostly the language."""
    vector = np.zeros(DIMENSIONS, dtype=np.float32)
    vector[LANGUAGES.index(language)] = 1
    vector[len(LANGUAGES) :] = event / 2
    return vector


def space() -> Space:
    means = np.eye(DIMENSIONS, dtype=np.float32)
    tongues = means[: len(LANGUAGES)]
    return Space("small", LANGUAGES, tongues, tongues, means[:, len(LANGUAGES) :])


def pair_model(bias: float = -5.0, **weights: float) -> PairModel:
    """Return weights by the names of features, with "_" for " "; all others are 0."""
    given = {"meaning": 10.0, "mixed": -4.0} | {k.replace("_", " "): v for k, v in weights.items()}
    return PairModel(
        np.array([given.get(name, 0.0) for name in FEATURES]),
        bias,
        np.array([1, 1, 2], dtype=np.float32),
    )


def grouping_model(rule: Rule | None = None) -> GroupingModel:
    """Return a model; half of the written items name the first actor, none the last."""
    shares = np.array([0.5, 0.1, 0], dtype=np.float32)
    return GroupingModel(space(), rule or Rule(pair_model(), 0.0), ACTORS, shares)


MODEL = grouping_model()


def placed(number: int, event: Floats | None = None, **changes: Any) -> PlacedArticle:
    """Return an article whose title says what its text says."""
    where = told() if event is None else event
    values: dict[str, Any] = {
        "id": ArticleId(number),
        "story": None,
        "outlet": f"Outlet {number}",
        "reported_at": NOW + timedelta(minutes=number),
        "language": "en",
        "title": f"Report {number}",
        "bearings": Bearings(),
        "vectors": np.hstack([where, where]).astype(np.float16).tobytes(),
    }
    return PlacedArticle(**(values | changes))


def traits(*articles: PlacedArticle) -> Traits:
    return MODEL.traits(articles)


def newcomer(
    number: int, event: Floats | None = None, language: str = "en", **changes: Any
) -> Newcomer:
    """Return an article as it comes, before it is placed."""
    vector = encoded(told() if event is None else event, language)
    values: dict[str, Any] = {
        "id": ArticleId(number),
        "outlet": f"Outlet {number}",
        "reported_at": NOW + timedelta(minutes=number),
        "title": f"Report {number}",
        "bearings": Bearings(),
        "meaning": vector,
        "title_vector": vector,
    }
    return Newcomer(**(values | changes))


def window_of(*articles: PlacedArticle) -> Window:
    """Return a window with these articles, in the stories they say they are in."""
    window = Window(MODEL.traits([]))
    window.add(
        MODEL.traits(articles), [one.id for one in articles], [one.story for one in articles]
    )
    return window


def regrouped(*articles: PlacedArticle, rule: Rule = MODEL.rule) -> list[Regrouped]:
    """Return what changes for articles of which those in no story are new."""
    window = window_of(*articles)
    fresh = [row for row, story in enumerate(window.stories) if story is None]
    return regroup(window, fresh, rule)


class Restarted:
    """Groups as ``Stream`` does, but is started anew for each batch.

    It keeps between batches only what the database keeps: articles as placed, and what was learnt.
    """

    def __init__(self, model: GroupingModel = MODEL) -> None:
        self._model = model
        self._kept: dict[ArticleId, PlacedArticle] = {}
        self._backgrounds: dict[str, Background] = {}
        self._named = Named()
        self._opened = 0
        self._oldest = -np.inf

    def take(self, newcomers: Sequence[Newcomer]) -> None:
        new, learnt = self._model.place(in_order(newcomers), self._backgrounds)
        self._backgrounds |= learnt
        self._named = self._named.with_more(one.bearings.actors for one in new)
        days = [_day(one.reported_at) for one in new]
        self._oldest = max(self._oldest, step(min(days) - LONGEST_GAP_DAYS))
        window = Window(self._model.traits([]))
        self._add(window, [one for one in self._read() if _day(one.reported_at) >= self._oldest])
        first = len(window)
        self._add(window, new)
        self._kept |= {one.id: one for one in new}
        rule = self._model.rule_given(self._named)
        for change in regroup(window, range(first, len(window)), rule):
            self._apply(change)

    @property
    def known(self) -> set[ArticleId]:
        return set(self._kept)

    def story_of(self, article: ArticleId) -> StoryId | None:
        return self._kept[article].story

    def _read(self) -> list[PlacedArticle]:
        return sorted(self._kept.values(), key=lambda one: (one.reported_at, one.id))

    def _add(self, window: Window, articles: Sequence[PlacedArticle]) -> None:
        rows = self._model.traits(articles)
        window.add(rows, [one.id for one in articles], [one.story for one in articles])

    def _apply(self, change: Regrouped) -> None:
        self._opened += change.story is None
        story = change.story or StoryId(self._opened)
        for one in list(self._kept.values()):
            if one.id in change.articles or one.story in change.absorbed:
                self._kept[one.id] = replace(one, story=story)


def partition(
    story_of: Callable[[ArticleId], StoryId | None], articles: Iterable[Newcomer]
) -> set[frozenset[str]]:
    """Return which titles stand together."""
    stories: dict[StoryId | None, set[str]] = {}
    for one in articles:
        stories.setdefault(story_of(one.id), set()).add(one.title)
    return set(map(frozenset, stories.values()))


def streamed(*batches: Sequence[Newcomer], model: GroupingModel = MODEL) -> Stream:
    stream = Stream(model)
    for batch in batches:
        stream.take(batch)
    return stream


def _day(moment: datetime) -> float:
    return moment.timestamp() / DAY_SECONDS
