r"""How much each silo's update counts in the mean, before what an algorithm adds.

Of silos with $n_k$ rows, $\sum_k p_k = 1$:

- `examples`: $p_k \propto n_k$. Each row counts alike; the mean serves large silos.
- `uniform`: $p_k \propto 1$. Each silo counts alike, also one with ten rows of noise.
- `tempered`: $p_k \propto n_k^a$ between the two, $a$ from 0 to 1.
- `capped`: $p_k \propto n_k$, but none more than $c$: what is cut from the large ones
  goes to the others in proportion. With $c$ at most $1 / K$ all are alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from components.federation.plan import Weighting


def weights(chosen: Weighting, rows: ArrayLike) -> NDArray[np.float64]:
    """Return the weight of each silo, in proportion to its share.

    Args:
        chosen: The weighting.
        rows: Training rows of each silo, shape `(silos,)`, at least 0.
    """
    counts: NDArray[np.float64] = np.asarray(rows, np.float64)
    if chosen.name == "capped":
        return _capped(counts, chosen.cap)
    power = {"examples": 1.0, "uniform": 0.0}.get(chosen.name, chosen.power)
    powers: NDArray[np.float64] = np.where(counts > 0, counts**power, 0.0)
    return powers


def _capped(counts: NDArray[np.float64], cap: float) -> NDArray[np.float64]:
    """Return shares of at most `cap`, or equal weights where that can't be."""
    has_rows = counts > 0
    if cap * has_rows.sum() <= 1.0:
        return has_rows.astype(np.float64)
    shares: NDArray[np.float64] = counts / counts.sum()
    above = np.zeros(len(shares), np.bool_)
    while (more := (shares > cap) & ~above).any():
        above |= more
        free = ~above & has_rows
        shares[above] = cap
        shares[free] = counts[free] / counts[free].sum() * (1.0 - cap * above.sum())
    return shares
