from __future__ import annotations

import numpy as np
import pytest

from components.fairness_evaluator.sketches import cells
from components.fairness_evaluator.sketches.cells import Cell


def make(
    rows=((0, 1, 0.25), (3, 0, 0.5)), columns=("origin",), values=("EWR",)
) -> Cell:
    """Make a cell of (bin, label, score) rows, one a bin."""
    bins = np.array([bin_ for bin_, _, _ in rows], np.int32)
    counts = np.array(
        [[1 - label for _, label, _ in rows], [label for _, label, _ in rows]]
    )
    scores = counts * np.array([score for _, _, score in rows])
    sums = (0.5, 0.3, 0.25, 0.2)
    return Cell(columns, values, len(rows), False, *sums, bins, counts, scores)


def same(one: Cell, other: Cell) -> bool:
    arrays = all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("bins", "counts", "scores")
    )
    plain = all(getattr(one, name) == getattr(other, name) for name in cells.PLAIN)
    return arrays and plain


def test_cells_survive_the_way_out_of_the_silo():
    told = [make(), cells.few(("origin",), 7), make(((1, 0, 0.1),), (), ())]
    back = cells.from_bytes(cells.to_bytes(told))
    assert all(map(same, back, told))


def test_a_cell_of_crossed_columns_keeps_their_order():
    crossed = make(columns=("sex", "race"), values=("Female", "White"))
    (back,) = cells.from_bytes(cells.to_bytes([crossed]))
    assert (back.columns, back.values) == (("sex", "race"), ("Female", "White"))


def test_the_same_cells_give_the_same_bytes():
    assert cells.to_bytes([make()]) == cells.to_bytes([make()])


def test_no_cell_at_all_survives_too():
    assert cells.from_bytes(cells.to_bytes([])) == []


def test_cells_of_unequal_bins_add_up():
    total = cells.add([make(), make(((3, 0, 0.25), (5, 1, 1.0), (7, 1, 1.0)))])
    assert total.rows == 5
    assert total.bins.tolist() == [0, 3, 5, 7]
    assert total.counts.tolist() == [[0, 2, 0, 0], [1, 0, 1, 1]]
    assert total.scores.tolist() == [[0, 0.75, 0, 0], [0.25, 0, 1, 1]]
    assert (total.log_loss, total.log_loss_squares) == (1.0, 0.6)
    assert (total.brier, total.brier_squares) == (0.5, 0.4)
    assert (total.negatives, total.positives) == (2, 3)


def test_a_sum_with_a_hidden_part_is_hidden():
    total = cells.add([make(), make().hidden()])
    assert (total.rows, total.too_few) == (4, True)
    assert total.counts.size == 0


@pytest.mark.parametrize("name", ["log_loss", "brier_squares", "positives"])
def test_a_hidden_cell_tells_nothing_but_its_rows(name):
    assert getattr(make().hidden(), name) == 0
