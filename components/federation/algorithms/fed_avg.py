r"""Weighted federated averaging with an optimizer at the server.

$$\Delta_k^t = w^t - w_k^{t}, \qquad
\bar\Delta^t = \sum_{k \in S_t} n_k \Delta_k^t / \sum_{k \in S_t} n_k, \qquad
w^{t+1} = w^t - \eta \, opt(\bar\Delta^t)$$

$w_k^t$ are silo k's weights after its local epochs of SGD from $w^t$, and $n_k$
its rows. With `sgd`, learning rate 1 and no momentum this is FederatedAveraging:
McMahan et al. (2017), Communication-Efficient Learning of Deep Networks from
Decentralized Data, Algorithm 1, <https://arxiv.org/abs/1602.05629>. With server
momentum or `adam` it is FedAvgM or FedAdam: Reddi et al. (2021), Adaptive
Federated Optimization, Algorithm 2, <https://arxiv.org/abs/2003.00295>.

Departures: silos are weighted by rows where Reddi's Algorithm 2 weighs them
alike; `adam` corrects its moments' bias and starts them from zero.
"""

from __future__ import annotations

import tensorflow as tf
import tensorflow_federated as tff

from components.federation import client_work
from components.federation.model import ClientModel
from components.federation.plan import ServerOptimizer, TrainingPlan
from components.federation.tff_types import Value


def build(
    client_model: ClientModel, plan: TrainingPlan
) -> tff.learning.templates.LearningProcess:
    """Return the learning process; see `registry.load`."""
    templates = tff.learning.templates
    weights_type = client_work.weights_type_of(client_model)

    @tff.tensorflow.computation  # type: ignore[untyped-decorator]
    def initial_weights() -> Value:
        values = tuple(tf.constant(weight) for weight in client_model.weights)
        return tff.learning.models.ModelWeights(values, ())

    mean = tff.aggregators.MeanFactory(no_nan_division=True)
    weight_type = tff.TensorType(tf.float32.as_numpy_dtype)
    return templates.compose_learning_process(
        initial_weights,
        templates.build_broadcast_process(weights_type),
        client_work.build(client_model, plan.client_learning_rate, plan.seed),
        mean.create(weights_type.trainable, weight_type),
        templates.build_apply_optimizer_finalizer(
            server_optimizer(plan.server_optimizer), weights_type
        ),
    )


def server_optimizer(chosen: ServerOptimizer) -> tff.learning.optimizers.Optimizer:
    """Return TFF's optimizer for the settings' choice."""
    if chosen.name == "adam":
        return tff.learning.optimizers.build_adam(
            chosen.learning_rate, epsilon=chosen.epsilon
        )
    return tff.learning.optimizers.build_sgdm(
        chosen.learning_rate, chosen.momentum or None
    )
