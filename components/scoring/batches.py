"""The loop that reads, encodes and scores a Parquet file, batch by batch.

Evaluation and inference share it, so that both score the same rows alike. Only
the columns that are asked for are read; memory holds a batch, never a file. An
error names the file and says what was found, never a record.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from components import storage, temporary_faults
from components.errors import FairSiloError
from components.features import columnar
from components.scoring.model import Scorer

BATCH_ROWS = 32_768


class Scored(NamedTuple):
    """A batch of rows with their scores."""

    batch: pa.RecordBatch
    scores: NDArray[np.float32]  # shape `(rows,)`, 0 to 1
    incomplete: tuple[int, ...]  # numeric features that are missing in some row


class FileError(FairSiloError):
    """A file of rows that can't be read or scored; `found` is an aggregate."""

    def __init__(self, path: str, found: str, expected: str, hint: str = "") -> None:
        super().__init__(f"{path}: found {found}, expected {expected}", hint)
        self.args = (path, found, expected, hint)


def read_batches(
    path: str | pathlib.Path,
    columns: Iterable[str],
    batch_rows: int = BATCH_ROWS,
    row_groups: Sequence[int] | None = None,
    constants: Mapping[str, pa.Scalar] = MappingProxyType({}),
) -> Iterator[pa.RecordBatch]:
    """Read some columns of a Parquet file, local or in a storage.

    Columns that the file lacks are left out. The row groups are read in the order of
    their indices; all when None. `constants` are columns that the file's folders tell,
    with their value; they come behind the others.

    Yields:
        Batches of at least one row. String columns come as dictionaries, so
        that each distinct value is handled once.

    Raises:
        FileError: The file is not there, not Parquet, damaged, has none of the
            columns, or has no such row group.
    """
    hint = "write the split again"
    try:
        names = set(columns) - set(constants)
        for batch in _batches(str(path), names, batch_rows, row_groups):
            yield _with(batch, constants)
    except FileNotFoundError as error:
        lost = FileError(str(path), "no file", "a Parquet file", hint)
        raise temporary_faults.mark(lost) from error
    except (pa.ArrowException, OSError) as error:
        if temporary_faults.is_of_the_machine(error):
            raise
        # Arrow's own text may quote a value, so only the kind of error is told.
        found = f"bytes that Arrow can't read ({type(error).__name__})"
        damaged = FileError(str(path), found, "a whole Parquet file", hint)
        raise temporary_faults.mark(damaged) from None


def _with(batch: pa.RecordBatch, constants: Mapping[str, pa.Scalar]) -> pa.RecordBatch:
    if not constants:
        return batch
    columns = {**dict(zip(batch.schema.names, batch.columns, strict=True))}
    for name, value in constants.items():
        columns[name] = pa.repeat(value, batch.num_rows)
    return pa.RecordBatch.from_arrays([*columns.values()], [*columns])


def _batches(
    path: str,
    columns: set[str],
    batch_rows: int,
    row_groups: Sequence[int] | None,
) -> Iterator[pa.RecordBatch]:
    with storage.parquet(path) as file:
        metadata = file.metadata
    schema = metadata.schema.to_arrow_schema()
    names = [name for name in schema.names if name in columns]
    if not names:
        raise FileError(
            path,
            f"none of the {len(columns)} columns that are read",
            "at least one of them",
            "check the column names of the settings and of the schema",
        )
    for group in row_groups or ():
        if not 0 <= group < metadata.num_row_groups:
            raise FileError(
                path,
                f"{metadata.num_row_groups} row groups",
                f"one with index {group}",
            )
    texts = (pa.string(), pa.large_string())
    strings = [name for name in names if schema.field(name).type in texts]
    with storage.parquet(path, metadata=metadata, read_dictionary=strings) as file:
        for batch in file.iter_batches(
            batch_rows, row_groups, names, use_threads=False
        ):
            if batch.num_rows:
                yield batch


def score_batches(
    scorer: Scorer,
    path: str | pathlib.Path,
    extra_columns: Iterable[str] = (),
    batch_rows: int = BATCH_ROWS,
    row_groups: Sequence[int] | None = None,
    constants: Mapping[str, pa.Scalar] = MappingProxyType({}),
) -> Iterator[Scored]:
    """Score the rows of a Parquet file.

    Arguments as those of `read_batches`; `extra_columns` are what the model does not
    take but the caller needs.

    Yields:
        Each batch with its rows' scores.

    Raises:
        FileError: See `read_batches`; or the model gives scores that are no
            probabilities.
        ColumnTypeError: A column's type can't carry its feature.
    """
    columns = {*scorer.spec.columns, *extra_columns}
    for batch in read_batches(path, columns, batch_rows, row_groups, constants):
        encoded = columnar.encode(batch, scorer.spec)
        scores = scorer(encoded)
        if not (scores.min() >= 0.0 and scores.max() <= 1.0):  # False for NaN too
            bad = int(np.sum(~((scores >= 0.0) & (scores <= 1.0))))
            raise FileError(
                str(path),
                f"{bad:,} of {len(scores):,} scores outside 0 to 1 or not a number",
                "probabilities from the model",
                "check the model's output layer and its training",
            )
        yield Scored(batch, scores, encoded.incomplete)
