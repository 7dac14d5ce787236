"""The silo task `contribution`: the losses of recombined models on a silo's own rows.

Only sums over rows leave.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from components.payloads.manifest import EVAL
from components.payloads.silo import Silo
from components.personal.calls import IMPORTS
from components.silos.tasks import Result, Task

# Rows that are scored: a share of them all, but not fewer or more than these.
LEAST, MOST = 200, 20_000


def score(silo: Silo, arguments: Mapping[str, Any]) -> Result:
    """Score models on a share of a silo's evaluation rows, drawn by the seed.

    Args:
        silo: The silo.
        arguments: `calls.shared` and `calls.of_silo` with the evaluation split, and
            `rows_share`, `seed` and `rounds`: a file each with `models`, weights as
            vectors `(models, parameters)`, and `effects`, in which each row weighs the
            models' losses into one effect, `(effects, models)`.

    Returns:
        Value `rows`, how many were scored; payload: for each round the sum of the loss
        by model, then the sum of squares by effect over the rows, with rows that were
        split together as one, as bytes of float64. Unit: nats.

    Raises:
        SiloError: See `encode.encode`.
        SettingsError: See `model_module.load`.
    """
    from components.personal.own_models import OwnModels  # loads TensorFlow

    own = OwnModels(silo, arguments)
    rows = own.split(EVAL).rows
    number = math.ceil(arguments["rows_share"] * len(rows.labels))
    number = min(max(number, LEAST), MOST, len(rows.labels))
    draw = np.random.default_rng(arguments["seed"])
    chosen = np.sort(draw.permutation(len(rows.labels))[:number])
    some = type(rows)(*(part[chosen] for part in rows))
    _, groups = np.unique(own.groups(EVAL)[chosen], return_inverse=True)
    parts = []
    for path in arguments["rounds"]:
        with np.load(path, allow_pickle=False) as of_round:
            losses = own.local.group_losses(of_round["models"], some, groups)
            effects = of_round["effects"] @ losses
        parts += [losses.sum(axis=1), np.square(effects).sum(axis=1)]
    return Result({"rows": number}, np.concatenate(parts).tobytes())


SCORE = Task("contribution", score, imports=IMPORTS)
