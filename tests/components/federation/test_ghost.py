"""Ghost norms and cut sums, against a gradient a row and against TF Privacy."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from components.errors import SettingsError
from components.federation import ghost, local_training, model
from components.federation.ghost import GhostModel
from components.federation.local_training import Rows
from tests.components.federation import support

LAYERS = tf.keras.layers


@contextlib.contextmanager
def double():
    """Compute in float64, where rounding hides no fault."""
    tf.keras.mixed_precision.set_global_policy("float64")
    try:
        yield
    finally:
        tf.keras.mixed_precision.set_global_policy("float32")


def rows_of(num, seed, dtype=np.float32):
    rows = support.make_rows(num, seed)
    return Rows(rows.floats.astype(dtype), rows.ids, rows.labels.astype(dtype))


def inputs_of():
    floats = tf.keras.Input((support.NUM_FLOATS,), name="floats")
    return floats, tf.keras.Input((len(support.VALUES),), dtype=tf.int32, name="ids")


def model_of(body):
    """Return a function that builds a model of a body and one more dense layer."""

    def build():
        floats, ids = inputs_of()
        return tf.keras.Model([floats, ids], LAYERS.Dense(1)(body(floats, ids)))

    return build


def with_random_weights(keras_model, rng):
    weights = [rng.normal(0, 0.5, w.shape) for w in keras_model.trainable_weights]
    model.assign(keras_model, weights)
    return keras_model


def row_by_row(keras_model, rows):
    """Return each row's gradient, `(rows, parameters)`."""
    found = []
    for i in range(len(rows.labels)):
        row = Rows(*(part[i : i + 1] for part in rows))
        with tf.GradientTape() as tape:
            losses = local_training.cross_entropies(keras_model, row, False)
        gradients = tape.gradient(
            losses, keras_model.trainable_weights, unconnected_gradients="zero"
        )
        found.append(support.flat(tuple(map(tf.convert_to_tensor, gradients))))
    return np.array(found)


def assert_exact(build, rows, rtol, seed=0):
    rng = np.random.default_rng(seed)
    plain = with_random_weights(build(), rng)
    ghostly = GhostModel(build())
    model.assign(ghostly.model, plain.get_weights())
    expected = row_by_row(plain, rows)

    factors = rng.random(len(rows.labels)).astype(rows.labels.dtype)
    factors[1] = 0.0
    squares, summed = ghostly.gradients(rows, False)
    np.testing.assert_allclose(squares, (expected**2).sum(1), rtol)
    cut = factors @ expected
    scale = np.linalg.norm(cut)
    np.testing.assert_allclose(
        support.flat(tuple(summed(factors))), cut, atol=rtol * scale
    )


hidden = st.tuples(
    st.sampled_from(["dense", "dense", "normalize"]),
    st.integers(1, 6),
    st.sampled_from(["tanh", "softmax", "relu", None]),
    st.sampled_from([(True, True), (True, False), (False, True)]),
)


@st.composite
def builds(draw):
    """Draw a model: how ids enter, and what follows."""
    entry = draw(st.sampled_from(["one-hot", "embedding", "normalized", "columns"]))
    width, stack = (
        draw(st.integers(1, 3)),
        draw(st.lists(hidden, min_size=1, max_size=3)),
    )
    bias = draw(st.booleans())

    def build():
        floats, ids = inputs_of()
        if entry == "one-hot":
            parts = [tf.one_hot(ids[:, i], k) for i, k in enumerate(support.VALUES)]
        elif entry == "columns":
            parts = [
                LAYERS.Embedding(k, width)(ids[:, i])
                for i, k in enumerate(support.VALUES)
            ]
        else:  # an id may occur twice in a row
            embedded = LAYERS.Embedding(max(support.VALUES), width)(ids)
            if entry == "normalized":
                embedded = LAYERS.LayerNormalization()(embedded)
            parts = [LAYERS.Flatten()(embedded)]
        found = LAYERS.Concatenate()(
            [floats, *(tf.cast(p, floats.dtype) for p in parts)]
        )
        for kind, units, activation, (one, two) in stack:
            if kind == "dense":
                found = LAYERS.Dense(units, activation, use_bias=one)(found)
            else:
                found = LAYERS.LayerNormalization(center=one, scale=two)(found)
        return tf.keras.Model([floats, ids], LAYERS.Dense(1, use_bias=bias)(found))

    return build


