"""Local SGD with a proximal term in plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from components.federation.plan import TrainingPlan
from components.personal import training
from tests.components.federated_trainer import support as trained

Array = NDArray[Any]
PLAN = TrainingPlan(rounds=3, batch_size=32, client_learning_rate=0.2, seed=5)


def flat(weights: tuple[Array, ...]) -> Array:
    return np.concatenate([one.ravel() for one in weights]).astype(np.float64)


def sgd(rows: Any, weights: Array, schedule: Any, silo: str, anchor: Array) -> Array:
    """Train the linear model as `LocalModel.passes` should, in float64."""
    hot = [np.eye(4)[rows.ids[:, i]] for i in range(trained.SPEC.num_ids)]
    design = np.column_stack([rows.floats, *hot, np.ones(len(rows.labels))])
    num = len(rows.labels)
    for number in range(1, schedule.passes + 1):
        seed = tf.constant([training._seed(schedule.seed, number, silo), 0], tf.int64)
        order = tf.random.experimental.stateless_shuffle(tf.range(num), seed).numpy()
        for start in range(0, num, schedule.batch_size):
            batch = order[start : start + schedule.batch_size]
            x = design[batch].astype(np.float64)
            errors = 1 / (1 + np.exp(-x @ weights)) - rows.labels[batch]
            gradient = x.T @ errors / len(batch)
            drawn = schedule.strength * (weights - anchor)
            weights = weights - schedule.learning_rate * (gradient + drawn)
    return weights
