r"""The norm of each row's gradient, and sums of cut ones, without any row's gradient.

A pass forward keeps what goes into each layer with weights; a pass backward gives the
gradient $\delta$ of a row's loss by what comes out of it. Of a dense layer
$z = x W + b$, a row's gradient is $x \delta^T$ for $W$ and $\delta$ for $b$, so its
squared norm is $(\|x\|^2 + 1) \|\delta\|^2$ (Goodfellow 2015,
<https://arxiv.org/abs/1510.01799>), and the sum of the rows' gradients times factors
$c$ is $X^T (c \Delta)$ (Lee & Kifer 2021, <https://arxiv.org/abs/2009.03106>). Of an
embedding, the $\delta$ of an id that a row holds twice add up: the products of a row's
$\delta$ count where their ids are equal. Of a layer normalisation, a row's gradient is
short, and computed.

That is exact where a row's loss depends on this row alone and each layer is used once:
`check` refuses other models.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, NoReturn, TypeAlias

import numpy as np
import tensorflow as tf

from components.errors import SettingsError
from components.federation import model
from components.federation.local_training import Rows, cross_entropies
from components.federation.model import ClientModel
from components.federation.tff_types import Value

Layer: TypeAlias = tf.keras.layers.Layer
Sums: TypeAlias = Callable[[Value], list[Value]]
Losses: TypeAlias = Callable[[tf.keras.Model, Rows, bool], Value]
"""From a model, rows and whether it trains, the loss of each row."""

_PROBES = 5  # rows
_CLOSE = 1e-3  # relative; rounding in float32 is far below, a wrong formula far above


class RowGradients(NamedTuple):
    """Of some rows, none of them written out."""

    squares: Value  # squared norm of each row's gradient, `(rows,)`
    summed: Sums
    """Returns the sums of the rows' gradients times a factor each, `(rows,)`, in Keras'
    order of the weights. A factor of 0 leaves a row out, finite or not."""


class _Use(NamedTuple):
    layer: Layer
    taken: Value
    given: Value  # before the activation


class GhostModel:
    """A model with its rows' gradients; it changes the model's layers for itself."""

    def __init__(
        self, keras_model: tf.keras.Model, losses: Losses = cross_entropies
    ) -> None:
        self.model = keras_model
        self._losses = losses
        self.uses: list[_Use] = []  # of the last call
        for layer in _owners(keras_model):
            if type(layer) in _KINDS:
                self._record(layer)

    def losses(self, rows: Rows, training: bool) -> Value:
        """Return the loss of each row."""
        self.uses = []
        return self._losses(self.model, rows, training)

    def gradients(self, rows: Rows, training: bool = True) -> RowGradients:
        """Return the gradients of the rows' losses."""
        with tf.GradientTape() as tape:
            losses = self.losses(rows, training)
        uses = self.uses
        deltas = tape.gradient(
            losses,
            [use.given for use in uses],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        parts = [
            _KINDS[type(use.layer)](use.layer, use.taken, tf.convert_to_tensor(delta))
            for use, delta in zip(uses, deltas, strict=True)
        ]

        def summed(factors: Value) -> list[Value]:
            found = {
                weight.ref(): total
                for use, (_, sums) in zip(uses, parts, strict=True)
                for weight, total in zip(
                    use.layer.trainable_weights, sums(factors), strict=True
                )
            }
            return [found[weight.ref()] for weight in self.model.trainable_weights]

        return RowGradients(tf.add_n([squares for squares, _ in parts]), summed)

    def _record(self, layer: Layer) -> None:
        """Note each use of a layer."""
        call, activation = layer.call, getattr(layer, "activation", None)
        if activation is not None:
            layer.activation = None  # here comes after what is noted

        @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
        def recorded(taken: Value) -> Value:
            given = call(taken)
            self.uses.append(_Use(layer, taken, given))
            return given if activation is None else activation(given)

        layer.call = recorded


def _dense(layer: Layer, taken: Value, delta: Value) -> tuple[Value, Sums]:
    squares = (_squares(taken) + float(layer.use_bias)) * _squares(delta)

    def sums(factors: Value) -> list[Value]:
        cut = _times(delta, factors)
        kept = tf.where(factors[:, None] > 0, taken, tf.zeros([], taken.dtype))
        kernel = tf.matmul(kept, cut, transpose_a=True)
        return [kernel, tf.reduce_sum(cut, 0)] if layer.use_bias else [kernel]

    return squares, sums


def _embedding(layer: Layer, taken: Value, delta: Value) -> tuple[Value, Sums]:
    width = layer.output_dim
    ids = tf.reshape(tf.cast(taken, tf.int32), [tf.shape(delta)[0], -1])
    by_id = tf.reshape(delta, [*tf.unstack(tf.shape(ids)), width])
    same = tf.cast(ids[:, :, None] == ids[:, None, :], delta.dtype)
    products = tf.matmul(by_id, by_id, transpose_b=True)

    def sums(factors: Value) -> list[Value]:
        cut = tf.reshape(_times(by_id, factors), [-1, width])
        flat = tf.reshape(ids, [-1])
        return [tf.math.unsorted_segment_sum(cut, flat, layer.input_dim)]

    return tf.reduce_sum(same * products, [1, 2]), sums


def _normalization(layer: Layer, taken: Value, delta: Value) -> tuple[Value, Sums]:
    mean, variance = tf.nn.moments(taken, [-1], keepdims=True)
    inner = list(range(1, delta.shape.rank - 1))
    parts = []
    if layer.scale:
        normal = (taken - mean) * tf.math.rsqrt(variance + layer.epsilon)
        parts.append(tf.reduce_sum(normal * delta, inner))
    if layer.center:
        parts.append(tf.reduce_sum(delta, inner))

    def sums(factors: Value) -> list[Value]:
        return [tf.reduce_sum(_times(part, factors), 0) for part in parts]

    return tf.add_n([_squares(part) for part in parts]), sums


_KINDS = {
    tf.keras.layers.Dense: _dense,
    tf.keras.layers.Embedding: _embedding,
    tf.keras.layers.LayerNormalization: _normalization,
}


def _squares(rows: Value) -> Value:
    return tf.reduce_sum(rows * rows, 1)


def _times(rows: Value, factors: Value) -> Value:
    """Return rows times a factor each, 0 where this is 0, finite or not."""
    shape = [-1] + [1] * (rows.shape.rank - 1)
    return tf.math.multiply_no_nan(rows, tf.reshape(factors, shape))


def check(client_model: ClientModel) -> None:
    """Try a model out on rows of random numbers.

    Raises:
        SettingsError: Its rows' gradients can't be cut one by one.
    """
    ghost = GhostModel(client_model.build())
    layers = _owners(ghost.model)
    for layer in layers:
        if type(layer) not in _KINDS:
            _refuse(layer, "has weights of its own")
    rng = np.random.default_rng(0)
    model.assign(
        ghost.model, [rng.normal(0, 0.5, w.shape) for w in client_model.weights]
    )
    rows = Rows(
        tf.constant(rng.normal(size=(_PROBES, client_model.num_floats)), tf.float32),
        # Each feature has the ids 0 and 1, see `features/spec.py`.
        tf.constant(rng.integers(0, 2, (_PROBES, client_model.num_ids)), tf.int32),
        tf.constant(np.arange(_PROBES) % 2, tf.float32),
    )
    with tf.GradientTape() as tape:
        first = ghost.losses(rows, True)[0]
    for layer in layers:
        _check_uses(layer, [use for use in ghost.uses if use.layer is layer])
    for layer in ghost.model.submodules:
        if isinstance(layer, tf.keras.layers.Layer) and layer.losses:
            _refuse(layer, "adds a loss of its own, such as a regulariser")
    for use, delta in zip(
        ghost.uses, tape.gradient(first, [u.given for u in ghost.uses]), strict=True
    ):
        if delta is not None and np.any(delta[1:]):
            _refuse(use.layer, "is part of a loss that depends on other rows too")
    found = ghost.gradients(rows, False).squares
    expected = [
        _square(ghost, Rows(*(p[i : i + 1] for p in rows))) for i in range(_PROBES)
    ]
    if not np.allclose(found, expected, _CLOSE, _CLOSE * np.max(expected)):
        _refuse(ghost.model, "has gradients that can't be told from row to row")


def _owners(keras_model: tf.keras.Model) -> list[Layer]:
    """Return the layers with weights that are not those of a layer inside them."""
    layers = [keras_model, *keras_model.submodules]
    layers = [each for each in layers if isinstance(each, tf.keras.layers.Layer)]
    found = []
    for layer in layers:
        inner = [m for m in layer.submodules if isinstance(m, tf.keras.layers.Layer)]
        theirs = {weight.ref() for each in inner for weight in each.trainable_weights}
        if {weight.ref() for weight in layer.trainable_weights} - theirs:
            found.append(layer)
    return found


def _check_uses(layer: Layer, uses: list[_Use]) -> None:
    if len(uses) != 1:
        _refuse(layer, f"is used {len(uses)} times")
    shape = tuple(uses[0].taken.shape)
    if shape[0] != _PROBES:
        _refuse(layer, f"takes {shape[0]} inputs of {_PROBES} rows")
    if isinstance(layer, tf.keras.layers.Dense) and len(shape) != 2:
        _refuse(layer, f"takes inputs of {len(shape)} dimensions in place of 2")
    if [*getattr(layer, "axis", shape[:0])] not in ([], [len(shape) - 1]):
        _refuse(layer, f"normalises axis {[*layer.axis]} in place of the last")


def _square(ghost: GhostModel, row: Rows) -> float:
    """Return the squared norm of a row's gradient, computed by itself."""
    with tf.GradientTape() as tape:
        losses = ghost.losses(row, False)
    gradients = tape.gradient(losses, ghost.model.trainable_weights)
    dense = [tf.convert_to_tensor(each) for each in gradients if each is not None]
    return float(sum(tf.reduce_sum(each**2) for each in dense))


def _refuse(layer: Layer, reason: str) -> NoReturn:
    raise SettingsError(
        f"`privacy.mode: example`: the model's layer `{layer.name}` "
        f"({type(layer).__name__}) {reason}; expected a model in which the gradient of "
        "each row can be cut by itself",
        "have weights in Dense (of inputs of 2 dimensions), Embedding and "
        "LayerNormalization (of the last axis) alone, each used once, and no layer "
        "that mixes rows; or set `privacy.mode` to `silo`",
    )