@given(build=builds(), seed=st.integers(0, 99))
@settings(max_examples=10, deadline=None)
def test_any_allowed_model_equals_a_gradient_a_row(build, seed):
    with double():
        assert_exact(build, rows_of(4, seed % 7, np.float64), 1e-6, seed)


def repeated(floats, ids):
    """Return a model whose rows hold an id up to four times."""
    twice = tf.concat([ids, ids], 1)
    return LAYERS.Flatten()(LAYERS.Embedding(max(support.VALUES), 3)(twice))


def test_repeated_ids_add_up_before_the_norm():
    with double():
        assert_exact(model_of(repeated), rows_of(8, 1, np.float64), 1e-9)


def test_single_precision_is_exact_to_its_rounding():
    def body(floats, ids):
        found = LAYERS.Concatenate()([floats, repeated(floats, ids)])
        return LAYERS.LayerNormalization()(LAYERS.Dense(5, "relu")(found))

    assert_exact(model_of(body), rows_of(64, 1), 2e-5)


def test_the_graphs_of_tff_give_the_same():
    rows = rows_of(20, 1)
    start = model.initialise(model_of(repeated), support.NUM_FLOATS, 2, 5)
    factors = np.linspace(0.5, 1, 20, dtype=np.float32)

    def run():
        ghostly = GhostModel(start.build())

        @tf.function
        def gradients():
            model.assign(ghostly.model, start.weights)
            squares, summed = ghostly.gradients(Rows(*map(tf.constant, rows)))
            return squares, summed(factors)

        return gradients()

    expected = run()
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:  # as TFF does
        tensors = run()
        session.run(tf.compat.v1.global_variables_initializer())
        found = session.run(tensors)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-6)
    for one, two in zip(found[1], expected[1], strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6)


def test_norms_equal_those_of_tf_privacy():
    from tensorflow_privacy.privacy.fast_gradient_clipping import (  # type: ignore[import-untyped]
        clip_grads,
        layer_registry,
    )

    def build():
        floats, ids = inputs_of()
        found = LAYERS.Dense(7, "tanh")(floats)
        found = LAYERS.Dense(4, "relu", use_bias=False)(found)
        return tf.keras.Model([floats, ids], LAYERS.Dense(1)(found))

    keras_model = with_random_weights(build(), np.random.default_rng(3))
    keras_model.compile(loss=tf.keras.losses.BinaryCrossentropy(from_logits=True))
    rows = rows_of(50, 2)
    expected = clip_grads.compute_gradient_norms(
        keras_model,
        layer_registry.make_default_layer_registry(),
        [rows.floats, rows.ids],
        rows.labels[:, None],
    )
    ghostly = GhostModel(build())
    model.assign(ghostly.model, keras_model.get_weights())
    squares, _ = ghostly.gradients(rows)
    np.testing.assert_allclose(np.sqrt(squares), expected, rtol=1e-5)


def test_dropout_is_part_of_the_gradient():
    rows = rows_of(30, 1)
    ghostly = GhostModel(model_of(lambda floats, _: LAYERS.Dropout(0.5)(floats))())
    squares, _ = ghostly.gradients(rows, training=True)
    ((_, taken, logits),) = ghostly.uses
    errors = tf.sigmoid(logits[:, 0]) - rows.labels
    expected = errors**2 * (tf.reduce_sum(taken**2, 1) + 1)
    assert np.any(taken == 0)
    np.testing.assert_allclose(squares, expected, rtol=1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 3e38])
