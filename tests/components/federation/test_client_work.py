"""Client work: its interface. Its numbers are held against NumPy in training."""

from __future__ import annotations

import numpy as np
import tensorflow_federated as tff

from components.federation import client_work, model
from tests.components.federation import support


def test_measurements_are_arrays_by_silo():
    start = model.initialise(support.deep, support.NUM_FLOATS, 2, 0)
    process = client_work.build(start, 0.1)
    found = process.next.type_signature.result.measurements.member
    expected = {
        "examples": np.int64,
        "loss_before": np.float64,
        "loss_after": np.float64,
        "finite": np.bool_,
    }
    for name, dtype in expected.items():
        assert found[name] == tff.TensorType(dtype, [None])


def test_weights_keep_their_shapes():
    start = model.initialise(support.deep, support.NUM_FLOATS, 2, 0)
    trainable = client_work.weights_type_of(start).trainable
    shapes = [tuple(trainable[i].shape) for i in range(len(trainable))]
    assert shapes == [weight.shape for weight in start.weights]
