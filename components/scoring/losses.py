"""Losses of single rows by their scores.

The log loss clips scores to [CLIP, 1 - CLIP], as scikit-learn's `log_loss` clips
float32 scores: to the distance between 1 and the next float32, 1.19e-7.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

CLIP = float(np.finfo(np.float32).eps)


def losses(
    labels: NDArray[np.number[Any]], scores: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Return each row's log loss, unit: nats, at most 15.9, and squared error."""
    clipped = np.clip(scores, CLIP, 1.0 - CLIP)
    likelihood = np.where(labels == 1, clipped, 1.0 - clipped)
    return {"log_loss": -np.log(likelihood), "brier": (scores - labels) ** 2}
