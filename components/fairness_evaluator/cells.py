"""A cell: what a sketch tells of one slice of one silo's rows.

Cells of the same bins add up: counts exactly, sums in the order they are given,
so callers pass them sorted by silo and get the same bytes each time. A cell of
a slice with too few rows carries its row count and nothing else.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

TOO_FEW = "too few"
MISSING = "missing"

SCHEMA = pa.schema(
    [
        ("column", pa.string()),
        ("value", pa.string()),
        ("rows", pa.int64()),
        ("too_few", pa.bool_()),
        ("log_loss", pa.float64()),
        ("brier", pa.float64()),
        ("bins", pa.list_(pa.int32())),
        ("negatives", pa.list_(pa.int64())),
        ("positives", pa.list_(pa.int64())),
        ("negative_scores", pa.list_(pa.float64())),
        ("positive_scores", pa.list_(pa.float64())),
    ]
)


@dataclasses.dataclass(frozen=True)
class Cell:
    """One slice of rows, folded.

    Attributes:
        column: The slice's column; empty for all rows.
        value: Its value; empty for all rows, `TOO_FEW` for small values together.
        rows: Labelled rows.
        too_few: Whether the row count is all that is told.
        log_loss: Exact sum of the rows' log loss, unit: nats.
        brier: Exact sum of the rows' squared error, unit: 1.
        bins: The occupied bins, rising, shape `(n,)`.
        counts: Rows of label 0 and 1 in each, shape `(2, n)`.
        scores: Sums of their scores, shape `(2, n)`.
    """

    column: str
    value: str
    rows: int
    too_few: bool
    log_loss: float = 0.0
    brier: float = 0.0
    bins: NDArray[np.int32] = dataclasses.field(
        default_factory=lambda: np.empty(0, np.int32)
    )
    counts: NDArray[np.int64] = dataclasses.field(
        default_factory=lambda: np.empty((2, 0), np.int64)
    )
    scores: NDArray[np.float64] = dataclasses.field(
        default_factory=lambda: np.empty((2, 0), np.float64)
    )

    @property
    def positives(self) -> int:
        """Rows of label 1; 0 where too few."""
        return int(self.counts[1].sum())

    @property
    def negatives(self) -> int:
        """Rows of label 0; 0 where too few."""
        return int(self.counts[0].sum())

    def hidden(self) -> Cell:
        """Return the cell with nothing but its row count."""
        return Cell(self.column, self.value, self.rows, too_few=True)


def add(cells: Sequence[Cell]) -> Cell:
    """Return the sum of cells of the same slice and bins.

    Args:
        cells: At least one; if any of them has too few rows, so has the sum.
    """
    first, rows = cells[0], sum(cell.rows for cell in cells)
    if any(cell.too_few for cell in cells):
        return Cell(first.column, first.value, rows, too_few=True)
    bins, place = np.unique(
        np.concatenate([cell.bins for cell in cells]), return_inverse=True
    )
    counts = np.concatenate([cell.counts for cell in cells], axis=1)
    scores = np.concatenate([cell.scores for cell in cells], axis=1)
    return Cell(
        first.column,
        first.value,
        rows,
        too_few=False,
        log_loss=float(sum(cell.log_loss for cell in cells)),
        brier=float(sum(cell.brier for cell in cells)),
        bins=bins.astype(np.int32),
        counts=np.stack([_sum_by(place, row, len(bins)) for row in counts]).astype(
            np.int64
        ),
        scores=np.stack([_sum_by(place, row, len(bins)) for row in scores]),
    )


def _sum_by(
    place: NDArray[np.int64], values: NDArray[np.generic], size: int
) -> NDArray[np.float64]:
    # Counts below 2 ** 53 are exact in float64.
    return np.bincount(place, weights=values, minlength=size).astype(np.float64)


def to_bytes(cells: Sequence[Cell]) -> bytes:
    """Return cells as an Arrow IPC stream: what leaves the silo."""
    columns = [
        [cell.column for cell in cells],
        [cell.value for cell in cells],
        [cell.rows for cell in cells],
        [cell.too_few for cell in cells],
        [cell.log_loss for cell in cells],
        [cell.brier for cell in cells],
        [cell.bins for cell in cells],
        *([cell.counts[label] for cell in cells] for label in (0, 1)),
        *([cell.scores[label] for cell in cells] for label in (0, 1)),
    ]
    arrays = [
        pa.array(column, field.type)
        for column, field in zip(columns, SCHEMA, strict=True)
    ]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, SCHEMA) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=SCHEMA))
    payload: bytes = sink.getvalue().to_pybytes()
    return payload


def from_bytes(payload: bytes) -> list[Cell]:
    """Return the cells that `to_bytes` wrote."""
    with pa.ipc.open_stream(payload) as reader:
        table = reader.read_all()
    return [
        _cell(batch, row) for batch in table.to_batches() for row in range(len(batch))
    ]


def _cell(batch: pa.RecordBatch, row: int) -> Cell:
    fields = {name: batch.column(i)[row] for i, name in enumerate(SCHEMA.names)}
    arrays = {
        name: scalar.values.to_numpy(zero_copy_only=False)
        for name, scalar in fields.items()
        if pa.types.is_list(scalar.type)
    }
    plain = {name: fields[name].as_py() for name in SCHEMA.names[:6]}
    return Cell(
        **plain,
        bins=arrays["bins"],
        counts=np.stack([arrays["negatives"], arrays["positives"]]),
        scores=np.stack([arrays["negative_scores"], arrays["positive_scores"]]),
    )
