"""Rounds over real workers: who is dropped and why, and who comes back."""

from __future__ import annotations

import concurrent.futures
import logging
import os
import shutil
import signal
import threading

import numpy as np
import pytest
import tensorflow as tf

from components.federated_trainer import trainer
from components.federation import rounds
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


def test_silo_sends_its_update_once(federation, tmp_path):
    silos, _ = federation
    start, program = support.program_of(support.linear, PLAN.server_optimizer)
    with rounds.federation(silos, PLAN, tmp_path) as found:
        found.run(program.run_round, program.process.initialize(), 1)
        sent = found.context.aggregates
    size = start.num_bytes + trainer.WEIGHT_BYTES + trainer.METRICS_BYTES
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
    expected, _ = support.numpy_fed_avg(rows, support.flat(start.weights), PLAN)
    support.assert_close(result.weights, expected)
    assert result.rounds[0].dropped[0].reason == rounds.NOT_FINITE


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
