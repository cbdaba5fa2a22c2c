"""A stream of articles: the same stories in any order of arrival, and after a restart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.records import ArticleId, Bearings
from service.stories.model import Newcomer
from service.stories.pairs import LONGEST_GAP_DAYS
from service.stories.regroup import Rule
from service.stories.stream import Stream, in_order
from tests.make import NOW
from tests.stories.small_space import (
    ACTORS,
    CRASH,
    DEAL,
    EVENTS,
    LANGUAGES,
    MODEL,
    STRIKE,
    TALKS,
    Restarted,
    grouping_model,
    newcomer,
    pair_model,
    partition,
    streamed,
    told,
)

# As a learnt one, it weighs all there is.
ROUNDED = grouping_model(
    Rule(pair_model(bias=-4, title=2, gap=-0.5, same_outlet=-1, same_language=-0.5, actors=1), 0.0)
)


def grouped(stream: Stream, articles: Sequence[Newcomer]) -> set[frozenset[str]]:
    return partition(stream.story_of, articles)


def titles(*numbers: int) -> frozenset[str]:
    return frozenset(f"Report {number}" for number in numbers)


# --- what a stream does -------------------------------------------------------------------------


def test_reports_of_one_event_stand_together_whatever_their_language() -> None:
    batch = [
        newcomer(1, told(STRIKE)),
        newcomer(2, told(STRIKE), "ru"),
        newcomer(3, told(TALKS)),
        newcomer(4, told(TALKS), "ru"),
    ]
    assert grouped(streamed(batch), batch) == {titles(1, 2), titles(3, 4)}


def test_what_comes_later_joins_what_there_is() -> None:
    first, later = newcomer(1, told(STRIKE)), newcomer(2, told(STRIKE))
    other = newcomer(3, told(CRASH))
    stream = streamed([first], [other], [later])
    assert stream.story_of(first.id) == stream.story_of(later.id) != stream.story_of(other.id)


def test_nothing_may_come() -> None:
    stream = streamed([], [newcomer(1)], [])
    assert stream.story_of(ArticleId(1)) == 1


def test_an_article_that_never_came_is_in_no_story() -> None:
    with pytest.raises(KeyError):
        Stream(MODEL).story_of(ArticleId(1))


def test_articles_of_a_merged_story_are_in_the_one_it_went_into() -> None:
    apart = [
        newcomer(1, told()),
        newcomer(2, told(degrees=65)),
        newcomer(3, told(STRIKE, TALKS, 90)),
    ]
    stream = streamed(apart)
    assert len(grouped(stream, apart)) == 3
    # What the language tells of itself shifts all of it a little.
    bridge = [newcomer(number, told(degrees=32)) for number in (4, 5)]
    stream.take(bridge)
    assert grouped(stream, [*apart, *bridge]) == {titles(1, 2, 4, 5), titles(3)}
    assert stream.story_of(ArticleId(2)) == stream.story_of(ArticleId(1)) == 1
    later = newcomer(6, told(degrees=40))
    stream.take([later])
    assert stream.story_of(later.id) == 1


def test_what_is_out_of_reach_opens_another_story() -> None:
    late = NOW + timedelta(days=LONGEST_GAP_DAYS, hours=1)
    first, second = newcomer(1, reported_at=NOW), newcomer(2, reported_at=late)
    assert len(grouped(streamed([first], [second]), [first, second])) == 2
    assert len(grouped(streamed([first, second]), [first, second])) == 2


def test_a_story_goes_on_as_long_as_each_report_is_in_reach_of_the_last() -> None:
    told_on = [newcomer(day, reported_at=NOW + timedelta(days=3 * day)) for day in range(6)]
    assert len(grouped(streamed(*([one] for one in told_on)), told_on)) == 1


def test_an_actor_whom_everybody_names_brings_no_two_events_together() -> None:
    by_actors = grouping_model(Rule(pair_model(bias=-0.5, meaning=0, actors=1), 0.0))
    pair = [
        newcomer(number, bearings=Bearings(actors=("kyiv", other)))
        for number, other in enumerate(ACTORS[:2], 1)
    ]
    before = NOW - timedelta(days=30)
    kyiv = Bearings(actors=("kyiv",))
    crowd = [newcomer(100 + n, reported_at=before, bearings=kyiv) for n in range(300)]
    assert len(grouped(streamed(pair, model=by_actors), pair)) == 1
    assert len(grouped(streamed(crowd, pair, model=by_actors), pair)) == 2


def test_a_batch_has_an_order_of_its_own() -> None:
    same_time: dict[str, Any] = {"reported_at": NOW, "outlet": "TASS", "title": "Same"}
    batch = [
        newcomer(5, reported_at=NOW - timedelta(hours=1)),
        newcomer(4, reported_at=NOW, outlet="IRNA"),
        newcomer(3, reported_at=NOW, outlet="TASS", title="Also"),
        newcomer(1, **same_time),
        newcomer(2, **same_time),
    ]
    for shuffled in (batch, batch[::-1], [*batch[2:], *batch[:2]]):
        assert [one.id for one in in_order(shuffled)] == [5, 4, 3, 1, 2]


# --- in any order, and after any restart --------------------------------------------------------


@st.composite
def newcomers(draw: st.DrawFn, most: int = 16) -> list[Newcomer]:
    """Draw reports of a few events, no two of which say quite the same.

    As texts are: what is equally near to two stories goes to either.
    """
    articles = []
    for number in range(draw(st.integers(1, most))):
        away = draw(st.sampled_from([0, 10, 30, 45, 60, 80]))
        event = told(
            draw(st.sampled_from([STRIKE, DEAL])), draw(st.sampled_from([TALKS, CRASH])), away
        )
        event += np.random.default_rng(number).normal(scale=0.02, size=EVENTS).astype(np.float32)
        names = draw(st.lists(st.sampled_from(ACTORS), max_size=2, unique=True))
        articles.append(
            newcomer(
                number,
                event,
                draw(st.sampled_from(LANGUAGES)),
                outlet=draw(st.sampled_from(["TASS", "IRNA", "Reuters"])),
                reported_at=NOW + timedelta(hours=draw(st.integers(0, 70))),
                title=draw(st.sampled_from(["Report", "Live updates: report"])) + f" {number}",
                bearings=Bearings(actors=tuple(names)),
            )
        )
    return articles


def split(articles: Sequence[Newcomer], cuts: Sequence[int]) -> list[list[Newcomer]]:
    edges = [0, *sorted(cut % (len(articles) + 1) for cut in cuts), len(articles)]
    return [list(articles[start:end]) for start, end in pairwise(edges) if start < end]


CUTS = st.lists(st.integers(0, 99), max_size=4)


def in_time(articles: Sequence[Newcomer]) -> list[Newcomer]:
    return sorted(articles, key=lambda one: one.reported_at)


@settings(max_examples=150, deadline=None)
@given(newcomers(), CUTS, st.data())
def test_the_order_in_which_a_batch_arrives_makes_no_difference(
    articles: list[Newcomer], cuts: list[int], data: st.DataObject
) -> None:
    batches = split(in_time(articles), cuts)
    shuffled = [data.draw(st.permutations(batch)) for batch in batches]
    # Ids are given as articles arrive.
    arrived = iter(range(1_000, 2_000))
    renumbered = [
        [replace(one, id=ArticleId(next(arrived))) for one in batch] for batch in shuffled
    ]
    ordered = grouped(streamed(*batches, model=ROUNDED), articles)
    again = streamed(*renumbered, model=ROUNDED)
    assert grouped(again, [one for batch in renumbered for one in batch]) == ordered


@settings(max_examples=150, deadline=None)
@given(newcomers(), CUTS, st.booleans())
def test_a_restart_between_any_two_batches_makes_no_difference(
    articles: list[Newcomer], cuts: list[int], late: bool
) -> None:
    # Feeds that are slow bring what was reported long before.
    batches = split(articles if late else in_time(articles), cuts)
    stream, restarted = Stream(ROUNDED), Restarted(ROUNDED)
    for batch in batches:
        stream.take(batch)
        restarted.take(batch)
        so_far = [one for one in articles if one.id in restarted.known]
        assert partition(restarted.story_of, so_far) == grouped(stream, so_far)


def test_a_restart_forgets_what_a_running_stream_forgets() -> None:
    """A slow feed's report reaches back to what the stream has dropped, and so finds nothing."""
    day = timedelta(days=1)
    old, new, late = (
        newcomer(number, reported_at=NOW + days * day)
        for number, days in enumerate((0, LONGEST_GAP_DAYS + 1, 2), 1)
    )
    new = replace(new, meaning=newcomer(0, told(CRASH)).meaning)
    stream, restarted = streamed([old], [new], [late]), Restarted()
    for one in (old, new, late):
        restarted.take([one])
    everything = [old, new, late]
    assert grouped(stream, everything) == partition(restarted.story_of, everything)
    assert len(grouped(stream, everything)) == 3


def test_stories_do_not_depend_on_how_long_the_stream_runs() -> None:
    """Sixty days of four events a day, with what was told of them on the next days."""
    batches = [
        [
            newcomer(
                100 * day + number,
                told(number % EVENTS, (number + 1) % EVENTS, number),
                LANGUAGES[number % 2],
                reported_at=NOW + timedelta(days=day * 5, hours=number),
            )
            for number in range(12)
        ]
        for day in range(60)
    ]
    everything = [one for batch in batches for one in batch]
    found = grouped(streamed(*batches), everything)
    assert len(found) == 60 * EVENTS
    assert {len(one) for one in found} == {12 // EVENTS}
