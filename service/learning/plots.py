"""Draws an evaluation: the precision-recall curve and the reliability of the probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from service.errors import InputError
from service.learning.evaluate import Evaluation

INK, PAPER, ACCENT, FAINT = "#1c2733", "#ffffff", "#0b6e7a", "#b8c4ce"
# Text stays text, so that the drawing can be read aloud and searched; no date, no random ids,
# so that the same figures give the same file.
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "caspian",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def draw(evaluation: Evaluation, name: str, folder: Path) -> list[Path]:
    """Write both drawings into ``folder`` as SVG and return their paths.

    Raises:
        InputError: when the folder cannot be written.

    """
    drawings = {
        "precision-recall.svg": precision_recall(evaluation, name),
        "reliability.svg": reliability(evaluation, name),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, figure in drawings.items():
            _save(figure, folder / file)
    except OSError as error:
        raise InputError(
            f"the drawings cannot be written: {error}", mend="choose a folder that is writable"
        ) from error
    return [folder / file for file in drawings]


def precision_recall(evaluation: Evaluation, name: str) -> Figure:
    """Draw precision over recall, with the threshold in use as a dot."""
    figure, axes = _axes(f"Precision and recall: {name}")
    curve = evaluation.curve
    axes.step(
        [point.recall for point in curve],
        [point.precision for point in curve],
        where="post",
        color=ACCENT,
        linewidth=2,
    )
    at = (evaluation.recall.value, evaluation.precision.value)
    axes.plot(*at, "o", color=INK, markersize=7)
    # Written on the side of the dot that has room.
    left = at[0] > 0.5
    axes.annotate(
        f"threshold {evaluation.threshold:.2f}\nprecision {at[1]:.2f}, recall {at[0]:.2f}",
        at,
        xytext=(-12 if left else 12, -34),
        textcoords="offset points",
        ha="right" if left else "left",
    )
    axes.set_xlabel("recall: share of the relevant items that are alerted")
    axes.set_ylabel("precision: share of the alerts that are relevant")
    return figure


def reliability(evaluation: Evaluation, name: str) -> Figure:
    """Draw the share of relevant items over the probability foretold, a dot for each tenth."""
    figure, axes = _axes(f"Do the probabilities hold? {name}")
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle="--")
    bins = evaluation.reliability
    axes.plot(
        [part.probability for part in bins],
        [part.share for part in bins],
        "o-",
        color=ACCENT,
        linewidth=2,
        markersize=6,
    )
    axes.text(0.03, 0.95, f"calibration error {evaluation.calibration_error:.3f}", va="top")
    axes.set_xlabel("probability given")
    axes.set_ylabel("share that is relevant")
    return figure


def _axes(title: str) -> tuple[Figure, Axes]:
    with rc_context(STYLE):
        figure = Figure(figsize=(6, 4.5), facecolor=PAPER, layout="constrained")
        axes = figure.add_subplot()
        axes.set_title(title, loc="left", fontweight="bold")
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.04)
    axes.grid(color=FAINT, linewidth=0.4)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _save(figure: Figure, path: Path) -> None:
    with rc_context(STYLE):
        figure.savefig(path, format="svg", metadata={"Date": None, "Title": path.stem})
