"""A column is what most silos say, each counting once; a tie decides nothing."""

from __future__ import annotations

import datetime
import decimal
import itertools

import pyarrow as pa
import pytest

from pipelines.scaffold.votes import Kind, Vote, majority, vote

UTC = datetime.UTC


def _vote(*values: object, parse: bool = True) -> Vote:
    kind = pa.string() if None in values else None
    return vote(pa.chunked_array([pa.array([*values], kind)]), parse=parse)


CSV = {
    Kind.WHOLE: ["1|2", "1|2|?"],
    Kind.NUMBER: [
        *("1.5|2|n/a|NULL", "1|2.5|1e-3|.5|inf|NaN"),
        *("1,234.56|12.00", "1.234,56|12,50", "€ 12,50|7 %"),
    ],
    Kind.TEXT: [
        *("007|123", "01001|94110|10013", "1|2|A7", "1|low|high", "yes|no", ""),
        "2013-11-01 UA 15|2013-11-02 UA 7",  # keys with a day in them
    ],
    Kind.TIME: [
        *("31.12.2024|1.1.2025", "12/31/24 10:00|1/2/2025"),
        "2024-01-31|2024-02-01 07:00:00+01:00",
        *("20240131|20240201", "31-Dec-2024|1 Jan 2025", "2024-01|2024-02"),
    ],
    Kind.TRUTH: ["true|FALSE"],
    Kind.LARGE: ["9223372036854775808|1"],
}


@pytest.mark.parametrize(
    ("values", "kind"), [(one, kind) for kind, texts in CSV.items() for one in texts]
)
def test_csv_column_is_what_its_values_stand_for(values, kind):
    assert _vote(*values.split("|"), None).kind is kind


def test_the_spellings_among_numbers_are_told():
    for word in ("?", "-", "N/A", "#N/A", "na", "n.a.", "NULL", "NaN", ".", "k.A."):
        assert _vote("1", "2", "3", word).spellings == (word,) * (word != "NaN")
    assert _vote("1", "2", "?", "-").spellings == ("-", "?")
    # Other text may be a person's: it is counted, not shown.
    assert _vote("1", "2", "?", "Zaphod") == Vote(Kind.WHOLE)
    assert _vote("1", "2", "a", "b", "c", "d").kind is Kind.TEXT


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (pa.array(["1", "2"]), Kind.TEXT),
        (pa.array([True, None]), Kind.TRUTH),
        (pa.array([1, None], pa.uint8()), Kind.WHOLE),
        (pa.array([1, 2**63 - 1], pa.uint64()), Kind.WHOLE),
        (pa.array([1, 2**63], pa.uint64()), Kind.LARGE),
        (pa.array([1.0, None]), Kind.NUMBER),
        (pa.array([decimal.Decimal("1.5")]), Kind.NUMBER),
        (pa.array([datetime.datetime(2024, 1, 1, tzinfo=UTC)]), Kind.TIME),
        (pa.array([datetime.date(2024, 1, 1)]), Kind.TIME),
        (pa.array([20240131, 20240201]), Kind.TIME),
        (pa.array([20240131, 20241301, 7]), Kind.WHOLE),
        (pa.array([datetime.time(8)]), Kind.TEXT),
        (pa.array([[1]]), Kind.UNSUPPORTED),
        (pa.array([{"a": 1}]), Kind.UNSUPPORTED),
        (pa.array([b"a"]), Kind.UNSUPPORTED),
        (pa.array([datetime.timedelta(1)]), Kind.UNSUPPORTED),
        (pa.nulls(3), Kind.EMPTY),
    ],
)
def test_columns_of_a_parquet_file_are_what_their_type_says(values, kind):
    assert vote(pa.chunked_array([values]), parse=False).kind is kind


def test_text_in_parquet_is_meant_to_be_text():
    assert _vote("1", "2", parse=False).kind is Kind.TEXT
    assert _vote("31.12.2024", parse=False).kind is Kind.TIME


@pytest.mark.parametrize("values", [[2**53, 1], [-(2**53)], ["9007199254740992", "1"]])
def test_whole_numbers_that_floating_point_rounds_are_wide(values):
    assert _vote(*values).wide
    assert not _vote(2**53 - 1).wide


W, N, L, X, D, E, U = (
    *(Kind.WHOLE, Kind.NUMBER, Kind.LARGE, Kind.TEXT, Kind.TIME),
    *(Kind.EMPTY, Kind.UNSUPPORTED),
)


@pytest.mark.parametrize(
    ("kinds", "agreed"),
    [
        ([W, W, N], N),
        ([Kind.TRUTH, W, W], W),
        ([W, W, W, X], W),  # yes and no in one silo
        ([X, X, N], X),
        ([N, N, D], N),
        ([X, D], X),
        ([W, X], None),
        ([N, E, E, E], N),  # a silo without values says nothing
        ([E, E], E),
        ([W, L, W], L),
        ([L, N, N], N),
        ([L, N], None),
        ([U, X, X], X),
        ([U, X], None),
    ],
)
def test_most_silos_decide_in_any_order(kinds, agreed):
    for order in itertools.permutations(kinds):
        one = majority((Vote(kind), 1) for kind in order)
        assert (one.kind if one else None) is agreed


def test_large_keys_stand_against_the_silo_that_rounded_them():
    wide, rounded = Vote(W, wide=True), Vote(N)
    assert majority([(wide, 1), (rounded, 1), (wide, 1)]) == wide
    assert majority([(wide, 1), (rounded, 1)]) is None
