"""Fitting, on a small topic whose forty lines are read in a moment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from service.errors import InputError
from service.learning.corpus import LABEL, SEED, Example
from service.learning.train import FEWEST_EXAMPLES, Trained, train
from service.records import Item, Score
from service.relevance.classifier import Classifier
from service.wiring.models import encoder
from tests.learning.small_topic import FINDER, TOPICS, example, examples

ENCODER = encoder()

NEW_PACT = Item("Sylvania and Freedonia sign defence pact, agree on missiles and drills", "")
NEW_DEAL = Item("Freedonia and Sylvania agree on gas and grain trade deal", "")
NEW_CUP = Item("Football cup: fans from Freedonia and Sylvania fill the stadium", "")


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train(examples(), FINDER, ENCODER, TOPICS)


def _score(trained: Trained, *items: Item) -> list[Score]:
    classifier = Classifier(
        FINDER, ENCODER, trained.estimators, threshold=trained.threshold, version="test"
    )
    return classifier.score(items)


def test_what_was_never_seen_is_told_apart(trained: Trained) -> None:
    pact, deal, cup = _score(trained, NEW_PACT, NEW_DEAL, NEW_CUP)
    assert pact.relevant
    assert deal.relevant
    assert not cup.relevant


def test_topics_are_told_apart(trained: Trained) -> None:
    pact, deal = _score(trained, NEW_PACT, NEW_DEAL)
    assert (pact.topics, deal.topics) == (("military",), ("economic",))


def test_the_figures_are_shares_of_what_was_held_back(trained: Trained) -> None:
    figures = trained.figures
    assert (figures.examples, figures.relevant, figures.gate_recall) == (40, 20, 1.0)
    assert 0.6 < figures.average_precision <= 1
    assert 0 < figures.precision <= 1
    assert 0 < figures.recall <= 1
    mean = 2 * figures.precision * figures.recall / (figures.precision + figures.recall)
    assert figures.f1 == pytest.approx(mean, abs=2e-4)
    assert 0 < trained.threshold <= 1


def test_the_same_examples_give_the_same_model(trained: Trained) -> None:
    again = train(examples(), FINDER, ENCODER, TOPICS)
    assert (again.threshold, again.figures) == (trained.threshold, trained.figures)
    for name in ("word_opinion", "calibration"):
        first, second = getattr(trained.estimators, name), getattr(again.estimators, name)
        assert np.array_equal(first.coef_, second.coef_)
        assert np.array_equal(first.intercept_, second.intercept_)
    items = [e.item for e in examples()]
    assert _score(again, *items) == _score(trained, *items)


def test_relevant_examples_stopped_by_the_gate_lower_recall_and_nothing_else(
    trained: Trained,
) -> None:
    gated = [
        example(f"The old friends sign treaty {n}", "military", group=f"g{n}") for n in range(20)
    ]
    worse = train([*examples(), *gated], FINDER, ENCODER, TOPICS)
    assert worse.figures.gate_recall == 0.5
    assert worse.figures.recall == pytest.approx(trained.figures.recall / 2, abs=1e-3)
    assert worse.figures.precision == trained.figures.precision
    assert _score(worse, NEW_PACT, NEW_CUP) == _score(trained, NEW_PACT, NEW_CUP)


def test_copies_kept_in_one_group_do_not_flatter_the_figures() -> None:
    # The label depends on nothing but which nonsense word the item holds. Whoever has seen a
    # copy knows the answer; whoever has not can only guess.
    words = ["bim", "bam", "dor", "fex", "gul", "hap", "jot", "kiv", "lum", "mez", "nof", "pag"]
    copies: list[tuple[str, str, tuple[str, ...]]] = [
        (
            f"Freedonia {word} Sylvania {word}{word}",
            word,
            ("military", "economic")[n // 2 % 2 :][:1],
        )
        if n % 2
        else (f"Freedonia {word} Sylvania {word}{word}", word, ())
        for n, word in enumerate(words)
        for _ in range(4)
    ]
    together = [example(title, *topics, group=word) for title, word, topics in copies]
    apart = [replace(copy, group=str(n)) for n, copy in enumerate(together)]
    assert train(apart, FINDER, ENCODER, TOPICS).figures.average_precision > 0.95
    assert train(together, FINDER, ENCODER, TOPICS).figures.average_precision < 0.9


def test_what_weighs_less_teaches_less() -> None:
    # As seed passages do: there are many, all in one voice. These say that football is relevant.
    misled = [
        example(f"Football cup: Freedonia and Sylvania, part {n}", "military", group=f"f{n}")
        for n in range(15)
    ]
    light, full, heavy = (
        _score(train([*examples(), *more], FINDER, ENCODER, TOPICS), NEW_CUP)[0].probability
        for more in ([replace(e, weight=weight) for e in misled] for weight in (0.1, 1.0, 4.0))
    )
    assert light < full < heavy


@pytest.mark.parametrize("kind", [SEED, LABEL])
def test_no_figure_is_reckoned_on_seed_passages_and_labels(kind: str, trained: Trained) -> None:
    # Told apart with ease, these would lift every figure if they were counted.
    easy = [
        example(f"Freedonia and Sylvania sign treaty {n}", "military", group=f"t{n}", kind=kind)
        for n in range(30)
    ]
    more = train([*examples(), *easy], FINDER, ENCODER, TOPICS)
    labels = np.array([e.label for e in examples()])
    # The relevant ones weigh as if they were 40 % of all, which is what readers meet. Half of the
    # 40 written items are relevant; among all weights, those of the 30 more count with them.
    precision = average_precision_score(
        labels,
        more.out_of_fold[: len(labels)],
        sample_weight=np.where(labels, 2 / 3 * 20 / 50, 1.0),
    )
    assert more.figures.average_precision == pytest.approx(precision, abs=1e-4)


def test_each_example_is_judged_out_of_fold_and_what_the_gate_stops_by_none(
    trained: Trained,
) -> None:
    gated = example("The old friends sign a treaty", "military", group="g")
    more = train([gated, *examples()], FINDER, ENCODER, TOPICS)
    assert np.isnan(more.out_of_fold[0])
    assert np.array_equal(more.out_of_fold[1:], trained.out_of_fold)
    seen = [score.probability for score in _score(trained, *(e.item for e in examples()))]
    assert not np.allclose(trained.out_of_fold, seen, atol=0.01)


@pytest.mark.parametrize("number", [0, 1, FEWEST_EXAMPLES - 1])
def test_too_few_examples_are_an_input_error(number: int) -> None:
    few = [e for pair in zip(examples()[:20], examples()[20:], strict=True) for e in pair]
    with pytest.raises(InputError, match=f"only {number} examples") as caught:
        train(few[:number], FINDER, ENCODER, TOPICS)
    assert str(FEWEST_EXAMPLES) in caught.value.mend


def test_examples_stopped_by_the_gate_do_not_count(trained: Trained) -> None:
    gated = [example(f"Elsewhere {n}", group=str(n)) for n in range(100)]
    with pytest.raises(InputError, match="only 10 examples"):
        train([*examples()[:10], *gated], FINDER, ENCODER, TOPICS)


def _of_one_kind(*, relevant: bool) -> list[Example]:
    chosen = [e for e in examples() if e.label == relevant]
    return [*chosen, *(replace(e, group=f"{e.group}-again") for e in chosen)]


@pytest.mark.parametrize("relevant", [True, False])
def test_examples_of_one_kind_only_are_an_input_error(relevant: bool) -> None:
    with pytest.raises(InputError, match="name both sides"):
        train(_of_one_kind(relevant=relevant), FINDER, ENCODER, TOPICS)


def test_a_single_example_of_the_other_kind_is_an_input_error() -> None:
    with pytest.raises(InputError):
        train([*_of_one_kind(relevant=True), examples()[-1]], FINDER, ENCODER, TOPICS)


def test_fewer_groups_than_folds_are_an_input_error() -> None:
    grouped = [replace(e, group=e.group[0]) for e in examples()]
    with pytest.raises(InputError):
        train(grouped, FINDER, ENCODER, TOPICS)


def test_examples_that_are_told_apart_with_ease_leave_a_threshold_that_can_be_reached() -> None:
    easy = [
        *(
            example(f"Freedonia and Sylvania sign treaty {n}", "military", group=f"t{n}")
            for n in range(10)
        ),
        *(
            example(f"Freedonia and Sylvania sign trade deal {n}", "economic", group=f"d{n}")
            for n in range(10)
        ),
        *(example(f"Football: Freedonia beat Sylvania {n} to 2", group=f"f{n}") for n in range(20)),
    ]
    trained = train(easy, FINDER, ENCODER, TOPICS)
    assert [score.relevant for score in _score(trained, *(e.item for e in easy))] == [
        e.label for e in easy
    ]


def test_a_topic_that_no_example_has_is_never_chosen() -> None:
    topics = (*TOPICS, type(TOPICS[0])("diplomatic"))
    trained = train(examples(), FINDER, ENCODER, topics)
    classifier = Classifier(FINDER, ENCODER, trained.estimators, threshold=0.0, version="test")
    chosen = {topic for score in classifier.score([NEW_PACT, NEW_DEAL]) for topic in score.topics}
    assert chosen <= set(TOPICS)


def test_progress_is_told_in_words_before_each_step() -> None:
    told: list[str] = []
    train(examples(), FINDER, ENCODER, TOPICS, told.append)
    assert len(told) >= 3
    assert all(step and step == step.strip() for step in told)
