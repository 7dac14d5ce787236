"""Brings histograms to other bins."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from tensorflow_metadata.proto.v0 import statistics_pb2


def spread(
    buckets: Iterable[statistics_pb2.Histogram.Bucket], edges: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Count rows by bin, each bucket's spread evenly over its own width.

    Args:
        buckets: A histogram's buckets; one without width stands for one value.
        edges: The bins' edges, increasing, shape `(bins + 1,)`; the part of a
            bucket that lies outside counts in the outermost bin of its side.

    Returns:
        Rows by bin, shape `(bins,)`.
    """
    counts = np.zeros(len(edges) - 1)
    inner = edges[1:-1]
    for bucket in buckets:
        low, high = bucket.low_value, bucket.high_value
        if high <= low:
            counts[np.searchsorted(inner, low, "right")] += bucket.sample_count
            continue
        cuts = np.concatenate([[low], np.clip(inner, low, high), [high]])
        counts += bucket.sample_count * np.diff(cuts) / (high - low)
    return counts
