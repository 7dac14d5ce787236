from __future__ import annotations

from components.fairness_evaluator.sketches import cells, told
from components.fairness_evaluator.sketches.cells import Cell
from components.fairness_evaluator.sketches.pairs import Pair
from components.fairness_evaluator.sketches.told import Told


def test_what_is_told_survives_the_way_out():
    before = Told(
        30,
        {
            "candidate": [Cell((), (), 80, False, 2.5), cells.few(("sex",), 7)],
            "süd\n": [Cell((), (), 80, False, 3.5)],
        },
        [Pair((), (), 80, False, 0.75)],
    )
    after = told.from_bytes(before.to_bytes())
    assert (after.min_rows, len(after)) == (30, 4)
    assert {
        model: [(cell.values, cell.rows, cell.log_loss) for cell in found]
        for model, found in after.cells.items()
    } == {
        "candidate": [((), 80, 2.5), (("too few",), 7, 0.0)],
        "süd\n": [((), 80, 3.5)],
    }
    (pair,) = after.pairs
    assert (pair.rows, pair.auc_correlation) == (80, 0.75)


def test_nothing_can_be_told_too():
    after = told.from_bytes(Told(1, {}, []).to_bytes())
    assert (after.cells, after.pairs, len(after)) == ({}, [], 0)
