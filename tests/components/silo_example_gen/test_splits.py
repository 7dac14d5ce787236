import fractions
import hashlib

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.silo_example_gen import splits

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
HOSTILE = st.text(st.sampled_from(["a", "\x00", "\x1e", "\x1f", "0", "1", "2"]))


def test_the_held_out_days_of_a_january_are_these_for_ever():
    days = [f"2013-01-{day:02d}" for day in range(1, 32)]
    held_out = [day[-2:] for day in days if splits.held_out(day, 0.2)]
    assert held_out == ["02", "03", "11", "12", "18", "21", "23", "24", "27"]


@given(TEXT, st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_holds_out_all_that_a_smaller_one_does(value, one, other):
    low, high = sorted([one, other])
    assert splits.held_out(value, low) <= splits.held_out(value, high)
    assert splits.held_out(value, 1.0)


@pytest.mark.parametrize(("share", "after"), [(0.2, 0.0), (0.15, 0.2), (0.7, 0.3)])
def test_about_the_share_of_values_is_held_out(share, after):
    found = sum(splits.held_out(f"value {i}", share, after) for i in range(20_000))
    assert abs(found / 20_000 - share) < 0.01


def by_hand(value):
    """Return where a value lies between 0 and 1."""
    digest = hashlib.sha256(f"fairsilo:{value}".encode()).hexdigest()
    return fractions.Fraction(int(digest[:16], 16), 2**64)


@given(TEXT, st.integers(0, 64), st.integers(0, 64))
def test_a_share_lies_behind_the_one_that_it_follows(value, share, after):
    place = by_hand(value) * 64  # shares of a 64th are exact
    held_out = splits.held_out(value, share / 64, after / 64)
    assert held_out == (after <= place < after + share)


@given(TEXT, st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True))
def test_no_value_is_held_out_twice_and_none_is_without_a_share(value, first, second):
    one = splits.held_out(value, first)
    other = splits.held_out(value, second, after=first)
    assert not (one and other)
    assert not splits.held_out(value, 0.0, after=first)
    if first + second >= 1.0:
        assert one or other


@given(st.lists(st.none() | TEXT, min_size=1, max_size=20), st.randoms())
def test_rows_go_where_their_value_goes_whatever_stands_beside_them(values, rng):
    table = pa.table({"day": pa.array(values, pa.string()), "x": range(len(values))})
    mask = splits.held_out_rows(table, ["day"], 0.5)
    order = list(range(len(values)))
    rng.shuffle(order)
    shuffled = splits.held_out_rows(table.take(order), ["day"], 0.5)
    np.testing.assert_array_equal(mask[order], shuffled)
    for value, held_out in zip(values, mask, strict=True):
        if value is not None and not {"\x1e", "\x1f"} & {*value}:
            assert splits.held_out(value, 0.5) == held_out


@given(st.lists(st.tuples(*[st.none() | HOSTILE] * 3), min_size=2, unique=True))
def test_rows_that_differ_in_a_column_have_different_identities(rows):
    columns = zip(*rows, strict=True)
    table = pa.table(
        {f"c{i}": pa.array(list(c), pa.string()) for i, c in enumerate(columns)}
    )
    found = splits.identities(table, table.column_names).to_pylist()
    assert len(set(found)) == len(rows)


def test_a_day_stays_in_its_split_when_an_export_turns_it_into_a_float():
    whole = pa.table({"day": pa.array(range(200), pa.int64())})
    floats = pa.table({"day": pa.array(range(200), pa.float64())})
    np.testing.assert_array_equal(
        splits.held_out_rows(whole, ["day"], 0.3),
        splits.held_out_rows(floats, ["day"], 0.3),
    )


@pytest.mark.parametrize("columns", [["day"], ["day", "x"]])
def test_a_table_without_rows_has_none_to_hold_out(columns):
    table = pa.table({"day": pa.array([], pa.string()), "x": pa.array([], pa.int64())})
    assert splits.held_out_rows(table, columns, 0.2).shape == (0,)
