"""However a training ends, no worker is left, and it can be taken up again."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys

import pytest

from tests.components.federation import support, train_script
from tests.support.program import PROJECT, wait_until

pytestmark = [pytest.mark.tff, pytest.mark.slow]


@pytest.fixture
def start(tmp_path):
    """Return a function that starts a training and gives it after a round's end."""
    started: list[subprocess.Popen[bytes]] = []

    def run(number: int) -> tuple[subprocess.Popen[bytes], pathlib.Path, list[int]]:
        log = tmp_path / f"{len(started)}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, train_script.__file__, str(tmp_path)],
                env={**os.environ, "PYTHONPATH": str(PROJECT)},
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        started.append(process)

        def told() -> bool:
            assert process.poll() is None, log.read_text()[-2000:]
            return f"round={number}/" in log.read_text()

        wait_until(told, every_s=0.02)
        return process, log, list(support.workers_of(process.pid).values())

    yield run
    for process in started:
        process.kill()
        process.wait()


def await_none(pids: list[int]) -> None:
    assert len(pids) == len(support.SIZES) + 1
    wait_until(lambda: not any(_runs(pid) for pid in pids))


def _runs(pid: int) -> bool:
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return False
    return state[0] not in "ZX"


def test_interrupted_and_killed_training_leaves_no_worker_and_resumes_to_the_same_weights(  # noqa: E501
    start, tmp_path
):
    support.make_federation(tmp_path / "homes")
    process, log, workers = start(1)
    process.send_signal(signal.SIGINT)
    assert process.wait(120) != 0
    assert "KeyboardInterrupt" in log.read_text()
    await_none(workers)
    process, _, workers = start(5)
    process.kill()
    process.wait()
    await_none(workers)
    weights, resumed_from = train_script.main(tmp_path)
    assert resumed_from >= 5
    support.make_federation(tmp_path / "undisturbed" / "homes")
    assert train_script.main(tmp_path / "undisturbed") == (weights, 0)
