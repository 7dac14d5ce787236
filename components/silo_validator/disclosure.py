"""Cuts statistics down to what may leave a silo.

String values that fewer rows than the threshold hold are dropped from every
list. Of numbers, the mean, the deviation and an even histogram stay; minimum,
maximum, median and quantiles go, since they are single rows' values. Neighbour
buckets are merged until each holds the threshold's rows, and a column with too
few rows keeps no histogram at all.
"""

from __future__ import annotations

from tensorflow_metadata.proto.v0 import statistics_pb2


def reduce(
    dataset: statistics_pb2.DatasetFeatureStatistics, rows: int
) -> statistics_pb2.DatasetFeatureStatistics:
    """Return a copy of a split's statistics without anything finer than `rows`.

    Args:
        dataset: TFDV's statistics of one split.
        rows: The disclosure threshold, unit: rows.
    """
    reduced = statistics_pb2.DatasetFeatureStatistics()
    reduced.CopyFrom(dataset)
    for feature in reduced.features:
        if feature.HasField("string_stats"):
            _reduce_strings(feature.string_stats, rows)
        if feature.HasField("num_stats"):
            _reduce_numbers(feature.num_stats, rows)
        feature.ClearField("custom_stats")
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
    for name in ("avg_length", "invalid_utf8_count"):
        strings.ClearField(name)
    # How many rare values there are is told, what they are is not.


def _reduce_numbers(numbers: statistics_pb2.NumericStatistics, rows: int) -> None:
    for name in ("min", "max", "median", "weighted_numeric_stats"):
        numbers.ClearField(name)
    even = [
        histogram
        for histogram in numbers.histograms
        if histogram.type == statistics_pb2.Histogram.STANDARD
    ]
    for histogram in even:
        merged = _merge(list(histogram.buckets), rows)
        del histogram.buckets[:]
        histogram.buckets.extend(merged)
    del numbers.histograms[:]
    numbers.histograms.extend(h for h in even if h.buckets)


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
