"""The training's rounds as data for its chart: worst, worst tenth and mean loss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from components.payloads.model_run import RoundRecord

MAX_LINES = 60  # silos with a line of their own behind the curves


def rounds_data(rounds: Sequence[RoundRecord]) -> dict[str, Any]:
    """Return the losses of the rounds, unit: nats an example.

    Losses are those of the model that a round started from, over each silo's
    training rows. The mean is weighted by rows, as the trainer minimises it.

    Args:
        rounds: The rounds, in order; rounds without a finite loss are left out.
    """
    points = [point for record in rounds if (point := _point(record))]
    silos = sorted({part.silo for record in rounds for part in record.silos})
    lines = [
        {
            "silo": silo,
            "points": [
                [record.round, round(part.loss_before, 5)]
                for record in rounds
                for part in record.silos
                if part.silo == silo and math.isfinite(part.loss_before)
            ],
        }
        for silo in (silos if len(silos) <= MAX_LINES else ())
    ]
    return {"rounds": points, "silos": lines}


def _point(record: RoundRecord) -> dict[str, Any] | None:
    losses = sorted(
        ((part.loss_before, part.silo) for part in record.silos), reverse=True
    )
    finite = [(loss, silo) for loss, silo in losses if math.isfinite(loss)]
    if not finite or not math.isfinite(record.loss_before):
        return None
    tenth = finite[: max(1, math.ceil(len(finite) / 10))]
    return {
        "round": record.round,
        "worst": round(finite[0][0], 5),
        "worstSilo": finite[0][1],
        "worstTenth": round(sum(loss for loss, _ in tenth) / len(tenth), 5),
        "mean": round(record.loss_before, 5),
        "after": round(record.loss_after, 5)
        if math.isfinite(record.loss_after)
        else None,
        "numSilos": len(record.silos),
        "numDropped": len(record.dropped),
    }
