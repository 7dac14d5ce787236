import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.silo_validator.histograms import spread

EDGES = np.array([0.0, 1.0, 2.0, 4.0])


def bucket(low, high, count):
    return statistics_pb2.Histogram.Bucket(
        low_value=low, high_value=high, sample_count=count
    )


def test_rows_are_spread_over_the_bins_as_worked_out_by_hand():
    found = spread([bucket(0.5, 2.5, 8), bucket(1, 1, 3), bucket(4, 4, 5)], EDGES)
    assert found.tolist() == [2.0, 4.0 + 3.0, 2.0 + 5.0]


def test_what_lies_outside_counts_in_the_outermost_bins():
    found = spread([bucket(-9, -8, 3), bucket(7, 7, 2), bucket(-1, 1, 4)], EDGES)
    assert found.tolist() == [3.0 + 4.0, 0.0, 2.0]


def test_a_bucket_that_reaches_out_leaves_its_share_inside():
    found = spread([bucket(-8, 2, 10), bucket(0, 8, 8)], EDGES)
    assert found.tolist() == [9.0 + 1.0, 1.0 + 1.0, 6.0]


NUMBER = st.floats(-10, 10)
BUCKETS = st.lists(
    st.tuples(NUMBER, NUMBER, st.integers(0, 100)).map(
        lambda found: bucket(min(found[:2]), max(found[:2]), found[2])
    )
)


@given(BUCKETS)
def test_no_row_is_lost(buckets):
    total = sum(one.sample_count for one in buckets)
    np.testing.assert_allclose(spread(buckets, EDGES).sum(), total, atol=1e-9)
