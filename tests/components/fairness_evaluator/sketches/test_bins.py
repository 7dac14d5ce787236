from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics

from components.fairness_evaluator.sketches import bins

scores = hnp.arrays(np.float32, st.integers(1, 50), elements=st.floats(0, 1, width=32))


def test_every_threshold_is_an_edge_and_edges_rise_within_0_and_1():
    edges = bins.edges(100, [0.123, 0.5])
    assert {0.123, 0.5} <= set(edges)
    assert (np.diff(edges) > 0).all()
    assert edges[0] > 0
    assert edges[-1] < 1


def test_the_edges_of_calibration_are_edges_to_the_bit():
    assert {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9} <= set(bins.edges(50, []))


def test_a_score_equal_to_a_threshold_is_not_above_it():
    edges = bins.edges(10, [0.5])
    at = np.searchsorted(edges, 0.5)
    below, above = bins.assign(np.array([0.5, np.nextafter(0.5, 1)]), edges)
    assert below == at
    assert above == at + 1


@given(scores, st.floats(0.0001, 0.9999))
def test_bins_part_scores_at_thresholds_exactly(scores, threshold):
    edges = bins.edges(10, [threshold])
    above = bins.assign(scores, edges) > np.searchsorted(edges, threshold)
    assert (above == (scores.astype(np.float64) > threshold)).all()


@given(scores)
def test_the_mean_of_a_bin_lies_in_that_bin(scores):
    edges = bins.edges(20, [0.5])
    place = bins.assign(scores, edges)
    sums = np.bincount(place, scores, len(edges) + 1).astype(np.float64)
    counts = np.bincount(place, minlength=len(edges) + 1)
    means = bins.means(np.arange(len(edges) + 1), sums, counts, edges)
    occupied = np.flatnonzero(counts)
    assert (bins.assign(means[occupied], edges) == occupied).all()


def test_rounding_can_not_push_a_mean_over_its_threshold():
    edges = np.array([0.5])
    sums = np.array([np.nextafter(1.5, 2), 1.5])  # three scores of 0.5, rounded up
    means = bins.means(np.array([0, 1]), sums, np.array([3, 3]), edges)
    assert means[0] <= 0.5 < means[1]


def test_scores_crowded_near_0_keep_their_order():
    crowded = np.array([1e-6, 3e-6, 1e-5, 4e-5, 1e-4])
    assert len(set(bins.assign(crowded, bins.edges(100, [0.5])))) == 5


def auc_error(scores, labels) -> float:
    """Return how far the AUC of the default bins is from that of the scores."""
    binned = bins.assign(scores, bins.edges(4_000, [0.5]))
    exact = metrics.roc_auc_score(labels, scores)
    return abs(metrics.roc_auc_score(labels, binned) - exact)


@given(
    st.integers(0, 10_000),
    st.floats(0.2, 20),
    st.floats(0.2, 20),
    st.sampled_from([0.01, 0.1, 0.5]),
)
def test_auc_is_within_5e_4_of_the_exact_one(seed, a, b, positive_rate):
    rng = np.random.default_rng(seed)
    labels = rng.random(2_000) < positive_rate
    labels[:2] = 0, 1
    scores = np.where(labels, rng.beta(a, b, 2_000), rng.beta(a, b + 1, 2_000))
    assert auc_error(scores.astype(np.float32), labels) < 5e-4


@pytest.mark.parametrize(("centre", "share"), [(-9, 0.5), (-6, 0.002), (7, 0.5)])
def test_auc_of_scores_crowded_at_an_end_is_within_5e_4_too(centre, share):
    rng = np.random.default_rng(3)
    labels = rng.random(50_000) < share
    logits = centre + 0.8 * rng.normal(size=50_000) + 0.9 * labels
    scores = (1 / (1 + np.exp(-logits))).astype(np.float32)
    assert auc_error(scores, labels) < 5e-4
