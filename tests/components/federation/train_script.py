"""Trains in a process of its own, for tests that end it: `train_script.py <root>`."""

from __future__ import annotations

import logging
import pathlib
import signal
import sys

import numpy as np

from components import digests
from components.federation import model, training
from components.federation.plan import Algorithm, ServerOptimizer, TrainingPlan
from components.silos import homes
from tests.components.federation import support

PLAN = TrainingPlan(
    algorithm=Algorithm(name="scaffold"),  # whose coordinator keeps a state of its own
    rounds=30,
    local_epochs=2,
    batch_size=40,
    server_optimizer=ServerOptimizer(name="adam", learning_rate=0.05),
)


def main(root: pathlib.Path) -> tuple[str, int]:
    """Return the weights' digest, and the round that was resumed from."""
    silos = [homes.open_home(root / "homes", name) for name in support.SIZES]
    start = model.initialise(support.deep, support.NUM_FLOATS, 2, PLAN.seed)
    folder = root / "training"
    program = training.program(start, support.FOLDER, PLAN)
    rows = {silo: support.num_rows(silo) for silo in silos}
    result = training.train(program, rows, PLAN, folder, root / "tensorboard")
    weights = digests.of_bytes(b"".join(np.ravel(w).tobytes() for w in result.weights))
    return weights, result.resumed_from


if __name__ == "__main__":
    # Ignored where the tests run in a shell's background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    logging.basicConfig(
        stream=sys.stdout, level=logging.INFO, format="%(message)s", force=True
    )
    main(pathlib.Path(sys.argv[1]))
