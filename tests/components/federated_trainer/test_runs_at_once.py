"""Two trainings over the same homes at the same time, each in its own process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from components import locks
from components.federation import training
from tests.components.federated_trainer import support, train_script
from tests.support.program import PROJECT, wait_until

pytestmark = [pytest.mark.tff, pytest.mark.beam, pytest.mark.slow]
WAITS = "waits for another process: this very training"


def prepare(root):
    root.mkdir()
    support.make_manifest(root / "homes").write(root)
    return root


def test_runs_over_the_same_homes_give_what_they_give_alone(tmp_path):
    alone, shared = prepare(tmp_path / "alone"), prepare(tmp_path / "shared")
    first = train_script.main(alone, 1)
    (checkpoints,) = (alone / "checkpoints").iterdir()
    lock = shared / "checkpoints" / checkpoints.name / training.LOCK
    log = tmp_path / "log"
    with log.open("wb") as file, locks.exclusive(lock, "a run with seed 1"):
        process = subprocess.Popen(
            [sys.executable, train_script.__file__, str(shared), "1"],
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        try:
            second, _ = train_script.main(shared, 2)  # it waits for nobody
            wait_until(lambda: WAITS in log.read_text())
        except BaseException:
            process.kill()
            raise
    again = train_script.main(shared, 1)
    assert process.wait(180) == 0, log.read_text()[-2000:]
    line = log.read_text().splitlines()[-1].split()
    # The later one trains no round again.
    assert sorted([again, (line[1], int(line[3]))]) == [first, (first[0], 3)]
    assert first[0] != second
