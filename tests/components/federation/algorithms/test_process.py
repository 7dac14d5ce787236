"""FedAvg's server optimizers. The whole is held against NumPy in `test_training.py`."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from components.federation.algorithms import process
from components.federation.plan import ServerOptimizer
from tests.components.federation import support


@pytest.mark.parametrize(
    "chosen",
    [
        ServerOptimizer(name="sgd", learning_rate=0.5),
        ServerOptimizer(name="sgd", learning_rate=0.5, momentum=0.9),
        ServerOptimizer(name="adam", learning_rate=0.1, epsilon=0.01),
    ],
    ids=["sgd", "momentum", "adam"],
)
def test_steps_equal_those_of_the_papers(chosen):
    optimizer, server = process.server_optimizer(chosen), support.Server(chosen)
    weights, expected = tf.constant([1.0, 1.0]), np.ones(2)
    state = optimizer.initialize(tf.TensorSpec([2], tf.float32))
    for update in ([1.0, 0.1], [-2.0, 0.3], [0.5, 0.0]):
        state, weights = optimizer.next(state, weights, tf.constant(update))
        expected = server.apply(expected, np.array(update))
        np.testing.assert_allclose(weights, expected, atol=1e-5)
