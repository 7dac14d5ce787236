"""Each value keeps its meaning or is counted as bad; nothing is cast in silence."""

import datetime
import decimal
import math

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tensorflow_metadata.proto.v0 import schema_pb2

from components.silo_example_gen.conform import (
    Conformed,
    conform,
    labels,
    not_in_schema,
    to_schema,
)
from components.silo_example_gen.settings import RowsSettings
from tests.support import silos
from tests.support.silos import CANARY

INT, FLOAT, BYTES = schema_pb2.INT, schema_pb2.FLOAT, schema_pb2.BYTES
INT64 = st.integers(-(2**63), 2**63 - 1)


def brought(values: object, kind: int, arrow: pa.DataType | None = None) -> Conformed:
    column = pa.chunked_array([pa.array(values, arrow)])
    return conform(column, schema_pb2.Feature(name="x", type=kind))


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([True, None], INT, [1, None]),
        ([True, None], FLOAT, [1.0, None]),
        ([True, None], BYTES, ["true", None]),
        (
            ["1", "+5", " -7 ", "TRUE", "5.0", "1e3", "nan"],
            INT,
            [1, 5, -7, 1, 5, 1000, None],
        ),
        (
            ["1", "+5.5", " .5 ", "1e+3", "inf"],
            FLOAT,
            [1.0, 5.5, 0.5, 1000.0, math.inf],
        ),
        (["007", " a", "NA"], BYTES, ["007", " a", "NA"]),
        ([1.0, None, math.nan], INT, [1, None, None]),
        ([1.0, None, math.nan], BYTES, ["1", None, None]),
        ([decimal.Decimal("7.00")], INT, [7]),
        ([decimal.Decimal("7.25")], FLOAT, [7.25]),
        ([decimal.Decimal("7.20")], BYTES, ["7.20"]),
        ([datetime.date(2024, 1, 31)], BYTES, ["2024-01-31"]),
        ([None, None], INT, [None, None]),
    ],
)
def test_values_keep_their_meaning(values, kind, expected):
    found = brought(values, kind)
    assert found.column.to_pylist() == expected
    assert (found.num_bad, found.found) == (0, "")


@pytest.mark.parametrize(
    ("values", "kind", "bad", "found"),
    [
        ([1.5, 2.0, None], INT, 1, "numbers with fractions"),
        ([1.5, 2.0, None], BYTES, 1, "numbers with fractions"),
        ([2.0**53, 1.0], INT, 1, "whole numbers of 2^53 or more in floating point"),
        ([2.0**53, 1.0], BYTES, 1, "whole numbers of 2^53 or more in floating point"),
        ([math.inf], INT, 1, "infinite values"),
        (["9223372036854775808", "7"], INT, 1, "whole numbers beyond 64 bits"),
        (["007", "08", "9"], INT, 2, "codes with a leading zero"),
        (["007"], FLOAT, 1, "codes with a leading zero"),
        (["12,50", "3,00", "?"], FLOAT, 3, "numbers with a decimal comma"),
        (["1,234.56", "2,000.00"], FLOAT, 2, "numbers with a comma in thousands"),
        (["yes", "no", "1"], INT, 2, "other text"),
        (["?", "n/a", "1"], FLOAT, 2, "marks such as ? or n/a"),
        ([2**53, -(2**53), 1], FLOAT, 2, "whole numbers of 2^53 or more, which"),
        ([-(2**63), 2**63 - 1], FLOAT, 2, "whole numbers of 2^53 or more, which"),
        (["9007199254740993", "0.5"], FLOAT, 1, "whole numbers of 2^53 or more, which"),
        ([decimal.Decimal(10**30)], FLOAT, 1, "whole numbers of 2^53 or more, which"),
        ([datetime.date(2024, 1, 31)], INT, 1, "the type date32[day]"),
        ([[1]], FLOAT, 1, "the type list<item: int64>"),
        ([b"a"], BYTES, 1, "the type binary"),
    ],
)
def test_what_has_no_such_meaning_is_counted(values, kind, bad, found):
    result = brought(values, kind)
    assert result.num_bad == bad
    assert result.found.startswith(found)


@given(st.lists(st.none() | INT64, min_size=1))
def test_whole_numbers_are_exact_in_floating_point_or_counted(numbers):
    expected = [n if n is not None and abs(n) < 2**53 else None for n in numbers]
    texts = [None if n is None else str(n) for n in numbers]
    for values, arrow in ((numbers, pa.int64()), (texts, pa.string())):
        found = brought(values, FLOAT, arrow)
        assert found.column.to_pylist() == expected
        assert found.num_bad == expected.count(None) - numbers.count(None)


def test_a_zone_of_an_instant_does_not_change_it():
    instant = datetime.datetime(2024, 1, 31, 12, tzinfo=datetime.UTC)
    texts = {
        brought([instant], BYTES, pa.timestamp("us", zone)).column[0].as_py()
        for zone in ("UTC", "Europe/Berlin", "US/Eastern")
    }
    assert texts == {"2024-01-31 12:00:00.000000Z"}


