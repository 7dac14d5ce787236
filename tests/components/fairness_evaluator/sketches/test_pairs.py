from __future__ import annotations

import math

import numpy as np
import pytest

from components.fairness_evaluator.sketches import pairs
from components.fairness_evaluator.sketches.pairs import Pair


def make(rows=10, correlation=0.5, above=((1, 2), (3, 4))) -> Pair:
    sums = correlation, 0.25 * rows, 0.125 * rows
    return Pair(("sex",), ("Female",), rows, False, *sums, np.array(above))


def test_pairs_survive_the_way_out_of_the_silo():
    unknown = Pair((), (), 3, False, both_above=np.array([[0, 1], [5, 2]]))
    one, other = pairs.from_bytes(pairs.to_bytes([make(), unknown]))
    assert (one.columns, one.values, one.rows) == (("sex",), ("Female",), 10)
    assert (one.auc_correlation, one.log_loss_products) == (0.5, 2.5)
    assert (one.brier_products, one.too_few) == (1.25, False)
    assert one.both_above.tolist() == [[1, 2], [3, 4]]
    assert (other.columns, other.values) == ((), ())
    assert math.isnan(other.auc_correlation)
    assert other.both_above.dtype == np.int64


def test_no_pair_at_all_survives_too():
    assert pairs.from_bytes(pairs.to_bytes([])) == []


def test_sums_add_up_and_the_correlation_is_the_mean_weighted_by_rows():
    total = pairs.add([make(), make(30, 0.9, ((10, 20), (30, 50)))])
    assert total.rows == 40
    assert total.auc_correlation == pytest.approx((10 * 0.5 + 30 * 0.9) / 40)
    assert (total.log_loss_products, total.brier_products) == (10.0, 5.0)
    assert total.both_above.tolist() == [[11, 22], [33, 54]]


def test_a_correlation_that_is_not_known_is_left_out_of_the_mean():
    assert pairs.add([make(), make(90, math.nan)]).auc_correlation == 0.5
    assert math.isnan(pairs.add([make(9, math.nan)]).auc_correlation)


def test_a_hidden_pair_tells_nothing_but_its_rows():
    hidden = pairs.add([make(), make(7).hidden()])
    assert (hidden.rows, hidden.too_few) == (17, True)
    assert math.isnan(hidden.auc_correlation)
    assert (hidden.log_loss_products, hidden.brier_products) == (0, 0)
    assert hidden.both_above.size == 0
