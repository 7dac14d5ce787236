"""A cell: what a sketch tells of one slice of one silo's rows.

Cells of the same bins add up: counts exactly, sums in the order they are given,
so callers pass them sorted by silo and get the same bytes each time. A cell of
a slice with too few rows carries its row count and nothing else.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from components.payloads.table import TOO_FEW

MISSING = "missing"

SCHEMA = pa.schema(
    [
        ("columns", pa.list_(pa.string())),
        ("values", pa.list_(pa.string())),
        ("rows", pa.int64()),
        ("too_few", pa.bool_()),
        ("log_loss", pa.float64()),
        ("log_loss_squares", pa.float64()),
        ("brier", pa.float64()),
        ("brier_squares", pa.float64()),
        ("bins", pa.list_(pa.int32())),
        ("negatives", pa.list_(pa.int64())),
        ("positives", pa.list_(pa.int64())),
        ("negative_scores", pa.list_(pa.float64())),
        ("positive_scores", pa.list_(pa.float64())),
    ]
)
PLAIN, BY_BIN = SCHEMA.names[:8], SCHEMA.names[8:]


@dataclasses.dataclass(frozen=True)
class Cell:
    """One slice of rows, folded.

    Attributes:
        columns: The slice's columns; empty for all rows.
        values: Its values, one a column; empty for all rows, `(TOO_FEW,)` for
            small ones together.
        rows: Labelled rows.
        too_few: Whether the row count is all that is told.
        log_loss: Exact sum of the rows' log loss, unit: nats.
        log_loss_squares: Exact sum of its squares, unit: nats squared.
        brier: Exact sum of the rows' squared error, unit: 1.
        brier_squares: Exact sum of its squares, unit: 1.
        bins: The occupied bins, rising, shape `(n,)`.
        counts: Rows of label 0 and 1 in each, shape `(2, n)`.
        scores: Sums of their scores, shape `(2, n)`.
    """

    columns: tuple[str, ...]
    values: tuple[str, ...]
    rows: int
    too_few: bool
    log_loss: float = 0.0
    log_loss_squares: float = 0.0
    brier: float = 0.0
    brier_squares: float = 0.0
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
        return Cell(self.columns, self.values, self.rows, too_few=True)


NOTHING = Cell((), (), 0, too_few=False)  # all rows, where there are none


def few(columns: tuple[str, ...], rows: int) -> Cell:
    """Return the cell of a family's small values; of no column, of all rows."""
    return Cell(columns, (TOO_FEW,) if columns else (), rows, too_few=True)


def add(cells: Sequence[Cell]) -> Cell:
    """Return the sum of cells of the same slice and bins.

    Args:
        cells: At least one; if any of them has too few rows, so has the sum.
    """
    first, rows = cells[0], sum(cell.rows for cell in cells)
    if any(cell.too_few for cell in cells):
        return Cell(first.columns, first.values, rows, too_few=True)
    place = np.concatenate([cell.bins for cell in cells])
    counts = np.concatenate([cell.counts for cell in cells], axis=1)
    scores = np.concatenate([cell.scores for cell in cells], axis=1)
    # Counts below 2 ** 53 are exact in float64.
    counts = np.stack([np.bincount(place, row) for row in counts]).astype(np.int64)
    bins = np.flatnonzero(counts.any(axis=0))
    return Cell(
        first.columns,
        first.values,
        rows,
        too_few=False,
        log_loss=float(sum(cell.log_loss for cell in cells)),
        log_loss_squares=float(sum(cell.log_loss_squares for cell in cells)),
        brier=float(sum(cell.brier for cell in cells)),
        brier_squares=float(sum(cell.brier_squares for cell in cells)),
        bins=bins.astype(np.int32),
        counts=counts[:, bins],
        scores=np.stack([np.bincount(place, row)[bins] for row in scores]),
    )


def to_bytes(cells: Sequence[Cell]) -> bytes:
    """Return cells as an Arrow IPC stream: what leaves the silo."""
    ends = np.cumsum([0, *(len(cell.bins) for cell in cells)], dtype=np.int32)
    by_bin = [
        [cell.bins for cell in cells],
        *([cell.counts[label] for cell in cells] for label in (0, 1)),
        *([cell.scores[label] for cell in cells] for label in (0, 1)),
    ]
    arrays = [
        pa.array([getattr(cell, name) for cell in cells], SCHEMA.field(name).type)
        for name in PLAIN
    ]
    for name, found in zip(BY_BIN, by_bin, strict=True):
        kind = SCHEMA.field(name).type.value_type
        values = np.concatenate(found) if found else []
        arrays.append(pa.ListArray.from_arrays(ends, pa.array(values, kind)))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, SCHEMA) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=SCHEMA))
    payload: bytes = sink.getvalue().to_pybytes()
    return payload


def from_bytes(payload: bytes) -> list[Cell]:
    """Return the cells that `to_bytes` wrote."""
    with pa.ipc.open_stream(payload) as reader:
        batch = reader.read_next_batch()
    plain = pa.Table.from_batches([batch]).select(PLAIN).to_pylist()
    lists = [batch.column(SCHEMA.get_field_index(name)) for name in BY_BIN]
    bins, *sums = (array.values.to_numpy(zero_copy_only=False) for array in lists)
    counts, scores = np.stack(sums[:2]), np.stack(sums[2:])
    ends = lists[0].offsets.to_pylist()
    cells = []
    for row, (start, end) in zip(plain, itertools.pairwise(ends), strict=True):
        columns, values = tuple(row.pop("columns")), tuple(row.pop("values"))
        cells.append(
            Cell(
                columns,
                values,
                **row,
                bins=bins[start:end],
                counts=counts[:, start:end],
                scores=scores[:, start:end],
            )
        )
    return cells
