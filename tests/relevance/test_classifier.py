"""The classifier as shipped: what a reader and the pipeline may count on, whatever it learnt."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.learning.versions import BASELINE
from service.records import Item, Score
from service.relevance.classifier import EVIDENCE_PHRASES, Classifier
from service.relevance.features import SUMMARY_CHARACTERS, TITLE_CHARACTERS
from service.settings import Settings
from service.wiring.models import load_classifier, topics_of, versions

CLEAR = Item(
    "Russia and Iran sign strategic partnership treaty in Moscow",
    "Putin and Pezeshkian signed a pact on defence, trade and energy cooperation on Friday.",
    "en",
)
TOURNAMENT = Item(
    "Volleyball: Iran beat Poland, Russia out",
    "Iran won 3-1 in the semi-final of the tournament; Brazil had beaten Russia before.",
    "en",
)
ITEMS = [
    CLEAR,
    TOURNAMENT,
    Item("Russia strikes Kyiv with Iranian-made Shahed drones, killing three", "", "en"),
    Item("Rain in Lisbon", "Umbrellas sold out.", "en"),
    Item("Лавров и Арагчи обсудили ядерную сделку", "Переговоры прошли в Тегеране.", "ru"),
    Item("俄罗斯向伊朗交付S-400导弹", "", "zh"),
    Item("روسیه و ایران قرارداد گاز امضا کردند", "لاوروف در تهران است.", "fa"),
    Item("Moscow votes", "Nothing else.", "en"),
    Item("", "", ""),
]


def _close(one: Score, other: Score) -> bool:
    return one.probability == pytest.approx(other.probability, abs=1e-9) and (
        one.relevant,
        one.topics,
        one.evidence.mentions,
        one.evidence.sentence,
    ) == (other.relevant, other.topics, other.evidence.mentions, other.evidence.sentence)


@pytest.mark.parametrize(
    ("title", "summary"),
    [
        ("Russia signs a treaty with Turkey", "Moscow and Ankara agreed on gas and drones."),
        ("Iran signs a treaty with Iraq", "Tehran and Baghdad agreed on gas and drones."),
        ("Belarus and the Gulf states sign", "Minsk and Muscat agreed on gas."),
        ("", ""),
        ("Лукашенко: белорусско-иранские отношения", "Минск и Тегеран."),
        ("Russia signs", "x " * SUMMARY_CHARACTERS + "Iran"),
    ],
)
def test_an_item_that_names_one_side_only_is_never_relevant(
    classifier: Classifier, title: str, summary: str
) -> None:
    (score,) = classifier.score([Item(title, summary)])
    assert (score.probability, score.relevant, score.topics) == (0.0, False, ())
    assert (score.evidence.sentence, score.evidence.phrases) == ("", ())


def test_a_gated_item_stays_irrelevant_even_if_the_threshold_is_nought(
    shipped_settings: Settings, classifier: Classifier
) -> None:
    (score,) = _with_threshold(shipped_settings, 0.0).score([Item("Iran and Iraq", "")])
    assert not score.relevant


def test_a_treaty_between_the_two_is_relevant_and_weighs_more_than_a_tournament(
    classifier: Classifier,
) -> None:
    treaty, tournament = classifier.score([CLEAR, TOURNAMENT])
    assert treaty.relevant
    assert treaty.probability > tournament.probability


def test_nothing_scores_to_nothing(classifier: Classifier) -> None:
    assert classifier.score([]) == []


def test_scores_come_one_for_one_and_in_order(classifier: Classifier) -> None:
    alone = [classifier.score([item])[0] for item in ITEMS]
    for order in list(permutations(range(len(ITEMS))))[:: 362880 // 6]:
        together = classifier.score([ITEMS[index] for index in order])
        assert len(together) == len(ITEMS)
        for score, index in zip(together, order, strict=True):
            assert _close(score, alone[index])


def test_scoring_twice_gives_the_same_to_the_last_digit(classifier: Classifier) -> None:
    assert classifier.score(ITEMS) == classifier.score(ITEMS)


def test_an_item_scores_the_same_beside_hundreds_of_others(classifier: Classifier) -> None:
    others = [Item(f"{item.title} {n}", item.summary) for n in range(40) for item in ITEMS]
    assert _close(classifier.score([*others, CLEAR])[-1], classifier.score([CLEAR])[0])


def test_two_classifiers_loaded_from_one_model_agree(
    shipped_settings: Settings, classifier: Classifier
) -> None:
    again = _with_threshold(shipped_settings, None)
    assert again.score(ITEMS) == classifier.score(ITEMS)


def test_what_is_shown_as_evidence_stands_in_the_item(classifier: Classifier) -> None:
    for item, score in zip(ITEMS, classifier.score(ITEMS), strict=True):
        fields = {"title": item.title, "summary": item.summary}
        for mention in score.evidence.mentions:
            assert fields[mention.field][mention.start : mention.end] == mention.text != ""
        assert any(score.evidence.sentence in text for text in fields.values())


def test_phrases_are_words_of_the_item_the_weightiest_first(classifier: Classifier) -> None:
    (score,) = classifier.score([CLEAR])
    phrases = score.evidence.phrases
    words = f"{CLEAR.title} {CLEAR.summary}".casefold()
    assert 0 < len(phrases) <= EVIDENCE_PHRASES
    assert [abs(weight) for _, weight in phrases] == sorted(
        (abs(weight) for _, weight in phrases), reverse=True
    )
    for phrase, _ in phrases:
        for word in phrase.split():
            assert word in {"Russia", "Iran"} or word in words


def test_no_mask_of_the_sides_is_ever_shown(classifier: Classifier) -> None:
    shown = [p for score in classifier.score(ITEMS) for p, _ in score.evidence.phrases]
    assert shown
    assert not [phrase for phrase in shown if "sidea" in phrase or "sideb" in phrase]


def test_a_relevant_item_always_has_a_topic_of_the_configuration(
    classifier: Classifier, shipped_settings: Settings
) -> None:
    known = set(topics_of(shipped_settings.topic))
    weighed = [score for score in classifier.score(ITEMS) if score.probability > 0]
    assert len(weighed) >= 5
    assert all(score.topics and set(score.topics) <= known for score in weighed)


def test_de_escalation_is_not_weighed_as_escalation(classifier: Classifier) -> None:
    # Other monitors raise an alarm because "de-escalation" holds "escalation".
    calm = Item("Russia calls for de-escalation around Iran", "", "en")
    alarm = Item("Russia calls for escalation around Iran", "", "en")
    first, second = classifier.score([calm, alarm])
    assert first.probability != second.probability


@pytest.mark.parametrize(
    "word", ["Prussia and Tirana", "Ambrosia and Mirania", "Belorussia and Bahrainian"]
)
def test_words_that_hold_a_name_open_no_gate(classifier: Classifier, word: str) -> None:
    assert classifier.score([Item(f"{word} sign a military treaty", "")])[0].probability == 0


def test_a_huge_text_is_scored_by_its_beginning(classifier: Classifier) -> None:
    tail = " Football and cats in Iran and Russia." * 50_000
    beginning = (CLEAR.summary + tail)[:SUMMARY_CHARACTERS]
    huge, short = classifier.score(
        [Item(CLEAR.title, CLEAR.summary + tail), Item(CLEAR.title, beginning)]
    )
    assert huge.probability == short.probability


def test_an_item_of_nothing_but_names_is_scored(classifier: Classifier) -> None:
    # As long as parsing lets a title be, and without a blank to part it by.
    (score,) = classifier.score([Item("俄伊" * 500, "伊俄" * 600)])
    assert 0 < score.probability <= 1
    # No more of it is read than any headline is long.
    assert score.evidence.sentence == ("俄伊" * 500)[:TITLE_CHARACTERS]


def test_the_threshold_of_the_settings_wins_over_the_saved_one(
    shipped_settings: Settings, classifier: Classifier
) -> None:
    (usual,) = classifier.score([CLEAR])
    strict = _with_threshold(shipped_settings, 1.0)
    lax = _with_threshold(shipped_settings, 0.0)
    assert (strict.threshold, lax.threshold) == (1.0, 0.0)
    assert strict.score([CLEAR])[0].probability == usual.probability
    assert all(s.relevant for s in lax.score([CLEAR, TOURNAMENT]))
    exact = _with_threshold(shipped_settings, usual.probability)
    assert exact.score([CLEAR])[0].relevant
    above = _with_threshold(shipped_settings, usual.probability + 1e-6)
    assert not above.score([CLEAR])[0].relevant


def test_every_score_names_the_model_that_gave_it(classifier: Classifier) -> None:
    assert {score.model_version for score in classifier.score(ITEMS)} == {classifier.version}


NAMES = st.sampled_from(["Russia", "Iran", " Москва ", "إيران", "俄伊", ". ", "\n", "\0", "İ", "’"])
TEXTS = st.one_of(st.text(max_size=40), st.lists(NAMES, max_size=12).map("".join))


@given(st.lists(st.builds(Item, TEXTS, TEXTS, st.just("")), max_size=6))
@settings(max_examples=30, deadline=None)
def test_any_text_gets_a_probability(classifier: Classifier, items: list[Item]) -> None:
    scores = classifier.score(items)
    assert len(scores) == len(items)
    for score in scores:
        assert 0 <= score.probability <= 1
        assert score.relevant == (score.probability >= classifier.threshold)


def _with_threshold(settings: Settings, threshold: float | None) -> Classifier:
    relevance = settings.relevance.model_copy(update={"threshold": threshold})
    changed = settings.model_copy(update={"relevance": relevance, "data_dir": "/nonexistent"})
    assert versions(changed).current == BASELINE
    return load_classifier(changed)
