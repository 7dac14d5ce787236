"""Training over real workers, held against NumPy and TFF's own FedAvg."""

from __future__ import annotations

import collections
import functools
import logging
import os

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

from components.federation import local_training, messages
from components.federation.local_training import LocalTraining, Rows
from components.federation.plan import ServerOptimizer
from components.federation.silo_registry import OWN_PODS, SiloRegistry
from components.federation.workers import ONE_USER_ID, OWN_USER_IDS
from components.silos import homes
from tests.components.federation import support

pytestmark = pytest.mark.tff

PLAN = support.PLAN


@pytest.fixture(scope="module")
def plain(train):
    """Return start and result of one training that several tests look at."""
    return train()


def test_weights_equal_fed_avg_in_numpy(federation, plain):
    start, result = plain
    expected, _ = support.numpy_training(
        federation[1], support.flat(start.weights), PLAN
    )
    support.assert_close(result.weights, expected)
    assert not result.refusal
    assert result.isolation == (OWN_USER_IDS if homes.is_isolated() else ONE_USER_ID)


def test_records_equal_measurements_in_numpy(federation, plain):
    start, result = plain
    rows = federation[1]
    weights = support.flat(start.weights)
    _, rounds = support.numpy_training(rows, weights, PLAN)
    updates, record = rounds[0], result.rounds[0]
    total = sum(support.SIZES.values())
    mean = sum(support.SIZES[s] / total * u for s, u in updates.items())
    assert [silo.silo for silo in record.silos] == sorted(support.SIZES)
    for silo in record.silos:
        update = updates[silo.silo]
        cosine = update @ mean / np.linalg.norm(update) / np.linalg.norm(mean)
        found = (silo.loss_before, silo.loss_after, silo.update_norm, silo.cosine)
        expected = (
            support.loss(rows[silo.silo], weights),
            support.loss(rows[silo.silo], weights - update),
            np.linalg.norm(update),
            cosine,
        )
        assert found == pytest.approx(expected, rel=1e-4)
        assert silo.examples == support.SIZES[silo.silo]
    means = sum(s.examples * s.loss_before for s in record.silos) / total
    assert record.loss_before == pytest.approx(means)
    assert result.rounds[1].loss_before < record.loss_before


def listing(silos):
    return sorted(path for silo in silos for path in silo.path().rglob("*"))


def test_silos_own_workers_in_any_order_give_the_same_bytes_as_ours(
    federation, plain, train, caplog
):
    silos, _ = federation
    _, ours = plain
    before = listing(silos)
    with support.SiloPods() as pods:
        addresses = {silo.id: pods.start(silo) for silo in silos}
        registry = SiloRegistry("silos.json", addresses)
        with caplog.at_level(logging.WARNING):
            options = {"silo_registry": registry, "own_user_ids": False}
            _, theirs = train(silos=silos[::-1], **options)
        assert list(support.workers_of(os.getpid())) == [silo.home for silo in silos]
    for own, other in zip(ours.weights, theirs.weights, strict=True):
        assert own.tobytes() == other.tobytes()
    assert theirs.rounds == ours.rounds
    assert theirs.isolation == OWN_PODS
    assert not caplog.text  # one user id of ours is no matter there
    assert listing(silos) == before  # their homes may be mounted read-only


def test_weights_equal_tff_s_own_fed_avg(federation, plain, tmp_path):
    silos, _ = federation
    start, result = plain

    @tff.tensorflow.computation(np.int64)
    def train_data(seed):
        rows = local_training.read_rows(support.FOLDER, start)
        orders = [
            tf.random.experimental.stateless_shuffle(
                tf.range(tf.size(rows.labels)), tf.stack([seed, np.int64(number)])
            )
            for number in range(PLAN.local_epochs)
        ]
        batches = [
            tf.data.Dataset.from_tensor_slices(order).batch(PLAN.batch_size)
            for order in orders
        ]
        return functools.reduce(tf.data.Dataset.concatenate, batches).map(
            lambda chosen: (
                collections.OrderedDict(
                    floats=tf.gather(rows.floats, chosen),
                    ids=tf.gather(rows.ids, chosen),
                ),
                tf.gather(rows.labels, chosen)[:, tf.newaxis],
            )
        )

    def model_fn():
        keras_model = support.linear()
        return tff.learning.models.from_keras_model(
            keras_model,
            loss=tf.keras.losses.BinaryCrossentropy(from_logits=True),
            input_spec=(
                collections.OrderedDict(
                    floats=tf.TensorSpec([None, support.NUM_FLOATS], tf.float32),
                    ids=tf.TensorSpec([None, 2], tf.int32),
                ),
                tf.TensorSpec([None, 1], tf.float32),
            ),
        )

    stock = tff.learning.algorithms.build_weighted_fed_avg(
        model_fn,
        client_optimizer_fn=tff.learning.optimizers.build_sgdm(
            PLAN.client_learning_rate
        ),
    )
    process = tff.simulation.compose_dataset_computation_with_learning_process(
        train_data, stock
    )
    with support.federation_of(silos, tmp_path) as silo_context:
        state = process.initialize()
        state = stock.set_model_weights(
            state, tff.learning.models.ModelWeights(start.weights, ())
        )
        names = silo_context.cohort = tuple(sorted(support.SIZES))
        for number in range(1, PLAN.rounds + 1):
            seeds = [messages.seed_of(PLAN.seed, number, name) for name in names]
            state = process.next(state, seeds).state
    expected = support.flat(tuple(state.global_model_weights.trainable))
    support.assert_close(result.weights, expected)


