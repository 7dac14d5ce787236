"""Worker processes: what they see, who they are, and that they end."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import shutil
import signal
import threading

import pytest

from components.errors import FairSiloError, SiloError
from components.federation import workers as module
from components.federation.workers import Workers
from components.silos import homes
from tests.components.federation import support
from tests.support.program import wait_until

pytestmark = pytest.mark.tff


@pytest.fixture
def silo(tmp_path):
    return homes.open_home(tmp_path / "homes", "südwest 1")


@pytest.fixture
def workers(tmp_path):
    with Workers(tmp_path / "workers") as started:
        yield started


def proc(worker, name):
    return pathlib.Path(f"/proc/{worker.process.pid}/{name}")


def test_worker_is_the_silo_s_own_and_sees_no_secrets(silo, workers, monkeypatch):
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "s3cret")
    worker = workers.start(silo)
    assert worker.alive
    assert str(proc(worker, "cwd").readlink()) == silo.home
    assert b"s3cret" not in proc(worker, "environ").read_bytes()
    status = proc(worker, "status").read_text()
    uid = homes.uid_of(silo)
    assert f"Uid:\t{uid}\t{uid}\t{uid}\t{uid}\n" in status
    assert "NoNewPrivs:\t1" in status
    assert os.getsid(worker.process.pid) == worker.process.pid
    assert workers.start(silo) is worker
    assert workers.address(silo) == f"127.0.0.1:{worker.port}"


def test_launched_workers_come_up_side_by_side_and_end_with_the_context(tmp_path):
    silos = [homes.open_home(tmp_path / "homes", name) for name in ("a", "b", "c")]
    gone = dataclasses.replace(silos[0], id="d", home=str(tmp_path / "nowhere"))
    with Workers(tmp_path / "workers") as workers:
        workers.launch([gone, *silos])
        workers.launch(silos)  # they are there
        launched = [workers._workers[silo.id] for silo in silos]
        assert len({worker.port for worker in launched}) == 3
        assert all(worker.alive for worker in launched)
        assert workers.start(silos[0]) is launched[0]
        with pytest.raises(SiloError, match="No such file or directory"):
            workers.start(gone)
    assert not any(worker.alive for worker in launched)


def test_workers_end_with_the_context_even_when_stopped(silo, tmp_path):
    with Workers(tmp_path / "workers") as workers:
        started = [workers.start(silo), workers.start_server()]
        assert started[0].port != started[1].port
        os.kill(started[0].process.pid, signal.SIGSTOP)
    assert not any(worker.alive for worker in started)


def test_worker_ends_with_the_thread_that_started_it(silo, workers):
    started = []
    thread = threading.Thread(target=lambda: started.append(workers.start(silo)))
    thread.start()
    thread.join()
    wait_until(lambda: not started[0].alive)


def test_dead_worker_is_started_again_but_not_for_ever_and_its_log_is_kept(
    silo, workers, tmp_path, monkeypatch
):
    monkeypatch.setattr(module, "RESTARTS", 1)
    log = tmp_path / "workers" / "logs" / f"silo-{silo.id}.log"
    pids = set()
    for reason in ("why it died", "and again"):
        worker = workers.start(silo)
        pids.add(worker.process.pid)
        with log.open("a") as file:
            file.write(reason)
        worker.end()
    assert len(pids) == 2
    assert log.read_text().endswith("and again")
    before = log.with_name(f"silo-{silo.id}.before.log").read_text()
    assert before.endswith("why it died")
    with pytest.raises(SiloError, match="found a worker that died 2 times, expected"):
        workers.start(silo)


def test_home_that_is_gone_is_refused_with_the_silo(silo, workers):
    shutil.rmtree(silo.home)
    with pytest.raises(SiloError) as caught:
        workers.start(silo)
    assert str(caught.value) == (
        "silo `südwest 1`: TFF worker: found No such file or directory, expected one "
        "that listens within 60 s\n\n"
        "hint: check the silo's home, its owner and its mode (0700)"
    )


def test_the_log_of_a_worker_that_died_outlives_attempts_that_fail(silo, tmp_path):
    folder = tmp_path / "workers"
    log = folder / "logs" / f"silo-{silo.id}.log"
    with Workers(folder) as workers:
        workers.start(silo)
    with log.open("a") as file:
        file.write("why it died")
    shutil.rmtree(silo.home)
    with Workers(folder) as workers:
        workers.launch([silo])
        with pytest.raises(SiloError):
            workers.start(silo)
    before = log.with_name(f"silo-{silo.id}.before.log")
    assert before.read_text().endswith("why it died")


def test_worker_dead_at_its_start_is_refused(silo, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_executable", lambda: pathlib.Path("/bin/false"))
    with Workers(tmp_path / "workers") as workers:
        with pytest.raises(SiloError, match="a worker that ended with status 1 at its"):
            workers.start(silo)
        with pytest.raises(FairSiloError, match="coordinator's TFF worker ended with"):
            workers.start_server()


def test_worker_that_never_listens_is_ended(silo, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "START_TIMEOUT_S", 0.2)
    monkeypatch.setattr(module, "LISTENING", b"never said")
    with Workers(tmp_path / "workers") as workers:
        with pytest.raises(SiloError, match="a worker that does not listen after 0 s"):
            workers.start(silo)
        assert not support.workers_of(os.getpid())


def test_missing_setpriv_is_refused_with_the_package(silo, workers, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(FairSiloError, match="found no `setpriv`") as caught:
        workers.start(silo)
    assert caught.value.hint == "install util-linux"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has user ids to give")
def test_home_without_a_user_id_of_its_own_is_refused(tmp_path, workers):
    first, second, root_s = (homes.open_home(tmp_path, name) for name in "abc")
    uid = homes.uid_of(first)
    os.chown(second.home, uid, uid)
    os.chown(root_s.home, 0, 0)
    workers.start(first)
    expected = "expected a home that belongs to a user id of the silo's own"
    with pytest.raises(SiloError, match=f"user id {uid} of silo `a`, {expected}"):
        workers.start(second)
    with pytest.raises(SiloError, match=f"user id 0 of root, {expected}"):
        workers.start(root_s)
