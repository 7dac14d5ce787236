r"""Aggregations that some bad silos can't lead astray: functions over stacked updates.

Of the updates $\Delta_k$ of $n$ silos with rows, of which $f$ may be bad, that is
anything at all:

- `median`, of each coordinate: $\bar\Delta_j = med_k \Delta_{kj}$. Yin et al. (2018),
  Byzantine-Robust Distributed Learning: Towards Optimal Statistical Rates, Definition
  1, <https://arxiv.org/abs/1803.01498>. Holds while $2f < n$.
- `trimmed_mean`: of each coordinate the mean of what is left without its $f$ least and
  $f$ greatest values; Definition 2 there, which states $f$ as a fraction. Holds while
  $2f < n$.
- `geometric_median`: $\arg\min_v \sum_k p_k \|v - \Delta_k\|$, by the smoothed
  Weiszfeld iteration
  $$\beta_k = p_k / \max(\nu, \|v - \Delta_k\|), \qquad
  v \leftarrow \sum_k \beta_k \Delta_k / \sum_k \beta_k$$
  Pillutla et al. (2022), Robust Aggregation for Federated Learning, Algorithm 2,
  <https://arxiv.org/abs/1912.13445>. Holds while the bad silos have less than half of
  the weight. Departures: it starts from the median and goes on until it stands; the
  paper stops after few steps, each of which is a secure sum there.
- `multi_krum`: the mean of the $n - f - 2$ updates with the least scores
  $$s_k = \sum_{i \to k} \|\Delta_k - \Delta_i\|^2$$
  over the $n - f - 2$ others nearest to $k$. Blanchard et al. (2017), Machine Learning
  with Adversaries, section 4, <https://arxiv.org/abs/1703.02757>, which leaves open how
  many are averaged. Holds while $2f + 2 < n$. Of equal scores the first silo's counts.

All but the geometric median count silos alike, as their papers do: how many rows a silo
has, only the silo itself can say. A silo of weight 0 has no rows and does not count.
"""

from __future__ import annotations

import tensorflow as tf

from components.federation.plan import Aggregation
from components.federation.tff_types import Value

SMOOTHING = 1e-6  # the paper's nu
MAX_STEPS = 1_000
STANDS = 1e-9  # a step so small, relative to the distances, is the last one


def aggregate(chosen: Aggregation, updates: Value, weights: Value) -> Value:
    """Return what an aggregation makes of updates, float32 `(parameters,)`.

    Where it does not hold for so few silos, which the quorum rules out, it takes for
    bad as many as it can hold for. Of no silos it is 0.

    Args:
        chosen: One of the aggregations above.
        updates: float32 `(silos, parameters)`, finite.
        weights: float32 `(silos,)`, not negative.
    """
    counted = weights > 0
    updates = tf.boolean_mask(updates, counted)
    weights = tf.boolean_mask(weights, counted)

    def found() -> Value:
        match chosen.name:
            case "median":
                return median(updates)
            case "trimmed_mean":
                return trimmed_mean(updates, chosen.bad_silos)
            case "geometric_median":
                return geometric_median(updates, weights)
            case "multi_krum":
                return multi_krum(updates, chosen.bad_silos)
        raise ValueError(f"found {chosen.name}, expected one that stacks updates")

    return tf.cond(tf.size(weights) > 0, found, lambda: tf.zeros(updates.shape[1]))


def median(updates: Value) -> Value:
    """Return each coordinate's median."""
    num_silos = tf.shape(updates)[0]
    return trimmed_mean(updates, (num_silos - 1) // 2)


def trimmed_mean(updates: Value, bad_silos: Value) -> Value:
    """Return each coordinate's mean without its least and greatest values."""
    num_silos = tf.shape(updates)[0]
    cut = tf.minimum(bad_silos, (num_silos - 1) // 2)
    return _mean(tf.sort(updates, axis=0)[cut : num_silos - cut])


def geometric_median(updates: Value, weights: Value) -> Value:
    """Return the point with the least weighted sum of distances to the updates."""
    updates, weights = tf.cast(updates, tf.float64), tf.cast(weights, tf.float64)
    weights /= tf.reduce_sum(weights)

    def step(point: Value, _: Value) -> tuple[Value, Value]:
        distances = tf.norm(updates - point, axis=1)
        shares = weights / tf.maximum(distances, SMOOTHING)
        new = tf.linalg.matvec(updates, shares / tf.reduce_sum(shares), True)
        moved = tf.norm(new - point)
        return new, moved > STANDS * tf.maximum(tf.reduce_min(distances), SMOOTHING)

    point, _ = tf.while_loop(
        lambda _, moves: moves,
        step,
        (tf.cast(median(updates), tf.float64), tf.constant(True)),
        maximum_iterations=MAX_STEPS,
    )
    return tf.cast(point, tf.float32)


def multi_krum(updates: Value, bad_silos: Value) -> Value:
    """Return the mean of the updates that lie nearest to others."""
    num_silos = tf.shape(updates)[0]
    chosen = tf.maximum(num_silos - bad_silos - 2, 1)
    vectors = tf.cast(updates, tf.float64)
    squares = tf.map_fn(
        lambda one: tf.reduce_sum((vectors - one) ** 2, axis=1), vectors
    )
    nearest = tf.sort(squares, axis=1)[:, 1 : chosen + 1]  # the first is itself
    order = tf.argsort(tf.reduce_sum(nearest, axis=1), stable=True)
    return _mean(tf.gather(updates, order[:chosen]))


def _mean(updates: Value) -> Value:
    """Return the mean over silos, in float64 on the way, where sums don't overflow."""
    return tf.cast(tf.reduce_mean(tf.cast(updates, tf.float64), axis=0), tf.float32)
