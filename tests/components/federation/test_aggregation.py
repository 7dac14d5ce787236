"""Measures of silos' updates, against sums done by hand."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow_federated as tff

from components.federation import aggregation
from tests.components.federation import support

WEIGHTS = (np.zeros((), np.float32), np.zeros(2, np.float32))
UPDATE = tff.to_type((np.float32, tff.TensorType(np.float32, [2])))


@pytest.fixture(scope="module")
def measures(tmp_path_factory):
    """Return a function from updates and weights to the mean and the measures."""
    silos, _ = support.make_federation(tmp_path_factory.mktemp("homes"))
    process = tff.aggregators.MeanFactory(no_nan_division=True).create(
        UPDATE, tff.TensorType(np.float32)
    )
    folder = tmp_path_factory.mktemp("workers")
    with support.federation_of(silos, folder) as found:

        def run(updates, weights):
            found.cohort = tuple(sorted(support.SIZES))
            output = process.next(process.initialize(), updates, weights)
            aggregates = list(found.participation.aggregates.values())
            return output.result, aggregation.measure(aggregates, WEIGHTS)

        yield run


@pytest.mark.tff
def test_known_updates_give_known_norms_and_cosines(measures):
    # Mean: (1 * [3, 0, 4] + 3 * [0, 0, 2] + 0 * [9, 9, 9]) / 4 = [.75, 0, 2.5]
    updates = [
        (np.float32(3), np.array([0, 4], np.float32)),
        (np.float32(0), np.array([0, 2], np.float32)),
        (np.float32(9), np.array([9, 9], np.float32)),
    ]
    mean, found = measures(updates, [1.0, 3.0, 0.0])
    np.testing.assert_allclose(mean[0], 0.75)
    np.testing.assert_allclose(mean[1], [0, 2.5])
    # A silo of weight 0 sends zeros: nothing is known of its update.
    assert [one.norm for one in found] == pytest.approx([5, 2, 0])
    norm = (0.75**2 + 2.5**2) ** 0.5
    expected = [12.25 / 5 / norm, 2.5 / norm, 0]
    assert [one.cosine for one in found] == pytest.approx(expected)


@pytest.mark.tff
def test_updates_of_zero_have_no_direction(measures):
    zero = (np.float32(0), np.zeros(2, np.float32))
    _, found = measures([zero] * 3, [1.0, 1.0, 1.0])
    assert found == [aggregation.Measures(0, 0)] * 3


def test_what_is_no_weighted_sum_is_refused():
    lone = [(np.zeros(3, np.float32),), (np.float32(1),)]
    with pytest.raises(ValueError, match="found no weighted sum of updates"):
        aggregation.measure([lone], WEIGHTS)
