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

Where silos are protected as a whole (`SiloLevel`), each cuts its update to norm $C$,
and the coordinator adds noise:

$$\bar\Delta = \left(\sum_k \Delta_k \min(1, C / \|\Delta_k\|)
+ C \sigma N(0, I)\right) / K$$

with $K$ fixed, however many answer. McMahan et al. (2018), Learning Differentially
Private Recurrent Language Models, <https://arxiv.org/abs/1710.06963>, without sampling
of silos. TFF's `DifferentiallyPrivateFactory.gaussian_fixed` is the same, but its noise
comes from TensorFlow's random state, which our workers refuse without a seed, and its
own state would go to all silos with the model's. Here there is none, and a secret that
is read where all is merged (`noise_seeds.py`).
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import math
from collections.abc import Callable

import numpy as np
import tensorflow as tf
import tensorflow_federated as tff

from components.federation import noise_seeds, robust
from components.federation.aggregation import federated_collect
from components.federation.plan import Aggregation
from components.federation.tff_types import Type, Value

QUANTILE = 0.5
CLIP_RATE = 0.5
ZERO_RATE = math.log(10.0)  # fast, as TFF's own default for zeroing
ZERO_BEYOND = 10.0


@dataclasses.dataclass(frozen=True)
class SiloLevel:
    """The numbers of silo-level privacy."""

    noise: float  # standard deviation of the sum's noise, unit: the clip norm
    clip: float  # norm to which a silo's update is cut
    silos: int  # by which the sum is divided


def factory(
    chosen: Aggregation, silo_level: SiloLevel | None = None
) -> tff.aggregators.WeightedAggregationFactory:
    """Return the factory of an aggregation; of a `mean`, silos may be protected."""
    if silo_level:
        return Stateless(functools.partial(_noisy_mean, silo_level))
    mean = tff.aggregators.MeanFactory(no_nan_division=True)
    if chosen.name == "mean":
        return mean
    if chosen.name == "clipped":
        clipped = tff.aggregators.clipping_factory(_norm(chosen, CLIP_RATE), mean)
        beyond = _norm(chosen, ZERO_RATE, ZERO_BEYOND)
        return tff.aggregators.zeroing_factory(beyond, clipped, norm_order=2.0)
    return Stateless(functools.partial(_stacked, chosen))


class Stateless(tff.aggregators.WeightedAggregationFactory):  # type: ignore[misc]
    """An aggregation that keeps nothing between rounds.

    Args:
        build: From the types of an update and of a weight, returns what makes the
            aggregate, placed at the server, of both, placed at the silos.
    """

    def __init__(self, build: Callable[[Type, Type], Callable[..., Value]]) -> None:
        self._build = build

    def create(
        self, value_type: Type, weight_type: Type
    ) -> tff.templates.AggregationProcess:
        """Return the process for updates of a type; TFF calls this."""
        aggregate = self._build(value_type, weight_type)

        @tff.federated_computation  # type: ignore[untyped-decorator]
        def initialise() -> Value:
            return tff.federated_value((), tff.SERVER)

        @tff.federated_computation(  # type: ignore[untyped-decorator]
            initialise.type_signature.result,
            tff.FederatedType(value_type, tff.CLIENTS),
            tff.FederatedType(weight_type, tff.CLIENTS),
        )
        def next_fn(state: Value, value: Value, weight: Value) -> Value:
            return tff.templates.MeasuredProcessOutput(
                state, aggregate(value, weight), tff.federated_value((), tff.SERVER)
            )

        return tff.templates.AggregationProcess(initialise, next_fn)


def _noisy_mean(told: SiloLevel, value_type: Type, _: Type) -> Callable[..., Value]:
    """Return what cuts updates in the silos and adds noise to their sum."""

    @tff.tensorflow.computation(value_type)  # type: ignore[untyped-decorator]
    def cut(value: Value) -> Value:
        return tuple(tf.clip_by_global_norm(value, told.clip)[0])

    @tff.tensorflow.computation(value_type)  # type: ignore[untyped-decorator]
    def noisy(total: Value) -> Value:
        flat, secret = _flat(total), noise_seeds.read(".")
        # One of each half: all 256 bits must be known to take the noise away.
        first, second = (
            tf.random.stateless_normal(flat.shape, half, dtype=tf.float64)
            for half in (secret[:2], secret[2:])
        )
        noise = told.clip * told.noise * (first + second) / math.sqrt(2)
        mean = (tf.cast(flat, tf.float64) + noise) / told.silos
        return _shaped(tf.cast(mean, tf.float32), value_type)

    return lambda value, _: tff.federated_map(
        noisy, tff.federated_sum(tff.federated_map(cut, value))
    )


def _stacked(
    chosen: Aggregation, value_type: Type, weight_type: Type
) -> Callable[..., Value]:
    """Return what gathers the updates and applies an aggregation of `robust.py`."""
    size = sum(math.prod(part.shape) for part in value_type)
    stack_type = tff.to_type(
        collections.OrderedDict(
            update=tff.TensorType(np.float32, [None, size]),
            weight=tff.TensorType(np.float32, [None]),
        )
    )

    @tff.tensorflow.computation(value_type, weight_type)  # type: ignore[untyped-decorator]
    def flatten(value: Value, weight: Value) -> Value:
        return collections.OrderedDict(update=_flat(value), weight=weight)

    @tff.tensorflow.computation(stack_type)  # type: ignore[untyped-decorator]
    def merge(stack: Value) -> Value:
        flat = robust.aggregate(chosen, stack["update"], stack["weight"])
        return _shaped(flat, value_type)

    return lambda *both: tff.federated_map(
        merge, federated_collect(tff.federated_map(flatten, both))
    )


def _flat(parts: Value) -> Value:
    return tf.concat([tf.reshape(part, [-1]) for part in parts], 0)


def _shaped(flat: Value, value_type: Type) -> Value:
    shapes = [part.shape for part in value_type]
    parts = tf.split(flat, [math.prod(shape) for shape in shapes])
    return tuple(map(tf.reshape, parts, shapes))


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
