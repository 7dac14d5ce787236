from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from components.fairness_evaluator.sketches import bins, tally
from components.fairness_evaluator.sketches.coarse import Coarse
from components.fairness_evaluator.sketches.folds import (
    Fold,
    PairFold,
    Scored,
    ScoredTwice,
)
from tests.components.fairness_evaluator.sketches.test_delong import row_by_row

NAMES = ["a", "b", "c", "d", "in a dictionary, in no row"]
VALUES = [(name,) for name in NAMES]

# Ten rows: value, label, score, bin; worked by hand below.
ROWS = [
    ("a", 1, 0.8, 8),
    ("a", 0, 0.8, 8),
    ("a", 1, 0.6, 6),
    ("a", 1, 0.84, 8),
    ("a", 0, 0.1, 1),
    ("b", 0, 0.3, 3),
    ("b", 0, 0.3, 3),
    ("b", 1, 0.3, 3),
    ("c", 1, 0.9, 9),
    ("d", 0, 0.2, 2),
]


def fold_in(fold: Fold, values, labels, scores, in_bins):
    codes = np.array([NAMES.index(value) for value in values])
    fold.add(codes, Scored(np.array(labels), np.array(scores), np.array(in_bins)))


@pytest.fixture
def cells():
    fold = Fold(10)
    for start, end in ((0, 4), (4, 7), (7, 10)):  # three batches of unequal size
        fold_in(fold, *zip(*ROWS[start:end], strict=True))
    return {cell.values[0]: cell for cell in fold.cells(("origin",), VALUES)}


def test_ten_rows_fold_into_the_cells_worked_by_hand(cells):
    a = cells["a"]
    assert (a.columns, a.rows, a.too_few) == (("origin",), 5, False)
    assert (a.positives, a.negatives) == (3, 2)
    assert a.bins.tolist() == [1, 6, 8]
    assert a.counts.tolist() == [[1, 0, 1], [0, 1, 2]]
    assert a.scores == pytest.approx(np.array([[0.1, 0, 0.8], [0, 0.6, 1.64]]))
    assert cells["b"].counts.tolist() == [[2], [1]]


def test_losses_and_their_squares_are_exact(cells):
    a = cells["a"]
    losses = -np.log([0.8, 0.2, 0.6, 0.84, 0.9])
    assert a.log_loss == pytest.approx(losses.sum())
    assert a.log_loss_squares == pytest.approx((losses**2).sum())
    errors = np.array([0.04, 0.64, 0.16, 0.0256, 0.01])
    assert a.brier == pytest.approx(errors.sum())
    assert a.brier_squares == pytest.approx((errors**2).sum())


def test_a_group_without_rows_has_no_cell(cells):
    assert sorted(cells) == ["a", "b", "c", "d"]


def test_no_row_gives_no_cell_and_an_empty_batch_changes_nothing():
    fold = Fold(10)
    assert list(fold.cells(("origin",), [])) == []
    empty = np.empty(0, np.int64)
    fold.add(empty, Scored(empty, np.empty(0), empty))
    fold_in(fold, ["a"], [1], [0.5], [5])
    (cell,) = fold.cells(("origin",), VALUES)
    assert cell.rows == 1


def test_folding_in_parts_gives_what_folding_at_once_gives(monkeypatch):
    monkeypatch.setattr(tally, "MIN_WAITING", 2)
    rng = np.random.default_rng(0)
    values = rng.choice(list("abcd"), 500)
    labels, in_bins = rng.integers(0, 2, 500), rng.integers(0, 10, 500)
    parts, whole = Fold(10), Fold(10)
    fold_in(whole, values, labels, in_bins / 8, in_bins)  # eighths add up exactly
    for start in range(0, 500, 37):
        part = slice(start, start + 37)
        fold_in(parts, values[part], labels[part], in_bins[part] / 8, in_bins[part])
    for one, other in zip(
        parts.cells(("x",), VALUES), whole.cells(("x",), VALUES), strict=True
    ):
        assert np.array_equal(one.counts, other.counts)
        assert np.array_equal(one.scores, other.scores)


