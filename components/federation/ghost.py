r"""The norms of rows' gradients, and sums of cut ones, with no row's gradient written.

A pass forward keeps what goes into each layer with weights; a pass backward gives the
gradient $\delta$ of each row's loss by what comes out of it. Of a dense layer
$z = x W + b$ a row's gradient is $x \delta^T$ and $\delta$, of the squared norm
$(\|x\|^2 + 1) \|\delta\|^2$ (Goodfellow 2015, <https://arxiv.org/abs/1510.01799>); the
rows' sum, each times a factor $c$, is $X^T (c \Delta)$ (Lee & Kifer 2021,
<https://arxiv.org/abs/2009.03106>). Of an embedding, what a row has for one id several
times adds up first. Of a layer normalisation, rows' gradients are short: written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, TypeAlias

import numpy as np
import tensorflow as tf

from components.errors import SettingsError
from components.federation import local_training, model
from components.federation.local_training import Rows, cross_entropies
from components.federation.model import ClientModel
from components.federation.tff_types import Value

Layer: TypeAlias = tf.keras.layers.Layer
Losses: TypeAlias = Callable[[tf.keras.Model, Rows, bool], Value]
"""From a model, rows and whether it trains, the loss of each row."""
Gradients: TypeAlias = tuple[Value, Callable[[Value], list[Value]]]
"""The squared norm of each row's gradient, `(rows,)`; and from factors of rows the sum,
a tensor a weight in Keras' order. Rows of factor 0 are left out, finite or not."""

_PROBES, _CLOSE = 5, 1e-3  # rows; relative, well above rounding
_MIXED = "gives a row a gradient that depends on other rows"


class GhostModel:
    """A Keras model that tells its rows' gradients; it changes the model's layers."""

    def __init__(
        self, keras_model: tf.keras.Model, losses: Losses = cross_entropies
    ) -> None:
        self.model, self._losses = keras_model, losses
        self.uses: list[tuple[Layer, Value, Value]] = []
        """In the last call: a layer, what it took, what it gave before activation."""
        for layer in _owners(keras_model):
            if type(layer) in _KINDS:
                self._record(layer)

    def gradients(self, rows: Rows, training: bool = True) -> Gradients:
        """Return the gradients of the rows' losses."""
        uses = self.uses = []
        with tf.GradientTape() as tape:
            losses = self._losses(self.model, rows, training)
        given = [each for _, _, each in uses]
        deltas = tape.gradient(losses, given, unconnected_gradients="zero")
        parts = [
            (layer, *_KINDS[type(layer)](layer, taken, tf.convert_to_tensor(delta)))
            for (layer, taken, _), delta in zip(uses, deltas, strict=True)
        ]

        def summed(factors: Value) -> list[Value]:
            found: dict[Value, Value] = {}
            for layer, _, sums in parts:
                weights = [weight.ref() for weight in layer.trainable_weights]
                found |= zip(weights, sums(factors[:, None]), strict=True)
            return [found[weight.ref()] for weight in self.model.trainable_weights]

        return tf.add_n([squares for _, squares, _ in parts]), summed

    def _record(self, layer: Layer) -> None:
        call, activation = layer.call, getattr(layer, "activation", None)
        layer.activation = None  # comes below, after what is kept

        def recorded(taken: Value) -> Value:
            given = call(taken)
            self.uses.append((layer, taken, given))
            return given if activation is None else activation(given)

        layer.call = tf.autograph.experimental.do_not_convert(recorded)


def _dense(layer: Layer, taken: Value, delta: Value) -> Gradients:
    def sums(factors: Value) -> list[Value]:
        cut = tf.math.multiply_no_nan(delta, factors)
        kept = tf.math.multiply_no_nan(taken, tf.cast(factors > 0, taken.dtype))
        found = [tf.matmul(kept, cut, transpose_a=True), tf.reduce_sum(cut, 0)]
        return found if layer.use_bias else found[:1]

    return (_squares(taken) + float(layer.use_bias)) * _squares(delta), sums


def _embedding(layer: Layer, taken: Value, delta: Value) -> Gradients:
    ids = tf.reshape(taken, [tf.shape(taken)[0], -1])
    deltas = tf.reshape(delta, [*tf.unstack(tf.shape(ids)), layer.output_dim])
    same = tf.equal(ids[:, :, None], ids[:, None, :])  # `==` is `is` in TFF's graphs
    products = tf.matmul(deltas, deltas, transpose_b=True)

    def sums(factors: Value) -> list[Value]:
        cut = tf.math.multiply_no_nan(deltas, factors[..., None])
        return [tf.math.unsorted_segment_sum(cut, ids, layer.input_dim)]

    return tf.reduce_sum(tf.where(same, products, 0.0), [1, 2]), sums


