"""Collected values and the audit, against sums done by hand."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow_federated as tff

from components.federation.aggregation import AuditFactory
from tests.components.federation import support

pytestmark = pytest.mark.tff
UPDATE = tff.to_type((np.float32, tff.TensorType(np.float32, [2])))


@pytest.fixture(scope="module")
def audit(tmp_path_factory):
    """Return a function from updates and weights to the aggregator's output."""
    silos, _ = support.make_federation(tmp_path_factory.mktemp("homes"))
    process = AuditFactory(tff.aggregators.MeanFactory()).create(
        UPDATE, tff.TensorType(np.float32)
    )
    folder = tmp_path_factory.mktemp("workers")
    with support.federation_of(silos, folder) as found:

        def run(updates, weights):
            found.cohort = tuple(sorted(support.SIZES))
            return process.next(process.initialize(), updates, weights)

        yield run


def test_known_updates_give_known_norms_and_cosines(audit):
    # Mean: (1 * [3, 0, 4] + 3 * [0, 0, 2] + 0 * [9, 9, 9]) / 4 = [.75, 0, 2.5]
    updates = [
        (np.float32(3), np.array([0, 4], np.float32)),
        (np.float32(0), np.array([0, 2], np.float32)),
        (np.float32(9), np.array([9, 9], np.float32)),
    ]
    output = audit(updates, [1.0, 3.0, 0.0])
    np.testing.assert_allclose(output.result[0], 0.75)
    np.testing.assert_allclose(output.result[1], [0, 2.5])
    found = output.measurements["audit"]
    np.testing.assert_allclose(found["norm"], [5, 2, 9 * 3**0.5], rtol=1e-6)
    norm = (0.75**2 + 2.5**2) ** 0.5
    expected = [12.25 / 5 / norm, 2.5 / norm, 3.25 / 3**0.5 / norm]
    np.testing.assert_allclose(found["cosine"], expected, rtol=1e-6)


def test_updates_of_zero_have_no_direction(audit):
    zero = (np.float32(0), np.zeros(2, np.float32))
    found = audit([zero] * 3, [1.0, 1.0, 1.0]).measurements["audit"]
    assert found["norm"].tolist() == [0, 0, 0]
    assert found["cosine"].tolist() == [0, 0, 0]
