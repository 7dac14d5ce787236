r"""Local steps that protect each unit of a silo: a row, or a person with their rows.

$$w \leftarrow w - \eta \left(\frac{1}{b} \left(\sum_{i \in S} g_i \min(1, C_i /
\|g_i\|) + C \sigma z\right) + \mu (w - a)\right), \quad z \sim N(0, I)$$

DP-SGD (Abadi et al. 2016, <https://arxiv.org/abs/1607.00133>) over the rows of the
units $S$ that a step draws, see `private.py`; $C_i$ is the clip $C$, over the number of
the person's rows where people are protected. The sum is divided by the number $b$ that
a step draws on average, since the number that it drew is a secret.

**Randomness.** 256 bits of the silo's own, made for one attempt of a round, decide what
a step draws and its noise. Philox4x32-10 (Salmon et al. 2011), applied four times, each
time with 64 of these bits as its key, turns the message's label and the step's number
into 128 bits: 64 are the key of the step's stream, and 64 the upper half of where it
starts. Each application is a bijection, so no two steps of a secret share a stream.
Philox passes the tests of statisticians, but is no cryptographic generator, and nobody
has proven that who sees some of a stream can't compute the rest. TensorFlow has none
that is. What leaves is what sums up over the steps of a round.

**Canaries** are extra coordinates of the gradient. Where its coin says so, one takes
part like a unit whose gradient is $C$ on its own coordinate; all get noise. What they
add up to, in units of $C$, tells an attacker who guesses the coins how much a unit
tells (Steinke, Nasr & Jagielski 2023, <https://arxiv.org/abs/2305.08846>). They change
neither the model nor what is drawn of the real units, and are not among the cap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import tensorflow as tf

from components.federation import model, tensor_files
from components.federation.ghost import GhostModel, Losses
from components.federation.local_training import Rows, cross_entropies
from components.federation.model import ClientModel
from components.federation.private import PrivateTraining
from components.federation.tff_types import Value

_PHILOX = 1  # its number among TensorFlow's generators
_DRAWS, _NOISE = 0, 2**62  # where the numbers begin in a stream: far apart


def read_units(folder: str) -> Value:
    """Return whose each row is, see `tensor_files.py`; in a graph, when it runs."""
    content = tf.io.read_file(f"{folder}/{tensor_files.UNITS}")
    return tf.io.decode_raw(content, tf.int32, little_endian=True)


class PrivateSteps:
    r"""A model with private steps over its rows; make it inside the graph that runs it.

    Args:
        client_model: The model; one that `ghost.check` accepts.
        private: What is the same for all silos.
        learning_rate: Size of a step.
        strength: $\mu$, how strongly weights are drawn to the anchor.
        losses: What is made small.
    """

    def __init__(
        self,
        client_model: ClientModel,
        private: PrivateTraining,
        learning_rate: float,
        strength: float = 0.0,
        losses: Losses = cross_entropies,
    ) -> None:
        self._ghost = GhostModel(client_model.build(), losses)
        self._variables = self._ghost.model.trainable_weights
        self._sizes = [weight.size for weight in client_model.weights]
        self._private = private
        self._rate = learning_rate
        self._strength = strength

    def train(
        self,
        weights: Sequence[Value],
        rows: Rows,
        units: Value | None,
        told: Mapping[str, Value],
        secret: Value,
        label: Value,
        anchor: Sequence[Value] = (),
    ) -> tuple[tuple[Value, ...], Value]:
        """Return the weights after the steps, and what the canaries add up to.

        Call it in a graph (`tf.function`), whose while loops keep steps in their order.

        Args:
            weights: Where it starts from, in Keras' order.
            rows: The rows, any number.
            units: int32 `(rows,)`, whose each row is; None where each is a unit.
            told: The fields of `PrivateSilo`.
            secret: int64 `(4,)`, of this call alone.
            label: int64, of the message that asks for the steps.
            anchor: See the module; needed where `strength` is not 0.

        Returns:
            Weights, and the canaries' sums over the steps, float64 `(canaries,)`,
            unit: the clip norm.
        """
        model.assign(self._ghost.model, weights)
        owned = _Owned.of(rows, units, self._private.clip)
        words = tf.split(tf.bitcast(secret, tf.uint64), 4)
        size, canaries = sum(self._sizes), self._private.canaries
        noise = tf.cast(told["noise"], tf.float64)
        scale = -self._rate / tf.cast(told["batch"], tf.float32)

        def step(number: Value, sums: Value) -> tuple[Value, Value]:
            stream = _Stream.of(words, label, number)
            draws = stream.integers(owned.num_units + canaries)
            normals = noise * stream.normals(size + canaries)
            drawn = _drawn(draws[: owned.num_units], told["threshold"], told["cap"])
            total = self._cut_sum(rows, *owned.rows_of(drawn))
            total = tf.cast(total, tf.float64) + self._private.clip * normals[:size]
            self._move(scale * tf.cast(total, tf.float32), anchor)
            last = tf.ensure_shape(draws[owned.num_units :], [canaries])
            joined = told["coins"] & (last < told["threshold"])
            return number + 1, sums + tf.cast(joined, tf.float64) + normals[size:]

        _, sums = tf.while_loop(
            lambda number, _: number < tf.cast(told["steps"], tf.int64),
            step,
            (tf.constant(0, tf.int64), tf.zeros([canaries], tf.float64)),
            parallel_iterations=1,
        )
        return tuple(variable.read_value() for variable in self._variables), sums

    def _cut_sum(self, rows: Rows, chosen: Value, bounds: Value) -> Value:
        """Return the sum of chosen rows' gradients, each cut to its bound, flat."""
        batch = Rows(*(tf.gather(part, chosen) for part in rows))
        gradients = self._ghost.gradients(batch)
        factors = tf.minimum(1.0, bounds * tf.math.rsqrt(gradients.squares))
        # A row whose norm is no finite number must not be seen by that: it counts as 0.
        factors = tf.where(tf.math.is_finite(gradients.squares), factors, 0.0)
        return tf.concat([tf.reshape(s, [-1]) for s in gradients.summed(factors)], 0)

    def _move(self, by: Value, anchor: Sequence[Value]) -> None:
        """Add a flat step to the weights, and draw them to the anchor."""
        parts = tf.split(by, self._sizes)
        for index, (variable, part) in enumerate(
            zip(self._variables, parts, strict=True)
        ):
            moved = tf.reshape(part, variable.shape)
            if self._strength:
                drawn = self._rate * self._strength
                moved -= drawn * (variable - anchor[index])
            variable.assign_add(moved)


