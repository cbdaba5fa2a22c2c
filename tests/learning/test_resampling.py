"""Figures reckoned without scikit-learn's checks are scikit-learn's figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score

from service.learning.resampling import average_precision, f1, ratio, resamples

# Few values, so that many are equal.
PAIRS = st.lists(
    st.tuples(st.booleans(), st.sampled_from((0.0, 0.25, 0.5, 0.500001, 1.0))), min_size=1
).filter(lambda pairs: any(label for label, _ in pairs))


@given(PAIRS)
def test_average_precision_is_that_of_scikit_learn(pairs: list[tuple[bool, float]]) -> None:
    labels, probabilities = (np.array(column) for column in zip(*pairs, strict=True))
    expected = average_precision_score(labels, probabilities)
    assert average_precision(labels, probabilities) == pytest.approx(expected, abs=1e-12)


@given(PAIRS)
def test_f1_is_that_of_scikit_learn(pairs: list[tuple[bool, float]]) -> None:
    labels = np.array([label for label, _ in pairs])
    alerts = np.array([probability >= 0.5 for _, probability in pairs])
    assert f1(labels, alerts) == pytest.approx(f1_score(labels, alerts, zero_division=0))


def test_of_nothing_there_is_no_share() -> None:
    nothing = np.array([False, False])
    assert (ratio(nothing, nothing), f1(nothing, nothing)) == (0, 0)


def test_draws_hold_both_labels_and_are_the_same_each_time() -> None:
    labels = np.array([True, False, False])
    drawn = resamples(labels)
    assert all(0 < labels[draw].sum() < len(draw) for draw in drawn)
    assert all(
        np.array_equal(one, other) for one, other in zip(drawn, resamples(labels), strict=True)
    )
