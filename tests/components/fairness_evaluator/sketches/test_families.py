from __future__ import annotations

import itertools

import pyarrow as pa
import pytest

from components.fairness_evaluator.sketches.families import Column, Family


def batch(**columns) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(columns)


def named(column, rows):
    codes = column.codes(rows)
    return [column.values[code] for code in codes]


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([1, 2, 1, None], ["1", "2", "1", "missing"]),
        ([True, False, None], ["true", "false", "missing"]),
        ([1.0, 2.5, float("nan"), float("inf")], ["1", "2.5", "missing", "inf"]),
        ([b"F", b"\xff"], ["F", "\\xff"]),
        (["æ", "航空", ""], ["æ", "航空", " (value)"]),
        (
            ["missing", None, "too few"],
            ["missing (value)", "missing", "too few (value)"],
        ),
    ],
)
def test_values_of_any_kind_have_names(values, names):
    assert named(Column("group"), batch(group=values)) == names


def test_a_column_that_is_not_there_is_missing_throughout():
    assert named(Column("sex"), batch(race=["a", "b"])) == ["missing", "missing"]


def test_a_value_keeps_its_code_over_batches_with_other_dictionaries():
    column = Column("sex")
    for values in (["b", "a"], ["c", "a", "b"], [None, "c"]):
        rows = batch(sex=pa.array(values).dictionary_encode())
        assert named(column, rows) == [value or "missing" for value in values]
    assert column.values == ["b", "a", "c", "missing"]


def grouped(family, rows, columns):
    codes = family.codes(len(rows), {each.name: each.codes(rows) for each in columns})
    return [family.values[code] for code in codes]


def test_no_column_is_the_one_group_of_all_rows():
    assert grouped(Family([]), batch(sex=["a", "b"]), []) == [(), ()]


def test_crossed_values_keep_their_codes_while_new_values_come():
    columns = [Column("sex"), Column("race"), Column("age")]
    family = Family(columns)
    assert family.columns == ("sex", "race", "age")
    every = list(itertools.product("fm", "wbo", "123"))
    for start, end in ((0, 4), (4, 18), (2, 9)):
        part = every[start:end]
        rows = batch(**dict(zip(family.columns, zip(*part, strict=True), strict=True)))
        assert grouped(family, rows, columns) == part
    assert family.values == every
