"""Brings histograms to other bins."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from tensorflow_metadata.proto.v0 import statistics_pb2


def spread(
    buckets: Iterable[statistics_pb2.Histogram.Bucket], edges: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Count rows by bin, spreading each bucket evenly over the bins it touches.

    Args:
        buckets: A histogram's buckets; one without width stands for one value.
        edges: The bins' edges, increasing, shape `(bins + 1,)`; what lies outside
            counts in the outermost bins.

    Returns:
        Rows by bin, shape `(bins,)`.
    """
    counts = np.zeros(len(edges) - 1)
    for bucket in buckets:
        low, high = np.clip([bucket.low_value, bucket.high_value], edges[0], edges[-1])
        if high <= low:
            place = np.clip(
                np.searchsorted(edges, low, "right") - 1, 0, len(counts) - 1
            )
            counts[place] += bucket.sample_count
            continue
        overlap = np.minimum(edges[1:], high) - np.maximum(edges[:-1], low)
        counts += bucket.sample_count * np.clip(overlap, 0, None) / (high - low)
    return counts
