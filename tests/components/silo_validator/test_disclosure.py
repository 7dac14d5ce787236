"""Nothing finer than the threshold is left in disclosed statistics."""

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from components.silo_validator import disclosure, tfdv_checks
from tests.support import silos

COLUMNS = {"colour", "size", "weight"}


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["red", "green", "rare-1", "rare-2"]),
            st.integers(0, 9),
            st.floats(-1e6, 1e6) | st.none(),
        ),
        min_size=1,
        max_size=80,
    ),
    st.integers(1, 30),
)
def test_no_list_or_bucket_is_thinner_than_the_threshold(rows, threshold):
    colours, sizes, weights = zip(*rows, strict=True)
    table = pa.table(
        {
            "colour": pa.array(colours),
            "size": pa.array(sizes, pa.int64()),
            "weight": pa.array(weights, pa.float64()),
        }
    )
    measured = tfdv_checks.measure(table, "train", silos.schema())
    reduced = disclosure.reduce(measured.datasets[0], threshold, COLUMNS)
    assert reduced.num_examples == len(rows)
    for feature in reduced.features:
        for value in feature.string_stats.top_values:
            assert value.frequency >= threshold
        for item in feature.string_stats.rank_histogram.buckets:
            assert item.sample_count >= threshold
        numbers = feature.num_stats
        assert (numbers.min, numbers.max, numbers.median) == (0, 0, 0)
        for histogram in numbers.histograms:
            assert histogram.type == histogram.STANDARD
            assert all(b.sample_count >= threshold for b in histogram.buckets)


def test_column_outside_the_schema_does_not_leave():
    table = pa.table({"colour": ["red"] * 20, "secret": ["x"] * 20})
    measured = tfdv_checks.measure(table, "train", silos.schema())
    reduced = disclosure.reduce(measured.datasets[0], 10, COLUMNS)
    assert [f.path.step[0] for f in reduced.features] == ["colour"]


def test_number_column_with_too_few_values_tells_nothing():
    weights = pa.array([70.5] + [None] * 19, pa.float64())
    measured = tfdv_checks.measure(
        pa.table({"weight": weights}), "train", silos.schema()
    )
    assert not disclosure.reduce(measured.datasets[0], 10, COLUMNS).features