def test_one_silo_alone_equals_central_training(federation, train):
    silos, rows = federation
    plan = PLAN.model_copy(update={"rounds": 1, "quorum_per_round": 1})
    start, result = train(plan, silos[1:2])
    batches = support.shuffled(support.SIZES["south"], plan, 1, "south")
    rate = plan.client_learning_rate
    expected = support.local_sgd(
        rows["south"], support.flat(start.weights), batches, rate
    )
    support.assert_close(result.weights, expected)
    assert result.rounds[0].silos[0].cosine == pytest.approx(1)


def test_adam_equals_its_paper_over_rounds(federation, train):
    adam = ServerOptimizer(name="adam", learning_rate=0.1, epsilon=0.01)
    plan = PLAN.model_copy(update={"rounds": 3, "server_optimizer": adam})
    start, result = train(plan)
    expected, _ = support.numpy_training(
        federation[1], support.flat(start.weights), plan
    )
    np.testing.assert_allclose(
        support.flat(result.weights), expected, rtol=1e-4, atol=1e-5
    )


def test_layers_that_draw_numbers_without_a_seed_of_their_own_follow_the_plan_s(
    plain, train
):
    def noisy():
        inner = support.linear()
        floats = tf.keras.layers.GaussianNoise(0.4)(inner.inputs[0])
        drawn = tf.keras.layers.Dropout(0.4)(floats)
        return tf.keras.Model(inner.inputs, inner([drawn, inner.inputs[1]]))

    # Built anew the second time, as by another run.
    results = [train(build=build)[1] for build in (noisy, lambda: noisy())]
    assert not any(result.refusal for result in results)
    first, again = (support.flat(result.weights) for result in results)
    assert first.tobytes() == again.tobytes()
    assert not np.allclose(first, support.flat(plain[1].weights), atol=1e-4)


class Flow(tf.keras.layers.Layer):  # type: ignore[misc]
    """Has Python's control flow over tensors, which AutoGraph makes a graph's."""

    def call(self, inputs):
        if tf.reduce_sum(inputs) > 0:
            inputs = inputs * 2.0
        for _ in tf.range(2):
            inputs = inputs * 1.1
        return inputs


@pytest.mark.parametrize(
    "layer",
    [
        Flow(),
        tf.keras.layers.ActivityRegularization(l2=0.5),
        tf.keras.layers.Dense(3, kernel_regularizer=tf.keras.regularizers.L2(0.5)),
    ],
    ids=["control flow", "of activity", "of weights"],
)
def test_layers_with_control_flow_or_losses_of_their_own_train_as_in_one_process(
    layer, federation, train
):
    def build():
        inner = support.linear()
        floats = type(layer).from_config(layer.get_config())(inner.inputs[0])
        return tf.keras.Model(inner.inputs, inner([floats, inner.inputs[1]]))

    plan = PLAN.model_copy(update={"rounds": 1})
    start, result = train(plan, build=build)
    loop = LocalTraining(start, plan.batch_size, plan.client_learning_rate)
    run = tf.function(loop.train)
    mean = np.zeros(start.num_parameters)
    for silo, rows in federation[1].items():
        seed = tf.constant(messages.seed_of(plan.seed, 1, silo), tf.int64)
        found = run(
            tuple(map(tf.constant, start.weights)),
            Rows(*map(tf.constant, (rows.floats, rows.ids, rows.labels))),
            seed,
            plan.local_epochs,
        )
        trained = support.flat(tuple(each.numpy() for each in found))
        mean = mean + trained * len(rows.labels) / sum(support.SIZES.values())
    np.testing.assert_allclose(support.flat(result.weights), mean, atol=1e-5)
    assert not np.allclose(mean, support.flat(start.weights), atol=1e-2)
