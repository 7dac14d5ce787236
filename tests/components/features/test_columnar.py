import pickle

import numpy as np
import pyarrow as pa
import pytest

from components.features.columnar import ColumnTypeError, encode
from components.features.spec import Categorical, FeatureSpec, Numeric

SPEC = FeatureSpec(
    (Numeric("weight", 10.0, 2.0), Numeric("size", 1.0, 4.0, integer=True)),
    (Categorical("colour", ("red", "blue")), Categorical("hour", ("7", "-1"), True)),
    clip=3.0,
)


def test_known_rows_encode_as_worked_out_by_hand():
    nan, inf = float("nan"), float("inf")
    batch = pa.table(
        {
            "weight": [10.0, 13.0, None, nan, inf, 1e6, -1e6],
            "size": pa.array([1, 5, 3, None, -7, 2, 0], pa.int64()),
            "colour": ["red", "blue", "green", None, "", "red ", "blue"],
            "hour": pa.array([7, -1, 8, None, 7, 7, 0], pa.int64()),
        }
    )
    encoded = encode(batch, SPEC)
    np.testing.assert_array_equal(
        encoded.floats,
        np.array(
            [
                # weight, size, weight is missing, size is missing
                [0.0, 0.0, 0, 0],
                [1.5, 1.0, 0, 0],
                [0.0, 0.5, 1, 0],
                [0.0, 0.0, 1, 1],
                [0.0, -2.0, 1, 0],
                [3.0, 0.25, 0, 0],
                [-3.0, -0.25, 0, 0],
            ],
            np.float32,
        ),
    )
    np.testing.assert_array_equal(
        encoded.ids, [[2, 2], [3, 3], [1, 1], [0, 0], [1, 2], [1, 2], [3, 1]]
    )
    assert (encoded.floats.dtype, encoded.ids.dtype) == (np.float32, np.int32)


@pytest.mark.parametrize("make", [pa.RecordBatch.from_pydict, pa.table])
def test_columns_that_are_not_there_or_empty_count_as_missing(make):
    batch = make({"weight": pa.nulls(2), "other": [1, 2], "colour": pa.nulls(2)})
    encoded = encode(batch, SPEC)
    np.testing.assert_array_equal(encoded.floats, [[0, 0, 1, 1]] * 2)
    np.testing.assert_array_equal(encoded.ids, [[0, 0]] * 2)


def test_chunks_and_dictionaries_make_no_difference():
    plain = pa.table({"colour": ["red", None, "blue", "red"], "weight": [1, 2, 3, 4.0]})
    coded = plain.set_column(0, "colour", plain["colour"].dictionary_encode())
    chunked = pa.concat_tables([plain.slice(0, 1), plain.slice(1)])
    for table in (
        coded,
        chunked,
        pa.concat_tables([coded.slice(0, 3), coded.slice(3)]),
    ):
        np.testing.assert_array_equal(
            encode(table, SPEC).floats, encode(plain, SPEC).floats
        )
        np.testing.assert_array_equal(encode(table, SPEC).ids, encode(plain, SPEC).ids)


def test_a_large_integer_is_rounded_once_also_beside_a_null():
    value = 2**60 + 2**36 + 1  # float64 in between would round it down, not up
    spec = FeatureSpec((Numeric("size", 0.0, 2.0**60, True),), ())
    both = encode(pa.table({"size": pa.array([value, None], pa.int64())}), spec)
    alone = encode(pa.table({"size": pa.array([value], pa.int64())}), spec)
    assert both.floats[0, 0] == alone.floats[0, 0] == 1 + 2.0**-23
    assert both.floats[1].tolist() == [0.0, 1.0]


def test_a_constant_that_float32_cannot_hold_gives_no_nan():
    spec = FeatureSpec((Numeric("weight", 3e38, 1e38),), (), clip=5.0)
    batch = pa.table({"weight": [-3e38, 3e38, 1e300, -1e300]})
    np.testing.assert_array_equal(
        encode(batch, spec).floats, [[-5, 0], [0, 0], [0, 1], [0, 1]]
    )


def test_whole_floats_carry_an_integer_since_exports_make_them_so():
    batch = pa.table({"hour": [7.0, None, float("nan"), -1.0, 1e300]})
    assert encode(batch, SPEC).ids[:, 1].tolist() == [2, 0, 0, 3, 1]


def test_truth_values_are_numbers():
    spec = FeatureSpec((Numeric("a", 0.0, 1.0),), (Categorical("b", ("1",), True),))
    batch = pa.table({"a": [True, None, False], "b": [True, None, False]})
    encoded = encode(batch, spec)
    assert encoded.floats.tolist() == [[1, 0], [0, 1], [0, 0]]
    assert encoded.ids.tolist() == [[2], [0], [1]]


@pytest.mark.parametrize(
    ("column", "values", "found", "expected"),
    [
        ("weight", ["12"], "string", "a number"),
        ("weight", [[1.0]], "list<item: double>", "a number"),
        ("colour", [1], "int64", "a string"),
        ("colour", [b"red"], "binary", "a string"),
        ("hour", ["7"], "string", "an integer"),
        ("hour", [7.5], "double with fractions", "an integer"),
    ],
)
def test_a_column_of_the_wrong_type_is_refused(column, values, found, expected):
    with pytest.raises(ColumnTypeError) as caught:
        encode(pa.table({column: values}), SPEC)
    assert caught.value.message == (
        f"column `{column}`: found type {found}, expected {expected}"
    )
    assert "export the column with the type" in caught.value.hint
    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
    assert str(copy) == str(caught.value)


def test_the_rows_that_are_encoded_stay_as_they_are():
    values = np.array([1e-40, 5.0, 1e30], np.float32)
    batch = pa.table({"weight": values, "colour": ["red"] * 3})
    encode(batch, SPEC)
    np.testing.assert_array_equal(values, np.array([1e-40, 5.0, 1e30], np.float32))
