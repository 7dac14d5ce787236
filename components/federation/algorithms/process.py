"""The learning process of every algorithm: its parts are chosen by the plan."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf
import tensorflow_federated as tff

from components.federation import aggregators, client_work, messages
from components.federation.aggregators import SiloLevel
from components.federation.algorithms import registry
from components.federation.model import ClientModel
from components.federation.plan import ServerOptimizer, TrainingPlan
from components.federation.private import PrivateTraining
from components.federation.tff_types import Computation, Value

PRIVATE = ("fed_avg", "fed_prox")  # with others, silos tell their losses, or more


class Process(NamedTuple):
    """An algorithm: its first server state, and a round."""

    initialize: Computation
    run_round: Computation  # from the state and the silos' messages


def build(
    client_model: ClientModel,
    plan: TrainingPlan,
    folder: str,
    private: PrivateTraining | None = None,
    silo_level: SiloLevel | None = None,
) -> Process:
    """Return the process of a plan's algorithm; arguments as of `client_work.build`.

    The metrics of a round hold what `client_work` measures by silo.

    Raises:
        ValueError: The plan can't protect rows, or with `silo_level` silos.
    """
    found = (plan.algorithm.name, plan.weighting.name, plan.aggregation.name)
    if (private or silo_level) and found[0] not in PRIVATE:
        raise ValueError(f"found {found[0]} with privacy, expected one of {PRIVATE}")
    if silo_level and found[1:] != ("uniform", "mean"):
        raise ValueError(f"found {found[1:]}, expected `uniform` and `mean`")
    templates = tff.learning.templates
    weights_type = client_work.weights_type_of(client_model)
    local = registry.load(plan.algorithm.name).local(plan)

    @tff.tensorflow.computation  # type: ignore[untyped-decorator]
    def initial_weights() -> Value:
        values = tuple(tf.constant(weight) for weight in client_model.weights)
        return tff.learning.models.ModelWeights(values, ())

    aggregator = aggregators.factory(plan.aggregation, silo_level)
    weight_type = tff.TensorType(tf.float32.as_numpy_dtype)
    process = templates.compose_learning_process(
        initial_weights,
        templates.build_broadcast_process(weights_type),
        client_work.build(client_model, plan, folder, local, private),
        aggregator.create(weights_type.trainable, weight_type),
        templates.build_apply_optimizer_finalizer(
            server_optimizer(plan.server_optimizer), weights_type
        ),
    )
    message_type = messages.type_of(client_model, local.shifted, private)

    @tff.tensorflow.computation(message_type)  # type: ignore[untyped-decorator]
    def as_data(message: Value) -> Value:
        return tf.data.Dataset.from_tensors(message)

    @tff.federated_computation(  # type: ignore[untyped-decorator]
        process.initialize.type_signature.result,
        tff.FederatedType(message_type, tff.CLIENTS),
    )
    def run_round(state: Value, sent: Value) -> Value:
        return process.next(state, tff.federated_map(as_data, sent))

    return Process(process.initialize, run_round)


def server_optimizer(chosen: ServerOptimizer) -> tff.learning.optimizers.Optimizer:
    """Return TFF's optimizer for the settings' choice."""
    if chosen.name == "adam":
        return tff.learning.optimizers.build_adam(
            chosen.learning_rate, epsilon=chosen.epsilon
        )
    return tff.learning.optimizers.build_sgdm(
        chosen.learning_rate, chosen.momentum or None
    )
