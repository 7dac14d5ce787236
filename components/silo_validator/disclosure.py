"""Cuts statistics down to what may leave a silo.

Of columns outside the shared schema nothing leaves. Of a number column with enough
values the mean, the deviation and an even histogram leave; of another nothing does,
since the mean of one row is that row. Minimum, maximum, median and quantiles stay:
they are single rows' values. A histogram's ends would tell them too, so its edges
follow from mean and deviation alone: multiples of a power of two, three deviations
to both sides, with the tails counted in the outermost buckets. Neighbours are
merged until each bucket holds the threshold's rows. Of a string column the values
leave that as many rows hold.

Training rows accumulate from span to span, so two disclosures differ by the rows
that came in between, which may be a single one. So with a threshold of $k$ rows, the
rows of a split count in blocks of $k$, in their order: those behind the last whole
block are left out until later rows fill it. The rows that have a value in a column
make blocks of their own in the same way. All figures are of whole blocks, so as long
as rows are only appended, the difference of any two disclosures is of whole blocks,
too: no row's addition can be told from that of $k - 1$ others. Counts of values and
buckets are multiples of $k$ besides, so that none of them differs by fewer.

This holds for rows that are appended. A row that is changed, removed or inserted
among those that were disclosed moves the blocks behind it, and two disclosures then
differ by that row.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from tensorflow_metadata.proto.v0 import statistics_pb2

REACH = 3.0  # of the histogram to both sides of the mean, unit: deviations
STEPS = 4  # buckets a deviation, at least
TOP_VALUES = 20  # as many as TFDV lists
RANKS = 1_000


def reduce(
    dataset: statistics_pb2.DatasetFeatureStatistics,
    table: pa.Table,
    rows: int,
    columns: Collection[str],
) -> statistics_pb2.DatasetFeatureStatistics:
    """Return a split's statistics without anything finer than `rows`.

    Args:
        dataset: TFDV's statistics of the split, for each column's type.
        table: The split, in the order in which its rows came.
        rows: The disclosure threshold, unit: rows.
        columns: Columns of the shared schema.
    """
    counted = whole_blocks(table, rows)
    reduced = statistics_pb2.DatasetFeatureStatistics(
        name=dataset.name, num_examples=counted.num_rows
    )
    for feature in dataset.features:
        name = ".".join(feature.path.step)
        if name not in columns:
            continue
        values = whole_blocks(counted[name].drop_null(), rows)
        kept = statistics_pb2.FeatureNameStatistics(
            path=feature.path, type=feature.type
        )
        if feature.HasField("string_stats"):
            _add_strings(kept.string_stats, values, rows)
            common = kept.string_stats.common_stats
        elif len(values):
            _add_numbers(kept.num_stats, values, rows)
            common = kept.num_stats.common_stats
        else:
            continue
        common.num_non_missing = len(values)
        common.num_missing = counted.num_rows - len(values)
        common.min_num_values = common.max_num_values = 1  # a value a row
        common.avg_num_values = 1.0
        common.tot_num_values = len(values)
        reduced.features.append(kept)
    return reduced


def whole_blocks(
    values: pa.Table | pa.ChunkedArray, rows: int
) -> pa.Table | pa.ChunkedArray:
    """Return the first rows or values, as many whole blocks of `rows` as there are."""
    return values.slice(0, len(values) // rows * rows)


def count(number: int, in_blocks: int, rows: int, bound: int) -> int:
    """Return a count as it may leave the silo.

    Args:
        number: The count.
        in_blocks: The count in the rows of whole blocks.
        rows: The disclosure threshold, unit: rows.
        bound: A finding asks whether there are as many.

    Returns:
        At most `number`: a multiple of `rows`; but 1 where there are any, and `bound`
        where there are as many, since what is found of the silo tells that anyway.
    """
    steps = [step for step in (0, 1, bound) if step <= number]
    return max(in_blocks // rows * rows, *steps)


def _add_strings(
    strings: statistics_pb2.StringStatistics, values: pa.ChunkedArray, rows: int
) -> None:
    counts = [
        (item["values"], item["counts"] // rows * rows)
        for item in pc.value_counts(values.cast(pa.string())).to_pylist()
    ]
    told = sorted(
        ((value, number) for value, number in counts if number),
        key=lambda item: (-item[1], item[0]),
    )
    strings.unique = len(told)  # how many others there are is not told
    for value, number in told[:TOP_VALUES]:
        strings.top_values.add(value=value, frequency=number)
    for rank, (value, number) in enumerate(told[:RANKS]):
        strings.rank_histogram.buckets.add(
            low_rank=rank, high_rank=rank, label=value, sample_count=number
        )


def _add_numbers(
    numbers: statistics_pb2.NumericStatistics, values: pa.ChunkedArray, rows: int
) -> None:
    found = values.to_numpy().astype(np.float64)
    is_constant = found.min() == found.max()  # else rounding gives it a deviation
    numbers.mean = found[0] if is_constant else found.mean()
    numbers.std_dev = 0.0 if is_constant else found.std()
    zeros = int(np.count_nonzero(found == 0))
    if not 0 < len(found) - zeros < rows:  # mean and zeros would tell the others
        numbers.num_zeros = zeros // rows * rows
    buckets = _merge(_even(found, numbers.mean, numbers.std_dev), rows)
    _round(buckets, rows)
    numbers.histograms.add(type=statistics_pb2.Histogram.STANDARD, buckets=buckets)


def _even(
    values: NDArray[np.float64], mean: float, deviation: float
) -> list[statistics_pb2.Histogram.Bucket]:
    """Count values into buckets whose edges tell no row's value."""
    edges = _edges(mean, deviation)
    if len(edges) < 2:
        return [_bucket(mean, mean, len(values))]
    places = np.searchsorted(edges[1:-1], values, "right")
    counts = np.bincount(places, minlength=len(edges) - 1).tolist()
    return [
        _bucket(low, high, number)
        for (low, high), number in zip(itertools.pairwise(edges), counts, strict=True)
    ]


def _edges(mean: float, deviation: float) -> NDArray[np.float64]:
    if not deviation:
        return np.array([mean])
    step = 2.0 ** math.floor(math.log2(deviation / STEPS))
    first = math.floor((mean - REACH * deviation) / step)
    last = math.ceil((mean + REACH * deviation) / step)
    edges = {step * place for place in range(first, last + 1)}
    return np.array(sorted(edges), np.float64)


def _bucket(low: float, high: float, number: float) -> statistics_pb2.Histogram.Bucket:
    return statistics_pb2.Histogram.Bucket(
        low_value=low, high_value=high, sample_count=number
    )


def _merge(
    buckets: list[statistics_pb2.Histogram.Bucket], rows: int
) -> list[statistics_pb2.Histogram.Bucket]:
    """Join neighbours until each holds so many rows; all hold as many together."""
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
    return merged


def _round(buckets: list[statistics_pb2.Histogram.Bucket], rows: int) -> None:
    """Round the rows up to each bucket's end down to multiples; their sum stays."""
    so_far = told = 0
    for bucket in buckets:
        so_far += int(bucket.sample_count)
        bucket.sample_count = so_far // rows * rows - told
        told += int(bucket.sample_count)