def test_a_certain_and_wrong_score_has_a_finite_loss():
    rows = Scored(np.array([1, 0]), np.array([0.0, 1.0]), np.array([0, 9]))
    assert rows.log_loss == pytest.approx([15.9424, 15.9424], rel=1e-5)


def test_the_log_loss_is_that_of_scikit_learn_also_where_a_score_is_0_or_1():
    """Of float32 scores; a sigmoid of float32 gives 0 and 1 far out."""
    scores = np.array([0.0, 0.0, 1.0, 1.0, 1e-9, 0.3, 0.8], np.float32)
    labels = np.array([1, 0, 0, 1, 1, 0, 1])
    rows = Scored(labels, scores.astype(np.float64), np.zeros(7, np.int64))
    by_row = [
        metrics.log_loss([label], scores[at : at + 1], labels=[0, 1])
        for at, label in enumerate(labels)
    ]
    # scikit-learn computes in float32.
    assert rows.log_loss == pytest.approx(np.array(by_row), rel=1e-5, abs=1e-6)
    whole = metrics.log_loss(labels, scores)
    assert rows.log_loss.mean() == pytest.approx(whole, rel=1e-5)


THRESHOLDS = (0.25, 0.5)
EDGES = bins.edges(100, THRESHOLDS)


def scored(labels, scores) -> Scored:
    scores = np.array(scores, np.float64)
    return Scored(np.array(labels), scores, bins.assign(scores, EDGES))


def fold_twice(codes, first: Scored, second: Scored, *parts: slice) -> PairFold:
    fine = len(EDGES) + 1
    coarse = (
        Coarse(first.bins, first.labels, fine),
        Coarse(second.bins, second.labels, fine),
    )
    fold = PairFold(len(THRESHOLDS), coarse)
    for part in parts:
        one, other = (
            Scored(each.labels[part], each.scores[part], each.bins[part])
            for each in (first, second)
        )
        fold.add(codes[part], ScoredTwice(one, other, THRESHOLDS, coarse))
    return fold


def test_six_rows_of_two_models_make_the_pairs_worked_by_hand():
    labels, codes = [1, 1, 0, 0, 1, 0], np.array([0, 0, 0, 0, 0, 1])
    first = scored(labels, [0.9, 0.4, 0.5, 0.3, 0.2, 0.7])
    second = scored(labels, [0.6, 0.8, 0.51, 0.2, 0.3, 0.7])
    fold = fold_twice(codes, first, second, slice(0, 2), slice(2, 6))
    a, b = fold.pairs(("origin",), VALUES)
    assert (a.columns, a.values, a.rows, b.rows) == (("origin",), ("a",), 5, 1)
    # above 0.25 and 0.5 in both; a score of 0.5 is not above 0.5
    assert a.both_above.tolist() == [[1, 0], [2, 1]]
    assert b.both_above.tolist() == [[1, 1], [0, 0]]
    likely = np.log([0.9, 0.4, 0.5, 0.7, 0.2]), np.log([0.6, 0.8, 0.49, 0.8, 0.3])
    assert a.log_loss_products == pytest.approx(np.dot(*likely))
    missed = [0.1, 0.6, 0.5, 0.3, 0.8], [0.4, 0.2, 0.51, 0.2, 0.7]
    assert a.brier_products == pytest.approx(np.dot(*np.square(missed)))
    assert np.isnan(b.auc_correlation)  # one label


def test_each_group_has_the_correlation_of_its_own_rows():
    rng = np.random.default_rng(5)
    codes, labels = rng.choice([1, 3], 400), rng.integers(0, 2, 400)
    ninths = rng.integers(1, 9, 400)
    first = scored(labels, ninths / 9)
    second = scored(labels, np.clip(ninths + rng.integers(-2, 3, 400), 0, 9) / 9)
    fold = fold_twice(codes, first, second, slice(0, 150), slice(150, 400))
    for pair, code in zip(fold.pairs(("origin",), VALUES), (1, 3), strict=True):
        of_group = codes == code
        expected = row_by_row(
            first.scores[of_group], second.scores[of_group], labels[of_group]
        )
        assert pair.values == VALUES[code]
        assert pair.auc_correlation == pytest.approx(expected)
