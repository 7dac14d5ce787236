"""The context over real workers: order, quorum, drop-outs and refusals."""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import tempfile

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

from components.errors import FairSiloError, QuorumError
from components.federation import context
from components.federation.aggregation import federated_collect
from components.silos import homes
from tests.components.federation import support
from tests.support.program import wait_until

pytestmark = pytest.mark.tff
INTS = tff.FederatedType(np.int64, tff.CLIENTS)
NAMES = ("north", "south", "west")
ABSENT = -1  # asks a silo to read a file that is not there


@pytest.fixture(scope="module")
def silos(tmp_path_factory):
    return support.make_federation(tmp_path_factory.mktemp("homes"))[0]


@pytest.fixture(scope="module")
def live(silos, tmp_path_factory):
    folder = tmp_path_factory.mktemp("workers")
    with support.federation_of(silos, folder) as found:
        yield found


@pytest.fixture
def federation(live):
    live.cohort = NAMES
    return live


@tff.tensorflow.computation(np.int64)
def work(value):
    """Return the value; fail for `ABSENT`."""
    path = tf.where(tf.equal(value, ABSENT), "nowhere", f"{support.FOLDER}/labels.bin")
    size = tf.strings.length(tf.io.read_file(path))
    return {"value": value, "half": tf.cast(value, tf.float32) / 2, "size": size}


@tff.federated_computation(INTS)
def collect(values):
    return federated_collect(tff.federated_map(work, values))


def test_values_stand_in_the_order_of_the_cohort(federation):
    assert collect([3, 1, 2])["value"].tolist() == [3, 1, 2]
    federation.cohort = NAMES[::-1]
    found = collect([30, 10, 20])
    assert found["value"].tolist() == [30, 10, 20]
    assert found["half"].tolist() == [15, 5, 10]
    sizes = [4 * support.SIZES[name] for name in federation.cohort]
    assert found["size"].tolist() == sizes
    assert (tuple(federation.aggregates), federation.dropped) == (NAMES[::-1], {})


def test_silo_that_fails_is_left_out_with_its_reason(federation):
    assert collect([3, ABSENT, 2])["value"].tolist() == [3, 2]
    assert list(federation.aggregates) == ["north", "west"]
    reason = "its training data is not there"
    assert federation.dropped == {"south": reason}


def test_silo_that_hangs_is_dropped_at_the_deadline_and_asked_when_it_is_done(
    federation, silos, monkeypatch
):
    north = federation.silos["north"]
    monkeypatch.setattr(federation, "timeout_s", 5.0)  # enough for the others
    with support.held(silos[0]) as pipe:
        for reason in ("did not answer within 5 s", context.BUSY):
            assert collect([3, 1, 2])["value"].tolist() == [1, 2]
            assert federation.dropped == {"north": reason}
        os.close(os.open(pipe, os.O_WRONLY))
    wait_until(lambda: not north.busy)
    assert collect([3, 1, 2])["value"].tolist() == [3, 1, 2]


def test_too_few_answers_are_refused_with_all_reasons(federation):
    with pytest.raises(QuorumError) as caught:
        collect([ABSENT, ABSENT, 2])
    assert str(caught.value) == (
        "1 of 3 silos answered, the quorum is 2 (`north`: its training data is not "
        "there; `south`: its training data is not there)\n\n"
        "hint: mend the silos named here (the log of a worker that was started here "
        "lies beside the checkpoints), or lower the trainer's `quorum_per_round`"
    )


def test_a_coordinator_without_its_worker_says_so_and_may_try_again(tmp_path):
    silos, _ = support.make_federation(tmp_path / "homes")
    with support.federation_of(silos, tmp_path) as federation:
        federation.cohort = NAMES
        os.kill(support.workers_of(os.getpid())[f"{tmp_path}/server"], signal.SIGKILL)
        with pytest.raises(FairSiloError) as caught:
            collect([3, 1, 2])
    assert caught.value.message == (
        "the coordinator could not merge what the silos sent: its worker is gone"
    )
    assert caught.value.hint.startswith("run again: the training goes on after its")
    assert caught.value.is_temporary


def test_computation_of_the_server_alone_runs_there(federation):
    @tff.federated_computation
    def seven():
        return tff.federated_value(7, tff.SERVER)

    assert seven() == 7


def test_only_the_server_merges(federation, monkeypatch):
    asked = []

    def count(name, endpoint):
        submit = endpoint.submit

        def counted(*arguments):
            asked.append(name)
            return submit(*arguments)

        monkeypatch.setattr(endpoint, "submit", counted)

    count("server", federation.server)
    for name, endpoint in federation.silos.items():
        count(name, endpoint)
    collect([3, 1, 2])
    # Each silo once; then the merge and what follows.
    assert asked == [*NAMES, "server", "server"]
    asked.clear()
    monkeypatch.setattr(context, "FAN_IN", 2)
    assert collect([3, 1, 2])["value"].tolist() == [3, 1, 2]
    assert asked == [*NAMES, "server", "server", "server", "server"]


def test_wrong_number_of_values_is_refused(federation):
    with pytest.raises(
        ValueError, match=r"found \{2\} client values for a cohort of 3"
    ):
        collect([1, 2])


def test_result_at_the_silos_is_refused(federation):
    @tff.federated_computation(INTS)
    def keep(values):
        return tff.federated_map(work, values)

    with pytest.raises(TypeError, match="values placed at the silos"):
        keep([1, 2, 3])


def test_secure_aggregation_is_not_lowered_to_a_plain_sum(federation):
    @tff.federated_computation(INTS)
    def secret(values):
        return tff.federated_secure_sum_bitwidth(values, 8)

    with pytest.raises(NotImplementedError, match="would not be secure"):
        secret([1, 2, 3])


def test_nothing_runs_without_silos():
    with pytest.raises(RuntimeError, match="expected a SiloContext"):
        context.NoContext().invoke(collect, [1])


@pytest.fixture
def reachable():
    """Return a folder that other users can walk through, unlike pytest's own."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fairsilo-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has user ids to give")
@pytest.mark.parametrize("own_user_ids", [True, False])
def test_worker_reads_another_silo_only_under_one_user_id(reachable, own_user_ids):
    silos, rows = support.make_federation(reachable / "homes")
    target = str(silos[0].path(support.FOLDER, "labels.bin"))

    @tff.tensorflow.computation(np.int64)
    def steal(_):
        return {"bytes": tf.strings.length(tf.io.read_file(target))}

    @tff.federated_computation(INTS)
    def steal_all(values):
        return federated_collect(tff.federated_map(steal, values))

    folder = reachable / "workers"
    with support.federation_of(
        silos, folder, quorum=1, own_user_ids=own_user_ids
    ) as found:
        found.cohort = NAMES
        stolen = steal_all([1, 2, 3])["bytes"].tolist()
        dropped = found.dropped
    size = 4 * len(rows["north"].labels)
    reason = "its worker may not read its training data"
    assert stolen == ([size] if own_user_ids else [size] * 3)
    expected = {"south": reason, "west": reason} if own_user_ids else {}
    assert dropped == expected
    assert all(homes.uid_of(silo) for silo in silos)
