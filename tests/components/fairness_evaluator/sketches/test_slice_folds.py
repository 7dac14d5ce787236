from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from components.fairness_evaluator.sketches.slice_folds import SliceFolds

FAMILIES = [["sex"], ["race"], ["sex", "race"]]


def make(models=("candidate", "baseline"), rows=600, batch_rows=250) -> SliceFolds:
    rng = np.random.default_rng(2)
    sex = rng.choice(["Male", "Female"], rows, p=[0.6, 0.4])
    race = rng.choice(["White", "Black", "Other"], rows, p=[0.68, 0.3, 0.02])
    labels, known = rng.integers(0, 2, rows), rng.random(rows) < 0.9
    scores = [rng.random(rows) for _ in models]
    folds = SliceFolds(FAMILIES, [0.5], 100, models)
    for start in range(0, rows, batch_rows):
        part = slice(start, start + batch_rows)
        batch = pa.RecordBatch.from_pydict({"sex": sex[part], "race": race[part]})
        folds.add(batch, known[part], labels[part], [each[part] for each in scores])
    return folds


def rows_of(cells, columns):
    return {cell.values: cell.rows for cell in cells if cell.columns == columns}


def test_every_family_counts_every_row_once():
    folds = make()
    told, pooled = folds.told(30)
    assert rows_of(told.cells["candidate"], ()) == {(): folds.rows}
    for columns in map(tuple, FAMILIES):
        for model in ("candidate", "baseline"):
            shown = rows_of(told.cells[model], columns)
            hidden = rows_of(pooled.cells[model], columns)
            assert sum(shown.values()) == folds.rows
            assert shown.get(("too few",), 0) == sum(hidden.values())
            assert not shown.keys() & hidden.keys()


def test_small_values_go_into_the_pool_with_those_they_would_follow_from():
    told, pooled = make().told(30)
    (white,) = rows_of(told.cells["candidate"], ("race",)).keys() - {("too few",)}
    assert white == ("White",)
    other, black = (
        rows_of(pooled.cells["candidate"], ("race",))[v,] for v in ("Other", "Black")
    )
    assert other < 30 < black
    assert all(
        not cell.too_few and cell.counts.sum() == cell.rows
        for cell in pooled.cells["candidate"]
    )
    few = [cell for cell in told.cells["candidate"] if cell.values == ("too few",)]
    assert all(cell.too_few and cell.counts.size == 0 for cell in few)


def test_pairs_are_of_the_slices_and_rows_that_cells_are_of():
    for found in make().told(30):
        cells = {
            (cell.columns, cell.values): cell.rows
            for cell in found.cells["baseline"]
            if not cell.too_few
        }
        pairs = {(pair.columns, pair.values): pair.rows for pair in found.pairs}
        assert pairs == cells


def test_one_model_has_no_pairs_and_the_same_cells():
    one, both = make(("candidate",)), make()
    assert one.told(30)[0].pairs == []
    told, pooled = one.told(1)
    assert len(pooled) == 0
    assert rows_of(told.cells["candidate"], ("sex",)) == rows_of(
        both.told(1)[0].cells["candidate"], ("sex",)
    )


def test_crossed_cells_add_up_to_those_of_their_columns():
    told, _ = make().told(1)
    cells = told.cells["baseline"]
    for sex in ("Male", "Female"):
        (single,) = (cell for cell in cells if cell.values == (sex,))
        parts = [c for c in cells if len(c.values) == 2 and c.values[0] == sex]
        assert sum(c.rows for c in parts) == single.rows
        assert sum(c.brier for c in parts) == pytest.approx(single.brier)


def test_rows_without_a_label_leave_a_total_of_none():
    folds = SliceFolds(FAMILIES, [0.5], 100, ["candidate"])
    batch = pa.RecordBatch.from_pydict({"sex": ["Male"], "race": ["White"]})
    folds.add(batch, np.array([False]), np.array([0]), [np.array([0.5])])
    told, pooled = folds.told(30)
    (total,) = told.cells["candidate"]
    assert (total.columns, total.rows, total.too_few) == ((), 0, True)
    assert [cell.rows for cell in pooled.cells["candidate"]] == [0]
    assert folds.rows == 0


def test_of_a_small_silo_only_row_counts_are_told():
    told, pooled = make(rows=30).told(30)
    rows = rows_of(pooled.cells["candidate"], ())[()]
    assert 20 < rows < 30
    for model in ("candidate", "baseline"):
        for cell in told.cells[model]:
            assert (cell.rows, cell.too_few, cell.counts.size) == (rows, True, 0)
    assert told.pairs == []
    assert rows_of(pooled.pairs, ()) == {(): rows}


def test_a_silo_that_does_not_count_puts_nothing_into_the_pool():
    told, pooled = make().told(30, counts=False)
    assert told.to_bytes() == make().told(30)[0].to_bytes()
    assert len(pooled) == 0


def test_the_same_rows_give_the_same_bytes():
    one, other = ([part.to_bytes() for part in make().told(30)] for _ in range(2))
    assert one == other
