"""Trains as the node does, in a process of its own: `train_script.py <root> <seed>`.

Homes and checkpoints lie below the root; each process has outputs of its own.
"""

from __future__ import annotations

import logging
import os
import pathlib
import sys

from components.federated_trainer import trainer
from components.payloads.manifest import Manifest
from components.payloads.model_run import RunRecord
from tests.components.federated_trainer import support


def main(root: pathlib.Path, seed: int) -> tuple[str, int]:
    """Return the model's digest, and the round that was resumed from."""
    own = root / f"{seed}-{os.getpid()}"
    asked = support.request(Manifest.read(root), root, rounds=3, seed=seed)
    card = trainer.run(asked, own / "model", own / "run")
    return card.digest, RunRecord.read(own / "run").resumed_from


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, force=True)
    digest, resumed_from = main(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
    print(f"model {digest} resumed_from {resumed_from}")
