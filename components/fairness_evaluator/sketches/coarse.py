"""Coarse score bins for the joint distribution of two models' scores.

Joint counts of the fine bins would be about as many as the rows. The coarse bins
join neighbours, so ranks are kept but for ties: cuts at even steps of the fine bins,
and at quantiles of each label's first scores, where the rows of that label are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STEPS = 50
QUANTILES = 100  # of each label; with the steps at most 250 bins


class Coarse:
    """Maps fine bins to coarse ones.

    Args:
        bins: The fine bins of the first rows, shape `(rows,)`.
        labels: Their labels, 0 or 1, shape `(rows,)`.
        num_fine: Number of fine bins.
    """

    def __init__(
        self, bins: NDArray[np.int64], labels: NDArray[np.int64], num_fine: int
    ) -> None:
        levels = np.linspace(0.0, 1.0, QUANTILES + 1)[1:]
        cuts = [np.linspace(0, num_fine, STEPS + 1)[1:-1].astype(np.int64)]
        for label in (0, 1):
            found = bins[labels == label]
            if len(found):
                cuts.append(np.quantile(found, levels, method="lower"))
        self._table = np.searchsorted(
            np.unique(np.concatenate(cuts)), np.arange(num_fine), side="left"
        )
        self.num_bins = int(self._table[-1]) + 1

    def __call__(self, bins: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the coarse bin of each fine bin, rising with it."""
        return self._table[bins]
