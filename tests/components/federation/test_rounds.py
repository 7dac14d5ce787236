"""Rounds over real workers: who is dropped and why, and who comes back."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import logging
import os
import shutil
import signal
import threading

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_federated.python.common_libs import structure

from components.errors import QuorumError
from components.federated_trainer import trainer
from components.federation import context, rounds
from components.federation.algorithms.coordinator import Coordinator
from components.federation.plan import Aggregation
from components.federation.silo_registry import SiloRegistry
from components.federation.workers import ONE_USER_ID
from tests.components.federation import support

pytestmark = pytest.mark.tff

PLAN = support.PLAN


def test_worker_killed_in_a_round_is_dropped_and_asked_again(federation, train):
    silos, _ = federation

    def die():
        with support.held(silos[2]):
            held.set()
            os.kill(support.await_call(os.getpid(), silos[2]), signal.SIGKILL)

    held = threading.Event()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        dead = pool.submit(die)
        held.wait()
        _, result = train()
        dead.result()
    first, second = result.rounds
    assert [silo.silo for silo in first.silos] == ["north", "south"]
    assert [(d.silo, d.reason) for d in first.dropped] == [
        ("west", "its worker is gone")
    ]
    assert [silo.silo for silo in second.silos] == ["north", "south", "west"]
    assert not result.refusal


@pytest.mark.parametrize("name", ["mean", "clipped", "median"])
def test_silo_sends_its_update_once(federation, tmp_path, name):
    silos, _ = federation
    chosen = Aggregation(name=name)
    plan = PLAN.model_copy(update={"aggregation": chosen})
    start, program = support.program_of(support.linear, plan)
    with rounds.federation(silos, plan, tmp_path) as found:
        coordinator = Coordinator(start, plan, support.SIZES, {})
        process = program.process
        found.run(process.run_round, process.initialize(), [], coordinator)
        sent = found.context.aggregates
    size = start.num_bytes + trainer.WEIGHT_BYTES + trainer.METRICS_BYTES
    size += chosen.extra_bytes
    for aggregates in sent.values():
        assert sum(np.asarray(a).nbytes for a in tf.nest.flatten(aggregates)) == size


def test_training_stops_with_all_reasons_below_quorum(tmp_path, train):
    silos, _ = support.make_federation(tmp_path / "homes")
    shutil.rmtree(silos[0].path(support.FOLDER))
    shutil.rmtree(silos[1].home)
    _, result = train(PLAN, silos)
    assert result.refusal == (
        "round 1: 1 of 3 silos answered, the quorum is 2 "
        "(`north`: its training data is not there; "
        "`south`: has No such file or directory); mend the silos named here (the log "
        "of a worker that was started here lies beside the checkpoints), or lower the "
        "trainer's `quorum_per_round`"
    )
    assert result.rounds == ()


def test_update_that_is_not_finite_is_not_merged(tmp_path, train):
    silos, rows = support.make_federation(tmp_path / "homes")
    broken = rows["west"].floats.copy()
    broken[3, 1] = np.nan
    broken.tofile(silos[2].path(support.FOLDER, "floats.bin"))
    start, result = train(PLAN, silos)
    del rows["west"]
    expected, _ = support.numpy_training(rows, support.flat(start.weights), PLAN)
    support.assert_close(result.weights, expected)
    assert result.rounds[0].dropped[0].reason == context.NOT_FINITE


def test_shared_user_id_is_told(federation, tmp_path, caplog):
    silos, _ = federation
    with (
        caplog.at_level(logging.WARNING),
        rounds.federation(silos, PLAN, tmp_path, own_user_ids=False) as found,
    ):
        assert found.workers.isolation == ONE_USER_ID
    assert "the coordinator does not run as root" in caplog.text


def test_silo_without_an_address_or_a_worker_is_dropped(federation, train):
    silos, _ = federation
    plan = PLAN.model_copy(update={"quorum_per_round": 1, "round_timeout_s": 12.0})
    nobody = f"127.0.0.1:{support.free_port()}"
    with support.SiloPods() as pods:
        addresses = {"north": pods.start(silos[0]), "west": nobody}
        registry = SiloRegistry("/etc/silos.json", addresses)
        _, result = train(plan, silo_registry=registry)
    for record in result.rounds:
        assert [silo.silo for silo in record.silos] == ["north"]
        assert {drop.silo: drop.reason for drop in record.dropped} == {
            "south": "has no address in /etc/silos.json",
            "west": f"no worker answers at {nobody}",
        }
    assert result.seconds[0] > 5  # it is waited for


def test_silo_s_own_worker_may_come_late_die_in_a_round_and_come_back(
    federation, train
):
    north, south, west = federation[0]
    late = f"127.0.0.1:{support.free_port()}"
    with (
        support.SiloPods() as pods,
        concurrent.futures.ThreadPoolExecutor() as pool,
    ):
        addresses = {silo.id: pods.start(silo) for silo in (south, west)}
        registry = SiloRegistry("silos.json", {**addresses, "north": late})
        # In a thread of its own: a pod ends with the thread that started it.
        training = pool.submit(train, silo_registry=registry)
        pods.await_work(south)
        with support.held(north):
            pods.start(north, late)
            pods.await_work(north)
            pods.kill(north)
        pods.start(north, late)
        _, result = training.result(120)
    first, second = result.rounds
    assert [(d.silo, d.reason) for d in first.dropped] == [
        ("north", "its worker is gone")
    ]
    assert [silo.silo for silo in second.silos] == ["north", "south", "west"]


class Attacker:
    """Stands for a silo's worker that sends what it likes.

    `change` gets the numbers of each array that is sent, and returns others.
    """

    def __init__(self, endpoint, change):
        self._endpoint = endpoint
        self._change = change

    def __getattr__(self, name):
        return getattr(self._endpoint, name)

    def submit(self, *arguments):
        answer = self._endpoint.submit(*arguments).result(60)
        future: concurrent.futures.Future = concurrent.futures.Future()
        changed = (self._change(np.array(leaf)) for leaf in structure.flatten(answer))
        future.set_result(tf.nest.pack_sequence_as(answer, [*changed]))
        return future


def attack(found, silo, change):
    endpoints = dict(found.context.silos)
    endpoints[silo] = Attacker(endpoints[silo], change)
    found.context.silos = endpoints


def is_update(array):
    return array.dtype == np.float32 and array.size > 1


@pytest.mark.parametrize("name", ["mean", "clipped", "median"])
@pytest.mark.parametrize("sent", [np.nan, np.inf, -np.inf])
def test_no_number_that_is_not_finite_reaches_the_server_state(
    federation, tmp_path, name, sent
):
    plan = PLAN.model_copy(update={"aggregation": Aggregation(name=name)})
    start, program = support.program_of(support.linear, plan)
    coordinator = Coordinator(start, plan, support.SIZES, {})
    initial = program.process.initialize

    def change(array):
        if is_update(array):
            array.flat[-1] = sent
        return array

    with rounds.federation(federation[0], plan, tmp_path) as found:
        run = program.process.run_round
        attack(found, "west", change)
        done = found.run(run, initial(), [], coordinator)
        found.context.silos = dict(list(found.context.silos.items())[:2])
        found = dataclasses.replace(found, silos=found.silos[:2])
        without = found.run(run, initial(), [], coordinator)
    assert [(d.silo, d.reason) for d in done.record.dropped] == [
        ("west", context.NOT_FINITE)
    ]
    for one, other in zip(
        tf.nest.flatten(done.state), tf.nest.flatten(without.state), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_finite_updates_with_an_infinite_sum_are_refused(federation, tmp_path):
    start, program = support.program_of(support.linear, PLAN)
    coordinator = Coordinator(start, PLAN, support.SIZES, {})
    with rounds.federation(federation[0], PLAN, tmp_path) as found:
        for silo in ("south", "west"):
            attack(found, silo, lambda a: np.full_like(a, 3e38) if is_update(a) else a)
        state = program.process.initialize()
        with pytest.raises(QuorumError) as caught:
            found.run(program.process.run_round, state, [], coordinator)
    assert caught.value.message == (
        "what the updates of 3 silos gave is not finite; the largest, with norm "
        "1.66e+37, is that of `west`"
    )
    assert not caught.value.is_temporary


@pytest.mark.parametrize("name", ["mean", "geometric_median"])
def test_a_silo_that_weighs_itself_is_not_merged(federation, tmp_path, name):
    plan = PLAN.model_copy(update={"aggregation": Aggregation(name=name)})
    start, program = support.program_of(support.linear, plan)
    coordinator = Coordinator(start, plan, support.SIZES, {})
    told = np.float32(support.SIZES["west"])
    with rounds.federation(federation[0], plan, tmp_path) as found:
        attack(
            found, "west", lambda a: np.full_like(a, 1e9) if np.all(a == told) else a
        )
        state = program.process.initialize()
        done = found.run(program.process.run_round, state, [], coordinator)
    assert [(d.silo, d.reason) for d in done.record.dropped] == [
        ("west", rounds.OTHER_WEIGHT)
    ]


def test_a_silo_that_sends_several_updates_is_not_merged(federation, tmp_path):
    plan = PLAN.model_copy(update={"aggregation": Aggregation(name="median")})
    start, program = support.program_of(support.linear, plan)
    coordinator = Coordinator(start, plan, support.SIZES, {})
    with rounds.federation(federation[0], plan, tmp_path) as found:
        attack(found, "west", lambda a: np.concatenate([a, a]) if a.ndim else a)
        state = program.process.initialize()
        done = found.run(program.process.run_round, state, [], coordinator)
    assert [(d.silo, d.reason) for d in done.record.dropped] == [
        ("west", rounds.NO_UPDATE)
    ]
