r"""Models of coalitions of silos, from the updates of one round.

$$w_S = w - \sum_{k \in S} a_k \Delta_k \Big/ \sum_{k \in S} a_k$$

with $w$ the model before the round, $\Delta_k$ the update of silo $k$, its model before
less after training, and $a_k$ its weight (Song, Tong and Wei 2019, "Profit allocation
for federated learning", where a round is valued without training again).

The step of the server is the plain weighted mean: what a robust aggregation or an
optimiser of the server makes of the same updates is not valued.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def models(
    before: NDArray[np.float32],
    updates: NDArray[np.float32],
    weights: NDArray[np.float64],
    coalitions: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """Return the model of each coalition after the round.

    Args:
        before: The model's weights before the round, shape `(d,)`.
        updates: Before less after, by silo, shape `(silos, d)`.
        weights: Of the silos in the mean, shape `(silos,)`, none below 0.
        coalitions: Who takes part, shape `(models, silos)`.

    Returns:
        Shape `(models, d)`. A coalition of no weight is the model before the round.
    """
    parts = coalitions * weights
    totals = parts.sum(axis=1, keepdims=True)
    shares = np.divide(parts, totals, out=np.zeros_like(parts), where=totals > 0.0)
    return before - shares.astype(np.float32) @ updates
