"""Distances equal SciPy's, and order silos as they differ."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import distance
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.silo_validator import heterogeneity

COUNTS = st.lists(st.integers(0, 50), min_size=4, max_size=4).filter(any)


@given(COUNTS, COUNTS)
def test_jensen_shannon_equals_scipys(one, other):
    p, q = np.array(one, np.float64), np.array(other, np.float64)
    expected = distance.jensenshannon(p, q, base=2) ** 2
    assert heterogeneity.jensen_shannon(p, q) == pytest.approx(expected, abs=1e-9)


def test_equal_distributions_are_0_and_disjoint_ones_1_apart():
    p, q = np.array([3.0, 1.0, 0.0]), np.array([0.0, 0.0, 9.0])
    assert heterogeneity.jensen_shannon(p, 2 * p) == pytest.approx(0)
    assert heterogeneity.jensen_shannon(p, q) == pytest.approx(1)


def silo(**counts):
    dataset = statistics_pb2.DatasetFeatureStatistics()
    feature = dataset.features.add()
    feature.path.step.append("colour")
    for label, count in counts.items():
        feature.string_stats.rank_histogram.buckets.add(label=label, sample_count=count)
    return dataset


def test_silo_that_differs_most_is_farthest_from_the_federation():
    found = heterogeneity.distances(
        {"a": silo(red=50, blue=50), "b": silo(red=60, blue=40), "c": silo(green=90)}
    )
    assert found["c"]["colour"] > found["a"]["colour"]
    assert set(found) == {"a", "b", "c"}


def test_column_of_one_silo_alone_has_no_distance():
    assert heterogeneity.distances({"a": silo(red=5)}) == {"a": {}}
