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


def encode(batch: pa.RecordBatch | pa.Table, spec: FeatureSpec) -> Encoded:
    """Encode the rows of a batch.

    A column that is not there counts as missing in every row; so do null, NaN
    and infinite values.

    Raises:
        ColumnTypeError: A column's type can't carry its feature.
    """
    rows, width = batch.num_rows, len(spec.numeric)
    floats = np.zeros((rows, spec.num_floats), np.float32)
    ids = np.empty((rows, spec.num_ids), np.int32)
    for index, numeric in enumerate(spec.numeric):
        values = _numbers(_column(batch, numeric.name), numeric, rows)
        present = np.isfinite(values)
        _standardise(values, numeric, spec.clip)
        if not present.all():
            values[~present] = 0.0
            floats[:, width + index] = ~present
        floats[:, index] = values
    for index, categorical in enumerate(spec.categorical):
        ids[:, index] = _ids(_column(batch, categorical.name), categorical, rows)
    return Encoded(floats, ids)


def is_number(kind: pa.DataType) -> bool:
    """Return whether a column of this type holds numbers; truth values are some."""
    is_one_of = (pa.types.is_floating, pa.types.is_integer, pa.types.is_boolean)
    return any(is_this(kind) for is_this in is_one_of)


def _standardise(values: NDArray[np.float32], feature: Numeric, clip: float) -> None:
    """Turn values into clipped standard scores, in place: this is the hot loop."""
    with np.errstate(over="ignore", invalid="ignore"):  # clipped, or missing anyway
        _flush(values)
        values -= np.float32(feature.mean)
        _flush(values)
        values *= feature.reciprocal
        _flush(values)
    np.clip(values, -np.float32(clip), np.float32(clip), out=values)


def _flush(values: NDArray[np.float32]) -> None:
    small = np.abs(values) < np.finfo(np.float32).tiny
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
    with np.errstate(over="ignore"):  # beyond float32 is infinite, so missing
        numbers: NDArray[np.float32] = values.astype(np.float32)
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
