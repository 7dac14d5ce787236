import datetime
import decimal

import pyarrow as pa
import pytest

from components.silo_example_gen.kinds import Kind, kind_of

UTC = datetime.UTC


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["", None], Kind.TEXT),
        ([None, None], Kind.EMPTY),
        (["true", "False", None], Kind.TRUTH),
        (["0", " 17", "-3", None], Kind.WHOLE),
        (["9223372036854775808", "1"], Kind.LARGE),
        (["1", "2.5", "1e-3", ".5"], Kind.NUMBER),
        (["1.5", "inf", "NaN"], Kind.NUMBER),
        (["02134", "10013"], Kind.TEXT),
        (["12,50", "3,00"], Kind.TEXT),
        (["1", "?"], Kind.TEXT),
        (["2024-01-31", "2024-02-01 07:00:00+01:00"], Kind.TIME),
    ],
)
def test_text_of_a_csv_file_is_what_it_stands_for(values, kind):
    assert (
        kind_of(pa.chunked_array([pa.array(values, pa.string())]), parse=True) == kind
    )


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
        (pa.array([[1]]), Kind.UNSUPPORTED),
        (pa.array([{"a": 1}]), Kind.UNSUPPORTED),
        (pa.array([b"a"]), Kind.UNSUPPORTED),
        (pa.array([datetime.timedelta(1)]), Kind.UNSUPPORTED),
        (pa.nulls(3), Kind.EMPTY),
    ],
)
def test_columns_of_a_parquet_file_are_what_their_type_says(values, kind):
    assert kind_of(pa.chunked_array([values]), parse=False) == kind