def _normalization(layer: Layer, taken: Value, delta: Value) -> Gradients:
    mean, variance = tf.nn.moments(taken, [-1], keepdims=True)
    normal = (taken - mean) * tf.math.rsqrt(variance + layer.epsilon)
    each = [normal * delta] * layer.scale + [delta] * layer.center
    each = [tf.reduce_sum(part, list(range(1, part.shape.rank - 1))) for part in each]

    def sums(factors: Value) -> list[Value]:
        return [tf.reduce_sum(tf.math.multiply_no_nan(p, factors), 0) for p in each]

    return tf.add_n([_squares(part) for part in each]), sums


_KINDS = {
    tf.keras.layers.Dense: _dense,
    tf.keras.layers.Embedding: _embedding,
    tf.keras.layers.LayerNormalization: _normalization,
}


def _squares(rows: Value) -> Value:
    return tf.reduce_sum(rows * rows, 1)


def check(client_model: ClientModel) -> None:
    """Try a model on a few made-up rows.

    Raises:
        SettingsError: The gradients of its rows can't be cut one by one.
    """
    ghost, rng = GhostModel(client_model.build()), np.random.default_rng(0)
    owners = _owners(ghost.model)
    for layer in owners:
        if type(layer) not in _KINDS:
            _refuse(layer, "has weights of its own")
    random = [rng.normal(0, 0.5, weight.shape) for weight in client_model.weights]
    model.assign(ghost.model, random)
    floats = rng.normal(size=(_PROBES, client_model.num_floats)).astype(np.float32)
    ids = rng.integers(0, 2, (_PROBES, client_model.num_ids), np.int32)
    labels = np.eye(1, _PROBES, dtype=np.float32)[0]
    rows = Rows(tf.constant(floats), ids, labels)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(rows.floats)
        losses = tf.unstack(cross_entropies(ghost.model, rows, True))
    for layer in owners:
        taken = [each for user, each, _ in ghost.uses if user is layer]
        if len(taken) != 1:
            _refuse(layer, f"is used {len(taken)} times")
        shape, kind = tuple(taken[0].shape), _KINDS[type(layer)]
        if shape[0] != _PROBES or (kind is _dense and len(shape) != 2):
            _refuse(layer, f"takes an input of shape {shape} for {_PROBES} rows")
        if kind is _normalization and layer.axis[:] != [len(shape) - 1]:
            _refuse(layer, f"normalises the axes {layer.axis[:]}, not just the last")
    for layer in reversed([ghost.model, *ghost.model.submodules]):  # inner ones first
        if getattr(layer, "losses", ()):
            _refuse(layer, "adds a loss of its own, such as a regulariser")
    # Also where the model draws random numbers, so that it can't be called twice.
    inner = [rows.floats, *(given for _, _, given in ghost.uses)]
    for index, loss in enumerate(losses):
        for each in tape.gradient(loss, inner, unconnected_gradients="zero"):
            if np.any(np.delete(tf.convert_to_tensor(each), index, 0)):
                _refuse(ghost.model, _MIXED)
    training = not local_training.draws_random(client_model)
    together, _ = ghost.gradients(rows, training)
    for index in range(_PROBES):
        row = Rows(*(part[index : index + 1] for part in rows))
        alone, _ = ghost.gradients(row, training)
        if not np.allclose(together[index], alone, _CLOSE, _CLOSE * np.max(together)):
            _refuse(ghost.model, _MIXED)


def _owners(keras_model: tf.keras.Model) -> list[Layer]:
    """Return the innermost layers with weights."""
    found: dict[Value, Layer] = {}
    for layer in (keras_model, *keras_model.submodules):
        weights = getattr(layer, "trainable_weights", ())
        found |= {weight.ref(): layer for weight in weights}
    return list(dict.fromkeys(found.values()))


def _refuse(layer: Layer, reason: str) -> NoReturn:
    raise SettingsError(
        f"`privacy.mode` is `example`, but the model's layer `{layer.name}` "
        f"({type(layer).__name__}) {reason}; expected that rows' gradients can be cut",
        "have weights only in Dense (inputs of 2 dimensions), Embedding and Layer"
        "Normalization (last axis), each used once, and let no layer mix rows; or set "
        "`privacy.mode` to `silo`",
    )
