"""How the benefit of a federation is shared, by whose loss it is measured.

A silo's share is in proportion to its contribution to other silos, where that is above
0. Contributions to any group of silos come from the same values (additivity, Shapley
1953); which group counts is a choice, and the shares depend on it (see Pejó 2026,
<https://arxiv.org/abs/2602.22470>). Utilities: the loss of all rows (`mean`); of the
tenth of the silos, at least one, that has the highest loss under the model of all
(`worst_tenth`); how far that tenth lies above the mean, which contributions narrow
(`gap`).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from components.contribution_auditor.estimates import weights_of_others
from components.payloads.contribution import GAP, MEAN, WORST_TENTH


def shares(
    contributions: NDArray[np.float64],
    losses: NDArray[np.float64],
    rows: NDArray[np.int64],
) -> list[dict[str, float]]:
    """Return each silo's share of the benefit by utility.

    Args:
        contributions: To the value of each silo's rows, shape `(players, silos)`, with
            players and silos in the same order.
        losses: Mean loss of each silo's rows under the model of all, shape `(silos,)`.
        rows: That each silo scored, shape `(silos,)`.

    Returns:
        By player. Shares of a utility sum to 1; all are 0 where nobody contributes.

    Raises:
        ValueError: Fewer than two silos scored rows.
    """
    found = by_utility(contributions, losses, rows)
    positive = {utility: np.maximum(0.0, one) for utility, one in found.items()}
    sums = {utility: one.sum() or 1.0 for utility, one in positive.items()}
    return [
        {
            utility: float(one[player] / sums[utility])
            for utility, one in positive.items()
        }
        for player in range(len(rows))
    ]


def by_utility(
    contributions: NDArray[np.float64],
    losses: NDArray[np.float64],
    rows: NDArray[np.int64],
) -> dict[str, NDArray[np.float64]]:
    """Return what each silo contributes to others by utility; see `shares`."""
    to_all = np.sum(weights_of_others(rows) * contributions, axis=1)
    scored = np.flatnonzero(rows)
    tenth = math.ceil(len(scored) / 10)
    worst = scored[np.argsort(-losses[scored], kind="stable")[:tenth]]
    counted = rows[worst] * (worst != np.arange(len(rows))[:, None])
    # One who is the worst tenth alone has no rows of others there: it contributes 0.
    sums = np.sum(counted * contributions[:, worst], axis=1)
    to_worst = sums / np.maximum(counted.sum(axis=1), 1)
    gap = to_worst - to_all
    gap[np.isclose(to_worst, to_all, rtol=1e-9, atol=0.0)] = 0.0  # all but rounding
    return {MEAN: to_all, WORST_TENTH: to_worst, GAP: gap}
