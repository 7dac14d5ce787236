"""The labelled rows of a silo's split with their scores and the values of columns.

They are held in memory inside the silo, some 30 bytes a row: exact figures need the
rows in order of their scores.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from components.errors import SiloError
from components.fairness_evaluator.sketches.models import ScoredModel
from components.payloads.silo import Silo
from components.payloads.table import TOO_FEW

MISSING = "missing"
RESERVED = (TOO_FEW, MISSING, "")

Groups = tuple[NDArray[np.int64], list[tuple[str, ...]]]


@dataclasses.dataclass(frozen=True)
class Rows:
    """The labelled rows of a split.

    Attributes:
        labels: 0 or 1, int64, shape `(rows,)`.
        scores: Each model's scores, 0 to 1, float64, shape `(rows,)`.
        columns: The code of each row's value and the names by code, by column.
        unlabelled: Rows without a label, which are left out.
    """

    labels: NDArray[np.int64]
    scores: dict[str, NDArray[np.float64]]
    columns: dict[str, tuple[NDArray[np.int64], list[str]]]
    unlabelled: int = 0

    def groups(self, columns: Sequence[str]) -> Groups:
        """Return the code of each row's group, and the values by code.

        Args:
            columns: Columns to cross; of none, all rows are one group.
        """
        codes = np.zeros(len(self.labels), np.int64)
        values: list[tuple[str, ...]] = [()] if len(self.labels) else []
        for column in columns:
            own, names = self.columns[column]
            codes, crossed = pd.factorize(codes * len(names) + own)
            values = [
                (*values[pair // len(names)], names[pair % len(names)])
                for pair in crossed.tolist()
            ]
        return codes, values


def read(
    silo: Silo,
    paths: Sequence[str],
    models: Sequence[ScoredModel],
    label: str,
    columns: Iterable[str],
) -> Rows:
    """Score a split's rows, and return those that have a label.

    Args:
        silo: The silo.
        paths: The split's files.
        models: One or two models.
        label: The label's column.
        columns: The columns of slices.

    Raises:
        SiloError: The label column is absent or holds more than 0 and 1; or see
            `ScoredModel.score`.
        FileError: The split can't be read or scored.
    """
    named: dict[str, dict[str, int]] = {column: {} for column in columns}
    # All columns for each model, so that their batches are alike.
    needed = {label, *named}.union(*(model.columns() for model in models))
    labels, unlabelled = [np.zeros(0, np.int64)], 0
    scores = {model.name: [np.zeros(0)] for model in models}
    codes = {column: [np.zeros(0, np.int64)] for column in named}
    streams = [_batches(silo, paths, model, needed) for model in models]
    for found in zip(*streams, strict=True):
        path, batch, _ = found[0]
        if any(other.num_rows != batch.num_rows for _, other, _ in found):
            raise ValueError("the batches of both models are not of the same rows")
        truth, known = _labels(batch, label, silo, path)
        unlabelled += int((~known).sum())
        labels.append(truth[known])
        for model, (_, _, given) in zip(models, found, strict=True):
            scores[model.name].append(given[known])
        for column, names in named.items():
            codes[column].append(_codes(batch, column, names)[known])
    return Rows(
        np.concatenate(labels),
        {name: np.concatenate(parts) for name, parts in scores.items()},
        {
            column: (np.concatenate(parts), list(named[column]))
            for column, parts in codes.items()
        },
        unlabelled,
    )


def _batches(
    silo: Silo, paths: Sequence[str], model: ScoredModel, columns: Iterable[str]
) -> Iterator[tuple[str, pa.RecordBatch, NDArray[np.float64]]]:
    """Yield each batch of the files with the file and the model's scores."""
    for path in paths:
        for batch, scores in model.score(silo, path, columns):
            yield path, batch, scores


def _labels(
    batch: pa.RecordBatch, label: str, silo: Silo, path: str
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the labels, and which rows have one."""
    index = batch.schema.get_field_index(label)
    kind = batch.schema.field(index).type if index >= 0 else None
    if kind is None or not (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
    ):
        found = "no such column" if kind is None else f"type {kind}"
        raise SiloError(
            silo.id,
            f"{path}: label `{label}`",
            found,
            "a column of 0 and 1",
            "check `label` in the settings and the silo's export",
        )
    column = batch.column(index)
    if pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    values = pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False)
    known = ~np.isnan(values)
    strange = int(np.sum((values[known] != 0.0) & (values[known] != 1.0)))
    if strange:
        raise SiloError(
            silo.id,
            f"{path}: label `{label}`",
            f"{strange:,} of {len(values):,} rows with another number",
            "only 0 and 1",
            "check how the use case derives its label",
        )
    return np.where(known, values, 0.0).astype(np.int64), known


def _codes(
    batch: pa.RecordBatch, column: str, names: dict[str, int]
) -> NDArray[np.int64]:
    """Return the code of each row's value; new values are added to `names`.

    A column that is not there is `missing` throughout.
    """

    def code(value: object) -> int:
        return names.setdefault(_name(value), len(names))

    index = batch.schema.get_field_index(column)
    if index < 0:
        return np.full(batch.num_rows, code(None), np.int64)
    values = batch.column(index)
    if not pa.types.is_dictionary(values.type):
        values = pc.dictionary_encode(values)
    table = [code(value) for value in values.dictionary.to_pylist()]
    indices = values.indices
    if indices.null_count:
        indices = pc.fill_null(indices.cast(pa.int32()), len(table))
        table.append(code(None))
    codes: NDArray[np.int64] = np.array(table, np.int64)[
        indices.to_numpy(zero_copy_only=False)
    ]
    return codes


def _name(value: object) -> str:
    """Return a value's name, the same for all types that silos store it in."""
    match value:
        case None:
            return MISSING
        case bool():
            name = str(value).lower()
        case bytes():
            name = value.decode(errors="backslashreplace")
        case float() if math.isnan(value):
            return MISSING
        case float() if value.is_integer():  # as of a column of int with gaps
            name = str(int(value))
        case _:
            name = str(value)
    return f"{name} (value)" if name in RESERVED else name
