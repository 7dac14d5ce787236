"""`bench validation` on silos that are made up: what is planted, and what counts."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.benchmarks import validation, validation_faults
from pipelines.benchmarks.validation_faults import FAULTS, Fault, Federation

CASE = validation.made_up(np.random.default_rng(0))
COPIES = [fault for fault in FAULTS if fault.startswith("copied")]


@pytest.fixture(scope="module")
def honest():
    return validation.disclosed(CASE)


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_can_be_planted_and_is_found(honest, fault):
    row = validation.row_of("made up", fault, CASE, honest, 3)
    assert (row["can show"], row["any column"]) == (3, 3)
    assert row["right"] == 3
    assert row["another cause"] == 0
    # A column that is changed in all rows of a copy is at times found, too.
    assert row["other notes"] == 0 or fault.endswith("one column changed")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_changes_the_named_columns_of_one_silo_and_no_type(fault):
    rng = np.random.default_rng(1)
    table = CASE.tables["s1"]
    planted = validation_faults.plant(FAULTS[fault], CASE, "s1", rng, True)
    assert planted is not None
    assert planted.rows.schema == table.schema
    changed = {
        f"`{name}`" for name in table.column_names if planted.rows[name] != table[name]
    }
    if fault in COPIES:
        assert planted.donor != "s1"
        assert planted.names == ("rows of another silo",)
    else:
        assert planted.rows.num_rows == table.num_rows
        assert changed == {*planted.names}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("copied rows 100 %", 1.0),
        ("copied rows 50 %", 0.5),
        ("copied rows 10 %", 0.1),
        ("copied rows, 1 % of cells changed", 0.99**9),
        ("copied rows, one column changed", 0.0),
    ],
)
def test_so_many_rows_are_the_donors_as_are_copied(fault, expected):
    rng = np.random.default_rng(1)
    planted = validation_faults.plant(FAULTS[fault], CASE, "s1", rng, True)
    rows, donor = (
        [tuple(row.values()) for row in table.to_pylist()]
        for table in (planted.rows, CASE.tables[planted.donor])
    )
    theirs = {*donor}
    share = len([row for row in rows if row in theirs]) / len(rows)
    assert share == pytest.approx(expected, abs=0.02)


def test_nothing_is_planted_where_there_is_no_such_column(honest):
    tables = {silo: table.select(["city"]) for silo, table in CASE.tables.items()}
    case = Federation(tables, CASE.schema)
    row = validation.row_of("cities", "another unit", case, honest, 2)
    assert row["any column"] == row["can show"] == row["right"] == 0


def test_a_fault_that_nobody_finds_counts_as_not_found(honest, monkeypatch):
    other_mean = Fault(
        lambda *_: iter([("age",)]),
        lambda rows, _, name: rows.assign(**{name: rows[name] + 3}),
        {"a mean of": {}},
        lambda *_: True,
    )
    monkeypatch.setitem(FAULTS, "other mean", other_mean)
    row = validation.row_of("made up", "other mean", CASE, honest, 2)
    assert (row["can show"], row["right"], row["other notes"]) == (2, 0, 0)
