"""Score bins: the same for every silo, model and span.

Edges lie evenly in the score and again evenly in its logit, so that scores
crowded near 0 or 1 keep their order; every threshold is an edge, and so are the
edges of the bins of calibration. Bin `i` holds the scores in
`(edge[i - 1], edge[i]]`: TFMA counts a row as positive when its score is *above* the
threshold, so a score equal to it falls on the lower side.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

CALIBRATION = tuple(tenth / 10 for tenth in range(1, 10))  # inner edges
SMALLEST_LOGIT = -32.0  # its sigmoid is 1.3e-14; scores below share a bin
LARGEST_LOGIT = 16.0  # float32 has no number between its sigmoid and 1


def edges(bins: int, thresholds: Iterable[float]) -> NDArray[np.float64]:
    """Return the edges between bins, rising, within 0 and 1.

    Args:
        bins: Bins of each of the two scales.
        thresholds: Scores that must be edges.
    """
    scores = np.linspace(0.0, 1.0, bins + 1)[1:-1]
    logits = np.linspace(SMALLEST_LOGIT, LARGEST_LOGIT, bins)
    sigmoid = 1.0 / (1.0 + np.exp(-logits))
    found: NDArray[np.float64] = np.unique(
        np.concatenate([scores, sigmoid, CALIBRATION, list(thresholds)])
    )
    return found


def assign(
    scores: NDArray[np.float32 | np.float64], edges: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return each score's bin, 0 to `len(edges)`."""
    return np.searchsorted(edges, scores.astype(np.float64), side="left")


def means(
    bins: NDArray[np.int32] | NDArray[np.int64],
    sums: NDArray[np.float64],
    counts: NDArray[np.int64],
    edges: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the mean score of bins, kept inside them against rounding.

    Args:
        bins: The bins, shape `(n,)`.
        sums: Sums of their scores, shape `(..., n)`.
        counts: Their rows, shape `(..., n)`; the mean of an empty bin is 0.
        edges: The edges between all bins.
    """
    low = np.concatenate([[0.0], np.nextafter(edges, 1.0)])[bins]
    high = np.concatenate([edges, [1.0]])[bins]
    mean = np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)
    return np.where(counts > 0, np.clip(mean, low, high), 0.0)
