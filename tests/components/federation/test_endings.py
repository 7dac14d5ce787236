"""However a training ends, no worker is left, and it can be taken up again."""

from __future__ import annotations

import os
import pathlib
import re
import signal
import subprocess
import sys

import pytest

from tests.components.federation import support, train_script
from tests.support.program import wait_until

pytestmark = [pytest.mark.tff, pytest.mark.slow]
SCRIPT = pathlib.Path(__file__).with_name("train_script.py")
REPOSITORY = pathlib.Path(__file__).parents[3]


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """Return a function that starts a training in a process of its own."""
    logs = tmp_path_factory.mktemp("logs")
    started: list[subprocess.Popen[bytes]] = []

    def run(root: pathlib.Path) -> tuple[subprocess.Popen[bytes], pathlib.Path]:
        log = logs / f"{len(started)}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, str(SCRIPT), str(root)],
                env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        started.append(process)
        return process, log

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


def await_round(process: subprocess.Popen[bytes], log: pathlib.Path, number: int):
    def told() -> bool:
        assert process.poll() is None, log.read_text()[-2000:]
        return f"round={number}/" in log.read_text()

    wait_until(told, every_s=0.02)


def await_none(pids: list[int]) -> None:
    wait_until(lambda: not any(_runs(pid) for pid in pids))


def _runs(pid: int) -> bool:
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return False
    return state[0] not in "ZX"


def test_killed_training_leaves_no_worker_and_resumes_to_the_same_weights(
    start, tmp_path
):
    support.make_federation(tmp_path / "homes")
    process, log = start(tmp_path)
    await_round(process, log, 2)
    workers = list(support.workers_of(process.pid).values())
    assert len(workers) == len(support.SIZES) + 1
    process.kill()
    process.wait()
    await_none(workers)
    process, log = start(tmp_path)
    assert process.wait(120) == 0, log.read_text()[-2000:]
    found = re.search(r"weights (\w+) resumed_from (\d+)", log.read_text())
    assert found is not None
    assert int(found[2]) >= 2
    support.make_federation(tmp_path / "undisturbed" / "homes")
    assert train_script.main(tmp_path / "undisturbed") == (found[1], 0)


def test_interrupted_training_leaves_no_worker(start, tmp_path):
    support.make_federation(tmp_path / "homes")
    process, log = start(tmp_path)
    await_round(process, log, 1)
    workers = list(support.workers_of(process.pid).values())
    assert workers
    process.send_signal(signal.SIGINT)
    assert process.wait(120) != 0
    assert "KeyboardInterrupt" in log.read_text()
    await_none(workers)
