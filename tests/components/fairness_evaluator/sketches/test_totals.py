from __future__ import annotations

import numpy as np
import pytest

from components.fairness_evaluator.sketches import totals
from components.fairness_evaluator.sketches.cells import Cell, Sketch

SEX, CROSSED = ("sex",), ("sex", "race")
BOTH = ("candidate", "baseline")


def cell(columns, values, rows, is_hidden) -> Cell:
    return Cell(
        columns,
        values,
        rows,
        is_hidden=is_hidden,
        positives=1,
        scores=0.4 * rows,
        log_loss=0.1 * rows,
        above=np.array([[rows - 1], [0]]),
        correlation=0.5 * rows,
        correlated=rows,
        curve=np.ones((3, 10)),
        bins=np.array([[10], [11], [rows - 1], [1], [rows - 1]]),
    )


def part(models=BOTH, hidden=None, total=None, **rows) -> Sketch:
    """Return what a silo adds: so many rows of each value, hidden unless told."""
    names = rows if hidden is None else hidden
    cells = [cell(SEX, (value,), num, value in names) for value, num in rows.items()]
    if total:
        cells.append(cell((), (), total, "" in names))
    return Sketch(dict.fromkeys(models, cells), 30, 5)


def merged(*parts) -> Sketch:
    return Sketch.of_bytes(totals.merge([each.to_bytes() for each in parts]))


def rows_of(found: Sketch, model="candidate"):
    """Return the rows by value, `all` for all rows."""
    return {
        c.values[0] if c.values else "all": c.rows for c in found.cells.get(model, ())
    }


def test_what_is_shown_and_hidden_adds_up():
    found = merged(
        part(Other=12, Female=200, hidden=["Other"], total=212),
        part(Other=5, Female=20, hidden=["Other"], total=25),
        part(Other=20, Female=31, hidden=["Other"], total=51),
    )
    assert rows_of(found) == {"all": 288, "Female": 251, "Other": 37}
    total = found.cells["candidate"][0]
    assert (total.positives, total.above.tolist()) == (3, [[285], [0]])
    assert total.log_loss == 0.1 * 212 + 0.1 * 25 + 0.1 * 51
    assert total.bins.shape == (5, 3)
    assert total.curve.sum() == 90
    assert (total.correlated, total.auc_correlation) == (288, 0.5)


@pytest.mark.parametrize(
    ("parts", "counted"),
    [
        ([part(Other=12), part(Other=10), part(Other=8)], {"Other": 30}),
        # Each of two silos would get the other's by subtracting its own.
        ([part(Male=40), part(Male=35)], {"too few": 75}),
        ([part(Other=12), part(Other=10), part(Other=7)], {"too few": 29}),
        # Over all silos the total is known, so Other alone would follow.
        (
            [part(Other=5, Female=40), part(Female=33), part(Female=20)],
            {"too few": 98},
        ),
        ([], {}),
    ],
)
def test_hidden_parts_count_where_nothing_follows_from_their_sum(parts, counted):
    assert rows_of(merged(*parts)) == counted


def test_what_lies_under_an_unreleased_value_does_not_count():
    other, white, black = (
        cell(SEX, ("Other",), 5, True),
        cell(CROSSED, ("Other", "White"), 40, True),
        cell(CROSSED, ("Other", "Black"), 2, True),
    )
    parts = [
        Sketch({"candidate": found}, 30, 5)
        for found in ([other, white], [white, black], [white, black])
    ]
    found = merged(*parts).cells["candidate"]
    assert [(c.columns, c.rows, c.too_few) for c in found] == [
        (SEX, 5, True),
        (CROSSED, 124, True),
    ]


def small(rows, **changes) -> Sketch:
    return part(total=rows, Other=rows, hidden=["", "Other"], **changes)


def test_small_silos_count_where_they_are_enough_together_or_nowhere():
    large = part(total=90, Other=90, hidden=[])
    found = merged(small(12), small(11), small(7), large)
    assert rows_of(found) == {"all": 120, "Other": 120}
    for parts in ([small(12), small(20)], [small(12), small(11), small(6)]):
        assert rows_of(merged(*parts, large)) == {"all": 90, "Other": 90}
    assert rows_of(merged(small(12))) == {}


def test_bins_of_few_rows_are_told_only_joined():
    found = merged(part(Other=3), part(Other=26), part(Other=2))
    (total,) = found.cells["candidate"]
    assert (total.bins[2:4].sum(axis=0) >= 5).all()
    assert total.bins[2:4].sum() == 31


COMPARED = "compared with baseline"


def test_silos_that_lack_the_baseline_keep_hidden_parts_out_of_the_comparison():
    found = merged(
        part(Other=20, Female=150, total=170, hidden=["Other"]),
        part(Other=25, Female=160, total=185, hidden=["Other"]),
        part(Other=10, Female=40, total=50, hidden=["Other"]),
        part(["candidate"], Other=15, Female=70, total=85, hidden=["Other"]),
    )
    assert rows_of(found) == {"all": 490, "Female": 420, "Other": 70}
    compared = {"all": 405, "Female": 350, "too few": 55}
    assert rows_of(found, "baseline") == rows_of(found, COMPARED) == compared


def test_each_model_is_compared_over_the_silos_that_know_it():
    three = (*BOTH, "personal")
    found = merged(
        part(three, total=90, hidden=[]),
        part(["candidate", "personal"], total=40, hidden=[]),
        part(total=50, hidden=[]),
    )
    assert {model: rows_of(found, model)["all"] for model in found.cells} == {
        "candidate": 180,
        "baseline": 140,
        COMPARED: 140,
        "personal": 130,
        "compared with personal": 130,
    }


def test_where_all_silos_know_the_baseline_nothing_is_told_twice():
    found = merged(part(total=90, hidden=[]), part(total=40, hidden=[]))
    assert set(found.cells) == {"candidate", "baseline"}
