r"""Local steps that protect each unit of a silo: a row, or a person with their rows.

$$w \leftarrow w - \eta \left(\frac{1}{b} \left(\sum_i g_i \min(1, C_i / \|g_i\|) +
\sigma C z\right) + \mu (w - a)\right), \quad z \sim N(0, I)$$

DP-SGD (Abadi et al. 2016, <https://arxiv.org/abs/1607.00133>) over the rows of the
units that a step draws, see `private.py`. A row's bound $C_i$ is the clip $C$, over the
number of the person's rows if units are people. $b$ is how many units a step draws on
average: how many it drew is a secret.

**Randomness.** 256 bits that the silo made for one attempt of a round decide all draws
and noise. Philox4x32-10 (Salmon et al. 2011), four times over, each with 64 of them as
its key, turns label and step number into 128 bits: key and upper half of the counter of
the step's stream. Each time is a bijection, so no two steps share a stream. Philox,
though tested, is no cryptographic generator, and TensorFlow has none: it is not proven
that who knows part of a stream (what falls on a canary, or on a weight that no row
moves) can't compute the rest.

**Canaries** are further coordinates of the gradient. One whose coin says so takes part
like a unit with the gradient $C$ on it; all get noise. Their sums show how well one can
tell whether a unit takes part (Steinke, Nasr & Jagielski 2023,
<https://arxiv.org/abs/2305.08846>). They move no weight and fill no place of the cap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import tensorflow as tf

from components.federation import model, tensor_files
from components.federation.ghost import GhostModel, Losses
from components.federation.local_training import Rows, cross_entropies
from components.federation.model import ClientModel
from components.federation.private import PrivateTraining
from components.federation.tff_types import Value

_DRAWS, _NOISE = 0, 2**62  # where they begin in a stream
_INTEGERS = tf.raw_ops.StatelessRandomUniformFullIntV2
_NORMALS = tf.raw_ops.StatelessRandomNormalV2


def read_units(folder: str) -> Value:
    """Return whose each row is, see `tensor_files.py`; in a graph, when it runs."""
    content = tf.io.read_file(f"{folder}/{tensor_files.UNITS}")
    return tf.io.decode_raw(content, tf.int32, little_endian=True)


class PrivateSteps:
    """A model with private steps over rows; make and call it like `LocalTraining`."""

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
        self._rate, self._pull = learning_rate, learning_rate * strength

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
        """Return weights, and the canaries' sums, float64, unit: the clip norm.

        Beside what `LocalTraining.train` takes, `units`, int32 `(rows,)`, says whose
        each row is (None: each is a unit), `told` are the fields of `PrivateSilo`
        (`threshold` and `cap` int32), `secret`, int64 `(4,)`, is for this call alone,
        and `label`, int64, that of the message that asks for it.
        """
        model.assign(self._ghost.model, weights)
        words = tf.split(tf.bitcast(secret, tf.uint64), 4)
        noise = tf.cast(told["noise"], tf.float64)
        scale = -self._rate / tf.cast(told["batch"], tf.float32)
        size, canaries = sum(self._sizes), self._private.canaries
        threshold, clip = told["threshold"], self._private.clip
        num_units, bounds = tf.size(rows.labels), tf.fill(tf.shape(rows.labels), clip)
        if units is not None:
            num_units = tf.reduce_max(tf.concat([[-1], units], 0)) + 1
            owned = tf.math.unsorted_segment_sum(tf.ones_like(bounds), units, num_units)
            bounds /= tf.gather(owned, units)

        def step(number: Value, sums: Value) -> tuple[Value, Value]:
            draw = _stream(words, label, number)
            draws = draw(_INTEGERS, _DRAWS, num_units + canaries, tf.int32)
            chosen = _chosen(draws[:num_units], threshold, told["cap"])
            if units is not None:  # their rows
                ones = tf.ones_like(chosen, tf.int32)
                taken = tf.math.unsorted_segment_sum(ones, chosen, num_units)
                chosen = tf.where(tf.gather(taken, units) > 0)[:, 0]
            batch = Rows(*(tf.gather(part, chosen) for part in rows))
            total = self._cut_sum(batch, tf.gather(bounds, chosen))
            normals = noise * draw(_NORMALS, _NOISE, size + canaries, tf.float64)
            total = tf.cast(total, tf.float64) + clip * normals[:size]
            parts = tf.split(scale * tf.cast(total, tf.float32), self._sizes)
            for index, variable in enumerate(self._variables):
                moved = tf.reshape(parts[index], variable.shape)
                if self._pull:
                    moved += self._pull * (anchor[index] - variable)
                variable.assign_add(moved)
            drawn = tf.ensure_shape(draws[num_units:] < threshold, [canaries])
            joined = tf.cast(told["coins"] & drawn, tf.float64)
            return number + 1, sums + joined + normals[size:]

        end = tf.cast(told["steps"], tf.int64)
        init = (tf.constant(0, tf.int64), tf.zeros([canaries], tf.float64))
        _, sums = tf.while_loop(lambda n, _: n < end, step, init, parallel_iterations=1)
        return tuple(variable.read_value() for variable in self._variables), sums

    def _cut_sum(self, batch: Rows, bounds: Value) -> Value:
        """Return the sum of rows' gradients, each cut to a bound, as one vector."""
        squares, summed = self._ghost.gradients(batch)
        factors = tf.minimum(1.0, bounds * tf.math.rsqrt(squares))
        # A row without a finite norm counts as 0: NaN would tell that it took part.
        factors = tf.where(tf.math.is_finite(squares), factors, 0.0)
        return tf.concat([tf.reshape(part, [-1]) for part in summed(factors)], 0)


def _stream(words: Value, label: Value, number: Value) -> Callable[..., Value]:
    """Return what draws a step's numbers; `alg=1` is Philox."""
    block = tf.bitcast(tf.stack([number, label]), tf.uint64)
    for word in words:
        block = _INTEGERS(shape=[2], key=word, counter=block, alg=1, dtype=tf.uint64)
    key, upper = tf.split(block, 2)

    def draw(kind: Value, begin: int, num: Value, dtype: tf.DType) -> Value:
        counter = tf.concat([tf.constant([begin], tf.uint64), upper], 0)
        return kind(shape=[num], key=key, counter=counter, alg=1, dtype=dtype)

    return draw


def _chosen(draws: Value, threshold: Value, cap: Value) -> Value:
    """Return the units that a step draws, of too many those with the least numbers."""
    drawn = tf.where(draws < threshold)[:, 0]
    reverse = tf.bitwise.invert(tf.gather(draws, drawn))  # -x - 1, which is an int32
    least = tf.math.top_k(reverse, tf.minimum(cap, tf.size(drawn)), sorted=False)
    return tf.gather(drawn, least.indices)
