r"""How far two models' AUC estimates on the same rows go together.

DeLong et al. (1988), "Comparing the areas under two or more correlated receiver
operating characteristic curves", Biometrics 44: the structural components of a model
are $V_{10}(X_i)$, the share of negatives that positive $i$ beats, and $V_{01}(Y_j)$,
the share of positives that beat negative $j$, ties counting half. The covariance of
the AUC of two models is

$$S_{10} / m + S_{01} / n$$

with the sample covariances of the components over the $m$ positives and the $n$
negatives. Departure: rows of one bin count as ties, so the joint counts of both
models' bins are enough, and the bins may be coarse: the correlation needs them far
less fine than the AUC itself does.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def correlation(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    labels: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> float:
    """Return the correlation of two AUC estimates.

    Args:
        first: Bins of the first model's scores, rising with them, shape `(n,)`.
        second: Bins of the second model's, shape `(n,)`.
        labels: 0 or 1, shape `(n,)`.
        counts: Rows with these bins and this label, shape `(n,)`.

    Returns:
        -1 to 1; NaN where a label has fewer than two rows, or an AUC no variance.
    """
    covariance = np.zeros((2, 2))
    components = np.stack(
        [_components(bins, labels, counts) for bins in (first, second)]
    )
    for label in (0, 1):
        of_label = labels == label
        rows = int(counts[of_label].sum())
        if rows < 2:
            return math.nan
        weights = counts[of_label]
        values = components[:, of_label]
        # Not as products of matrices, whose last digit depends on BLAS's threads.
        centred = values - np.einsum("in,n->i", values, weights)[:, None] / rows
        products = np.einsum("in,n,jn->ij", centred, weights, centred)
        covariance += products / (rows - 1) / rows
    (one, both), (_, other) = covariance
    if one <= 0.0 or other <= 0.0:
        return math.nan
    return float(np.clip(both / math.sqrt(one * other), -1.0, 1.0))


def _components(
    bins: NDArray[np.int64], labels: NDArray[np.int64], counts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return each entry's share of rows of the other label that it is ranked right."""
    by_label = np.stack(
        [
            np.bincount(bins, counts * (labels == label), bins.max() + 1)
            for label in (0, 1)
        ]
    )
    totals = by_label.sum(axis=1, keepdims=True)
    below = (np.cumsum(by_label, axis=1) - by_label / 2) / np.maximum(totals, 1)
    return np.where(labels == 1, below[0][bins], 1.0 - below[1][bins])
