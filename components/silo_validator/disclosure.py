"""Cuts statistics down to what may leave a silo.

Of columns outside the shared schema nothing leaves. Of a number column with enough
values the mean, the deviation and an even histogram leave; of another nothing does,
since the mean of one row is that row. Minimum, maximum, median and quantiles stay:
they are single rows' values. A histogram's ends would disclose them too, so its edges
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

import math

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
    dataset: statistics_pb2.DatasetFeatureStatistics, table: pa.Table, rows: int
) -> statistics_pb2.DatasetFeatureStatistics:
    """Return a split's statistics without anything finer than `rows`.

    Args:
        dataset: TFDV's statistics of the split, for each column's type.
        table: The split, in the order in which its rows came.
        rows: The disclosure threshold.
    """
    counted = whole_blocks(table, rows)
    reduced = statistics_pb2.DatasetFeatureStatistics(
        name=dataset.name, num_examples=counted.num_rows
    )
    for feature in dataset.features:
        values = whole_blocks(counted[feature.path.step[0]].drop_null(), rows)
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


def count(number: int, rows: int) -> int:
    """Return a lower bound, in whole blocks, of a count that is not 0."""
    return max(1, number // rows * rows)


def _add_strings(
    strings: statistics_pb2.StringStatistics, values: pa.ChunkedArray, rows: int
) -> None:
    common = sorted(
        (
            (item["values"], item["counts"] // rows * rows)
            for item in pc.value_counts(values.cast(pa.string())).to_pylist()
            if item["counts"] >= rows
        ),
        key=lambda item: (-item[1], item[0]),
    )
    strings.unique = len(common)  # how many others there are stays inside
    for value, number in common[:TOP_VALUES]:
        strings.top_values.add(value=value, frequency=number)
    for rank, (value, number) in enumerate(common[:RANKS]):
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
    if not 0 < len(found) - zeros < rows:  # mean and zeros would disclose the others
        numbers.num_zeros = zeros // rows * rows
    histogram = numbers.histograms.add(type=statistics_pb2.Histogram.STANDARD)
    edges = _edges(numbers.mean, numbers.std_dev)
    places = np.searchsorted(edges[1:-1], found, "right")
    counts = np.bincount(places, minlength=len(edges) - 1)
    low, before = edges[0], 0
    for high, below in zip(edges[1:], np.cumsum(counts).tolist(), strict=True):
        # Neighbours are joined until each bucket holds enough rows, and so do the rest.
        if below == len(found):
            high = edges[-1]
        elif below - before < rows or len(found) - below < rows:
            continue
        histogram.buckets.add(
            low_value=low,
            high_value=high,
            # Rounded down to multiples; their sum stays.
            sample_count=below // rows * rows - before // rows * rows,
        )
        if below == len(found):
            return
        low, before = high, below


def _edges(mean: float, deviation: float) -> NDArray[np.float64]:
    """Return the edges of even buckets, which disclose no row's value."""
    one = np.array([mean, mean])
    if not deviation:
        return one
    step = 2.0 ** math.floor(math.log2(deviation / STEPS))
    first = math.floor((mean - REACH * deviation) / step)
    last = math.ceil((mean + REACH * deviation) / step)
    edges = sorted({step * place for place in range(first, last + 1)})
    return np.array(edges, np.float64) if len(edges) > 1 else one
