from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator.sketches import delong


def row_by_row(first, second, labels) -> float:
    """Return the correlation by the paper's definition, over all pairs of rows."""
    components: list[list[np.ndarray]] = [[], []]
    for scores in (first, second):
        positives, negatives = scores[labels == 1], scores[labels == 0]
        wins = (positives[:, None] > negatives) + 0.5 * (
            positives[:, None] == negatives
        )
        components[1].append(wins.mean(axis=1))
        components[0].append(wins.mean(axis=0))
    s01, s10 = (np.cov(found) / len(found[0]) for found in components)
    total = s01 + s10
    return total[0, 1] / math.sqrt(total[0, 0] * total[1, 1])


def of_rows(first, second, labels) -> float:
    return delong.correlation(first, second, labels, np.ones(len(labels), np.int64))


@given(st.integers(0, 10_000), st.integers(3, 60), st.integers(2, 40))
def test_it_is_the_papers_covariance_row_by_row(seed, rows, num_bins):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, rows + 4)
    labels[:4] = 0, 0, 1, 1
    first = rng.integers(0, num_bins, rows + 4)
    second = np.clip(first + rng.integers(-1, 2, rows + 4), 0, num_bins)
    found = of_rows(first, second, labels)
    if not math.isnan(found):
        assert found == pytest.approx(row_by_row(first, second, labels), abs=1e-9)


def test_counts_stand_for_rows():
    first, second = np.array([0, 1, 1, 3]), np.array([2, 0, 1, 2])
    labels, counts = np.array([0, 0, 1, 1]), np.array([5, 2, 3, 7])
    rows = [np.repeat(each, counts) for each in (first, second, labels)]
    found = delong.correlation(first, second, labels, counts)
    assert found == pytest.approx(row_by_row(*rows))


def test_a_model_goes_together_with_itself_and_against_its_reverse():
    bins, labels = np.array([0, 3, 1, 2, 5, 4]), np.array([0, 1, 0, 1, 1, 0])
    assert of_rows(bins, bins, labels) == pytest.approx(1.0)
    assert of_rows(bins, 5 - bins, labels) == pytest.approx(-1.0)


@pytest.mark.parametrize(
    "labels", [[0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 1], [1, 1, 1, 0]]
)
def test_it_is_not_known_where_a_label_has_fewer_than_two_rows(labels):
    bins = np.array([0, 1, 2, 3])
    assert math.isnan(of_rows(bins, bins, np.array(labels)))


def test_it_is_not_known_where_an_auc_has_no_variance():
    labels = np.array([0, 0, 1, 1])
    assert math.isnan(of_rows(np.array([0, 1, 2, 3]), np.array([1, 0, 1, 2]), labels))
