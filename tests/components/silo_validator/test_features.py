"""Identifiers and leaking columns: what is one, and what only looks like it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from tensorflow_metadata.proto.v0 import schema_pb2

from components.silo_validator import features

BYTES, INT, FLOAT = schema_pb2.BYTES, schema_pb2.INT, schema_pb2.FLOAT
draw = np.random.default_rng(5)
LABELS = draw.integers(0, 2, 400)
RANDOM = draw.integers(0, 10**9, 400)


def feature(name, kind, is_categorical=False):
    found = schema_pb2.Feature(name=name, type=kind)
    if is_categorical:
        found.int_domain.is_categorical = True
    return found


def identifiers(values, name="x", kind=BYTES):
    types = {BYTES: pa.string(), INT: pa.int64(), FLOAT: pa.float64()}
    table = pa.table({name: pa.array(values, types[kind])})
    found = features.identifiers(table, [feature(name, kind)])
    return [(one.sentence, one.hint) for one in found]


def leaking(values, kind=FLOAT, labels=LABELS, is_categorical=False):
    table = pa.table({"x": values, "late": labels})
    return features.leaking(table, [feature("x", kind, is_categorical)], "late")


@pytest.mark.parametrize(
    ("name", "kind", "values"),
    [
        ("note", BYTES, [f"patient {i}" for i in range(60)]),
        ("customer_id", INT, RANDOM.tolist()),
        ("customerNumber", INT, RANDOM.tolist()),
        ("counter", INT, [*range(5000, 5100), None]),
        ("few_twice", BYTES, [*map(str, range(97)), "1", "2", "3"]),
    ],
)
def test_an_identifier_is_noted_with_the_way_out(name, kind, values):
    ((sentence, hint),) = identifiers(values, name, kind)
    assert sentence.startswith(f"column `{name}`: found another value in nearly each")
    assert "`features.ignore`" in hint


@pytest.mark.parametrize(
    ("name", "kind", "values"),
    [
        ("income", INT, RANDOM.tolist()),  # each differs, and names nothing
        ("paid", INT, (RANDOM // 10).tolist()),  # no word of a key inside a word
        ("id", FLOAT, RANDOM.astype(float).tolist()),
        ("name", BYTES, [f"n{i}" for i in range(40)]),  # too few to say
        ("city", BYTES, [f"c{i % 60}" for i in range(400)]),
        ("empty", BYTES, [None] * 90),
    ],
)
def test_what_only_differs_in_many_rows_is_no_identifier(name, kind, values):
    assert identifiers(values, name, kind) == []


@pytest.mark.parametrize(
    "values",
    [
        LABELS + draw.normal(0, 0.1, 400),
        -LABELS * 1000.0,
        np.where(LABELS, 7.0, np.nan),  # filled once the outcome is known
        np.where(LABELS, np.nan, draw.normal(0, 1, 400)),
    ],
)
def test_a_number_that_gives_the_label_away_leaks(values):
    assert leaking(pa.array(values, from_pandas=True)) == ["x"]


def test_a_category_that_gives_the_label_away_leaks():
    codes = LABELS * 3 + draw.integers(0, 3, 400)
    assert leaking([f"code {code}" for code in codes], BYTES) == ["x"]
    shuffled = (codes * 7 % 6).tolist()  # the order of numbers says nothing
    assert leaking(shuffled, INT, is_categorical=True) == ["x"]
    assert leaking([None if one else "open" for one in LABELS], BYTES) == ["x"]


def test_strong_columns_noise_and_identifiers_leak_nothing():
    assert leaking(LABELS + draw.normal(0, 0.6, 400)) == []
    assert leaking(draw.normal(0, 1, 400)) == []
    # Fitted and measured on the same rows, this would seem to know each label.
    assert leaking([f"row {i}" for i in range(400)], BYTES) == []
    assert leaking([f"{i % 190}" for i in range(400)], BYTES) == []
    assert leaking(pa.nulls(400)) == []
    assert leaking(pa.nulls(400), BYTES) == []
    assert leaking(["same"] * 400, BYTES) == []


@pytest.mark.parametrize(("ones", "told"), [(19, None), (20, ["x"])])
def test_too_few_rows_of_a_label_can_t_tell(ones, told):
    labels = np.arange(200) < ones
    assert leaking(labels.astype(float), labels=labels.astype(int)) == told


def test_text_where_numbers_are_expected_is_taken_as_text():
    """The schema's check says so; these must not fail."""
    table = pa.table({"x": [f"n{i}" for i in range(400)], "late": LABELS.astype(str)})
    for kind in (INT, FLOAT):
        assert len([*features.identifiers(table, [feature("x", kind)])]) == 1
    assert features.leaking(table, [], "late") is None
    assert leaking(["yes" if one else "no" for one in LABELS]) == ["x"]


def test_rows_without_a_label_do_not_count():
    labels = pa.array([*LABELS.tolist(), None, 5])
    assert leaking([*LABELS.astype(float), 0.0, 9.0], labels=labels) == ["x"]


@given(
    st.lists(
        st.tuples(st.integers(-5, 5).map(float), st.integers(0, 1)), min_size=2
    ).filter(lambda rows: len({label for _, label in rows}) == 2)
)
def test_the_auc_is_that_of_scikit_learn(rows):
    values, labels = (np.array(column) for column in zip(*rows, strict=True))
    expected = roc_auc_score(labels, values)
    assert features._auc(values, labels.astype(float)) == pytest.approx(expected)
