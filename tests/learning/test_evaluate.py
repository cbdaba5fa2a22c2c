from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from service.errors import InputError
from service.learning.evaluate import Labelled, evaluate, read_labelled
from service.records import Evidence, Item, Score, Topic

MILITARY, ECONOMIC = Topic("military"), Topic("economic")


class Oracle:
    """Scores an item by the number its summary holds."""

    version = "oracle"
    threshold = 0.5

    def score(self, items: Sequence[Item]) -> list[Score]:
        chances = [float(item.summary) for item in items]
        return [Score(p, p >= 0.5, (MILITARY,), Evidence(), "oracle") for p in chances]


def entry(
    number: int, label: bool, probability: float, lang: str = "en", kind: str = "k"
) -> Labelled:
    topics = frozenset({MILITARY, ECONOMIC} if label else ())
    return Labelled(
        str(number), Item(f"Item {number}", str(probability), lang), label, topics, kind
    )


GOOD = [entry(n, n % 2 == 0, 0.9 if n % 2 == 0 else 0.1) for n in range(20)]


def test_a_model_without_mistakes_has_no_room_in_its_intervals() -> None:
    found = evaluate(GOOD, Oracle())
    for figure in (found.average_precision, found.precision, found.recall, found.f1):
        assert (figure.value, figure.low, figure.high) == (1, 1, 1)
    assert found.worst == ()
    assert found.calibration_error == pytest.approx(0.1)


def test_mistakes_lower_the_figures_and_the_surest_stand_first() -> None:
    wrong = [entry(90, False, 0.99), entry(91, True, 0.4), entry(92, False, 0.6)]
    found = evaluate([*GOOD, *wrong], Oracle())
    assert found.precision.value == pytest.approx(10 / 12, abs=1e-4)
    assert found.recall.value == pytest.approx(10 / 11, abs=1e-4)
    assert found.f1.low < found.f1.value < found.f1.high
    assert [mistake.id for mistake in found.worst] == ["90", "91", "92"]


def test_topics_are_judged_on_relevant_items_alone() -> None:
    # Each has two topics and is told one of them: precision 1, recall one half.
    assert evaluate(GOOD, Oracle()).topics_micro_f1 == pytest.approx(2 / 3, abs=1e-4)


def test_languages_and_kinds_are_told_apart_largest_first() -> None:
    persian = [entry(50, False, 0.9, "fa", "round-up"), entry(51, False, 0.1, "fa", "round-up")]
    found = evaluate([*GOOD, *persian], Oracle())
    assert [(g.name, g.items, g.correct) for g in found.languages] == [("en", 20, 20), ("fa", 2, 1)]
    assert found.languages[1].f1 is None
    assert {group.name for group in found.kinds} == {"k", "round-up"}


def rows(*labels: int) -> str:
    return "".join(json.dumps({"title": f"T{n}", "label": v}) + "\n" for n, v in enumerate(labels))


def test_labelled_files_are_read_plain_or_compressed_without_unsure_ones(tmp_path: Path) -> None:
    unsure = json.dumps({"title": "?", "label": 1, "unsure": True}) + "\n"
    plain, packed = tmp_path / "a.jsonl", tmp_path / "a.jsonl.gz"
    plain.write_text(rows(1, 0) + unsure)
    packed.write_bytes(gzip.compress((rows(1, 0) + unsure).encode()))
    assert read_labelled(plain) == read_labelled(packed)
    assert [row.label for row in read_labelled(plain)] == [True, False]


@pytest.mark.parametrize(
    "line",
    ["{", "[]", '{"title": "x"}', '{"title": 3, "label": 1}', '{"title": "x", "label": "yes"}'],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text(rows(1, 0) + line + "\n")
    with pytest.raises(InputError, match="line 3") as caught:
        read_labelled(path)
    assert "label (0 or 1)" in caught.value.mend


@pytest.mark.parametrize("labels", [(), (1, 1), (0, 0)])
def test_a_file_without_both_answers_can_judge_nothing(
    tmp_path: Path, labels: tuple[int, ...]
) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text(rows(*labels))
    with pytest.raises(InputError, match="both labels"):
        read_labelled(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.jsonl"):
        read_labelled(tmp_path / "nowhere.jsonl")
