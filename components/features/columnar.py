"""The encoding over Arrow columns: fast, for training and batch scoring.

`graph.py` holds the same encoding as a TF graph; `tests/components/features`
checks the two for equality, bit by bit, on hostile inputs. All arithmetic is in
float32 and in the same order, since a serving request carries float32. TF's
kernels flush subnormal numbers to zero, and its optimizer turns a division by a
constant into a product with the reciprocal: both are done here by hand.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from components.errors import FairSiloError
from components.features.spec import (
    FIRST_VALUE_ID,
    MISSING_ID,
    OUT_OF_VOCABULARY_ID,
    Categorical,
    FeatureSpec,
    Numeric,
)

TINY = np.finfo(np.float32).tiny
ALIGNMENT = 64  # bytes
BLOCK = 4096  # rows whose encoding stays in the processor's cache


class ColumnTypeError(FairSiloError):
    """A column whose Arrow type, `found`, can't carry its feature."""

    def __init__(self, column: str, found: str, expected: str) -> None:
        super().__init__(
            f"column `{column}`: found type {found}, expected {expected}",
            "export the column with the type that the schema gives",
        )
        self.args = (column, found, expected)


@dataclasses.dataclass(frozen=True)
class Encoded:
    """A batch as the model takes it."""

    floats: NDArray[np.float32]  # (rows, spec.num_floats)
    ids: NDArray[np.int32]  # (rows, spec.num_ids)
    incomplete: tuple[int, ...] = ()  # numeric features that are missing in some row


def encode(batch: pa.RecordBatch | pa.Table, spec: FeatureSpec) -> Encoded:
    """Encode the rows of a batch.

    A column that is not there counts as missing in every row; so do null, NaN
    and infinite values.

    Raises:
        ColumnTypeError: A column's type can't carry its feature.
    """
    rows, width = batch.num_rows, len(spec.numeric)
    floats = _aligned(rows, spec.num_floats, np.float32)
    floats[:, width:] = 0.0
    ids = _aligned(rows, spec.num_ids, np.int32)
    incomplete = []
    # By column, since each of `floats` lies scattered over all of its memory; the room
    # behind a row keeps columns from sharing the processor's cache lines.
    columns = np.empty((width, rows + 16), np.float32)
    # Beyond float32 is infinite: clipped, or missing.
    with np.errstate(over="ignore", invalid="ignore"):
        for index, numeric in enumerate(spec.numeric):
            values = _numbers(_column(batch, numeric.name), numeric, rows)
            scores = columns[index, :rows]
            present = _standardise(values, numeric, spec.clip, scores)
            if present is not None and not present.all():
                scores[~present] = 0.0
                floats[:, width + index] = ~present
                incomplete.append(index)
    for first in range(0, rows, BLOCK):
        block = columns[:, first : min(first + BLOCK, rows)]
        floats[first : first + BLOCK, :width] = block.T
    for index, categorical in enumerate(spec.categorical):
        ids[:, index] = _ids(_column(batch, categorical.name), categorical, rows)
    return Encoded(floats, ids, tuple(incomplete))


def is_number(kind: pa.DataType) -> bool:
    """Return whether a column of this type holds numbers; truth values are some."""
    is_one_of = (pa.types.is_floating, pa.types.is_integer, pa.types.is_boolean)
    return any(is_this(kind) for is_this in is_one_of)


def _aligned(rows: int, columns: int, kind: type[Any]) -> NDArray[Any]:
    """Return an array of numbers of 4 bytes whose memory TF can use without a copy."""
    size = rows * columns * 4
    memory = np.empty(size + ALIGNMENT, np.uint8)
    first = -memory.ctypes.data % ALIGNMENT
    numbers: NDArray[Any] = memory[first : first + size].view(kind)
    return numbers.reshape(rows, columns)


