from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator.figures import precision_recall
from components.scoring import intervals

counts = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=12
)


def average_precision(negatives, positives):
    value = precision_recall.average_precision(negatives, positives)
    return precision_recall.estimate(value, int(positives.sum()))


def test_average_precision_worked_by_hand():
    # From the top: 1 of 1 (recall 1/3), then 2 of 4 (2/3), then 3 of 9 (1).
    found = average_precision(np.array([5, 2, 0]), np.array([1, 1, 1]))
    assert found.value == pytest.approx((1 / 1 + 2 / 4 + 3 / 10) / 3)


@given(counts)
def test_average_precision_is_scikit_learn_s(bins):
    negatives, positives = np.array(bins).T
    if not negatives.sum() or not positives.sum():
        found = precision_recall.average_precision(negatives, positives)
        assert np.isnan(found)
        return
    found = average_precision(negatives, positives)
    rows = np.arange(len(bins))
    scores = np.concatenate([np.repeat(rows, negatives), np.repeat(rows, positives)])
    labels = np.repeat([0, 1], [negatives.sum(), positives.sum()])
    expected = sklearn.metrics.average_precision_score(labels, scores)
    assert found.value == pytest.approx(expected)
    assert 0.0 <= found.low <= found.value <= found.high <= 1.0


def test_the_interval_is_boyd_s_logit_interval():
    found = average_precision(np.array([5, 2, 0]), np.array([1, 1, 1]))
    logit = np.log(found.value / (1 - found.value))
    half = intervals.Z / np.sqrt(3 * found.value * (1 - found.value))
    ends = [1 / (1 + np.exp(-(logit + side * half))) for side in (-1, 1)]
    assert (found.low, found.high) == pytest.approx(ends)


def test_a_perfect_order_has_wilson_s_lower_end():
    found = average_precision(np.array([9, 0]), np.array([0, 7]))
    assert found == intervals.wilson(7, 7)


@pytest.mark.parametrize(("positives", "negatives"), [(60, 140), (200, 1800)])
def test_19_of_20_intervals_hold_the_true_average_precision(positives, negatives):
    rng, edges = np.random.default_rng(5), np.linspace(-6, 8, 1000)

    def draw(times):
        sides = (
            rng.normal(0, 1, negatives * times),
            rng.normal(1.2, 1, positives * times),
        )
        return [np.histogram(side, edges)[0] for side in sides]

    true = average_precision(*draw(2000)).value
    found = [average_precision(*draw(1)) for _ in range(800)]
    assert np.mean([each.low <= true <= each.high for each in found]) >= 0.93
