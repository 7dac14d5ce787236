"""What one silo does in a round: measure, train locally, measure again.

Local SGD with TFF's `DATASET_ITERATOR` way of looping (`for batch in iter(data)`),
which costs a sixth of `Dataset.reduce`. An update or a loss that is not
finite makes the update zero with weight 0, as in TFF's own client work, and is
reported.
"""

from __future__ import annotations

import collections

import tensorflow as tf
import tensorflow_federated as tff

from components.federation import dataset, model
from components.federation.aggregation import federated_collect
from components.federation.model import ClientModel
from components.federation.tff_types import Type, Value


def build(
    client_model: ClientModel, learning_rate: float, seed: int = 0
) -> tff.learning.templates.ClientWorkProcess:
    """Return the client work of plain local SGD, weighted by rows.

    Args:
        client_model: The model; its weights only give their shapes here.
        learning_rate: Step of the local SGD.
        seed: Of layers that draw random numbers and have no seed of their own, such
            as Dropout. Workers refuse what is not seeded (`TF_DETERMINISTIC_OPS`).

    Returns:
        A process whose measurements are arrays by silo, in the order of merging:
        `examples` int64, `loss_before` and `loss_after` float64 (mean
        cross-entropy over the silo's rows, unit: nats), `finite` bool.
    """
    weights_type = weights_type_of(client_model)
    data_type = dataset.data_type(client_model.num_floats, client_model.num_ids)

    @tff.tensorflow.computation(weights_type, data_type)  # type: ignore[untyped-decorator]
    def work(initial: Value, data: Value) -> Value:
        tf.random.set_seed(seed)  # of this graph
        keras_model = client_model.build()

        @tf.function  # type: ignore[untyped-decorator]
        def run(initial: Value, train: Value, once: Value) -> Value:
            model.assign(keras_model, initial)
            before, examples = _measure(keras_model, once)
            for inputs, labels in iter(train):
                _step(keras_model, inputs, labels, learning_rate)
            after, _ = _measure(keras_model, once)
            updates = tuple(
                start - variable
                for start, variable in zip(
                    initial, keras_model.trainable_weights, strict=True
                )
            )
            # The norm is finite only if each number and its square is.
            numbers = [tf.cast(tf.linalg.global_norm(updates), tf.float64)]
            finite = tf.reduce_all(tf.math.is_finite([*numbers, before, after]))
            updates = tuple(
                tf.where(finite, update, tf.zeros_like(update)) for update in updates
            )
            weight = tf.where(finite, tf.cast(examples, tf.float32), 0.0)
            metrics = collections.OrderedDict(
                examples=examples, loss_before=before, loss_after=after, finite=finite
            )
            return tff.learning.templates.ClientResult(updates, weight), metrics

        return run(initial.trainable, data["train"], data["once"])

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


def _measure(keras_model: tf.keras.Model, data: Value) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the mean loss over the data, and its rows."""
    total, rows = tf.constant(0.0, tf.float64), tf.constant(0, tf.int64)
    for inputs, labels in iter(data):
        logits = keras_model([inputs["floats"], inputs["ids"]], training=False)
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels, logits)
        total += tf.reduce_sum(tf.cast(losses, tf.float64))
        rows += tf.shape(labels, tf.int64)[0]
    return tf.math.divide_no_nan(total, tf.cast(rows, tf.float64)), rows


def _step(
    keras_model: tf.keras.Model, inputs: Value, labels: Value, rate: float
) -> None:
    with tf.GradientTape() as tape:
        logits = keras_model([inputs["floats"], inputs["ids"]], training=True)
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits))
        if keras_model.losses:
            loss += tf.add_n(keras_model.losses)
    variables = keras_model.trainable_weights
    gradients = tape.gradient(loss, variables)
    for variable, gradient in zip(variables, gradients, strict=True):
        if gradient is not None:  # a weight that the output does not depend on
            variable.assign_sub(rate * tf.convert_to_tensor(gradient))
