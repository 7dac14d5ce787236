from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator import slices
from components.fairness_evaluator.cells import TOO_FEW, Cell
from components.fairness_evaluator.slices import Key


def cell(column: str, value: str, negatives, positives, bins=None) -> Cell:
    bins = np.arange(len(negatives)) if bins is None else np.array(bins)
    counts = np.array([negatives, positives], np.int64)
    rows = int(counts.sum())
    return Cell(
        column, value, rows, False, 0.1 * rows, 0.3 * rows, bins, counts, counts / 7
    )


SKETCHES = {
    "B": [
        cell("", "", [30, 10], [5, 15]),
        cell("origin", "EWR", [30, 9], [5, 6]),
        Cell("origin", TOO_FEW, 10, True),
    ],
    "A": [cell("", "", [3], [4]), Cell("origin", TOO_FEW, 7, True)],
    "C": [cell("", "", [40], [60], [2]), cell("origin", "EWR", [40], [60], [2])],
}


def test_a_cell_counts_for_its_slice_overall_and_in_its_silo_once():
    merged = slices.merge(SKETCHES, min_rows=30)
    assert {key: found.rows for key, found in merged.items()} == {
        Key(): 60 + 7 + 100,
        Key("", "origin", "EWR"): 150,
        Key("", "origin", TOO_FEW): 17,
        Key("A"): 7,
        Key("A", "origin", TOO_FEW): 7,
        Key("B"): 60,
        Key("B", "origin", "EWR"): 50,
        Key("B", "origin", TOO_FEW): 10,
        Key("C"): 100,
        Key("C", "origin", "EWR"): 100,
    }
    assert merged[Key()].counts.tolist() == [[33, 10, 40], [9, 15, 60]]


def test_a_silo_with_too_few_rows_is_hidden_but_counts_in_the_total():
    merged = slices.merge(SKETCHES, min_rows=30)
    hidden = {key for key, found in merged.items() if found.too_few}
    assert hidden == {
        Key("A"),
        Key("A", "origin", TOO_FEW),
        Key("B", "origin", TOO_FEW),
        Key("", "origin", TOO_FEW),
    }
    assert merged[Key("A")].counts.size == 0
    assert merged[Key()].positives == 20 + 4 + 60


@given(st.permutations(sorted(SKETCHES)))
def test_the_order_of_silos_changes_no_bit(order):
    one = slices.merge(SKETCHES, 30)
    other = slices.merge({silo: SKETCHES[silo] for silo in order}, 30)
    assert list(one) == list(other)
    for key in one:
        assert np.array_equal(one[key].counts, other[key].counts)
        assert one[key].scores.tobytes() == other[key].scores.tobytes()
        assert one[key].log_loss == other[key].log_loss
