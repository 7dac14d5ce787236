"""The silo task that says how well a silo does alone, on the rows that it trains on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from components.errors import SiloError
from components.payloads.silo import Silo
from components.personal.calls import IMPORTS
from components.scoring.losses import losses
from components.silos.tasks import Result, Task


def alone_loss(silo: Silo, arguments: Mapping[str, Any]) -> Result:
    """Train a silo's model alone, unless its home has it, and measure it.

    Args:
        silo: The silo.
        arguments: `calls.shared` and `calls.of_silo`.

    Returns:
        `rows` that it trained on, and `loss`, the mean cross-entropy over them of the
        pass that was best on the rows to choose by; of the last one where there are
        none. Unit: nats.

    Raises:
        SiloError: See `encode.encode`; or its training gave no finite numbers.
    """
    from components.personal.own_models import OwnModels  # loads TensorFlow

    own = OwnModels(silo, arguments)
    kept, rows = own.alone(), own.train.rows
    if kept is None:
        raise SiloError(
            silo.id,
            "its model of its own rows alone",
            "numbers that are not finite after the first pass"
            if len(rows.labels)
            else "no training rows",
            "a training that converges",
            "lower training.client_learning_rate",
        )
    found = losses(rows.labels, own.local.scores(kept.model.weights, rows))
    mean = math.fsum(found["log_loss"]) / len(rows.labels)
    return Result({"rows": len(rows.labels), "loss": mean})


ALONE_LOSS = Task("alone_loss", alone_loss, imports=IMPORTS)
