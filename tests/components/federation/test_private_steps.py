"""Private steps against NumPy, and the chances that they promise."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf

from components.federation import model, private_steps, tensor_files
from components.federation.local_training import Rows
from components.federation.private import PrivateSilo, PrivateTraining, threshold_of
from components.federation.private_steps import PrivateSteps
from tests.components.federation import support

SECRET = (11, -22, 2**62, 3)
LABEL = 77
RATE = 0.25
ROWS = 101
DTYPES = {"noise": tf.float32, "batch": tf.float32}


@pytest.fixture(scope="module")
def rows():
    return support.make_rows(ROWS, seed=1)


@pytest.fixture(scope="module")
def start():
    return model.initialise(support.linear, support.NUM_FLOATS, 2, 5)


def told(canaries=0, **changed):
    asked = {"noise": 0.0, "rate": 1.0, "steps": 1, "batch": 8.0, "cap": 10**6}
    asked = {"coins": np.ones(canaries, bool), **asked, **changed}
    silo = PrivateSilo(threshold=threshold_of(asked.pop("rate")), **asked)
    return {n: tf.constant(v, DTYPES.get(n)) for n, v in silo._asdict().items()}


def stepped(start, rows, private, told, units=None, secret=SECRET, strength=0.0):
    """Return all weights as a vector, and the canaries' sums."""
    steps = PrivateSteps(start, private, RATE, strength)
    weights = tuple(map(tf.constant, start.weights))
    anchor = tuple(w + 0.1 for w in weights)
    found, sums = tf.function(steps.train)(
        weights,
        Rows(*map(tf.constant, (rows.floats, rows.ids, rows.labels))),
        None if units is None else tf.constant(units, tf.int32),
        told,
        tf.constant(secret, tf.int64),
        tf.constant(LABEL, tf.int64),
        anchor,
    )
    return support.flat(tuple(w.numpy() for w in found)), sums.numpy()


def row_gradients(rows, weights):
    design = np.column_stack([rows.design, np.ones(len(rows.labels))])
    return (scipy.special.expit(design @ weights) - rows.labels)[:, None] * design


@pytest.mark.parametrize("clip", [0.3, 1e6])
@pytest.mark.parametrize("strength", [0.0, 0.5])
def test_steps_of_all_rows_without_noise_equal_numpy(start, rows, clip, strength):
    found, _ = stepped(
        start, rows, PrivateTraining(clip), told(steps=3), strength=strength
    )
    first = weights = support.flat(start.weights)
    for _ in range(3):
        each = row_gradients(rows, weights)
        each *= np.minimum(1, clip / np.linalg.norm(each, axis=1))[:, None]
        drawn = strength * (weights - (first + 0.1))
        weights = weights - RATE * (each.sum(0) / 8 + drawn)
    np.testing.assert_allclose(found, weights, atol=3e-6)
