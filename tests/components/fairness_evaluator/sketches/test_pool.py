from __future__ import annotations

import numpy as np

from components.fairness_evaluator.sketches import pool, told
from components.fairness_evaluator.sketches.cells import Cell
from components.fairness_evaluator.sketches.pairs import Pair
from components.fairness_evaluator.sketches.told import Told

SEX, CROSSED = ("sex",), ("sex", "race")


def cell(values, rows, columns=SEX) -> Cell:
    counts = np.array([[rows - 1], [1]])
    sums = 0.1 * rows, 0.2, 0.3, 0.4
    return Cell(columns, values, rows, False, *sums, np.array([3]), counts, counts / 7)


def part(min_rows=30, baseline=True, **rows) -> bytes:
    """Return what a silo puts in: so many rows of each value."""
    cells = [cell((value,), num) for value, num in rows.items()]
    models = {"candidate": cells, **({"baseline": cells} if baseline else {})}
    pairs = [Pair(c.columns, c.values, c.rows, False, 0.5) for c in cells]
    return Told(min_rows, models, pairs if baseline else []).to_bytes()


def merged(*parts) -> Told:
    return told.from_bytes(pool.merge(parts))


def released(*parts, model="candidate"):
    return {c.values: c.rows for c in merged(*parts).cells.get(model, ())}


def test_what_three_silos_put_in_is_released_as_a_sum():
    found = merged(
        part(Other=12, Female=20), part(Other=5, Female=20), part(Other=20, Female=31)
    )
    female, other = found.cells["candidate"]
    assert (female.rows, female.positives, other.rows, other.positives) == (
        71,
        3,
        37,
        3,
    )
    assert other.log_loss == 0.1 * 12 + 0.1 * 5 + 0.1 * 20
    assert [pair.rows for pair in found.pairs] == [71, 37]


def test_what_two_silos_put_in_is_not_released_whatever_its_size():
    # Each would get the other's by subtracting its own.
    three = part(Female=900, Male=40), part(Female=70, Male=35), part(Male=30)
    assert released(*three) == {}
    assert released(*three[:2]) == {}


def test_too_few_rows_of_three_silos_are_not_released():
    assert released(part(Other=12), part(Other=10), part(Other=7)) == {}
    found = released(part(Other=12), part(Other=10), part(Other=8))
    assert found == {("Other",): 30}


def small(rows, baseline=True) -> bytes:
    """Return what a silo puts in that is small as a whole."""
    cells = [cell((), rows, ()), cell(("Other",), rows)]
    models = {"candidate": cells, **({"baseline": cells} if baseline else {})}
    pairs = [Pair(c.columns, c.values, c.rows, False, 0.5) for c in cells]
    return Told(30, models, pairs if baseline else []).to_bytes()


def test_small_silos_count_where_they_are_enough_together():
    found = released(small(12), small(11), small(7), part(Other=9))
    assert found == {(): 30, ("Other",): 39}


def test_small_silos_that_are_not_enough_together_count_in_nothing():
    others = [part(Other=10)] * 3
    alone = {("Other",): 30}
    assert released(small(12), small(20), *others) == alone  # only two
    assert released(small(12), small(11), small(6), *others) == alone  # 29 rows
    assert released(small(12), small(20), small(0), *others) == alone
    assert released(small(12), small(20)) == {}


def test_a_small_silo_that_could_not_be_compared_keeps_small_ones_out_of_that():
    parts = small(12), small(11), small(10), small(8, baseline=False)
    assert released(*parts) == {(): 41, ("Other",): 41}
    assert released(*parts, model="baseline") == {}
    assert merged(*parts).pairs == []


def test_what_stays_hidden_does_not_follow_from_what_is_released():
    parts = (
        part(Other=5, Female=40, Male=99),
        part(Female=33, Male=80),
        part(Female=20, Male=50),
    )
    # Over all silos the total is known, so Other alone would follow.
    assert released(*parts) == {("Male",): 229}


def test_what_lies_under_an_unreleased_value_is_not_released():
    cells = [cell(("Other",), 5), cell(("Other", "White"), 40, CROSSED)]
    more = [cell(("Other", "White"), 40, CROSSED), cell(("Other", "Black"), 2, CROSSED)]
    parts = [
        Told(30, {"candidate": found}, []).to_bytes() for found in (cells, more, more)
    ]
    assert released(*parts) == {}


def test_the_strictest_silos_condition_holds():
    assert released(part(Other=12), part(50, Other=25), part(Other=5)) == {}


def test_a_silo_that_could_not_be_compared_withholds_its_values_from_the_comparison():
    parts = (
        part(Other=20, Female=50),
        part(Other=25, Female=60),
        part(Other=10, Female=40),
        part(baseline=False, Other=15),
    )
    assert released(*parts) == {("Female",): 150, ("Other",): 70}
    assert released(*parts, model="baseline") == {("Female",): 150}
    assert [pair.values for pair in merged(*parts).pairs] == [("Female",)]


def test_an_empty_pool_releases_nothing():
    assert len(merged()) == 0


def test_the_same_parts_in_the_same_order_give_the_same_bytes():
    parts = part(Other=12, Female=40), part(Other=25, Female=31)
    assert pool.merge(parts) == pool.merge(parts)
