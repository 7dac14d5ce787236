from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from components.fairness_evaluator import bins

scores = hnp.arrays(np.float32, st.integers(1, 50), elements=st.floats(0, 1, width=32))


def test_every_threshold_is_an_edge_and_edges_rise_within_0_and_1():
    edges = bins.edges(100, [0.123, 0.5])
    assert {0.123, 0.5} <= set(edges)
    assert (np.diff(edges) > 0).all()
    assert edges[0] > 0
    assert edges[-1] < 1


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