def _standardise(
    values: NDArray[np.float32],
    feature: Numeric,
    clip: float,
    out: NDArray[np.float32],
) -> NDArray[np.bool_] | None:
    """Write clipped standard scores; return which are present, None where all are.

    This is the hot loop. Where the smallest of the results shows that no number on the
    way was subnormal, by far the usual case, nothing has to be flushed.
    """
    mean, factor = np.float32(feature.mean), feature.reciprocal
    np.subtract(values, mean, out=out)
    out *= factor
    sizes = np.abs(out)
    least, most = float(sizes.min(initial=np.inf)), float(sizes.max(initial=0.0))
    present = None
    # A larger mean swallows a subnormal value; with a mean of 0 the result shows it.
    is_safe = mean == 0.0 or abs(mean) > 2.0**-100
    if not (is_safe and least > 2.0**-125 * max(1.0, float(factor)) and most < np.inf):
        present = np.isfinite(values)
        out[:] = values
        _flush(out)
        out -= mean
        _flush(out)
        out *= factor
        _flush(out)
    if present is not None or most > clip:
        np.clip(out, -np.float32(clip), np.float32(clip), out=out)
    return present


def _flush(values: NDArray[np.float32]) -> None:
    small = np.abs(values) < TINY
    if small.any():
        values[small] = 0.0


def _column(batch: pa.RecordBatch | pa.Table, name: str) -> pa.Array | None:
    index = batch.schema.get_field_index(name)
    if index < 0:
        return None
    column = batch.column(index)
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
        if isinstance(column, pa.ChunkedArray):  # Arrow 10 may still return chunks
            column = pa.concat_arrays(column.chunks)
    return column


def _numbers(
    column: pa.Array | None, feature: Numeric, rows: int
) -> NDArray[np.float32]:
    if column is None or pa.types.is_null(column.type):
        return np.full(rows, np.nan, np.float32)
    if not is_number(column.type):
        raise ColumnTypeError(feature.name, str(column.type), "a number")
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    null = column.is_null() if column.null_count else None
    if null is not None:  # else NumPy would round integers to float64 first
        column = pc.fill_null(column, 0)
    values = column.to_numpy(zero_copy_only=False)
    numbers: NDArray[np.float32] = values.astype(np.float32, copy=null is not None)
    if null is not None:
        numbers[null.to_numpy(zero_copy_only=False)] = np.nan
    return numbers


def _ids(column: pa.Array | None, feature: Categorical, rows: int) -> NDArray[np.int32]:
    if column is None or pa.types.is_null(column.type):
        return np.full(rows, MISSING_ID, np.int32)
    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(column)
    lookup = {value: FIRST_VALUE_ID + i for i, value in enumerate(feature.values)}
    distinct = _as_strings(column.dictionary, feature)
    # One look-up a distinct value, then one gather; the last place is for nulls.
    table = np.array(
        [
            MISSING_ID if value is None else lookup.get(value, OUT_OF_VOCABULARY_ID)
            for value in distinct
        ]
        + [MISSING_ID],
        np.int32,
    )
    indices = column.indices
    if indices.null_count:
        indices = pc.fill_null(indices.cast(pa.int32()), len(distinct))
    gathered: NDArray[np.int32] = table[indices.to_numpy(zero_copy_only=False)]
    return gathered


def _as_strings(values: pa.Array, feature: Categorical) -> list[str | None]:
    kind = values.type
    found: list[Any] = values.to_pylist()
    if not feature.integer:
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            raise ColumnTypeError(feature.name, str(kind), "a string")
        return found
    if not is_number(kind):
        raise ColumnTypeError(feature.name, str(kind), "an integer")
    if pa.types.is_floating(kind):
        # An export turns integers into floats as soon as one of them is missing.
        found = [v if v is not None and np.isfinite(v) else None for v in found]
        if any(v is not None and v != int(v) for v in found):
            raise ColumnTypeError(feature.name, f"{kind} with fractions", "an integer")
    return [None if v is None else str(int(v)) for v in found]
