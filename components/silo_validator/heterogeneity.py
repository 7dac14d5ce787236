r"""How far a silo lies from the federation, column by column.

For frequencies, and for even histograms brought to common bins, the distance is
the Jensen-Shannon divergence to base 2,

$$\mathrm{JS}(p, q) = \tfrac12 \mathrm{KL}(p \| m) + \tfrac12 \mathrm{KL}(q \| m),
\quad m = \tfrac12 (p + q),$$

0 for equal distributions and 1 for disjoint ones (Lin 1991, eq. 4.1,
<https://doi.org/10.1109/18.61115>). It is computed from disclosed statistics, so
rare values and thin columns count only as far as they were disclosed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.payloads.statistics import Column, Dataset, by_column

BINS = 40


def distances(silos: Mapping[str, Dataset]) -> dict[str, dict[str, float]]:
    """Return each silo's divergence from all silos together, by column.

    A column whose distribution a silo did not disclose is not in its result.
    """
    columns = {silo: by_column(dataset) for silo, dataset in silos.items()}
    result: dict[str, dict[str, float]] = {silo: {} for silo in silos}
    for name in sorted({name for found in columns.values() for name in found}):
        features = {s: found[name] for s, found in columns.items() if name in found}
        for silo, distance in _of_column(features).items():
            result[silo][name] = distance
    return result


def _of_column(features: Mapping[str, Column]) -> dict[str, float]:
    is_text = all(f.HasField("string_stats") for f in features.values())
    counts = _of_strings(features) if is_text else _of_numbers(features)
    filled = {silo: own for silo, own in counts.items() if own.sum() > 0}
    if len(filled) < 2:
        return {}
    together = np.sum(list(filled.values()), axis=0)
    return {
        # Not a number where rounding leaves less than zero under SciPy's root.
        silo: float(np.nan_to_num(jensenshannon(own, together, base=2)) ** 2)
        for silo, own in filled.items()
    }


def _of_strings(features: Mapping[str, Column]) -> dict[str, NDArray[np.float64]]:
    shares = {
        silo: {b.label: b.sample_count for b in f.string_stats.rank_histogram.buckets}
        for silo, f in features.items()
    }
    values = sorted({value for counts in shares.values() for value in counts})
    return {
        silo: np.array([counts.get(value, 0.0) for value in values])
        for silo, counts in shares.items()
    }


def _of_numbers(features: Mapping[str, Column]) -> dict[str, NDArray[np.float64]]:
    buckets = {
        silo: list(feature.num_stats.histograms[0].buckets)
        for silo, feature in features.items()
        if feature.HasField("num_stats") and feature.num_stats.histograms
    }
    if not buckets:
        return {}
    low = min(found[0].low_value for found in buckets.values())
    high = max(found[-1].high_value for found in buckets.values())
    edges = np.linspace(low, high if high > low else low + 1.0, BINS + 1)
    return {silo: spread(found, edges) for silo, found in buckets.items()}


def spread(
    buckets: Sequence[statistics_pb2.Histogram.Bucket], edges: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Count rows by bin, each bucket's spread evenly over its own width.

    Args:
        buckets: A histogram's buckets, one behind the other; a single one without
            width stands for one value.
        edges: The bins' edges, increasing, shape `(bins + 1,)`; what lies outside
            counts in the outermost bin of its side.

    Returns:
        Rows by bin, shape `(bins,)`.
    """
    rows = np.cumsum([0.0, *(bucket.sample_count for bucket in buckets)])
    ends = [buckets[0].low_value, *(bucket.high_value for bucket in buckets)]
    if ends[0] == ends[-1]:
        counts = np.zeros(len(edges) - 1)
        counts[np.searchsorted(edges[1:-1], ends[0], "right")] = rows[-1]
        return counts
    below = np.interp(edges[1:-1], ends, rows)
    return np.diff([0.0, *below, rows[-1]])
