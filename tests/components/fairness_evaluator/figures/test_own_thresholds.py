from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator.figures import own_thresholds
from tests.components.fairness_evaluator.made_cells import DETAIL, cell, measure

EVERY_ROW = dataclasses.replace(
    DETAIL, min_slice_rows=1, rows_per_bin=1, silo_thresholds=True
)
LABELS = [1, 0, 1, 1, 0, 0, 1, 0]
SCORES = [0.9, 0.1, 0.5, 0.51, 0.25, 0.6, 0.3, 0.2]


def found(labels, scores, reached, detail=EVERY_ROW):
    figures = own_thresholds.figures(cell(labels, scores, detail), reached)
    return {
        figure.metric.removeprefix("own_threshold"): (
            figure.value[0] if isinstance(figure.value, tuple) else figure.value
        )
        for figure in figures
    }


def test_the_threshold_is_the_highest_that_reaches_the_rate():
    # Three of four positives lie above .3: .9, .51 and .5; and .6 of four negatives.
    got = found(LABELS, SCORES, 0.6)
    assert 0.3 < got[""] < 0.5
    assert (got["_tpr"], got["_fpr"]) == (0.75, 0.25)
    assert got["_positive_rate"] == 0.5


def test_the_ends_are_all_rows_and_none():
    everyone, nobody = found(LABELS, SCORES, 1.0), found(LABELS, SCORES, 0.0)
    assert (everyone["_tpr"], everyone["_fpr"]) == (1, 0.25)
    assert (nobody[""], nobody["_positive_rate"]) == (pytest.approx(0.9), 0)
    assert found([0, 0], [0.2, 0.4], 0.5) == {}


@pytest.mark.parametrize(
    ("thresholds", "middle"), [((0.25,), 0.25), ((0.25, 0.5), 0.25)]
)
def test_the_rate_to_reach_is_that_at_the_middle_threshold(thresholds, middle):
    known = measure(LABELS, SCORES)
    assert own_thresholds.target(known, thresholds) == known.found["tpr", middle].value
    assert own_thresholds.target(measure([0], [0.2]), thresholds) is None


@given(
    st.lists(st.tuples(st.integers(0, 1), st.floats(0.01, 0.99)), min_size=1),
    st.floats(0, 1),
    st.integers(1, 9),
)
def test_the_rate_is_reached_with_a_threshold_between_groups_of_rows(
    rows, reached, least
):
    labels, scores = np.array(rows).T
    scores = np.round(scores, 3)
    if not labels.any():
        return
    detail = dataclasses.replace(EVERY_ROW, rows_per_bin=least)
    got = found(labels.astype(int), scores, reached, detail)
    positives = scores[labels == 1]
    assert got["_tpr"] == pytest.approx((positives > got[""]).mean())
    assert got["_tpr"] >= reached
    below = int((scores <= got[""]).sum())
    assert below == 0 or below >= min(least, len(scores))
