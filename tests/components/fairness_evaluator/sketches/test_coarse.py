from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator.sketches import bins, delong
from components.fairness_evaluator.sketches.coarse import QUANTILES, STEPS, Coarse
from tests.components.fairness_evaluator.sketches.test_delong import row_by_row

EDGES = bins.edges(4_000, [0.5])
FINE = len(EDGES) + 1


@given(st.integers(0, 10_000), st.integers(1, 3_000))
def test_coarse_bins_join_neighbours_and_are_few(seed, rows):
    rng = np.random.default_rng(seed)
    fine = (FINE * rng.beta(0.5, 5, rows)).astype(np.int64)
    coarse = Coarse(fine, rng.integers(0, 2, rows), FINE)
    assert coarse.num_bins <= STEPS + 2 * QUANTILES
    steps = np.diff(coarse(np.arange(FINE)))
    assert set(steps) <= {0, 1}


def test_few_rows_keep_all_their_ranks():
    fine, labels = np.array([7_001, 7_000, 7_003, 7_002]), np.array([0, 1, 0, 1])
    assert np.argsort(Coarse(fine, labels, FINE)(fine)).tolist() == [1, 0, 3, 2]


@pytest.mark.parametrize(
    ("centre", "noise", "share"),
    [(-1.5, 0.3, 0.2), (-6.0, 0.05, 0.05), (4.0, 1.0, 0.9)],
)
def test_the_correlation_needs_no_finer_bins(centre, noise, share):
    rng = np.random.default_rng(1)
    labels = (rng.random(4_000) < share).astype(np.int64)
    logits = centre + rng.normal(size=4_000) + labels
    both = [logits + noise * rng.normal(size=4_000) for _ in range(2)]
    scores = [1 / (1 + np.exp(-each)) for each in both]
    fine = [bins.assign(each, EDGES) for each in scores]
    # The cuts come from the first quarter of the rows.
    first, second = (Coarse(each[:1_000], labels[:1_000], FINE)(each) for each in fine)
    found = delong.correlation(first, second, labels, np.ones(4_000, np.int64))
    exact = row_by_row(scores[0], scores[1], labels)
    # The interval of a change follows the root of 1 - correlation.
    assert np.sqrt(1 - found) == pytest.approx(np.sqrt(1 - exact), rel=0.03)
