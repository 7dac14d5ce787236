from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator.figures import calibration
from components.scoring.intervals import Z
from tests.components.fairness_evaluator.made_cells import LABELS, SCORES

CURVE = calibration.curve(np.array(SCORES), np.array(LABELS))


def error_of(labels, scores):
    labels, scores = np.array(labels, int), np.array(scores)
    brier = ((scores - labels) ** 2).mean()
    found = calibration.error(calibration.curve(scores, labels))
    return calibration.estimate(*found, brier, len(labels))


def bins(curve):
    """Return upper end, rows, positives and mean score of each bin."""
    return [(*each[:3], pytest.approx(each[3] / each[1])) for each in curve.T.tolist()]


def test_ten_rows_fall_into_the_bins_worked_by_hand():
    # A score on an edge falls below it: .1 with .05, .2 alone, .3 with .25 and .26.
    assert bins(calibration.joined(CURVE, 1)) == [
        (0.1, 2, 1, 0.075),
        (0.2, 1, 0, 0.2),
        (0.3, 3, 1, 0.27),
        (0.5, 1, 1, 0.5),
        (0.6, 2, 1, 0.555),
        (0.9, 1, 1, 0.9),
    ]


def test_bins_with_few_rows_are_joined():
    assert bins(calibration.joined(CURVE, 3)) == [
        (0.2, 3, 1, (0.15 + 0.2) / 3),
        (0.3, 3, 1, 0.27),
        (0.9, 4, 3, (0.5 + 1.11 + 0.9) / 4),
    ]
    assert calibration.joined(CURVE, 4)[1].tolist() == [6, 4]
    assert calibration.joined(CURVE, 8)[1].tolist() == [10]
    assert calibration.joined(0 * CURVE, 5).shape == (4, 0)


def test_what_leaves_for_totals_tells_no_mean_score_of_few_rows():
    found = calibration.blurred(CURVE, 3)
    assert found[:2].tolist() == CURVE[:2].tolist()
    assert found[2, 2] == CURVE[2, 2]  # three rows
    assert found[2].sum() == pytest.approx(sum(SCORES))
    # The other seven rows lie 0.06 above their bins' middles in all.
    moved = (0.15 - 0.1 + 0.2 - 0.15 + 0.5 - 0.45 + 1.11 - 1.1 + 0.9 - 0.85) / 7
    assert found[2, [0, 1, 4]] == pytest.approx(
        [0.1 + 2 * moved, 0.15 + moved, 0.45 + moved]
    )


def test_the_error_of_ten_rows_is_that_worked_by_hand():
    distances = [2 * 0.425, 0.2, 3 * (1 / 3 - 0.27), 0.5, 2 * 0.055, 0.1]
    assert error_of(LABELS, SCORES).value == pytest.approx(sum(distances) / 10)


@given(st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1)), min_size=1, max_size=60))
def test_the_error_equals_that_of_the_rows_binned_by_numpy(rows):
    labels, scores = np.array(rows).T
    place = np.digitize(scores, np.arange(1, 10) / 10, right=True)
    expected = sum(
        abs(scores[place == k].sum() - labels[place == k].sum()) for k in range(10)
    ) / len(rows)
    found = error_of(labels.astype(int), scores)
    assert found.value == pytest.approx(expected, abs=1e-9)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_the_upper_end_follows_from_the_rows_own_distances():
    labels, scores = np.array(LABELS), np.array(SCORES)
    side = np.array([-1, -1, -1, 1, -1, 1, -1, 1, -1, -1])  # of the row's bin
    distances = side * (scores - labels)
    found = error_of(LABELS, SCORES)
    assert found.value == pytest.approx(distances.mean())
    half = Z * distances.std(ddof=1) / 10**0.5
    assert found.high == pytest.approx(found.value + half)


def test_19_of_20_errors_of_a_wrong_model_lie_in_the_interval():
    rng, held = np.random.default_rng(6), 0
    true = 0.15  # by as much is each score too high
    for _ in range(500):
        chances = rng.uniform(0.0, 0.8, 400)
        labels = (rng.random(400) < chances).astype(int)
        found = error_of(labels, chances + 0.15)
        held += found.low <= true <= found.high
    assert held / 500 >= 0.93


@pytest.mark.parametrize("rows", [40, 100, 1000])
def test_a_model_without_fault_is_seldom_told_to_be_at_fault(rows):
    rng, at_fault = np.random.default_rng(9), 0
    for _ in range(400):
        chances = rng.beta(1.5, 4, rows)
        labels = (rng.random(rows) < chances).astype(int)
        at_fault += error_of(labels, chances).low > 0
    assert at_fault / 400 <= 0.07


def test_scores_in_relation_to_the_base_rate():
    found = calibration.ratio(sum(SCORES), 5, 10)
    assert found.value == pytest.approx(sum(SCORES) / 5)
    # Wilson's interval of 5 in 10 is 0.2366 to 0.7634.
    ends = sum(SCORES) / 10 / np.array([0.763407, 0.236593])
    assert (found.low, found.high) == pytest.approx(ends, rel=1e-4)
    assert calibration.ratio(0.5, 0, 2) is None


def test_19_of_20_ratios_of_a_calibrated_model_hold_1():
    rng, held = np.random.default_rng(10), 0
    for _ in range(600):
        chances = rng.beta(1.5, 4, 150)
        labels = (rng.random(150) < chances).astype(int)
        found = calibration.ratio(chances.sum(), labels.sum(), 150)
        held += found.low <= 1 <= found.high
    assert held / 600 >= 0.93
