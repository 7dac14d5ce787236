r"""The plan's aggregation of the silos' updates, as a TFF factory.

`mean` is TFF's weighted mean. `clipped` is it over updates that TFF first cuts to
about the median norm of the silos, and counts as zero beyond about ten times that:

$$\Delta_k \leftarrow \Delta_k \min(1, C / \|\Delta_k\|), \qquad
C \leftarrow C \exp(-\eta (b - 1/2))$$

with $b$ the share of silos whose norm was at most $C$. Andrew et al. (2021),
Differentially Private Learning with Adaptive Clipping, Algorithm 1, without noise,
<https://arxiv.org/abs/1905.03871>. Adaptive, since norms differ from model to model and
fall as training goes on, so a fixed one soon binds nobody or everybody; and to the
median, which less than half of the silos can't move far. TFF clips in the silo, which
tells whether its norm was above: this holds against faulty rows and runaway training,
not against who changes what its worker sends. The others (`robust.py`) do.

They need all updates at once. These are gathered on the coordinator's own worker, which
merges neighbours' stacks; it holds a float32 for each silo and parameter.
"""

from __future__ import annotations

import collections
import math

import numpy as np
import tensorflow as tf
import tensorflow_federated as tff

from components.federation import robust
from components.federation.aggregation import federated_collect
from components.federation.plan import Aggregation
from components.federation.tff_types import Type, Value

QUANTILE = 0.5
CLIP_RATE = 0.5
ZERO_RATE = math.log(10.0)  # fast, as TFF's own default for zeroing
ZERO_BEYOND = 10.0


def factory(chosen: Aggregation) -> tff.aggregators.WeightedAggregationFactory:
    """Return the factory of an aggregation."""
    mean = tff.aggregators.MeanFactory(no_nan_division=True)
    if chosen.name == "mean":
        return mean
    if chosen.name == "clipped":
        clipped = tff.aggregators.clipping_factory(_norm(chosen, CLIP_RATE), mean)
        beyond = _norm(chosen, ZERO_RATE, ZERO_BEYOND)
        return tff.aggregators.zeroing_factory(beyond, clipped, norm_order=2.0)
    return Stacked(chosen)


class Stacked(tff.aggregators.WeightedAggregationFactory):  # type: ignore[misc]
    """Gathers the updates and applies an aggregation of `robust.py`."""

    def __init__(self, chosen: Aggregation) -> None:
        self._chosen = chosen

    def create(
        self, value_type: Type, weight_type: Type
    ) -> tff.templates.AggregationProcess:
        """Return the process for updates of a type; TFF calls this."""
        shapes = [part.shape for part in value_type]
        sizes = [math.prod(shape) for shape in shapes]
        stack_type = tff.to_type(
            collections.OrderedDict(
                update=tff.TensorType(np.float32, [None, sum(sizes)]),
                weight=tff.TensorType(np.float32, [None]),
            )
        )

        @tff.tensorflow.computation(value_type, weight_type)  # type: ignore[untyped-decorator]
        def flatten(value: Value, weight: Value) -> Value:
            flat = tf.concat([tf.reshape(part, [-1]) for part in value], 0)
            return collections.OrderedDict(update=flat, weight=weight)

        @tff.tensorflow.computation(stack_type)  # type: ignore[untyped-decorator]
        def merge(stack: Value) -> Value:
            flat = robust.aggregate(self._chosen, stack["update"], stack["weight"])
            parts = tf.split(flat, sizes)
            return tuple(map(tf.reshape, parts, shapes))

        @tff.federated_computation  # type: ignore[untyped-decorator]
        def initialise() -> Value:
            return tff.federated_value((), tff.SERVER)

        @tff.federated_computation(  # type: ignore[untyped-decorator]
            initialise.type_signature.result,
            tff.FederatedType(value_type, tff.CLIENTS),
            tff.FederatedType(weight_type, tff.CLIENTS),
        )
        def next_fn(state: Value, value: Value, weight: Value) -> Value:
            stack = federated_collect(tff.federated_map(flatten, (value, weight)))
            return tff.templates.MeasuredProcessOutput(
                state,
                tff.federated_map(merge, stack),
                tff.federated_value((), tff.SERVER),
            )

        return tff.templates.AggregationProcess(initialise, next_fn)


def _norm(
    chosen: Aggregation, rate: float, multiplier: float = 1.0
) -> tff.templates.EstimationProcess:
    """Return an estimate of the silos' median norm, times `multiplier`."""
    return tff.aggregators.PrivateQuantileEstimationProcess.no_noise(
        initial_estimate=chosen.clip_norm,
        target_quantile=QUANTILE,
        learning_rate=rate,
        multiplier=multiplier,
    )
