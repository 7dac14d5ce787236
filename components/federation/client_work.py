"""What one silo does in a round: measure, train locally, measure again.

The local training is `local_training.py`; an algorithm may draw it to the round's
model, shift its gradients, or weigh its update by its loss. Where rows are protected it
is `private_steps.py`, and nothing is measured. Nothing is checked here: an update or a
figure that is not finite is refused by who receives it (`context.py`).
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable
from typing import TypeAlias

import tensorflow as tf
import tensorflow_federated as tff

from components.federation import local_training, messages, noise_seeds
from components.federation.aggregation import federated_collect
from components.federation.local_training import LocalTraining
from components.federation.model import ClientModel
from components.federation.plan import TrainingPlan
from components.federation.private import PrivateTraining
from components.federation.private_steps import PrivateSteps, read_units
from components.federation.tff_types import Type, Value

Rescale: TypeAlias = Callable[[Value, Value, Value], tuple[Value, Value]]
"""From an update's loss at the round's model, the loss that it is compared with and the
update's squared norm, by how much update and weight are multiplied."""


@dataclasses.dataclass(frozen=True)
class LocalWork:
    """What an algorithm changes in the work of a silo."""

    strength: float = 0.0  # how strongly it is drawn to the round's model
    shifted: bool = False  # whether messages carry a shift of its gradients
    rescale: Rescale | None = None


def build(
    client_model: ClientModel,
    plan: TrainingPlan,
    folder: str,
    local: LocalWork,
    private: PrivateTraining | None = None,
) -> tff.learning.templates.ClientWorkProcess:
    """Return the client work of local SGD, weighted as the silo is told.

    Args:
        client_model: The model; its weights only give their shapes here.
        plan: How to train. Its seed is also that of layers that draw random numbers
            and have none of their own, such as Dropout: workers refuse what is not
            seeded (`TF_DETERMINISTIC_OPS`).
        folder: Of the silo's tensors, relative to its worker's working directory.
        local: What the algorithm changes.
        private: How rows are protected, if they are.

    Returns:
        A process whose client data are data sets of one message (`messages.py`) and
        whose measurements are arrays by silo, in the order of merging: `examples`
        int64, `loss_before` and `loss_after` float64, see `LocalTraining.loss`; of
        protected rows `canary_sums` float64 `(silos, canaries)` alone.
    """
    weights_type = weights_type_of(client_model)
    message_type = messages.type_of(client_model, local.shifted, private)

    # TFF wants client data to be a data set: here it is one of one message.
    data_type = tff.SequenceType(message_type)

    @tff.tensorflow.computation(weights_type, data_type)  # type: ignore[untyped-decorator]
    def work(initial: Value, data: Value) -> Value:
        tf.random.set_seed(plan.seed)  # of this graph
        rate, strength = plan.client_learning_rate, local.strength
        if private:
            steps = PrivateSteps(client_model, private, rate, strength)
        else:
            training = LocalTraining(
                client_model, plan.batch_size, rate, strength, local.shifted
            )

        @tf.function  # type: ignore[untyped-decorator]
        def run(initial: Value, message: Value) -> Value:
            rows = local_training.read_rows(folder, client_model)
            if private:
                units = read_units(folder) if private.people else None
                told, secret = message["private"], noise_seeds.read(folder)
                trained, sums = steps.train(
                    initial, rows, units, told, secret, message["seed"], initial
                )
                update = [w - new for w, new in zip(initial, trained, strict=True)]
                weight = message["weight"]  # as the number of rows is known
                result = tff.learning.templates.ClientResult(tuple(update), weight)
                return result, collections.OrderedDict(canary_sums=sums)
            before = training.loss(initial, rows)
            trained = training.train(
                initial,
                rows,
                message["seed"],
                plan.local_epochs,
                initial,
                tuple(message["shift"]) if local.shifted else (),
            )
            after = training.loss(trained, rows)
            update = [w - new for w, new in zip(initial, trained, strict=True)]
            examples = tf.size(rows.labels, tf.int64)
            weight = message["weight"] * tf.cast(examples > 0, tf.float32)
            if local.rescale:
                squares = tf.add_n([tf.reduce_sum(each**2) for each in update])
                reference = message["reference"]
                loss = tf.cast(before, tf.float32)
                by, heavier = local.rescale(loss, reference, squares)
                update, weight = [by * each for each in update], weight * heavier
            metrics = collections.OrderedDict(
                examples=examples, loss_before=before, loss_after=after
            )
            return tff.learning.templates.ClientResult(tuple(update), weight), metrics

        return run(initial.trainable, data.get_single_element())

    @tff.federated_computation  # type: ignore[untyped-decorator]
    def initialise() -> Value:
        return tff.federated_value((), tff.SERVER)

    @tff.federated_computation(  # type: ignore[untyped-decorator]
        initialise.type_signature.result,
        tff.FederatedType(weights_type, tff.CLIENTS),
        tff.FederatedType(data_type, tff.CLIENTS),
    )
    def next_fn(state: Value, weights: Value, data: Value) -> Value:
        result, metrics = tff.federated_map(work, (weights, data))
        return tff.templates.MeasuredProcessOutput(
            state, result, federated_collect(metrics)
        )

    return tff.learning.templates.ClientWorkProcess(initialise, next_fn)


def weights_type_of(client_model: ClientModel) -> Type:
    """Return the TFF type of the model's weights."""
    trainable = tuple(
        tff.TensorType(weight.dtype, weight.shape) for weight in client_model.weights
    )
    return tff.to_type(tff.learning.models.ModelWeights(trainable, ()))
