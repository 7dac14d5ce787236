"""Several trainings over the same homes at the same time, each in its own process."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

from components import locks
from components.federation import training
from tests.components.federated_trainer import support, train_script
from tests.support.program import wait_until

pytestmark = [pytest.mark.tff, pytest.mark.beam, pytest.mark.slow]
REPOSITORY = pathlib.Path(__file__).parents[3]
WAITS = "waits for another process: this very training"


@pytest.fixture
def start(tmp_path):
    """Return a function that starts a training and gives it with its log."""
    started: list[subprocess.Popen[bytes]] = []

    def start(root, seed):
        log = tmp_path / f"{len(started)}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, train_script.__file__, str(root), str(seed)],
                env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        started.append(process)
        return process, log

    yield start
    for process in started:
        process.kill()
        process.wait()


def prepare(root):
    root.mkdir()
    support.make_manifest(root / "homes").write(root)
    return root


def result(process, log):
    assert process.wait(180) == 0, log.read_text()[-2000:]
    line = log.read_text().splitlines()[-1].split()
    return line[1], int(line[3])


def test_runs_over_the_same_homes_give_what_they_give_alone(start, tmp_path):
    alone = prepare(tmp_path / "alone")
    first = train_script.main(alone, 1)
    (checkpoints,) = (alone / "checkpoints").iterdir()
    second = train_script.main(alone, 2)

    shared = prepare(tmp_path / "shared")
    lock = shared / "checkpoints" / checkpoints.name / training.LOCK
    with locks.exclusive(lock, "a run with seed 1"):
        one, two = start(shared, 1), start(shared, 2)
        assert result(*two) == second
        wait_until(lambda: WAITS in one[1].read_text())
    found = sorted([train_script.main(shared, 1), result(*one)])
    assert found == [first, (first[0], 3)]  # the later one trains no round again
    assert first[0] != second[0]
