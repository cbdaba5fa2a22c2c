"""How a candidate is judged: every reason by itself, and the parts the figures come from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from service.learning.corpus import Example
from service.learning.evaluate import Labelled
from service.learning.labels import MOST_OF_ALL, judged_texts
from service.learning.replay import Changed, Replay, replay
from service.learning.retrain import (
    FEWEST_HELD_BACK,
    HELD_BACK_SHARE,
    Fitted,
    HeldBack,
    fit_candidate,
    held_back,
)
from service.learning.rule import (
    ALERTS_OF_NO_ACCOUNT,
    MOST_LOST,
    MOST_LOST_WRITTEN,
    Difference,
    _benchmark_reasons,
    _label_reasons,
    _replay_reasons,
    _written_reasons,
    compare,
)
from service.learning.train import train
from service.records import ArticleId, Item, Label, LabelId
from service.relevance.classifier import Classifier
from service.relevance.encoder import Vectors
from service.wiring.models import encoder
from tests.learning.small_topic import FINDER, TOPICS, examples
from tests.learning.topic_folder import PLACES, TABLES, choirs, label, sound_labels, war_games
from tests.make import NOW

ENCODER = encoder()

LEVEL = Difference(0.9, 0.9, -0.02, 0.02)
CHANGE = Changed(ArticleId(1), "Title", 0.2, 0.8)


class Noting:
    """The real encoder, which notes what it is given."""

    name = ENCODER.name
    dimensions = ENCODER.dimensions

    def __init__(self) -> None:
        self.given: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.given += texts
        return ENCODER.encode(texts)


def _classifier(fitted: Fitted) -> Classifier:
    trained = fitted.trained
    return Classifier(
        FINDER, ENCODER, trained.estimators, threshold=trained.threshold, version="candidate"
    )


def _fitted(given: Sequence[Label], written: Sequence[Example] | None = None) -> Fitted:
    judged = judged_texts(given, TOPICS)
    return fit_candidate(written or examples(), judged, FINDER, ENCODER, TOPICS)


def _in_turn(titles: Iterable[str], *, relevant: bool, after: int = 0) -> list[Label]:
    """Label titles a minute apart, beginning ``after`` minutes past noon."""
    return [
        label(title, relevant=relevant, at=NOW + timedelta(minutes=after + n))
        for n, title in enumerate(titles)
    ]


@pytest.fixture(scope="module")
def current() -> Classifier:
    trained = train(examples(), FINDER, ENCODER, TOPICS)
    return Classifier(
        FINDER, ENCODER, trained.estimators, threshold=trained.threshold, version="current"
    )


@pytest.fixture(scope="module")
def learnt() -> Fitted:
    return _fitted(sound_labels())


# --- the reasons, on made-up figures -----------------------------------------------------------


def test_figures_that_are_level_are_no_reason() -> None:
    assert list(_benchmark_reasons(LEVEL, LEVEL)) == []
    assert list(_written_reasons((0.9, 0.9))) == []
    assert list(_written_reasons(None)) == []
    assert list(_label_reasons(HeldBack(20, 3, 3), {})) == []
    assert list(_label_reasons(None, {})) == []
    assert list(_replay_reasons(Replay(900, 20, 20, (), ()))) == []


@pytest.mark.parametrize(
    ("difference", "refused"),
    [
        (Difference(0.9, 0.95, 0.01, 0.09), False),
        (Difference(0.9, 0.895, -0.02, 0.01), False),
        # Small, but beyond noise.
        (Difference(0.9, 0.895, -0.009, -0.001), True),
        (Difference(0.9, 0.9, 0.0, 0.0), False),
        # Within noise, but more than is ever allowed.
        (Difference(0.9, 0.9 - MOST_LOST - 0.001, -0.08, 0.06), True),
    ],
)
def test_a_fall_on_the_benchmark_is_a_reason_beyond_noise_or_beyond_what_is_allowed(
    difference: Difference, refused: bool
) -> None:
    precision, f1 = (
        list(_benchmark_reasons(difference, LEVEL)),
        _benchmark_reasons(LEVEL, difference),
    )
    assert [reason.split(" on ")[0] for reason in precision] == ["average precision"] * refused
    assert [reason.split(" on ")[0] for reason in f1] == ["F1"] * refused


def test_a_fall_on_the_benchmark_is_told_with_both_figures_and_the_bounds() -> None:
    (reason,) = _benchmark_reasons(Difference(0.912, 0.853, -0.1, -0.02), LEVEL)
    assert "from 0.912 to 0.853" in reason
    assert "-0.100 to -0.020" in reason


@pytest.mark.parametrize(
    ("lost", "refused"), [(-0.1, False), (MOST_LOST_WRITTEN / 2, False), (0.006, True), (0.5, True)]
)
def test_a_fall_on_the_written_items_is_a_reason_of_its_own(lost: float, refused: bool) -> None:
    reasons = list(_written_reasons((0.9, 0.9 - lost)))
    assert len(reasons) == refused
    assert all("written items" in reason for reason in reasons)


@given(texts=st.integers(10, 99), before=st.integers(0, 99), after=st.integers(0, 99))
@hypothesis(max_examples=50)
def test_more_held_back_labels_wrong_than_before_are_a_reason(
    texts: int, before: int, after: int
) -> None:
    reasons = list(_label_reasons(HeldBack(texts, before, after), {}))
    assert len(reasons) == (after > before)
    assert all(f"{after} wrong, the model in use {before}" in reason for reason in reasons)


def test_each_careless_reader_is_a_reason_and_is_named() -> None:
    reasons = list(_label_reasons(None, {"mallory": 0.5, "eve": 1.0}))
    assert [reason.split(" contradict ")[0] for reason in reasons] == [
        "100% of the labels of eve",
        "50% of the labels of mallory",
    ]


@pytest.mark.parametrize(
    ("before", "stopped", "newly", "words"),
    [
        (40, 10, 0, ""),
        (40, 11, 0, "silence 11 of 40 alerts"),
        (40, 0, 40, ""),
        (40, 0, 41, "raise 41 alerts more than the 40"),
        # So few are no ground for refusing, whatever share they are.
        (ALERTS_OF_NO_ACCOUNT, ALERTS_OF_NO_ACCOUNT, 0, ""),
        (0, 0, ALERTS_OF_NO_ACCOUNT, ""),
        (6, 6, 0, "silence 6 of 6 alerts"),
        (0, 0, ALERTS_OF_NO_ACCOUNT + 1, "raise 6 alerts"),
    ],
)
def test_too_many_alerts_that_change_are_a_reason(
    before: int, stopped: int, newly: int, words: str
) -> None:
    after = before - stopped + newly
    replayed = Replay(900, before, after, (CHANGE,) * newly, (CHANGE,) * stopped)
    reasons = list(_replay_reasons(replayed))
    assert len(reasons) == bool(words)
    assert words in "".join(reasons)


# --- the candidate -----------------------------------------------------------------------------


def test_a_candidate_learns_what_the_labels_say(learnt: Fitted, current: Classifier) -> None:
    unseen = [Item(title, "", "en") for title in (*war_games(TABLES[6:]), *choirs(PLACES[6:]))]
    told = [score.relevant for score in _classifier(learnt).score(unseen)]
    assert told == [False] * 4 + [True] * 4
    assert told != [score.relevant for score in current.score(unseen)]


def test_labels_that_the_gate_stops_change_no_figure_and_no_score(current: Classifier) -> None:
    gated = [f"The old friends sign treaty number {n}" for n in range(12)]
    fitted = _fitted(_in_turn(gated, relevant=True))
    plain = train(examples(), FINDER, ENCODER, TOPICS).figures
    figures = replace(fitted.trained.figures, examples=plain.examples, relevant=plain.relevant)
    assert figures == plain
    items = [example.item for example in examples()]
    probabilities = [score.probability for score in _classifier(fitted).score(items)]
    assert probabilities == [score.probability for score in current.score(items)]


def test_all_labels_together_weigh_no_more_than_their_share_of_what_is_written(
    learnt: Fitted,
) -> None:
    first = learnt.first_label
    weights = [example.weight for example in learnt.prepared.examples]
    assert sum(weights[first:]) == pytest.approx(MOST_OF_ALL * sum(weights[:first]))


def test_the_same_labels_give_the_same_candidate(learnt: Fitted) -> None:
    again = _fitted(list(reversed(sound_labels())))
    items = [example.item for example in learnt.prepared.examples]
    assert again.trained.threshold == learnt.trained.threshold
    assert _classifier(again).score(items) == _classifier(learnt).score(items)


# --- labels held back --------------------------------------------------------------------------


def test_too_few_labels_are_not_held_back(current: Classifier) -> None:
    most = int((FEWEST_HELD_BACK - 1) / HELD_BACK_SHARE)
    assert held_back(_fitted(sound_labels()[:most]), current) is None
    assert held_back(_fitted(sound_labels()[: most + 1]), current) is not None


def test_no_labels_at_all_are_none_held_back(current: Classifier) -> None:
    assert held_back(_fitted([]), current) is None


def test_what_is_only_in_the_held_back_labels_is_not_known_to_the_fit_that_judges_them(
    current: Classifier,
) -> None:
    # Choirs are in the newest labels alone: whoever never saw one takes it for a pastime.
    newest = choirs(PLACES[:3])
    fitted = _fitted(
        [
            *_in_turn(war_games(), relevant=False),
            *_in_turn(newest, relevant=True, after=100),
        ]
    )
    held = held_back(fitted, current)
    assert held == HeldBack(len(newest), len(newest), len(newest))
    # The candidate itself, which learnt them, has them right.
    told = _classifier(fitted).score([Item(title, "", "en") for title in newest])
    assert all(score.relevant for score in told)


def test_the_newest_labels_are_held_back_whatever_the_order_they_come_in(
    current: Classifier,
) -> None:
    old = _in_turn(choirs(PLACES[:3]), relevant=True)
    fitted = _fitted([*_in_turn(war_games(), relevant=False, after=100), *old])
    held = held_back(fitted, current)
    assert held is not None
    # The choirs are learnt from; what is held back are war games, known from the older ones.
    assert (held.texts, held.wrong_candidate) == (12, 0)


def test_what_the_model_in_use_learnt_is_not_held_back_but_old_labels_that_came_later_are(
    current: Classifier,
) -> None:
    learnt = _in_turn(war_games(), relevant=False, after=500)
    imported = _in_turn(choirs(), relevant=True)
    numbered = [replace(one, id=LabelId(n)) for n, one in enumerate([*learnt, *imported], 1)]
    fitted = _fitted(numbered)
    held = held_back(fitted, current, learnt_until=len(learnt))
    assert held is not None
    # All of them are choirs, which the model in use takes for pastimes.
    assert held.wrong_current == held.texts
    assert held_back(fitted, current, learnt_until=len(numbered)) is None


def test_a_near_copy_of_a_held_back_text_is_held_back_with_it(current: Classifier) -> None:
    song = "Choirs of Freedonia and Sylvania sing in the capital as envoys listen, a critic says"
    old = [label(f"{song}{mark}", relevant=True, at=NOW - timedelta(days=9)) for mark in ".!?"]
    newest = label(song, relevant=True, at=NOW + timedelta(days=9))
    games = _in_turn(war_games(), relevant=False)
    held = held_back(_fitted([*old, *games, newest]), current)
    assert held is not None
    # Of 32 labels 30 % are ten.
    assert held.texts >= 10 + len(old)
    assert held.wrong_candidate == len(old) + 1


def test_a_held_back_label_that_the_gate_stops_counts_as_not_alerted(current: Classifier) -> None:
    gated = [f"The old friends sign treaty number {n} of the year {n}{n}" for n in range(12)]
    fitted = _fitted(
        [
            *_in_turn(war_games(), relevant=False),
            *_in_turn(gated, relevant=True, after=100),
        ]
    )
    held = held_back(fitted, current)
    assert held is not None
    assert held.wrong_current == held.wrong_candidate > 0


def test_judging_held_back_labels_leaves_the_candidate_as_it_is(
    learnt: Fitted, current: Classifier
) -> None:
    items = [example.item for example in learnt.prepared.examples]
    before = _classifier(learnt).score(items)
    held_back(learnt, current)
    assert _classifier(learnt).score(items) == before


# --- benchmark and replay ----------------------------------------------------------------------


def _benchmark() -> list[Labelled]:
    return [
        Labelled(str(n), e.item, e.label, frozenset(e.topics), e.kind)
        for n, e in enumerate(examples())
    ]


def test_a_model_compared_with_itself_differs_by_nothing(current: Classifier) -> None:
    for figure in compare(_benchmark(), current, current):
        assert figure.current == figure.candidate > 0.9
        assert (figure.low, figure.high) == (0, 0)


def test_the_difference_lies_within_its_bounds_and_turns_round_with_the_models(
    learnt: Fitted, current: Classifier
) -> None:
    games = [
        Labelled(title, Item(title, "", "en"), relevant, frozenset(), "")
        for titles, relevant in ((war_games(TABLES[6:]), False), (choirs(PLACES[6:]), True))
        for title in titles
    ]
    candidate = _classifier(learnt)
    for there, back in zip(
        compare(games, current, candidate), compare(games, candidate, current), strict=True
    ):
        assert there.low <= there.candidate - there.current <= there.high
        assert there.candidate > there.current
        assert (back.current, back.candidate) == (there.candidate, there.current)
        assert (back.low, back.high) == pytest.approx((-there.high, -there.low))


def _numbered(*titles: str) -> list[tuple[ArticleId, Item]]:
    return [(ArticleId(n), Item(title, "", "en")) for n, title in enumerate(titles, 1)]


def test_a_replay_lists_what_would_newly_alert_and_what_would_stop_boldest_first(
    learnt: Fitted, current: Classifier
) -> None:
    titles = [*war_games(TABLES[6:]), *choirs(PLACES[6:]), "Rain in Ruritania"]
    candidate = _classifier(learnt)
    replayed = replay(_numbered(*titles), current, candidate)
    items = [Item(title, "", "en") for title in titles]
    old, new = current.score(items), candidate.score(items)
    rows = list(zip(titles, old, new, strict=True))
    assert replayed.articles == 9
    assert replayed.alerts_before == sum(score.relevant for score in old)
    assert replayed.alerts_after == sum(score.relevant for score in new) == 4
    for changes, wanted in ((replayed.newly, (False, True)), (replayed.stopped, (True, False))):
        assert {(c.title, c.before, c.after) for c in changes} == {
            (title, a.probability, b.probability)
            for title, a, b in rows
            if (a.relevant, b.relevant) == wanted
        }
        jumps = [abs(change.after - change.before) for change in changes]
        assert jumps == sorted(jumps, reverse=True)
        assert all(titles[change.article_id - 1] == change.title for change in changes)
    assert len(replayed.newly) == 4


def test_a_replay_encodes_nothing_that_the_gate_stops(learnt: Fitted) -> None:
    noting = Noting()
    trained = learnt.trained
    model = Classifier(
        FINDER, noting, trained.estimators, threshold=trained.threshold, version="noting"
    )
    gated = [f"Rain in Freedonia, part {n}" for n in range(4_500)]
    replayed = replay(_numbered(*gated, choirs()[0]), model, model)
    assert (replayed.articles, replayed.alerts_before, replayed.alerts_after) == (4_501, 1, 1)
    assert set(noting.given) == {choirs()[0]}


def test_an_article_without_a_title_is_listed_by_its_summary(
    learnt: Fitted, current: Classifier
) -> None:
    (song,) = choirs(PLACES[6:])[:1]
    recent = [(ArticleId(7), Item("", song, "en"))]
    eager = Classifier(FINDER, ENCODER, learnt.trained.estimators, threshold=0.01, version="eager")
    (change,) = replay(recent, current, eager).newly
    assert (change.article_id, change.title) == (7, song)


def test_a_replay_of_nothing_is_of_nothing(current: Classifier) -> None:
    assert replay([], current, current) == Replay(0, 0, 0, (), ())
