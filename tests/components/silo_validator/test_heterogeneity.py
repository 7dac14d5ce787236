import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.silo_validator import heterogeneity
from components.silo_validator.heterogeneity import jensen_shannon

COUNTS = st.lists(st.integers(0, 1000), min_size=5, max_size=5)


@given(COUNTS, COUNTS)
def test_the_divergence_is_the_square_of_scipys_distance(p, q):
    assume(any(p) and any(q))
    p, q = np.array(p, float), np.array(q, float)
    expected = jensenshannon(p, q, base=2) ** 2
    np.testing.assert_allclose(
        jensen_shannon(p, q), np.nan_to_num(expected), atol=1e-12
    )


def test_equal_shares_are_at_zero_and_disjoint_ones_at_one():
    assert jensen_shannon(np.array([1.0, 3.0]), np.array([20.0, 60.0])) == 0.0
    assert jensen_shannon(np.array([5.0, 0.0]), np.array([0.0, 90.0])) == 1.0


def test_a_case_worked_out_by_hand():
    # p = (1, 0), q = (1/2, 1/2), m = (3/4, 1/4)
    expected = (np.log2(4 / 3) + 0.5 * np.log2(2 / 3) + 0.5 * np.log2(2)) / 2
    found = jensen_shannon(np.array([7.0, 0.0]), np.array([3.0, 3.0]))
    assert found == pytest.approx(expected)


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
        expected = jensenshannon(own, together, base=2) ** 2
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
    expected = jensenshannon(north, north + south, base=2) ** 2
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


def test_a_column_of_one_silo_alone_has_no_distance():
    assert heterogeneity.distances({"a": dataset({"red": 5})}) == {"a": {}}


def test_a_constant_column_can_be_compared():
    same = heterogeneity.distances(
        {name: dataset(weights=[(5.0, 5.0, 20)]) for name in ("north", "south")}
    )
    assert same["north"] == {"weight": 0.0}


def test_the_order_of_silos_does_not_matter():
    silos = {
        "north": dataset({"red": 30}, [(0, 3, 7)]),
        "south": dataset({"blue": 10}, [(1, 9, 70)]),
        "west": dataset({"red": 5, "blue": 5}, [(2, 3, 11)]),
    }
    backwards = dict(reversed(silos.items()))
    forth, back = (heterogeneity.distances(found) for found in (silos, backwards))
    for silo in silos:
        assert forth[silo] == pytest.approx(back[silo])
