"""A pair: what a sketch tells of two models on the same rows of one slice.

With the cells of both models it gives the interval of a change: the sums of
products give the covariance of two means of losses, the rows that both count as
positive give that of two rates, and `auc_correlation` that of two AUC. Pairs of a
slice add up over silos, all but the correlation. Its joint distribution of scores
never leaves a silo, so over all silos the mean of the correlations within silos,
weighted by their rows, stands for it: rows that two silos compare with each other
are thought to be as alike for both models as rows within a silo.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

SCHEMA = pa.schema(
    [
        ("columns", pa.list_(pa.string())),
        ("values", pa.list_(pa.string())),
        ("rows", pa.int64()),
        ("too_few", pa.bool_()),
        ("auc_correlation", pa.float64()),
        ("log_loss_products", pa.float64()),
        ("brier_products", pa.float64()),
        ("both_above", pa.list_(pa.list_(pa.int64()))),
    ]
)


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two models, the candidate and the baseline, on the rows of one slice.

    Attributes:
        columns: The slice's columns; empty for all rows.
        values: Its values, one a column.
        rows: Labelled rows.
        too_few: Whether the row count is all that is told.
        auc_correlation: Correlation of the two AUC estimates, -1 to 1; NaN where
            a label has fewer than two rows or an AUC has no variance.
        log_loss_products: Sum over rows of the product of both log losses, unit:
            nats squared.
        brier_products: Sum over rows of the product of both squared errors.
        both_above: Rows of label 0 and 1 that both models score above each
            threshold, shape `(2, thresholds)`.
    """

    columns: tuple[str, ...]
    values: tuple[str, ...]
    rows: int
    too_few: bool
    auc_correlation: float = math.nan
    log_loss_products: float = 0.0
    brier_products: float = 0.0
    both_above: NDArray[np.int64] = dataclasses.field(
        default_factory=lambda: np.empty((2, 0), np.int64)
    )

    def hidden(self) -> Pair:
        """Return the pair with nothing but its row count."""
        return Pair(self.columns, self.values, self.rows, too_few=True)


def add(pairs: Sequence[Pair]) -> Pair:
    """Return the sum of pairs of the same slice and thresholds.

    Args:
        pairs: At least one; if any of them has too few rows, so has the sum.
            Correlations that are NaN are left out of the mean.
    """
    first, rows = pairs[0], sum(pair.rows for pair in pairs)
    if any(pair.too_few for pair in pairs):
        return Pair(first.columns, first.values, rows, too_few=True)
    known = [pair for pair in pairs if not math.isnan(pair.auc_correlation)]
    weights = [pair.rows for pair in known]
    correlation = (
        float(np.average([pair.auc_correlation for pair in known], weights=weights))
        if known
        else math.nan
    )
    return Pair(
        first.columns,
        first.values,
        rows,
        too_few=False,
        auc_correlation=correlation,
        log_loss_products=float(sum(pair.log_loss_products for pair in pairs)),
        brier_products=float(sum(pair.brier_products for pair in pairs)),
        both_above=np.sum([pair.both_above for pair in pairs], axis=0),
    )


def to_bytes(pairs: Sequence[Pair]) -> bytes:
    """Return pairs as an Arrow IPC stream: what leaves the silo."""
    rows = [
        {name: _plain(getattr(pair, name)) for name in SCHEMA.names} for pair in pairs
    ]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, SCHEMA) as writer:
        writer.write_table(pa.Table.from_pylist(rows, SCHEMA))
    payload: bytes = sink.getvalue().to_pybytes()
    return payload


def _plain(value: object) -> object:
    return value.tolist() if isinstance(value, np.ndarray) else value


def from_bytes(payload: bytes) -> list[Pair]:
    """Return the pairs that `to_bytes` wrote."""
    with pa.ipc.open_stream(payload) as reader:
        rows = reader.read_all().to_pylist()
    return [
        Pair(
            tuple(row.pop("columns")),
            tuple(row.pop("values")),
            both_above=np.array(row.pop("both_above"), np.int64),
            **row,
        )
        for row in rows
    ]
