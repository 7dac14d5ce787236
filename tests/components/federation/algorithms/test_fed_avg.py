"""FedAvg's parts. The whole is held against NumPy and TFF in `test_training.py`."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

from components.federation import model
from components.federation.algorithms import fed_avg
from components.federation.plan import ServerOptimizer, TrainingPlan
from tests.components.federation import support


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (ServerOptimizer(name="sgd", learning_rate=0.5), [[0.5], [0.0]]),
        (
            ServerOptimizer(name="sgd", learning_rate=0.5, momentum=0.5),
            [[0.5], [-0.25]],
        ),
        # The first bias-corrected step of Adam is the learning rate.
        (ServerOptimizer(name="adam", learning_rate=0.1, epsilon=1e-9), [[0.9], [0.8]]),
    ],
    ids=["sgd", "momentum", "adam"],
)
def test_two_steps_with_gradient_one_from_one(chosen, expected):
    optimizer = fed_avg.server_optimizer(chosen)
    weights = tf.constant([1.0])
    state = optimizer.initialize(tf.TensorSpec([1], tf.float32))
    for value in expected:
        state, weights = optimizer.next(state, weights, tf.constant([1.0]))
        np.testing.assert_allclose(weights, value, atol=1e-5)


def test_process_takes_the_silos_data_and_keeps_the_weights():
    start = model.initialise(support.deep, support.NUM_FLOATS, 2, 0)
    process = fed_avg.build(start, TrainingPlan())
    assert isinstance(process, tff.learning.templates.LearningProcess)
    weights = process.initialize.type_signature.result.member.global_model_weights
    assert len(weights.trainable) == len(start.weights)
