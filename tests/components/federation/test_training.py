"""Training over real workers, held against NumPy and TFF's own FedAvg."""

from __future__ import annotations

import collections
import logging
import os

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

from components.federation import dataset
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
    expected, _ = support.numpy_fed_avg(
        federation[1], support.flat(start.weights), PLAN
    )
    support.assert_close(result.weights, expected)
    assert not result.refusal
    assert result.isolation == (OWN_USER_IDS if homes.is_isolated() else ONE_USER_ID)


def test_records_equal_measurements_in_numpy(federation, plain):
    start, result = plain
    rows = federation[1]
    weights = support.flat(start.weights)
    _, rounds = support.numpy_fed_avg(rows, weights, PLAN)
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
    data = dataset.build(
        support.FOLDER, support.NUM_FLOATS, 2, PLAN.batch_size, PLAN.local_epochs
    )

    @tff.tensorflow.computation(np.int64)
    def train_data(seed):
        return data(seed)["train"]

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
            seeds = [dataset.seed_of(PLAN.seed, number, name) for name in names]
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
    expected, _ = support.numpy_fed_avg(
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