@given(st.lists(st.none() | INT64, min_size=1))
def test_keys_are_exact_in_every_file_and_type(keys):
    texts = [None if key is None else str(key) for key in keys]
    for values, arrow in ((keys, pa.int64()), (texts, pa.string())):
        assert brought(values, INT, arrow).column.to_pylist() == keys
        assert brought(values, BYTES, arrow).column.to_pylist() == texts
        assert not brought(values, INT, arrow).num_bad
    floats = brought([None if k is None else float(k) for k in keys], INT, pa.float64())
    kept = floats.column.to_pylist()
    assert all(one is None or one == key for one, key in zip(kept, keys, strict=True))
    lost = sum(a is None and b is not None for a, b in zip(kept, keys, strict=True))
    assert floats.num_bad == lost


@given(st.lists(st.none() | st.integers(0, 2**64 - 1), min_size=1))
def test_unsigned_keys_are_exact_or_counted(keys):
    found = brought(keys, INT, pa.uint64())
    expected = [k if k is not None and k < 2**63 else None for k in keys]
    assert found.column.to_pylist() == expected
    assert found.num_bad == sum(k is not None and k >= 2**63 for k in keys)
    texts = [None if k is None else str(k) for k in keys]
    assert brought(keys, BYTES, pa.uint64()).column.to_pylist() == texts


@given(st.lists(st.none() | st.floats(allow_nan=False), min_size=1))
def test_numbers_are_the_same_doubles_in_both_kinds_of_file(values):
    texts = [None if value is None else repr(value) for value in values]
    assert brought(values, FLOAT, pa.float64()).column.to_pylist() == values
    assert brought(texts, FLOAT, pa.string()).column.to_pylist() == values


@given(st.lists(st.none() | st.text(max_size=5), min_size=1))
@example(["0\x1f", "\xa01"])  # `strip` knows both spaces, `float` one
def test_text_becomes_a_number_only_if_python_reads_the_same(values):
    found = brought(values, INT, pa.string())
    bad = 0
    for value, kept in zip(values, found.column.to_pylist(), strict=True):
        if kept is not None and value.strip().lower() not in {"true", "false"}:
            assert float(value.strip()) == kept
        bad += value is not None and kept is None and value.strip().lower() != "nan"
    assert found.num_bad == bad


ROWS = RowsSettings(label="late", key=("id",))


def test_a_table_has_the_schemas_columns_and_types():
    table = pa.table({"late": ["1"], "weight": ["70"], "size": ["3"], "more": ["x"]})
    plain, faults = to_schema(table, silos.schema(), ROWS)
    assert plain.to_pylist() == [{"size": 3, "weight": 70.0, "late": 1}]
    assert faults == []
    (note,) = not_in_schema(table, silos.schema())
    assert note.sentence == "column `more`: not in the schema, so it is not read"


def test_each_column_with_bad_values_is_named_without_them():
    table = pa.table({"weight": [CANARY, "1"], "size": [1.5, None], "late": [0, 1]})
    _, faults = to_schema(table, silos.schema(), ROWS)
    assert [fault.sentence for fault in faults] == [
        "column `size`: found numbers with fractions in 1 of 1 values, expected whole "
        "numbers",
        "column `weight`: found other text in 1 of 2 values, expected numbers",
    ]
    assert faults[0].hint.startswith("export the column as the schema expects it")
    (marked,) = to_schema(pa.table({"weight": ["-", "1"]}), silos.schema(), ROWS)[1]
    assert "`rows.null_values`" in marked.hint


def test_a_column_whose_name_differs_in_case_or_blanks_is_told_what_to_do():
    table = pa.table({"Weight": [1], " size ": [1], "LATE": [1], "late": [1]})
    notes = not_in_schema(table, silos.schema())
    assert [(note.sentence, note.hint[:33]) for note in notes] == [
        (
            "column `Weight`: not read, as the schema writes it `weight`",
            "rename the column to `weight` in ",
        ),
        (
            "column ` size `: not read, as the schema writes it `size`",
            "rename the column to `size` in th",
        ),
        (
            "column `LATE`: not in the schema, so it is not read",
            "nothing has to be done if the mod",
        ),
    ]


def test_names_of_the_schema_that_differ_in_case_are_two_columns():
    schema = silos.schema(
        'feature { name: "x" type: INT } feature { name: "X" type: INT }'
    )
    assert not_in_schema(pa.table({"x": [1], "X": [1]}), schema) == []


def test_a_file_without_a_header_keeps_its_first_row_to_itself():
    table = pa.table({CANARY: ["a"], "70.1": ["b"]})
    _, (fault,) = to_schema(table, silos.schema(), ROWS)
    assert fault.sentence == (
        "found none of the schema's columns among its 2, expected them in a header row"
    )
    assert "with a header row" in fault.hint


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        ([["yes", " no ", None], ["maybe", ""]], ("no", "yes"), [1, 0, None, -1, -1]),
        ([[1, 2, 3, None]], ("1", "2"), [0, 1, -1, None]),
        ([[1.0, 2.0, 2.5, math.nan]], ("1", "2"), [0, 1, -1, None]),
        ([[True, False, None]], ("false", "true"), [1, 0, None]),
        ([[0.5, 1.5, 2.0, math.nan]], ("0.5", "1.5"), [0, 1, -1, None]),
        ([[0, 1, 7, None]], None, [0, 1, 7, None]),
        ([["0", "1.0", "true", "x", "nan"]], None, [0, 1, 1, -1, -1]),
        ([[0.0, 1.0, 0.5, math.nan]], None, [0, 1, -1, None]),
    ],
)
def test_labels_are_0_and_1_and_all_else_is_told_apart(column, values, expected):
    assert labels(pa.chunked_array(column), values).to_pylist() == expected