def test_a_row_of_factor_0_is_left_out_even_if_not_finite(bad):
    def body(floats, ids):
        found = LAYERS.Concatenate()([floats, repeated(floats, ids)])
        return LAYERS.LayerNormalization()(LAYERS.Dense(5, "relu")(found))

    rows = rows_of(9, 1)
    rows.floats[4] = bad
    ghostly = GhostModel(model_of(body)())
    squares, summed = ghostly.gradients(rows)
    assert not np.isfinite(squares[4])
    assert np.isfinite(np.delete(squares, 4)).all()
    found = support.flat(tuple(summed(tf.constant(np.arange(9) != 4, tf.float32))))
    _, others = ghostly.gradients(Rows(*(np.delete(part, 4, 0) for part in rows)))
    np.testing.assert_allclose(
        found, support.flat(tuple(others(tf.ones(8)))), atol=1e-5
    )


def checked(build):
    ghost.check(model.initialise(build, support.NUM_FLOATS, len(support.VALUES), 1))


@pytest.mark.parametrize(
    "build",
    [
        support.linear,
        support.deep,
        model_of(lambda floats, _: LAYERS.Dropout(0.5)(floats)),
        model_of(repeated),
    ],
)
def test_allowed_models_pass(build):
    checked(build)


def shared(floats, ids):
    layer = LAYERS.Dense(support.NUM_FLOATS, name="twice")
    return layer(layer(floats))


def outside():
    found = support.linear()
    found.extra = tf.Variable(tf.zeros([2]))
    return found


def added():
    found = support.linear()
    found.add_loss(lambda: tf.reduce_sum(found.trainable_weights[0] ** 2))
    return found


class OwnDense(tf.keras.layers.Dense):  # type: ignore[misc]
    pass


def embedded(ids):
    return LAYERS.Embedding(4, 3)(ids)


class Centred(tf.keras.layers.Layer):  # type: ignore[misc]
    """Takes the rows' mean away, in training."""

    def call(self, rows, training=None):
        return rows - tf.reduce_mean(rows, 0) if training else rows


REFUSED = {
    r"\(PReLU\) .*has weights of its own": model_of(
        lambda floats, _: LAYERS.PReLU()(floats)
    ),
    r"\(OwnDense\) .*has weights of its own": model_of(
        lambda floats, _: OwnDense(2)(floats)
    ),
    r"\(Functional\) .*has weights of its own": outside,
    r"`twice` \(Dense\) is used 2 times": model_of(shared),
    r"takes an input of shape \(5, 2, 3\) for 5 rows": model_of(
        lambda _, ids: LAYERS.Flatten()(LAYERS.Dense(2)(embedded(ids)))
    ),
    r"takes an input of shape \(10, 3\) for 5 rows": model_of(
        lambda _, ids: LAYERS.Flatten()(
            tf.reshape(LAYERS.Dense(2)(tf.reshape(embedded(ids), [-1, 3])), [-1, 2, 2])
        )
    ),
    r"normalises the axes \[1\], not just the last": model_of(
        lambda _, ids: LAYERS.Flatten()(
            LAYERS.LayerNormalization(axis=1)(embedded(ids))
        )
    ),
    r"\(Dense\) adds a loss of its own": model_of(
        lambda floats, _: LAYERS.Dense(2, kernel_regularizer="l2")(floats)
    ),
    r"\(Functional\) adds a loss of its own": added,
    r"gives a row a gradient that depends on other rows": model_of(
        lambda floats, _: floats - tf.reduce_mean(floats, 0, keepdims=True)
    ),
    # Only while it trains, which can't be compared as Dropout draws anew.
    r"\(Functional\) gives a row a gradient that depends on": model_of(
        lambda floats, _: LAYERS.Dropout(0.5, seed=1)(
            Centred()(LAYERS.Dense(3)(floats))
        )
    ),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_other_models_are_refused_with_the_layer_and_the_reason(reason):
    with pytest.raises(SettingsError, match=reason) as caught:
        checked(REFUSED[reason])
    assert "set `privacy.mode` to `silo`" in caught.value.hint
