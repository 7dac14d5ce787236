"""Initial weights follow the seed, and only trainable weights are accepted."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from components.errors import SettingsError
from components.federation import model
from tests.components.federation import support


def test_weights_follow_the_seed_whatever_ran_before():
    first = model.initialise(support.deep, 3, 2, 4)
    tf.random.normal([3])
    again = model.initialise(support.deep, 3, 2, 4)
    other = model.initialise(support.deep, 3, 2, 5)
    for left, right in zip(first.weights, again.weights, strict=True):
        np.testing.assert_array_equal(left, right)
    assert not np.array_equal(first.weights[0], other.weights[0])


def test_assigned_weights_are_the_model_s():
    start = model.initialise(support.linear, 3, 2, 0)
    keras_model = start.build()
    model.assign(keras_model, [weight + 1 for weight in start.weights])
    for left, right in zip(keras_model.get_weights(), start.weights, strict=True):
        np.testing.assert_array_equal(left, right + 1)


def test_losses_equal_cross_entropy_in_numpy():
    rows = support.make_rows(9, 0)
    keras_model = support.linear()
    weights = support.flat(tuple(keras_model.get_weights()))
    inputs = {"floats": tf.constant(rows.floats), "ids": tf.constant(rows.ids)}
    found = model.losses(keras_model, inputs, tf.constant(rows.labels[:, None]))
    assert found.shape == (9,)
    assert np.mean(found) == pytest.approx(support.loss(rows, weights), rel=1e-5)


def test_weights_that_do_not_train_are_refused():
    def build():
        inputs = tf.keras.Input((3,))
        outputs = tf.keras.layers.BatchNormalization()(inputs)
        return tf.keras.Model(inputs, outputs)

    with pytest.raises(SettingsError, match="2 weights that are not trainable"):
        model.initialise(build, 3, 0, 0)
