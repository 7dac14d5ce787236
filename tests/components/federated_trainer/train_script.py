"""Trains as the node does, in a process of its own: `train_script.py <root> <seed>`.

Homes and checkpoints lie below the root; each process has outputs of its own.
"""

from __future__ import annotations

import logging
import os
import pathlib
import sys

from components.federated_trainer import trainer
from components.federated_trainer.settings import TrainingSettings
from components.payloads.manifest import Manifest
from components.payloads.model_run import RunRecord
from tests.components.federated_trainer import support


def main(root: pathlib.Path, seed: int) -> tuple[str, int]:
    """Return the model's digest, and the round that was resumed from."""
    found = Manifest.read(root)
    own = root / f"{seed}-{os.getpid()}"
    out = trainer.Outputs(own / "model", own / "run")
    card = trainer.run(
        trainer.Request(
            TrainingSettings(rounds=3, batch_size=32, seed=seed),
            support.LABEL,
            str(support.MODEL),
            str(root / "checkpoints"),
            "code",
        ),
        found,
        support.make_cohort(found),
        support.SPEC,
        out,
    )
    return card.digest, RunRecord.read(out.run).resumed_from


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, force=True)
    digest, resumed_from = main(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
    print(f"model {digest} resumed_from {resumed_from}")
