"""The drawings of an evaluation: readable as text, and the same for the same figures."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from service.errors import InputError
from service.learning.evaluate import Bin, Evaluation, Point
from service.learning.plots import draw
from service.records import Interval

EXACT = Interval(0.9, 0.8, 1.0)
EVALUATION = Evaluation(
    items=20,
    relevant=8,
    threshold=0.4,
    average_precision=EXACT,
    precision=Interval(0.75, 0.6, 0.9),
    recall=EXACT,
    f1=EXACT,
    calibration_error=0.05,
    topics_micro_f1=0.8,
    languages=(),
    kinds=(),
    topics=(),
    curve=(Point(0.1, 0.4, 1.0), Point(0.4, 0.75, 0.9), Point(0.8, 1.0, 0.5)),
    reliability=(Bin(0.1, 0.0, 10), Bin(0.8, 0.9, 10)),
    worst=(),
)


def _words(path: Path) -> str:
    return " ".join(text for text in ET.parse(path).getroot().itertext() if text.strip())


def test_both_drawings_say_in_text_what_they_show(tmp_path: Path) -> None:
    curve, reliability = draw(EVALUATION, "own.jsonl", tmp_path / "plots")
    assert "own.jsonl" in _words(curve)
    assert "threshold 0.40" in _words(curve)
    assert "precision 0.75, recall 0.90" in _words(curve)
    assert "calibration error 0.050" in _words(reliability)


def test_the_same_figures_give_the_same_file_and_others_another(tmp_path: Path) -> None:
    first, _ = draw(EVALUATION, "a", tmp_path / "first")
    again, _ = draw(EVALUATION, "a", tmp_path / "again")
    other, _ = draw(replace(EVALUATION, curve=(Point(0.4, 0.2, 0.9),)), "a", tmp_path / "other")
    assert first.read_bytes() == again.read_bytes()
    assert first.read_bytes() != other.read_bytes()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(InputError, match="taken"):
        draw(EVALUATION, "a", tmp_path / "taken")
