from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator.figures import own_thresholds
from components.fairness_evaluator.figures.measures import measure
from components.fairness_evaluator.figures.place import Place
from tests.components.fairness_evaluator.made_sketches import EDGES, THRESHOLDS, cell

PLACE = Place("candidate", "eval", "F9", "", "", 1, 1)
LABELS = [1, 0, 1, 1, 0, 0, 1, 0]
SCORES = [0.9, 0.1, 0.5, 0.51, 0.25, 0.6, 0.3, 0.2]


def found(labels, scores, reached):
    rows = own_thresholds.figures(PLACE, cell(labels, scores), EDGES, reached)
    return {
        figure.metric.removeprefix("own_threshold"): figure.value for figure in rows
    }


def test_the_threshold_is_the_highest_that_reaches_the_rate():
    # Three of four positives lie above .3: .9, .51 and .5; and .6 of four negatives.
    got = found(LABELS, SCORES, 0.6)
    assert 0.49 < got[""] < 0.5
    assert (got["_tpr"], got["_fpr"]) == (0.75, 0.25)
    assert got["_positive_rate"] == 0.5


def test_all_must_be_above_where_every_positive_must():
    got = found(LABELS, SCORES, 1.0)
    assert got["_tpr"] == 1
    assert got["_fpr"] == 0.25  # .6; the others lie below .3


def test_where_nobody_must_be_above_the_highest_edge_is_it():
    got = found(LABELS, SCORES, 0.0)
    assert got[""] == EDGES[-1]
    assert got["_positive_rate"] == 0


def test_scores_below_the_lowest_edge_are_never_above():
    got = found([1, 0], [0.0, 0.5], 0.9)
    assert (got[""], got["_tpr"]) == (EDGES[0], 0)


def test_a_silo_without_positives_has_no_threshold():
    assert found([0, 0], [0.2, 0.4], 0.5) == {}


@pytest.mark.parametrize(
    ("thresholds", "middle"), [((0.25,), 0.25), ((0.25, 0.5), 0.25)]
)
def test_the_rate_to_reach_is_that_at_the_middle_threshold(thresholds, middle):
    known = measure(cell(LABELS, SCORES), EDGES, THRESHOLDS)
    assert own_thresholds.target(known, thresholds) == known.found["tpr", middle].value
    none = measure(cell([0], [0.2]), EDGES, THRESHOLDS)
    assert own_thresholds.target(none, thresholds) is None


@given(
    st.lists(st.tuples(st.integers(0, 1), st.floats(0.01, 0.99)), min_size=1),
    st.floats(0, 1),
)
def test_the_rate_is_reached_and_no_higher_edge_would_do(rows, reached):
    labels, scores = np.array(rows).T
    if not labels.any():
        return
    got = found(labels.astype(int), scores, reached)
    positives = scores[labels == 1]
    assert got["_tpr"] == pytest.approx((positives > got[""]).mean())
    assert got["_tpr"] >= reached
    higher = EDGES[got[""] < EDGES]
    if len(higher):
        assert (positives > higher[0]).mean() < reached
