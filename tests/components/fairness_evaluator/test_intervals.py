from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator import intervals

counts = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=12
)


def delong_by_pairs(negative, positive):
    """DeLong's variance from all pairs, straight from the paper's definition."""
    kernel = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    v10, v01 = kernel.mean(axis=1), kernel.mean(axis=0)
    variance = v10.var(ddof=1) / len(v10) + v01.var(ddof=1) / len(v01)
    return kernel.mean(), variance


@pytest.mark.parametrize(
    ("hits", "rows", "low", "high"),
    [
        (5, 10, 0.236593, 0.763407),  # 5/10 and 81/263: published examples
        (81, 263, 0.255329, 0.366172),
        (0, 20, 0.0, 0.161125),
        (29, 29, 0.882977, 1.0),
    ],
)
def test_wilson_gives_published_intervals(hits, rows, low, high):
    found = intervals.wilson(hits, rows)
    assert found.value == hits / rows
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)


def test_no_rows_have_no_rate():
    assert intervals.wilson(0, 0) is None


@given(st.integers(0, 500), st.integers(1, 500))
def test_a_rate_lies_in_its_interval(hits, rows):
    found = intervals.wilson(min(hits, rows), rows)
    assert 0.0 <= found.low <= found.value <= found.high <= 1.0


def test_auc_worked_by_hand():
    # Negatives in bins 0, 0, 1; positives in bins 1, 2: pairs 1, 1, .5 and 1, 1, 1.
    found = intervals.auc(np.array([2, 1, 0]), np.array([0, 1, 1]))
    assert found.value == pytest.approx(5.5 / 6)


@given(counts)
def test_auc_and_variance_equal_those_from_all_pairs(bins):
    negatives, positives = np.array(bins).T
    rows = np.arange(len(bins))
    negative, positive = np.repeat(rows, negatives), np.repeat(rows, positives)
    found = intervals.auc(negatives, positives)
    if not len(negative) or not len(positive):
        assert found is None
        return
    if len(negative) < 2 or len(positive) < 2:
        assert found.high - found.low >= 0.5
        return
    auc, variance = delong_by_pairs(negative, positive)
    labels = np.repeat([0, 1], [len(negative), len(positive)])
    scores = np.concatenate([negative, positive])
    assert found.value == pytest.approx(sklearn.metrics.roc_auc_score(labels, scores))
    assert found.value == pytest.approx(auc)
    half = intervals.Z * np.sqrt(variance)
    assert found.low == pytest.approx(max(0, auc - half), abs=1e-9)
    assert found.high == pytest.approx(min(1, auc + half), abs=1e-9)


def test_19_of_20_intervals_hold_the_true_auc():
    # Normal scores a distance d apart have AUC = Phi(d / sqrt 2); here Phi(0.7071).
    true, rng, edges = 0.76025, np.random.default_rng(7), np.linspace(-4, 6, 300)
    held = 0
    for _ in range(1000):
        negatives = np.histogram(rng.normal(0, 1, 120), edges)[0]
        positives = np.histogram(rng.normal(1, 1, 45), edges)[0]
        found = intervals.auc(negatives, positives)
        held += found.low <= true <= found.high
    assert 0.925 <= held / 1000 <= 0.975
