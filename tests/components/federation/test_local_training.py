"""The local loop, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from components.federation import local_training, model
from components.federation.local_training import LocalTraining, Rows
from tests.components.federation import support

RATE = 0.3
BATCH = 50
SEED = 11


@pytest.fixture(scope="module")
def rows():
    return support.make_rows(337, seed=1)  # the last batch is not full


@pytest.fixture(scope="module")
def start():
    return model.initialise(support.linear, support.NUM_FLOATS, 2, 5)


def tensors(rows):
    return Rows(*map(tf.constant, (rows.floats, rows.ids, rows.labels)))


def trained(start, rows, passes=2, strength=0.0, shift=()):
    """Return the weights after training from `start`, which is also the anchor."""
    loop = LocalTraining(start, BATCH, RATE, strength, bool(shift))
    weights = tuple(map(tf.constant, start.weights))
    run = tf.function(loop.train)
    seed = tf.constant(SEED, tf.int64)
    found = run(weights, tensors(rows), seed, passes, weights, shift)
    return support.flat(tuple(each.numpy() for each in found))


def batches(num, passes):
    for number in range(passes):
        order = tf.random.experimental.stateless_shuffle(
            tf.range(num), seed=tf.constant([SEED, number], tf.int64)
        ).numpy()
        yield from (order[i : i + BATCH] for i in range(0, num, BATCH))


def numpy_trained(start, rows, passes=2, strength=0.0, shift=0.0):
    anchor = weights = support.flat(start.weights)
    for batch in batches(len(rows.labels), passes):
        moved = support.local_sgd(rows, weights, [batch], RATE)
        weights = moved - RATE * (strength * (weights - anchor) + shift)
    return weights


@pytest.mark.parametrize("num", [0, 1, 49, 50, 337])
def test_training_equals_numpy(start, num):
    rows = support.make_rows(num, seed=1)
    expected = numpy_trained(start, rows)
    np.testing.assert_allclose(trained(start, rows), expected, atol=1e-6)


def test_anchor_and_shift_enter_each_step(start, rows):
    shift = tuple(np.full(w.shape, 0.02, np.float32) for w in start.weights)
    found = trained(start, rows, strength=0.5, shift=shift)
    expected = numpy_trained(start, rows, strength=0.5, shift=0.02)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert not np.allclose(found, numpy_trained(start, rows), atol=1e-3)


def test_the_same_seed_gives_the_same_bytes(rows):
    start = model.initialise(support.deep, support.NUM_FLOATS, 2, 5)
    one, two = trained(start, rows), trained(start, rows)
    assert one.tobytes() == two.tobytes()


@pytest.mark.parametrize("num", [0, 1, 337])
def test_loss_is_the_mean_over_all_of_few_rows(start, num):
    rows = support.make_rows(num, seed=2)
    loop = LocalTraining(start, BATCH, RATE)
    found = tf.function(loop.loss)(start.weights, tensors(rows)).numpy()
    expected = support.loss(rows, support.flat(start.weights)) if num else 0.0
    assert found == pytest.approx(expected, rel=1e-6)


def test_loss_of_many_rows_is_that_of_some_that_lie_evenly_apart(start, monkeypatch):
    monkeypatch.setattr(local_training, "MEASURED_ROWS", 4)
    rows = support.make_rows(10, seed=2)
    loop = LocalTraining(start, BATCH, RATE)
    found = tf.function(loop.loss)(start.weights, tensors(rows)).numpy()
    some = [0, 2, 5, 7]
    few = support.Rows(rows.floats[some], rows.ids[some], rows.labels[some])
    expected = support.loss(few, support.flat(start.weights))
    assert found == pytest.approx(expected, rel=1e-6)


def test_a_model_that_draws_random_numbers_is_known(start):
    def noisy():
        inner = support.linear()
        drawn = tf.keras.layers.Dropout(0.4)(inner.inputs[0])
        return tf.keras.Model(inner.inputs, inner([drawn, inner.inputs[1]]))

    assert not local_training.draws_random(start)
    drawing = model.initialise(noisy, support.NUM_FLOATS, 2, 5)
    assert local_training.draws_random(drawing)
