r"""What the coordinator learns of single silos: collected rows, and an audit.

`federated_collect` gathers one value a silo into arrays with a leading silo
axis. `AuditFactory` measures each silo's update $\Delta_k$ against the weighted
mean $\bar\Delta = \sum_k w_k \Delta_k / \sum_k w_k$:

$$norm_k = \|\Delta_k\|_2, \qquad
cosine_k = \langle \Delta_k, \bar\Delta \rangle / (\|\Delta_k\| \|\bar\Delta\|)$$

It needs each silo's update by itself: not for secure aggregation. The server
holds silos times weights floats.
"""

from __future__ import annotations

import collections

import numpy as np
import tensorflow as tf
import tensorflow_federated as tff
from tensorflow_federated.python.common_libs import structure

from components.federation.tff_types import Value

TINY = 1e-12


def federated_collect(value: Value) -> Value:
    """Gather `{T}@CLIENTS` into T with a leading silo axis, at the server.

    One aggregation whose merge joins arrays, so rows stand in the order of
    merging (`context.SiloContext`): that of the silos that answered.

    Args:
        value: Client-placed; T is a flat structure of named tensors of known
            shape.
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


class AuditFactory(tff.aggregators.WeightedAggregationFactory):  # type: ignore[misc]
    """Adds `norm` and `cosine` by silo to another aggregator's measurements.

    Args:
        inner: The aggregator that gives the result.
    """

    def __init__(self, inner: tff.aggregators.WeightedAggregationFactory) -> None:
        self._inner = inner

    def create(
        self, value_type: tff.types.ValueType, weight_type: tff.types.ValueType
    ) -> tff.templates.AggregationProcess:
        """Return the process; its measurements are `<inner=..., audit=...>`."""
        inner = self._inner.create(value_type, weight_type)

        @tff.tensorflow.computation(value_type, weight_type)  # type: ignore[untyped-decorator]
        def flatten(update: Value, weight: Value) -> Value:
            parts = [tf.reshape(part, [-1]) for part in tf.nest.flatten(update)]
            return collections.OrderedDict(
                update=tf.concat(parts, 0), weight=tf.cast(weight, tf.float32)
            )

        size = flatten.type_signature.result["update"].shape[0]

        @tff.tensorflow.computation(  # type: ignore[untyped-decorator]
            collections.OrderedDict(
                update=tff.TensorType(np.float32, [None, size]),
                weight=tff.TensorType(np.float32, [None]),
            )
        )
        def measure(gathered: Value) -> Value:
            updates, weights = gathered["update"], gathered["weight"]
            shares = weights / tf.maximum(tf.reduce_sum(weights), TINY)
            mean = tf.linalg.matvec(updates, shares, transpose_a=True)
            norms = tf.norm(updates, axis=1)
            products = tf.linalg.matvec(updates, mean)
            cosines = products / tf.maximum(norms * tf.norm(mean), TINY)
            return collections.OrderedDict(norm=norms, cosine=cosines)

        @tff.federated_computation(  # type: ignore[untyped-decorator]
            inner.next.type_signature.parameter[0],
            tff.FederatedType(value_type, tff.CLIENTS),
            tff.FederatedType(weight_type, tff.CLIENTS),
        )
        def next_fn(state: Value, value: Value, weight: Value) -> Value:
            output = inner.next(state, value, weight)
            gathered = federated_collect(tff.federated_map(flatten, (value, weight)))
            measurements = collections.OrderedDict(
                inner=output.measurements, audit=tff.federated_map(measure, gathered)
            )
            return tff.templates.MeasuredProcessOutput(
                output.state, output.result, tff.federated_zip(measurements)
            )

        return tff.templates.AggregationProcess(inner.initialize, next_fn)
