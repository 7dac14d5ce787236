"""Distances of silos from the federation, on disclosed statistics."""

import numpy as np
import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.silo_validator import heterogeneity


def divergence(p, q):
    """Return the Jensen-Shannon divergence to base 2, as Lin (1991) writes it."""
    p, q = np.array(p) / np.sum(p), np.array(q) / np.sum(q)
    parts = [
        share * np.log2(share / middle)
        for one in (p, q)
        for share, middle in zip(one, (p + q) / 2, strict=True)
        if share
    ]
    return sum(parts) / 2


def test_a_case_worked_out_by_hand():
    # p = (1, 0), q = (1/2, 1/2), m = (3/4, 1/4)
    expected = (np.log2(4 / 3) + 0.5 * np.log2(2 / 3) + 0.5 * np.log2(2)) / 2
    assert divergence([7.0, 0.0], [3.0, 3.0]) == pytest.approx(expected)


def dataset(colours=None, weights=None):
    found = statistics_pb2.DatasetFeatureStatistics(name="train")
    if colours is not None:
        strings = found.features.add(path={"step": ["colour"]}).string_stats
        strings.unique = len(colours)
        strings.common_stats.SetInParent()  # TFDV always does
        for label, count in colours.items():
            strings.rank_histogram.buckets.add(label=label, sample_count=count)
    if weights is not None:
        histogram = found.features.add(path={"step": ["weight"]}).num_stats.histograms
        buckets = histogram.add().buckets
        for low, high, count in weights:
            buckets.add(low_value=low, high_value=high, sample_count=count)
    return found


def test_silos_that_are_alike_are_at_zero_whatever_their_size():
    found = heterogeneity.distances(
        {
            "small": dataset({"red": 10, "blue": 20}, [(0, 1, 10), (1, 2, 20)]),
            "large": dataset({"red": 500, "blue": 1000}, [(0, 1, 500), (1, 2, 1000)]),
        }
    )
    for silo in ("small", "large"):
        assert found[silo] == pytest.approx({"colour": 0.0, "weight": 0.0}, abs=1e-12)


def test_each_silo_is_compared_with_all_together():
    silos = {
        "red": dataset({"red": 30}),
        "blue": dataset({"blue": 10}),
        "both": dataset({"red": 5, "blue": 5}),
    }
    together = np.array([15.0, 35.0])  # blue, red
    found = heterogeneity.distances(silos)
    for silo, own in {"red": [0, 30], "blue": [10, 0], "both": [5, 5]}.items():
        expected = divergence(own, together)
        assert found[silo]["colour"] == pytest.approx(expected)


def test_numbers_in_different_buckets_are_brought_to_common_bins():
    found = heterogeneity.distances(
        {
            "north": dataset(weights=[(0.0, 10.0, 100)]),
            "south": dataset(weights=[(10.0, 40.0, 100)]),
        }
    )
    # 40 bins of width 1: north fills the first ten, south the others.
    north = np.repeat([10.0, 0.0], [10, 30])
    south = np.repeat([0.0, 10.0 / 3], [10, 30])
    expected = divergence(north, north + south)
    assert found["north"]["weight"] == pytest.approx(expected)


def test_what_a_silo_did_not_disclose_is_not_compared():
    found = heterogeneity.distances(
        {
            "north": dataset({"red": 10}, [(0, 1, 10)]),
            "south": dataset({"red": 10}),
            "west": dataset({}),
        }
    )
    assert found == {"north": {"colour": 0.0}, "south": {"colour": 0.0}, "west": {}}
    assert heterogeneity.distances({}) == {}
    assert heterogeneity.distances({"a": dataset({"red": 5})}) == {"a": {}}
    flat = {name: dataset(weights=[(5.0, 5.0, 20)]) for name in "ab"}
    assert heterogeneity.distances(flat)["a"] == {"weight": 0.0}


EDGES = np.array([0.0, 1.0, 2.0, 4.0])


@pytest.mark.parametrize(
    ("buckets", "bins"),
    [
        ([(0.5, 2.5, 8)], [2.0, 4.0, 2.0]),
        ([(0.0, 1.0, 5), (1.0, 4.0, 6)], [5.0, 2.0, 4.0]),
        ([(1.0, 1.0, 3)], [0.0, 3.0, 0.0]),
        ([(4.0, 4.0, 5)], [0.0, 0.0, 5.0]),
        ([(-9.0, -8.0, 3)], [3.0, 0.0, 0.0]),
        ([(7.0, 7.0, 2)], [0.0, 0.0, 2.0]),
        ([(-8.0, 2.0, 10)], [9.0, 1.0, 0.0]),
        ([(0.0, 8.0, 8)], [1.0, 1.0, 6.0]),
    ],
)
def test_rows_are_spread_over_the_bins_as_worked_out_by_hand(buckets, bins):
    found = heterogeneity.spread(
        [
            statistics_pb2.Histogram.Bucket(low_value=a, high_value=b, sample_count=n)
            for a, b, n in buckets
        ],
        EDGES,
    )
    assert found.tolist() == bins
