"""Training over real workers, held against NumPy and TFF's own FedAvg."""

from __future__ import annotations

import collections
import dataclasses
import os
import shutil
import signal
import threading
import time

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from components.federation import checkpoints, context, dataset, model, training
from components.federation.plan import ServerOptimizer, TrainingPlan
from components.federation.workers import ONE_USER_ID, OWN_USER_IDS
from components.silos import homes
from tests.components.federation import support

pytestmark = pytest.mark.tff

PLAN = TrainingPlan(rounds=2, local_epochs=2, batch_size=50, client_learning_rate=0.3)


@pytest.fixture(scope="module")
def federation(tmp_path_factory):
    return support.make_federation(tmp_path_factory.mktemp("homes"))


@pytest.fixture
def train(federation, tmp_path):
    """Return a function that trains in a fresh folder."""
    silos, _ = federation
    counter = iter(range(100))

    def run(plan=PLAN, silos=silos, build=support.linear, **options):
        start = model.initialise(build, support.NUM_FLOATS, 2, plan.seed)
        folder = tmp_path / str(next(counter))
        return start, training.train(
            start, silos, support.FOLDER, plan, folder, folder / "tb", **options
        )

    return run


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
    plan = dataclasses.replace(PLAN, rounds=1, quorum=1)
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
        ServerOptimizer("sgd", 0.5, momentum=0.9),
        ServerOptimizer("adam", 0.1, epsilon=0.01),
    ],
    ids=["momentum", "adam"],
)
def test_server_optimizer_equals_its_paper(federation, train, optimizer):
    plan = dataclasses.replace(PLAN, rounds=3, server_optimizer=optimizer)
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
        plan = dataclasses.replace(PLAN, rounds=1, seed=seed)
        _, result = train(plan, order, support.deep)
        digests.append(b"".join(weight.tobytes() for weight in result.weights))
    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


def test_worker_killed_in_a_round_is_dropped_and_asked_again(federation, train):
    silos, _ = federation

    def hang_then_die():
        pid = support.await_worker(os.getpid(), silos[2])
        os.kill(pid, signal.SIGSTOP)  # so the round still runs when it is killed
        time.sleep(5)
        os.kill(pid, signal.SIGKILL)

    thread = threading.Thread(target=hang_then_die)
    thread.start()
    _, result = train()
    thread.join()
    first, second = result.rounds
    assert [silo.silo for silo in first.silos] == ["north", "south"]
    assert [(d.silo, d.reason) for d in first.dropped] == [
        ("west", "its worker is gone")
    ]
    assert [silo.silo for silo in second.silos] == ["north", "south", "west"]
    assert not result.refusal


def test_worker_that_hangs_is_dropped_at_the_deadline(federation, train):
    silos, _ = federation

    def hang():
        os.kill(support.await_worker(os.getpid(), silos[0]), signal.SIGSTOP)

    thread = threading.Thread(target=hang)
    thread.start()
    began = time.monotonic()
    _, result = train(dataclasses.replace(PLAN, round_timeout_s=8.0))
    thread.join()
    assert time.monotonic() - began < 40
    first, second = result.rounds
    assert first.dropped[0].reason == "did not answer within 8 s"
    assert second.dropped[0].reason == context.BUSY
    assert not support.workers_of(os.getpid())


def test_training_stops_with_the_reason_below_quorum(tmp_path, train):
    silos, rows = support.make_federation(tmp_path / "homes")
    for silo in silos[:2]:
        shutil.rmtree(silo.path(support.FOLDER))
    broken = rows["west"].floats.copy()
    broken[3, 1] = np.nan
    broken.tofile(silos[2].path(support.FOLDER, "floats.bin"))
    _, result = train(PLAN, silos)
    assert result.refusal == (
        "round 1: 1 of 3 silos answered, the quorum is 2 "
        "(`north`: its training data is not there; "
        "`south`: its training data is not there)"
    )
    assert result.rounds == ()


def test_update_that_is_not_finite_is_not_merged(tmp_path, train):
    silos, rows = support.make_federation(tmp_path / "homes")
    broken = rows["west"].floats.copy()
    broken[3, 1] = np.nan
    broken.tofile(silos[2].path(support.FOLDER, "floats.bin"))
    start, result = train(PLAN, silos)
    del rows["west"]
    expected, _ = support.numpy_fed_avg(rows, support.flat(start.weights), PLAN)
    support.assert_close(result.weights, expected)
    assert result.rounds[0].dropped[0].reason == training.NOT_FINITE


def test_silo_whose_home_goes_away_is_dropped(tmp_path, train):
    silos, _ = support.make_federation(tmp_path / "homes")
    shutil.rmtree(silos[1].home)
    _, result = train(dataclasses.replace(PLAN, rounds=1), silos)
    assert result.rounds[0].dropped[0].silo == "south"
    assert "No such file or directory" in result.rounds[0].dropped[0].reason


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
