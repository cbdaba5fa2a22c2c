"""Gathers relevant articles into stories: once a poll, for all that it brought.

All that came is taken in at once, in an order of its own, so that the stories are the same
whichever feed answered first. What is grouped is written in one transaction; what was relevant
before a crash still waits after it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from threading import Lock

import numpy as np
import structlog

from service.records import (
    ArticleId,
    Bearings,
    Item,
    LooseArticle,
    PlacedArticle,
    Report,
    StoryId,
    StoryNews,
)
from service.relevance.encoder import Encoder
from service.storage import grouping, stories
from service.storage.database import Connection, Database
from service.stories.copies import CopyIndex, Fingerprint
from service.stories.model import DAY_SECONDS, GroupingModel, Newcomer, text_of, title_of
from service.stories.novelty import Roles, novelty
from service.stories.pairs import LONGEST_GAP_DAYS
from service.stories.rarity import Named
from service.stories.regroup import Regrouped, regroup
from service.stories.space import Background
from service.stories.stream import in_order
from service.stories.window import Window, step

log = structlog.get_logger(__name__)

REACH = timedelta(days=LONGEST_GAP_DAYS)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What one round did to the stories."""

    articles: int = 0
    opened: int = 0
    merged: int = 0
    parted: int = 0

    def __add__(self, other: Gathered) -> Gathered:
        return Gathered(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


class Gatherer:
    """Groups for one process at a time: others that use the same database wait, then go on.

    The window stays in memory from one round to the next. Whoever finds that another process
    has grouped in between reads it anew.
    """

    def __init__(
        self,
        database: Database,
        model: GroupingModel,
        encoder: Encoder,
        bearings: Callable[[Item], Bearings],
        roles: Roles,
    ) -> None:
        self._database = database
        self._model = model
        self._encoder = encoder
        self._bearings = bearings
        self._roles = roles
        self._space = model.space.mark()
        self._window: Window | None = None
        self._placed: dict[ArticleId, PlacedArticle] = {}
        self._turn = 0
        self._lock = Lock()

    def gather(self, now: datetime) -> Gathered:
        """Put every relevant article that waits into a story."""
        with self._lock:
            return self._gather_loose(now)

    def _gather_loose(self, now: datetime) -> Gathered:
        with self._database.reading() as connection:
            loose = grouping.loose(connection)
            if self._window is None:
                loose += grouping.unread(connection, now - REACH, self._space)
        if not loose:
            return Gathered()
        newcomers = {one.id: one for one in self._newcomers(loose)}
        try:
            with self._database.transaction() as connection:
                return self._gather(connection, newcomers, now)
        except BaseException:
            # What is in memory may be ahead of what is stored.
            self._window = None
            raise

    def _newcomers(self, loose: Sequence[LooseArticle]) -> list[Newcomer]:
        """Read articles: outside the transaction, since others would wait for the encoder."""
        items = [
            Item(one.article.title, one.article.summary, one.article.language) for one in loose
        ]
        vectors = self._encoder.encode([*map(text_of, items), *map(title_of, items)])
        return [
            Newcomer(
                one.article.id,
                one.article.outlet,
                one.article.reported_at,
                one.article.title,
                self._bearings(items[row]),
                vectors[row],
                vectors[len(loose) + row],
                one.story,
            )
            for row, one in enumerate(loose)
        ]

    def _gather(
        self, connection: Connection, newcomers: dict[ArticleId, Newcomer], now: datetime
    ) -> Gathered:
        turn = grouping.take_turn(connection)
        window = self._window_at(connection, turn, now)
        # Another process may have placed some while these were read.
        waiting = {one.article.id for one in grouping.loose(connection)}
        taken = [
            one
            for id_, one in newcomers.items()
            if id_ in waiting or (one.story is not None and id_ not in self._placed)
        ]
        backgrounds = _unpacked(grouping.load_backgrounds(connection, self._model.space.encoder))
        placed, learnt = self._model.place(in_order(taken), backgrounds)
        grouping.save_backgrounds(connection, self._model.space.encoder, _packed(learnt))
        self._placed.update((one.id, one) for one in placed)
        first = len(window)
        window.add(
            self._model.traits(placed), [one.id for one in placed], [one.story for one in placed]
        )
        self._write_known(connection, placed, now)
        fresh = [row for row in range(first, len(window)) if window.stories[row] is None]
        rule = self._model.rule_given(self._learn_names(connection, placed))
        changes = regroup(window, fresh, rule)
        came = {window.ids[row] for row in fresh}
        gathered = sum(
            (self._apply(connection, window, change, came, now) for change in changes), Gathered()
        )
        self._turn = turn
        log.info("stories gathered", **asdict(gathered))
        return gathered

    def _learn_names(self, connection: Connection, placed: Sequence[PlacedArticle]) -> Named:
        before = Named(*grouping.load_named(connection))
        named = before.with_more(one.bearings.actors for one in placed)
        grouping.save_named(connection, named.articles, named.counts)
        return named

    def _write_known(
        self, connection: Connection, placed: Sequence[PlacedArticle], now: datetime
    ) -> None:
        """Write what was found out of articles that were in stories already."""
        for one in placed:
            if one.story is not None:
                grouping.place(connection, one.story, [one], now, self._space)

    def _window_at(self, connection: Connection, turn: int, now: datetime) -> Window:
        oldest = (now - REACH).timestamp() / DAY_SECONDS
        if self._window is None or self._turn != turn - 1:
            since = datetime.fromtimestamp(step(oldest) * DAY_SECONDS, UTC)
            placed = grouping.placed_since(connection, since, self._space)
            self._placed = {one.id: one for one in placed}
            self._window = Window(self._model.traits([]))
            self._window.add(
                self._model.traits(placed),
                [one.id for one in placed],
                [one.story for one in placed],
            )
        elif self._window.forget(oldest):
            self._placed = {id_: self._placed[id_] for id_ in self._window.ids}
        return self._window

    def _apply(
        self,
        connection: Connection,
        window: Window,
        change: Regrouped,
        came: Collection[ArticleId],
        now: datetime,
    ) -> Gathered:
        story = change.story or grouping.open_story(connection, now)
        for absorbed in change.absorbed:
            grouping.merge(connection, absorbed, story, now)
            window.merge(absorbed, story)
        window.move(change.articles, story)
        placed = [self._placed[id_] for id_ in change.articles]
        grouping.place(connection, story, placed, now, self._space)
        fresh = {id_ for id_ in change.articles if id_ in came}
        if change.split_from is not None and not fresh:
            grouping.part(connection, change.split_from, story)
        self._tell_news(connection, story, fresh, now)
        return Gathered(
            len(fresh),
            int(change.story is None),
            len(change.absorbed),
            int(change.split_from is not None),
        )

    def _tell_news(
        self, connection: Connection, id_: StoryId, came: Collection[ArticleId], now: datetime
    ) -> None:
        """Mark copies, and take the story to its next version if what came says something new."""
        story = stories.find(connection, id_)
        if story is None:
            return
        copies = _copies(story.reports)
        grouping.mark_copies(connection, id_, copies)
        reports = [replace(one, copy_of=copies.get(one.article.id)) for one in story.reports]
        known = [one for one in reports if one.article.id not in came]
        fresh = [one for one in reports if one.article.id in came]
        new = novelty(known, fresh, self._roles)
        if new is not None:
            news = StoryNews(story.version + 1, new.kind, new.detail, new.report.article.id, now)
            grouping.add_news(connection, id_, news)


def _copies(reports: Sequence[Report]) -> dict[ArticleId, ArticleId]:
    """Return which reports carry the text of an earlier one, and of which."""
    index: CopyIndex[ArticleId] = CopyIndex()
    found = {}
    for report in sorted(reports, key=lambda one: (one.article.reported_at, one.article.id)):
        article = report.article
        text = Fingerprint.of(article.title, article.summary)
        original = next(iter(index.find(text, one_story=True)), None)
        if original is None:
            index.add(article.id, text)
        else:
            found[article.id] = original
    return found


Packed = dict[str, tuple[int, bytes, bytes]]


def _packed(backgrounds: dict[str, Background]) -> Packed:
    return {
        language: (
            one.articles,
            one.meaning.astype(np.float32).tobytes(),
            one.title.astype(np.float32).tobytes(),
        )
        for language, one in backgrounds.items()
    }


def _unpacked(packed: Packed) -> dict[str, Background]:
    return {
        language: Background(
            articles, np.frombuffer(meaning, np.float32), np.frombuffer(title, np.float32)
        )
        for language, (articles, meaning, title) in packed.items()
    }
