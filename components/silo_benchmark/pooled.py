"""A model of the rows of all silos together: the node's own process reads them all.

Only where one operator may hold them, and only to compare with: it serves nobody.
"""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from components.errors import FairSiloError
from components.federation.local_training import Rows
from components.payloads.manifest import SiloEntry
from components.personal import calls
from components.personal.own_models import OwnModels
from components.personal.stopping import are_finite
from components.scoring import model


def train(
    entries: Sequence[SiloEntry], shared: Mapping[str, Any], path: pathlib.Path
) -> tuple[str, str]:
    """Write the weights of a model trained on the rows of all silos.

    It takes as many passes as the federation did, and is the last of them.

    Args:
        entries: The silos with rows to train on; those whose rows can't be read are
            left out.
        shared: `calls.shared`.
        path: The file to write.

    Returns:
        The file, empty where the training gave no finite numbers, and a sentence that
        says whose rows met.
    """
    met: dict[str, OwnModels] = {}
    for entry in entries:
        with contextlib.suppress(FairSiloError, OSError):  # its own task says why
            arguments = {**shared, **calls.of_silo(entry)}
            met[entry.silo.id] = OwnModels(entry.silo, arguments)
    if not met:
        return "", "no silo's training rows could be read"
    parts = (each.train.rows for each in met.values())
    rows = Rows(*(np.concatenate(part) for part in zip(*parts, strict=True)))
    local = next(iter(met.values())).local
    weights = local.initial
    for found in local.passes("", rows, calls.Schedule(**shared["alone"]), weights):
        weights = found
    names = ", ".join(f"`{silo}`" for silo in met)
    sentence = f"the {len(rows.labels):,} training rows of {names} met in one process"
    if not are_finite(weights):
        return "", f"{sentence}; the training gave numbers that are not finite"
    model.write_weights(path, weights)
    return str(path), sentence
