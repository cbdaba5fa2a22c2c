"""Groups a stream of articles in memory: the same steps as in the daemon, without a database."""

from __future__ import annotations

from collections.abc import Sequence

from service.records import ArticleId, StoryId
from service.stories.model import GroupingModel, Newcomer
from service.stories.pairs import LONGEST_GAP_DAYS
from service.stories.rarity import Named
from service.stories.regroup import Regrouped, regroup
from service.stories.space import Background
from service.stories.window import Window


class Stream:
    """Takes articles in batches, in the order of time; knows which story each is in."""

    def __init__(self, model: GroupingModel) -> None:
        self._model = model
        self._window = Window(model.traits([]))
        self._backgrounds: dict[str, Background] = {}
        self._named = Named()
        self._merged: dict[StoryId, StoryId] = {}
        self._placed: dict[ArticleId, StoryId] = {}
        self._opened = 0

    def take(self, newcomers: Sequence[Newcomer]) -> None:
        """Put a batch into stories; its order makes no difference."""
        self._named = self._named.with_more(one.bearings.actors for one in newcomers)
        placed, learnt = self._model.place(in_order(newcomers), self._backgrounds)
        self._backgrounds.update(learnt)
        if not placed:
            return
        traits = self._model.traits(placed)
        self._window.forget(float(traits.day.min()) - LONGEST_GAP_DAYS)
        first = len(self._window)
        self._window.add(traits, [one.id for one in placed])
        fresh = range(first, len(self._window))
        for change in regroup(self._window, fresh, self._model.rule_given(self._named)):
            self._apply(change)

    def story_of(self, article: ArticleId) -> StoryId:
        """Return the story that an article is in by now."""
        story = self._placed[article]
        while story in self._merged:
            story = self._merged[story]
        return story

    def _apply(self, change: Regrouped) -> None:
        story = change.story
        if story is None:
            self._opened += 1
            story = StoryId(self._opened)
        for absorbed in change.absorbed:
            self._merged[absorbed] = story
            self._window.merge(absorbed, story)
        self._window.move(change.articles, story)
        self._placed.update(dict.fromkeys(change.articles, story))


def in_order(newcomers: Sequence[Newcomer]) -> list[Newcomer]:
    """Return a batch in an order that does not depend on how it came."""
    return sorted(newcomers, key=lambda one: (one.reported_at, one.outlet, one.title, one.id))