class _Owned(NamedTuple):
    """Whose the rows are."""

    num_units: Value
    units: Value | None
    bounds: Value  # norm to which rows are cut: of all, or of each

    @classmethod
    def of(cls, rows: Rows, units: Value | None, clip: float) -> _Owned:
        if units is None:
            return cls(tf.size(rows.labels), None, tf.constant(clip, tf.float32))
        num_units = tf.reduce_max(tf.concat([[-1], units], 0)) + 1
        ones = tf.ones_like(units, tf.float32)
        theirs = tf.math.unsorted_segment_sum(ones, units, num_units)
        return cls(num_units, units, clip / tf.gather(theirs, units))

    def rows_of(self, drawn: Value) -> tuple[Value, Value]:
        """Return the rows of some units, and the norms to which they are cut."""
        if self.units is None:
            return drawn, self.bounds
        ones = tf.ones_like(drawn, tf.int32)
        found = tf.math.unsorted_segment_sum(ones, drawn, self.num_units)
        chosen = tf.where(tf.gather(found, self.units) > 0)[:, 0]
        return chosen, tf.gather(self.bounds, chosen)


class _Stream(NamedTuple):
    """Random numbers of a step."""

    key: Value
    upper: Value

    @classmethod
    def of(cls, words: Sequence[Value], label: Value, number: Value) -> _Stream:
        block = tf.bitcast(tf.stack([number, label]), tf.uint64)
        for word in words:
            block = _integers(word, block, 2, tf.uint64)
        key, upper = tf.split(block, 2)
        return cls(key, upper)

    def integers(self, num: Value) -> Value:
        """Return numbers, each one of all int32."""
        return _integers(self.key, self._from(_DRAWS), num, tf.int32)

    def normals(self, num: int) -> Value:
        """Return standard normal numbers, float64."""
        return tf.raw_ops.StatelessRandomNormalV2(
            shape=[num],
            key=self.key,
            counter=self._from(_NOISE),
            alg=_PHILOX,
            dtype=tf.float64,
        )

    def _from(self, begin: int) -> Value:
        return tf.concat([tf.constant([begin], tf.uint64), self.upper], 0)


def _integers(key: Value, counter: Value, num: Value, dtype: tf.DType) -> Value:
    return tf.raw_ops.StatelessRandomUniformFullIntV2(
        shape=tf.reshape(num, [1]), key=key, counter=counter, alg=_PHILOX, dtype=dtype
    )


def _drawn(draws: Value, threshold: Value, cap: Value) -> Value:
    """Return the units that a step takes, of those drawn a random subset of the cap."""
    drawn = tf.where(draws < threshold)[:, 0]

    def cut() -> Value:
        least = tf.math.top_k(tf.bitwise.invert(tf.gather(draws, drawn)), cap)
        return tf.gather(drawn, least.indices)

    return tf.cond(tf.size(drawn) > cap, cut, lambda: drawn)
