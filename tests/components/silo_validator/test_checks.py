"""Checks of rows: each finding says what was found, what mends it, and no value."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.silo_validator import checks
from components.silo_validator.checks import LabelCounts
from components.silo_validator.settings import ValidationSettings
from tests.support import silos

SETTINGS = ValidationSettings()


def table(rows, seed=0, **columns):
    found = silos.rows(rows, seed, **columns)
    return pa.Table.from_pandas(found, preserve_index=False)


def sentence(finding):
    return finding.sentence if finding else ""


@pytest.mark.parametrize("rows", [0, 1, 49])
def test_too_few_rows_are_found_and_spare_the_label(rows):
    found = checks.rows_and_labels(table(rows, late=None), "late", SETTINGS)
    assert found.sentence == (
        f"too few rows: found {rows} to train on, expected at least 50"
    )
    assert "`validation.min_rows`" in found.hint
    assert checks.rows_and_labels(table(50), "late", SETTINGS) is None


@pytest.mark.parametrize(
    ("counts", "found", "hint"),
    [
        ((100, 15, 5), "found at least 4 training rows with values out", checks.LABEL),
        ((0, 0, 0), "label `late`: found no value, expected 0 or 1 in ", checks.LABEL),
        (
            (120, 0, 0),
            "label `late` is constant: found 0 in all trainin",
            checks.LABEL,
        ),
        ((0, 120, 0), "label `late` is constant: found 1 in all", checks.LABEL),
        ((117, 3, 0), "rarer value, expected at least 5", "`validation.min_rows_per"),
        ((4, 116, 0), "too few training rows of the rarer", "`validation.min_rows_per"),
        ((5, 115, 0), "", ""),
    ],
)
def test_label_that_nothing_can_be_learned_from_is_found(counts, found, hint):
    finding = checks.labels(LabelCounts(*counts), "late", SETTINGS, 4)
    assert (finding is None) is (not found)
    if finding:
        assert found in finding.sentence
        assert hint in finding.hint


def test_labels_are_counted_by_what_they_are():
    column = pa.chunked_array([[0, 1, -1, 7, None, 1]])
    assert checks.count_labels(column) == (1, 2, 2)
    assert checks.count_labels(pa.chunked_array([pa.nulls(4, pa.int64())])) == (0, 0, 0)


@pytest.mark.parametrize(("odd", "told"), [(1, 1), (9, 1), (10, 10), (29, 20)])
def test_other_labels_are_told_in_whole_blocks(odd, told):
    late = [3] * odd + [0, 1] * 30
    found = checks.rows_and_labels(table(len(late), late=late), "late", SETTINGS)
    assert f"found at least {told} training rows with values" in found.sentence


@pytest.mark.parametrize(
    ("shared", "held_out", "told"),
    [(0, 100, ""), (1, 100, ""), (2, 100, "1 of 100"), (27, 40, "20 of 40")],
)
def test_duplicates_beyond_the_bound_are_found_by_tens(shared, held_out, told):
    train, rest = table(120), table(held_out - shared, seed=7)
    both = pa.concat_tables([train.slice(0, shared), rest])
    found = checks.duplicates(train, both, ["id"], (), SETTINGS)
    assert sentence(found) == (
        told
        and f"duplicates: found at least {told} held-out rows also among the training "
        "rows, expected at most 1.0%"
    )
    assert not told or "`rows.key`" in found.hint


def test_without_a_key_whole_rows_are_compared():
    train, held_out = silos.rows(60, id=None), silos.rows(20, seed=3, id=None)
    held_out.loc[:4] = train.loc[:4]
    held_out["day"] = "2013-12-31"  # what splits them does not make them differ
    known, other = (pa.Table.from_pandas(each) for each in (train, held_out))
    assert checks.duplicates(known, other, [], {"day"}, SETTINGS) is not None


def test_large_keys_beside_a_missing_one_are_compared_exactly():
    keys = [2**60 + n for n in range(40)]
    train = table(41, id=pd.array([*keys, None], "Int64"))
    others = table(40, seed=1, id=pd.array([k + 1000 for k in keys], "Int64"))
    same = table(40, seed=1, id=pd.array(keys, "Int64"))
    assert checks.duplicates(train, others, ["id"], (), SETTINGS) is None
    assert "at least 40 of 40" in sentence(
        checks.duplicates(train, same, ["id"], (), SETTINGS)
    )


@pytest.mark.parametrize(
    ("ids", "found"),
    [
        ([None, None, "c", "d", "e", "f"], "2 of 6 rows without a value in it"),
        (["a", "a", "b", "b", "b", "f"], "5 of 6 rows with a key that another row has"),
        (["a", "b", "c", "d", "e", "f"], ""),
    ],
)
def test_keys_that_join_no_prediction_back_are_found(ids, found):
    finding = checks.keys(table(6, id=ids), ["id"])
    assert (finding is None) is (not found)
    if finding:
        assert finding.sentence.startswith("key `id`: found ")
        assert found in finding.sentence
        assert "`rows.key`" in finding.hint


def test_numbers_that_are_not_finite_become_missing_and_a_flood_is_found():
    values = [np.nan, np.inf, -np.inf, 1e39, -1e300, 1.0, None, 0.0, 3.4e38, 2.0]
    column = pa.array(values, pa.float64(), from_pandas=False)
    split = pa.table({"x": column, "word": ["a"] * 10})
    kept, found = checks.non_finite(split, 0.05)
    assert kept["x"].to_pylist() == [*[None] * 5, 1.0, None, 0.0, 3.4e38, 2.0]
    assert found["x"].sentence == (
        "column `x`: found 50% of 10 rows NaN, infinite or beyond float32, expected at "
        "most 5%"
    )
    assert "divisions by zero" in found["x"].hint
    assert checks.non_finite(split, 0.5)[1] == {}


@given(st.lists(st.floats() | st.none(), min_size=1, max_size=30))
def test_what_is_kept_is_finite_in_float32(values):
    kept, _ = checks.non_finite(pa.table({"x": pa.array(values, pa.float64())}), 1)
    found = kept["x"].drop_null().to_numpy()
    assert np.isfinite(found.astype(np.float32)).all()
