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


def test_what_two_silos_put_in_is_released_as_a_sum():
    found = merged(part(Other=12, Female=40), part(Other=25, Female=31))
    female, other = found.cells["candidate"]
    assert (female.rows, female.positives, other.rows, other.positives) == (
        71,
        2,
        37,
        2,
    )
    assert other.log_loss == 0.1 * 12 + 0.1 * 25
    assert [pair.rows for pair in found.pairs] == [71, 37]


def test_what_one_silo_put_in_is_not_released_whatever_its_size():
    assert released(part(Female=900, Male=40), part(Male=35)) == {}
    assert released(part(Female=900)) == {}


def test_too_few_rows_of_two_silos_are_not_released():
    assert released(part(Other=12), part(Other=17)) == {}
    assert released(part(Other=12), part(Other=18)) == {("Other",): 30}


def test_what_stays_hidden_does_not_follow_from_what_is_released():
    parts = part(Other=5, Female=40, Male=99), part(Female=33, Male=80)
    # Over all silos the total is known, so Other alone would follow.
    assert released(*parts) == {("Male",): 179}


def test_what_lies_under_an_unreleased_value_is_not_released():
    cells = [cell(("Other",), 5), cell(("Other", "White"), 40, CROSSED)]
    more = [cell(("Other", "White"), 40, CROSSED), cell(("Other", "Black"), 2, CROSSED)]
    parts = [Told(30, {"candidate": found}, []).to_bytes() for found in (cells, more)]
    assert released(*parts) == {}


def test_the_strictest_silos_condition_holds():
    assert released(part(Other=12), part(50, Other=25)) == {}


def test_a_silo_that_could_not_be_compared_withholds_its_values_from_the_comparison():
    parts = (
        part(Other=20, Female=50),
        part(Other=25, Female=60),
        part(baseline=False, Other=15),
    )
    assert released(*parts) == {("Female",): 110, ("Other",): 60}
    assert released(*parts, model="baseline") == {("Female",): 110}
    assert [pair.values for pair in merged(*parts).pairs] == [("Female",)]


def test_an_empty_pool_releases_nothing():
    assert len(merged()) == 0


def test_the_same_parts_in_the_same_order_give_the_same_bytes():
    parts = part(Other=12, Female=40), part(Other=25, Female=31)
    assert pool.merge(parts) == pool.merge(parts)
