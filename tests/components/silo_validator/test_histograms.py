import numpy as np
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.silo_validator.histograms import spread


def bucket(low, high, count):
    return statistics_pb2.Histogram.Bucket(
        low_value=low, high_value=high, sample_count=count
    )


def test_buckets_are_spread_evenly_and_none_is_lost():
    edges = np.array([0.0, 1.0, 2.0, 4.0])
    counts = spread([bucket(0, 2, 10), bucket(3, 3, 4), bucket(-5, -5, 1)], edges)
    np.testing.assert_allclose(counts, [6, 5, 4])
