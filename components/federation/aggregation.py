r"""What the coordinator learns of single silos: their metrics, and their updates.

`federated_collect` gathers one value a silo into arrays with a leading silo axis.
`measure` compares each silo's update $\Delta_k$ with the weighted mean
$\bar\Delta = \sum_k w_k \Delta_k / \sum_k w_k$:

$$norm_k = \|\Delta_k\|_2, \qquad
cosine_k = \langle \Delta_k, \bar\Delta \rangle / (\|\Delta_k\| \|\bar\Delta\|)$$

With one silo a worker, a silo's own aggregate is $w_k \Delta_k$ and $w_k$, and the
context holds it before it merges (`context.SiloContext`), so nothing more has to
leave the silo. Not for secure aggregation, where nobody may see one silo's.
"""

from __future__ import annotations

import collections
import itertools
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
import tensorflow_federated as tff
from numpy.typing import NDArray
from tensorflow_federated.python.common_libs import structure

from components.federation import model
from components.federation.tff_types import Value

TINY = 1e-12


def federated_collect(value: Value) -> Value:
    """Gather `{T}@CLIENTS` into T with a leading silo axis, at the server.

    T is a flat structure of named tensors of known shape. One aggregation whose merge
    joins arrays, so rows stand in the order of merging: that of the silos that
    answered.
    """
    member = value.type_signature.member
    one = collections.OrderedDict(structure.iter_elements(member))
    rows = collections.OrderedDict(
        (name, tff.TensorType(t.dtype, [None, *t.shape])) for name, t in one.items()
    )

    @tff.tensorflow.computation  # type: ignore[untyped-decorator]
    def none() -> Value:
        return collections.OrderedDict(
            (name, tf.zeros([0, *t.shape], t.dtype)) for name, t in one.items()
        )

    @tff.tensorflow.computation(rows, one)  # type: ignore[untyped-decorator]
    def append(gathered: Value, new: Value) -> Value:
        return collections.OrderedDict(
            (name, tf.concat([gathered[name], new[name][tf.newaxis]], 0))
            for name in one
        )

    @tff.tensorflow.computation(rows, rows)  # type: ignore[untyped-decorator]
    def join(first: Value, second: Value) -> Value:
        return collections.OrderedDict(
            (name, tf.concat([first[name], second[name]], 0)) for name in one
        )

    @tff.tensorflow.computation(rows)  # type: ignore[untyped-decorator]
    def report(gathered: Value) -> Value:
        return gathered

    return tff.federated_aggregate(value, none(), append, join, report)


def updates_of(
    aggregates: Sequence[Value],
    weights: Sequence[NDArray[np.float32]],
    weighted: bool = True,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return silos' updates, `(silos, parameters)`, and their weights, `(silos,)`.

    Args:
        aggregates: What each silo sent for an aggregator of `aggregators.py`: its
            update with its weight, or, for a mean, the update times its weight, then
            the weight; other aggregates may stand beside.
        weights: The model's trainable weights, for shapes and types.
        weighted: Whether updates have a weight; all count 1 otherwise.

    Raises:
        ValueError: An aggregate holds no such update.
    """
    found = [_update_of(aggregate, weights, weighted) for aggregate in aggregates]
    updates, shares = map(np.array, zip(*found, strict=True))
    return updates, shares


def measure(
    updates: NDArray[np.float64], shares: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the norms of silos' updates and their cosines, both `(silos,)`.

    Arguments as from `updates_of`. Norms are Euclidean, cosines to the weighted mean,
    -1 to 1; 0 where an update or the mean is zero. Updates are measured as they were
    merged: where the algorithm rescales them (`q_fed_avg`), norms are of what is left,
    and cosines, which know no scale, are to the mean by the weights that counted.
    """
    mean = shares @ updates / (shares.sum() or 1.0)
    norms = np.linalg.norm(updates, axis=1)
    cosines = updates @ mean / np.maximum(norms * np.linalg.norm(mean), TINY)
    return norms, cosines


def _update_of(
    aggregate: Value, weights: Sequence[NDArray[np.float32]], weighted: bool
) -> tuple[NDArray[np.float64], float]:
    """Return a silo's update as one vector, and its weight; zeros of weight 0."""
    size = sum(weight.size for weight in weights)
    stack = [(np.dtype(np.float32), (1, size)), (np.dtype(np.float32), (1,))]
    form = [(weight.dtype, weight.shape) for weight in weights]
    parts = [[np.asarray(leaf) for leaf in tf.nest.flatten(part)] for part in aggregate]
    for part, after in itertools.pairwise([*parts, []]):
        found = [(leaf.dtype, leaf.shape) for leaf in part]
        if found == stack:
            weight = float(part[1][0])
            return part[0][0].astype(np.float64) * (weight > 0), weight
        if found == form and not weighted:
            return model.flat(part), 1.0
        if found == form and len(after) == 1:
            weight = float(after[0])  # it may be tiny
            return model.flat(part) / (weight if weight > 0 else 1.0), weight
    raise ValueError(
        "found no update with its weight among what a silo sent, expected the "
        "aggregator to be one of `aggregators.py`"
    )
