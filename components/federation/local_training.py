r"""Local SGD over a silo's rows held in memory: the loop that all training shares.

$$w \leftarrow w - \eta \left(\nabla F(w; B) + \mu (w - a) + s\right)$$

for each batch $B$ of a shuffled pass, the last of fewer rows; the anchor $a$ and the
shift $s$ are those of an algorithm (`algorithms/`, `personal/`), and not there by
default. A step over whole tensors costs a fifth of one that a data set feeds. Workers
run it in TFF's graphs, silo tasks by itself: it is pure in the weights.

XLA does not compile it: TFF's worker runs a function that asks for XLA as a plain
graph, with the same bytes in the same time.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from components.federation import model, tensor_files
from components.federation.model import ClientModel
from components.federation.tff_types import Value

MEASURED_ROWS = 4096
_RANDOM = ("Random", "Rng", "Multinomial", "TruncatedNormal", "StatefulUniform")


class Rows(NamedTuple):
    """Rows with labels: `floats` and `ids` as encoded, `labels` float32 `(rows,)`."""

    floats: Value
    ids: Value
    labels: Value


def read_rows(folder: str, client_model: ClientModel) -> Rows:
    """Return the rows in a folder of `tensor_files.py`; in a graph, when it runs."""

    def decode(name: str, dtype: tf.DType) -> Value:
        content = tf.io.read_file(f"{folder}/{name}")
        return tf.io.decode_raw(content, dtype, little_endian=True)

    labels = decode(tensor_files.LABELS, tf.float32)
    floats = decode(tensor_files.FLOATS, tf.float32)
    ids = decode(tensor_files.IDS, tf.int32)
    rows = tf.size(labels)  # widths may be 0, so -1 would not do
    return Rows(
        tf.reshape(floats, tf.stack([rows, client_model.num_floats])),
        tf.reshape(ids, tf.stack([rows, client_model.num_ids])),
        labels,
    )


class LocalTraining:
    r"""A model with the loops over its rows; make it inside the graph that runs it.

    Args:
        client_model: The model.
        batch_size: Rows of a step.
        learning_rate: Size of a step.
        strength: $\mu$, how strongly weights are drawn to the anchor.
        shifted: Whether a shift is added to each gradient.
    """

    def __init__(
        self,
        client_model: ClientModel,
        batch_size: int,
        learning_rate: float,
        strength: float = 0.0,
        shifted: bool = False,
    ) -> None:
        self._model = client_model.build()
        self._variables = self._model.trainable_weights
        self._batch = batch_size
        self._rate = learning_rate
        self._strength = strength
        self._shifted = shifted

    def train(
        self,
        weights: Sequence[Value],
        rows: Rows,
        seed: Value,
        passes: int,
        anchor: Sequence[Value] = (),
        shift: Sequence[Value] = (),
    ) -> tuple[Value, ...]:
        """Return the weights after some passes over the rows, each shuffled anew.

        Call it in a graph (`tf.function`), whose while loops keep steps in their order.

        Args:
            weights: Where it starts from, in Keras' order.
            rows: The rows, any number.
            seed: int64; it decides the order of the rows.
            passes: How many.
            anchor: See the module; needed where `strength` is not 0.
            shift: See the module; needed where `shifted`.
        """
        model.assign(self._model, weights)
        num_rows = tf.shape(rows.labels)[0]

        def one_pass(number: Value) -> Value:
            order = tf.random.experimental.stateless_shuffle(
                tf.range(num_rows), seed=tf.stack([seed, number])
            )

            def step(begin: Value) -> Value:
                chosen = order[begin : begin + self._batch]
                batch = Rows(*(tf.gather(part, chosen) for part in rows))
                self._descend(batch, anchor, shift)
                return begin + self._batch

            _loop(lambda begin: begin < num_rows, step, tf.constant(0))
            return number + 1

        # A graph for each of many passes would take long to trace and to send.
        _loop(lambda number: number < passes, one_pass, tf.constant(0, tf.int64))
        return tuple(variable.read_value() for variable in self._variables)

    def loss(self, weights: Sequence[Value], rows: Rows) -> Value:
        """Return the mean cross-entropy over some of the rows, float64, unit: nats.

        They are `MEASURED_ROWS` that lie evenly apart, or all where there are fewer;
        of no rows it is 0.
        """
        num_rows = tf.shape(rows.labels, tf.int64)[0]
        measured = tf.minimum(num_rows, MEASURED_ROWS)
        chosen = tf.range(measured) * num_rows // tf.maximum(measured, 1)
        model.assign(self._model, weights)
        some = Rows(*(tf.gather(part, chosen) for part in rows))
        losses = cross_entropies(self._model, some, False)
        total = tf.reduce_sum(tf.cast(losses, tf.float64))
        return tf.math.divide_no_nan(total, tf.cast(measured, tf.float64))

    def _descend(
        self, batch: Rows, anchor: Sequence[Value], shift: Sequence[Value]
    ) -> None:
        """Take a step."""
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(cross_entropies(self._model, batch, True))
            # In TFF's graphs Keras also keeps those of calls elsewhere.
            here = tf.compat.v1.get_default_graph()
            more = [each for each in self._model.losses if each.graph is here]
            if more:
                loss += tf.add_n(more)
        gradients = tape.gradient(loss, self._variables)
        for index, (variable, gradient) in enumerate(
            zip(self._variables, gradients, strict=True)
        ):
            moved = tf.zeros_like(variable)
            if gradient is not None:  # else the output does not depend on it
                moved += tf.convert_to_tensor(gradient)
            if self._strength:
                moved += self._strength * (variable - anchor[index])
            if self._shifted:
                moved += shift[index]
            variable.assign_sub(self._rate * moved)


def cross_entropies(keras_model: tf.keras.Model, rows: Rows, training: bool) -> Value:
    """Return the cross-entropy of each row."""
    logits = keras_model([rows.floats, rows.ids], training=training)[:, 0]
    return tf.nn.sigmoid_cross_entropy_with_logits(rows.labels, logits)


def draws_random(client_model: ClientModel) -> bool:
    """Return whether a model draws random numbers while it trains, as by Dropout."""
    inputs = [
        tf.TensorSpec([None, client_model.num_floats], tf.float32),
        tf.TensorSpec([None, client_model.num_ids], tf.int32),
    ]
    call = functools.partial(client_model.build(), training=True)
    traced = tf.function(lambda *rows: call([*rows]), inputs)
    graph = traced.get_concrete_function().graph.as_graph_def()
    nodes = [*graph.node, *(n for f in graph.library.function for n in f.node_def)]
    return any(name in node.op for node in nodes for name in _RANDOM)


def _loop(goes_on: Value, body: Value, start: Value) -> None:
    """Run a loop whose body changes variables, one round after the other."""
    tf.while_loop(goes_on, body, (start,), parallel_iterations=1)
