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
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from components.federation import checkpoints, dataset, model, training
from components.federation.plan import ServerOptimizer
from components.federation.silo_registry import OWN_PODS, SiloRegistry
from components.federation.workers import ONE_USER_ID, OWN_USER_IDS
from components.silos import homes
from tests.components.federation import support

pytestmark = pytest.mark.tff

PLAN = support.PLAN


@pytest.fixture(scope="module")
def plain(federation, tmp_path_factory):
    """Return start and result of one training that several tests look at."""
    silos, _ = federation
    start = model.initialise(support.linear, support.NUM_FLOATS, 2, PLAN.seed)
    folder = tmp_path_factory.mktemp("plain")
    return (
        start,
        training.train(start, silos, support.FOLDER, PLAN, folder, folder / "tb"),
        folder,
    )


def test_weights_equal_fed_avg_in_numpy(federation, plain):
    start, result, _ = plain
    expected, _ = support.numpy_fed_avg(
        federation[1], support.flat(start.weights), PLAN
    )
    support.assert_close(result.weights, expected)
    assert not result.refusal


def test_records_equal_measurements_in_numpy(federation, plain):
    start, result, _ = plain
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


def test_silos_own_workers_give_the_same_bytes_as_ours(
    federation, plain, train, caplog
):
    silos, _ = federation
    _, ours, _ = plain
    before = listing(silos)
    with support.SiloPods() as pods:
        addresses = {silo.id: pods.start(silo) for silo in silos}
        registry = SiloRegistry("silos.json", addresses)
        with caplog.at_level(logging.WARNING):
            _, theirs = train(silo_registry=registry, own_user_ids=False)
        assert list(support.workers_of(os.getpid())) == [silo.home for silo in silos]
    for own, other in zip(ours.weights, theirs.weights, strict=True):
        assert own.tobytes() == other.tobytes()
    assert theirs.rounds == ours.rounds
    assert theirs.isolation == OWN_PODS
    assert not caplog.text  # one user id of ours is no matter there
    assert listing(silos) == before  # their homes may be mounted read-only


def test_weights_equal_tff_s_own_fed_avg(federation, plain, tmp_path):
    silos, _ = federation
    start, result, _ = plain
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


@pytest.mark.parametrize(
    "optimizer",
    [
        ServerOptimizer(name="sgd", learning_rate=0.5, momentum=0.9),
        ServerOptimizer(name="adam", learning_rate=0.1, epsilon=0.01),
    ],
    ids=["momentum", "adam"],
)
def test_server_optimizer_equals_its_paper(federation, train, optimizer):
    plan = PLAN.model_copy(update={"rounds": 3, "server_optimizer": optimizer})
    start, result = train(plan)
    expected, _ = support.numpy_fed_avg(
        federation[1], support.flat(start.weights), plan
    )
    np.testing.assert_allclose(
        support.flat(result.weights), expected, rtol=1e-4, atol=1e-5
    )


def test_same_seed_gives_the_same_bytes_in_any_silo_order(federation, train):
    silos, _ = federation
    digests = []
    for seed, order in [(5, silos), (5, silos[::-1]), (6, silos)]:
        plan = PLAN.model_copy(update={"rounds": 1, "seed": seed})
        _, result = train(plan, order, support.deep)
        digests.append(b"".join(weight.tobytes() for weight in result.weights))
    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


@pytest.mark.parametrize("kind", ["Dropout", "GaussianNoise"])
def test_layers_that_draw_numbers_without_a_seed_of_their_own_follow_the_plan_s(
    train, kind
):
    def noisy(rate):
        floats = tf.keras.Input((support.NUM_FLOATS,), name="floats")
        ids = tf.keras.Input((2,), dtype=tf.int32, name="ids")
        drawn = getattr(tf.keras.layers, kind)(rate)(floats)
        return tf.keras.Model([floats, ids], tf.keras.layers.Dense(1)(drawn))

    plan = PLAN.model_copy(update={"rounds": 1})
    results = [
        train(plan, build=functools.partial(noisy, rate))[1] for rate in (0.4, 0.4, 0.0)
    ]
    assert not any(result.refusal for result in results)
    first, again, undisturbed = (support.flat(result.weights) for result in results)
    assert first.tobytes() == again.tobytes()
    assert not np.allclose(first, undisturbed, atol=1e-4)


def test_no_worker_is_left_after_an_error(federation, train, monkeypatch):
    seen = {}

    def fail(*_):
        seen.update(support.workers_of(os.getpid()))
        raise OSError("disk full")

    monkeypatch.setattr(checkpoints.Checkpoints, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        train()
    assert len(seen) == len(support.SIZES) + 1
    assert not support.workers_of(os.getpid())


def test_isolation_is_told(plain):
    _, result, _ = plain
    expected = OWN_USER_IDS if homes.is_isolated() else ONE_USER_ID
    assert result.isolation == expected


def test_tensorboard_holds_each_round(plain):
    _, result, folder = plain
    events = EventAccumulator(str(folder / "tb"))
    events.Reload()
    scalars = events.Tensors("loss/before")
    assert [e.step for e in scalars] == [1, 2]
    found = [float(tf.make_ndarray(e.tensor_proto)) for e in scalars]
    assert found == pytest.approx([r.loss_before for r in result.rounds])
    assert "silo/west/cosine" in events.Tags()["tensors"]
