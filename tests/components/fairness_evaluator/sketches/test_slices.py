from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator.sketches import cells, slices
from components.fairness_evaluator.sketches.cells import Cell
from components.fairness_evaluator.sketches.pairs import Pair
from components.fairness_evaluator.sketches.slices import Key
from components.payloads.table import TOO_FEW

ORIGIN = ("origin",)


def cell(columns, values, negatives, positives, bins=None) -> Cell:
    bins = np.arange(len(negatives)) if bins is None else np.array(bins)
    counts = np.array([negatives, positives], np.int64)
    rows = int(counts.sum())
    sums = 0.1 * rows, 0.01 * rows, 0.3 * rows, 0.09 * rows
    return Cell(columns, values, rows, False, *sums, bins, counts, counts / 7)


SKETCHES = {
    "B": [
        cell((), (), [30, 10], [5, 15]),
        cell(ORIGIN, ("EWR",), [30, 9], [5, 6]),
        cells.few(ORIGIN, 10),
    ],
    "A": [cells.few((), 7), cells.few(ORIGIN, 7)],
    "C": [cell((), (), [40], [60], [2]), cell(ORIGIN, ("EWR",), [40], [60], [2])],
}
POOLED = [cell((), (), [3], [4]), cell(ORIGIN, ("EWR",), [3], [4])]  # A with others


def rows_of(merged):
    return {key: found.rows for key, found in merged.items()}


def test_a_key_is_written_as_the_tidy_table_writes_it():
    key = Key("north", ("sex", "race"), ("Female", "White"))
    assert (key.slice, key.group) == ("sex x race", "Female x White")
    assert (Key().slice, Key().group) == ("", "")


def test_a_cell_counts_for_its_slice_overall_and_in_its_silo_once():
    merged = slices.merge(SKETCHES, POOLED, min_rows=30)
    assert rows_of(merged) == {
        Key(): 60 + 7 + 100,
        Key("", ORIGIN, ("EWR",)): 150 + 7,
        Key("", ORIGIN, (TOO_FEW,)): 10,
        Key("A"): 7,
        Key("A", ORIGIN, (TOO_FEW,)): 7,
        Key("B"): 60,
        Key("B", ORIGIN, ("EWR",)): 50,
        Key("B", ORIGIN, (TOO_FEW,)): 10,
        Key("C"): 100,
        Key("C", ORIGIN, ("EWR",)): 100,
    }
    assert merged[Key()].counts.tolist() == [[33, 10, 40], [9, 15, 60]]


def test_a_pool_counts_for_its_value_and_no_longer_as_too_few():
    pooled = [cell(ORIGIN, ("JFK",), [3], [1]), cell(ORIGIN, ("EWR",), [0, 2], [0, 3])]
    merged = slices.merge(SKETCHES, pooled, min_rows=10)
    overall = {
        k.values[0]: c.rows for k, c in merged.items() if k.columns and not k.silo
    }
    assert overall == {"EWR": 155, "JFK": 4, TOO_FEW: 1}
    assert sum(overall.values()) == merged[Key()].rows
    assert merged[Key("", ORIGIN, ("EWR",))].counts.tolist() == [
        [30, 11, 40],
        [5, 9, 60],
    ]
    assert merged[Key("B", ORIGIN, (TOO_FEW,))].rows == 10  # the silo tells no more


def test_where_all_was_released_nothing_is_too_few():
    pooled = [cell(ORIGIN, ("JFK",), [5], [5])]
    merged = slices.merge(SKETCHES, pooled, min_rows=10)
    assert Key("", ORIGIN, (TOO_FEW,)) not in merged


HIDDEN = {
    Key("A"),
    Key("A", ORIGIN, (TOO_FEW,)),
    Key("B", ORIGIN, (TOO_FEW,)),
    Key("", ORIGIN, (TOO_FEW,)),
}


def test_a_silo_with_too_few_rows_counts_in_totals_where_its_sum_was_released():
    merged = slices.merge(SKETCHES, POOLED, min_rows=30)
    assert {key for key, found in merged.items() if found.too_few} == HIDDEN
    assert merged[Key("A")].counts.size == 0
    assert merged[Key()].positives == 20 + 4 + 60
    assert merged[Key("A")].rows == 7


def test_a_silo_with_too_few_rows_does_not_follow_from_totals_where_it_was_not():
    merged = slices.merge(SKETCHES, [], min_rows=30)
    assert {key for key, found in merged.items() if found.too_few} == HIDDEN
    assert rows_of(merged)[Key()] == 60 + 100
    assert rows_of(merged)[Key("", ORIGIN, (TOO_FEW,))] == 10
    assert rows_of(merged)[Key("A")] == 7  # shown all the same


def test_silos_left_out_of_training_are_shown_and_count_nowhere_else():
    merged = slices.merge(SKETCHES, [], min_rows=30, apart={"C"})
    assert rows_of(merged)[Key()] == 60
    assert rows_of(merged)[Key("", ORIGIN, ("EWR",))] == 50
    assert rows_of(merged)[Key("C")] == rows_of(merged)[Key("C", ORIGIN, ("EWR",))]


def test_where_nobody_counts_the_total_has_too_few_rows():
    total = slices.merge({"A": SKETCHES["A"]}, [], min_rows=30)[Key()]
    assert (total.rows, total.too_few) == (0, True)
    assert slices.merge({}, [], min_rows=30) == {}


@given(st.permutations(sorted(SKETCHES)))
def test_the_order_of_silos_changes_no_bit(order):
    one = slices.merge(SKETCHES, POOLED, 30)
    other = slices.merge({silo: SKETCHES[silo] for silo in order}, POOLED, 30)
    assert list(one) == list(other)
    for key in one:
        assert np.array_equal(one[key].counts, other[key].counts)
        assert one[key].scores.tobytes() == other[key].scores.tobytes()
        assert one[key].log_loss == other[key].log_loss


def test_pairs_merge_as_cells_do():
    told = {
        silo: [
            Pair(
                each.columns, each.values, each.rows, False, correlation, each.rows / 8
            )
            for each in SKETCHES[silo]
            if not each.too_few
        ]
        for silo, correlation in {"C": 0.5, "A": 0.25, "B": 0.75}.items()
    }
    pooled = [
        Pair((), (), 7, False, 0.25, 7 / 8),
        Pair(ORIGIN, ("EWR",), 50, False, 1.0, 1.0),
    ]
    cells_too = [cell((), (), [3], [4]), cell(ORIGIN, ("EWR",), [20], [30])]
    merged = slices.merge(SKETCHES, cells_too, min_rows=30)
    found = slices.merge_pairs(told, pooled, merged)
    assert rows_of(found) == {
        Key(): 167,
        Key("", ORIGIN, ("EWR",)): 200,
        Key("B"): 60,
        Key("B", ORIGIN, ("EWR",)): 50,
        Key("C"): 100,
        Key("C", ORIGIN, ("EWR",)): 100,
    }
    origin = found[Key("", ORIGIN, ("EWR",))]
    assert origin.auc_correlation == (50 * 0.75 + 100 * 0.5 + 50) / 200
    assert origin.log_loss_products == 150 / 8 + 1
    few = slices.merge(SKETCHES, [], 70, {"C"})
    apart = slices.merge_pairs(told, [], few, {"C"})
    assert rows_of(apart)[Key()] == 60
    assert apart[Key()].too_few
    assert not apart[Key("C")].too_few
