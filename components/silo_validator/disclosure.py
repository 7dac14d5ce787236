"""Cuts statistics down to what may leave a silo.

Of columns outside the shared schema nothing leaves. String values that fewer rows
than the threshold hold are dropped from every list. Of a number column with enough
values the mean, the deviation and an even histogram stay; of another nothing does,
since the mean of one row is that row. Minimum, maximum, median and quantiles go:
they are single rows' values. A histogram's ends would tell them too, so its edges
follow from mean and deviation alone: multiples of a power of two, three deviations
to both sides, with the tails counted in the outermost buckets. Neighbours are
merged until each bucket holds the threshold's rows.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.silo_validator.histograms import spread

REACH = 3.0  # of the histogram to both sides of the mean, unit: deviations
STEPS = 4  # buckets a deviation, at least


def reduce(
    dataset: statistics_pb2.DatasetFeatureStatistics,
    rows: int,
    columns: Collection[str],
) -> statistics_pb2.DatasetFeatureStatistics:
    """Return a copy of a split's statistics without anything finer than `rows`.

    Args:
        dataset: TFDV's statistics of one split.
        rows: The disclosure threshold, unit: rows.
        columns: Columns of the shared schema.
    """
    reduced = statistics_pb2.DatasetFeatureStatistics(
        name=dataset.name, num_examples=dataset.num_examples
    )
    for feature in dataset.features:
        if ".".join(feature.path.step) not in columns:
            continue
        kept = statistics_pb2.FeatureNameStatistics()
        kept.CopyFrom(feature)
        kept.ClearField("custom_stats")
        if kept.HasField("string_stats"):
            _reduce_strings(kept.string_stats, rows)
        elif kept.num_stats.common_stats.num_non_missing < rows:
            continue
        else:
            _reduce_numbers(kept.num_stats, rows)
        reduced.features.append(kept)
    return reduced


def _reduce_strings(strings: statistics_pb2.StringStatistics, rows: int) -> None:
    kept = [value for value in strings.top_values if value.frequency >= rows]
    del strings.top_values[:]
    strings.top_values.extend(kept)
    buckets = [
        bucket
        for bucket in strings.rank_histogram.buckets
        if bucket.sample_count >= rows
    ]
    del strings.rank_histogram.buckets[:]
    strings.rank_histogram.buckets.extend(buckets)
    for name in ("avg_length", "invalid_utf8_count", "weighted_string_stats"):
        strings.ClearField(name)
    strings.common_stats.ClearField("num_values_histogram")
    # How many rare values there are is told, what they are is not.


def _reduce_numbers(numbers: statistics_pb2.NumericStatistics, rows: int) -> None:
    even = _even(numbers)
    for name in ("min", "max", "median", "histograms", "weighted_numeric_stats"):
        numbers.ClearField(name)
    others = numbers.common_stats.num_non_missing - numbers.num_zeros
    if numbers.num_zeros < rows or 0 < others < rows:
        numbers.ClearField("num_zeros")  # mean and zeros tell one other row's value
    numbers.common_stats.ClearField("num_values_histogram")
    if merged := _merge(even, rows):
        numbers.histograms.add(type=statistics_pb2.Histogram.STANDARD, buckets=merged)


def _even(
    numbers: statistics_pb2.NumericStatistics,
) -> list[statistics_pb2.Histogram.Bucket]:
    """Count the rows into buckets whose edges tell no row's value."""
    edges = _edges(numbers.mean, numbers.std_dev)
    if len(edges) < 2:
        count = numbers.common_stats.num_non_missing
        return [_bucket(numbers.mean, numbers.mean, count)]
    source = next(
        (
            histogram
            for histogram in numbers.histograms
            if histogram.type == statistics_pb2.Histogram.QUANTILES
        ),
        statistics_pb2.Histogram(),
    )
    counts = np.rint(spread(source.buckets, edges))
    return [
        _bucket(low, high, count)
        for (low, high), count in zip(itertools.pairwise(edges), counts, strict=True)
    ]


def _edges(mean: float, deviation: float) -> NDArray[np.float64]:
    if not deviation:
        return np.array([mean])
    step = 2.0 ** math.floor(math.log2(deviation / STEPS))
    first = math.floor((mean - REACH * deviation) / step)
    last = math.ceil((mean + REACH * deviation) / step)
    edges = {step * place for place in range(first, last + 1)}
    return np.array(sorted(edges), np.float64)


def _bucket(low: float, high: float, count: float) -> statistics_pb2.Histogram.Bucket:
    return statistics_pb2.Histogram.Bucket(
        low_value=low, high_value=high, sample_count=count
    )


def _merge(
    buckets: list[statistics_pb2.Histogram.Bucket], rows: int
) -> list[statistics_pb2.Histogram.Bucket]:
    merged: list[statistics_pb2.Histogram.Bucket] = []
    for bucket in buckets:
        if merged and merged[-1].sample_count < rows:
            merged[-1].high_value = bucket.high_value
            merged[-1].sample_count += bucket.sample_count
        else:
            merged.append(bucket)
    if len(merged) > 1 and merged[-1].sample_count < rows:
        last = merged.pop()
        merged[-1].high_value = last.high_value
        merged[-1].sample_count += last.sample_count
    return [] if len(merged) == 1 and merged[0].sample_count < rows else merged
