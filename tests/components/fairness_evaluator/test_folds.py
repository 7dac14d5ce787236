from __future__ import annotations

import numpy as np
import pytest

from components.fairness_evaluator import folds
from components.fairness_evaluator.folds import Fold, Scored


def fold_in(fold: Fold, values, labels, scores, bins):
    codes = np.array([fold.code(value) for value in values])
    fold.add(codes, Scored(np.array(labels), np.array(scores), np.array(bins)))


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


@pytest.fixture
def table():
    fold = Fold("origin", 10)
    for start in (0, 4, 7):  # three batches of unequal size
        part = ROWS[start : {0: 4, 4: 7, 7: 10}[start]]
        fold_in(fold, *zip(*part, strict=True))
    return {cell.value: cell for cell in fold.cells(min_rows=3)}


def test_ten_rows_fold_into_the_cells_worked_by_hand(table):
    a = table["a"]
    assert (a.rows, a.positives, a.negatives) == (5, 3, 2)
    assert a.bins.tolist() == [1, 6, 8]
    assert a.counts.tolist() == [[1, 0, 1], [0, 1, 2]]
    assert a.scores == pytest.approx(np.array([[0.1, 0, 0.8], [0, 0.6, 1.64]]))
    likelihood = 0.8 * 0.2 * 0.6 * 0.84 * 0.9
    assert a.log_loss == pytest.approx(-np.log(likelihood))
    assert a.brier == pytest.approx(0.04 + 0.64 + 0.16 + 0.0256 + 0.01)
    assert table["b"].counts.tolist() == [[2], [1]]


def test_values_with_too_few_rows_are_told_together_as_a_count(table):
    assert sorted(table) == ["a", "b", "too few"]
    few = table["too few"]
    assert (few.rows, few.too_few, few.counts.size) == (2, True, 0)


def test_the_cell_of_all_rows_is_told_whatever_its_size():
    fold = Fold("", 10)
    fold_in(fold, [""], [1], [0.5], [5])
    (cell,) = fold.cells(min_rows=30)
    assert (cell.rows, cell.too_few) == (1, False)


def test_a_value_seen_without_rows_is_not_told():
    fold = Fold("origin", 10)
    fold.code("in the dictionary, in no row")
    fold_in(fold, ["a"], [1], [0.5], [5])
    assert [cell.value for cell in fold.cells(min_rows=1)] == ["a"]


def test_an_empty_batch_changes_nothing():
    fold = Fold("origin", 10)
    fold_in(fold, ["a"], [1], [0.5], [5])
    fold.add(
        np.empty(0, np.int64),
        Scored(np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64)),
    )
    assert fold.cells(1)[0].rows == 1


def test_folding_in_parts_gives_what_folding_at_once_gives(monkeypatch):
    monkeypatch.setattr(folds, "MAX_PENDING", 2)  # compacts at nearly each batch
    rng = np.random.default_rng(0)
    values = rng.choice(list("abcdef"), 500)
    labels, bins = rng.integers(0, 2, 500), rng.integers(0, 10, 500)
    parts, whole = Fold("x", 10), Fold("x", 10)
    for code in "abcdef":
        parts.code(code), whole.code(code)
    fold_in(whole, values, labels, bins / 8, bins)  # eighths add up exactly
    for start in range(0, 500, 37):
        part = slice(start, start + 37)
        fold_in(parts, values[part], labels[part], bins[part] / 8, bins[part])
    for one, other in zip(parts.cells(1), whole.cells(1), strict=True):
        assert np.array_equal(one.counts, other.counts)
        assert np.array_equal(one.scores, other.scores)


def test_a_certain_and_wrong_score_has_a_finite_loss():
    rows = Scored(np.array([1, 0]), np.array([0.0, 1.0]), np.array([0, 9]))
    assert rows.log_loss() == pytest.approx(-np.log(1e-7), rel=1e-6)
