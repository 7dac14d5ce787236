"""The silo task `sketch`: a split in, counts by score bin and slice out.

Each slice column makes a family of cells beside the cell of all rows; columns
are not crossed, so that what leaves stays small and says little. Totals over
all rows are exact whatever is too small to be told by value.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from components.errors import SiloError
from components.fairness_evaluator import bins, cells
from components.fairness_evaluator.folds import Fold, Scored
from components.scoring import batches
from components.scoring.model import Scorer
from components.silos.silo import Silo
from components.silos.tasks import Result

RESERVED = (cells.TOO_FEW, cells.MISSING, "")


def sketch(silo: Silo, arguments: Mapping[str, Any]) -> Result:
    """Score a split inside its silo and fold the scores into cells.

    Args:
        silo: The silo.
        arguments: `path` of the split, `model` (folder) and `digest`, `label`
            (column), `slices` (columns), `thresholds`, `min_slice_rows`, `bins`.

    Returns:
        Values: `rows`, `unlabelled` (rows left out), `cells`. Payload: the cells
        as an Arrow IPC stream.

    Raises:
        SiloError: The label column is absent or holds more than 0 and 1.
        FileError: The split can't be read or scored.
    """
    path, label = arguments["path"], arguments["label"]
    edges = bins.edges(arguments["bins"], arguments["thresholds"])
    folds = {
        column: Fold(column, len(edges) + 1) for column in ("", *arguments["slices"])
    }
    scorer = _scorer(arguments["model"], arguments["digest"])
    rows = unlabelled = 0
    for batch, scores in batches.score_batches(scorer, path, [label, *folds]):
        labels, known = _labels(batch, label, silo, path)
        rows, unlabelled = rows + int(known.sum()), unlabelled + int((~known).sum())
        kept = scores[known].astype(np.float64)
        scored = Scored(labels[known], kept, bins.assign(kept, edges))
        for column, fold in folds.items():
            fold.add(_codes(batch, column, fold)[known], scored)
    told = [
        cell
        for fold in folds.values()
        for cell in fold.cells(arguments["min_slice_rows"])
    ]
    values = {"rows": rows, "unlabelled": unlabelled, "cells": len(told)}
    return Result(values, cells.to_bytes(told))


@functools.lru_cache(maxsize=2)  # candidate and baseline, for all silos
def _scorer(folder: str, digest: str) -> Scorer:
    del digest  # part of the key: a folder may be written again
    return Scorer(folder)


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


def _codes(batch: pa.RecordBatch, column: str, fold: Fold) -> NDArray[np.int64]:
    """Return the code of each row's value in a family."""
    if not column:
        return np.full(batch.num_rows, fold.code(""), np.int64)
    index = batch.schema.get_field_index(column)
    if index < 0:
        return np.full(batch.num_rows, fold.code(cells.MISSING), np.int64)
    values = batch.column(index)
    if not pa.types.is_dictionary(values.type):
        values = pc.dictionary_encode(values)
    table = [fold.code(_name(value)) for value in values.dictionary.to_pylist()]
    indices = values.indices
    if indices.null_count:
        indices = pc.fill_null(indices.cast(pa.int32()), len(table))
        table.append(fold.code(cells.MISSING))
    codes: NDArray[np.int64] = np.array(table, np.int64)[
        indices.to_numpy(zero_copy_only=False)
    ]
    return codes


def _name(value: object) -> str:
    if value is None:
        return cells.MISSING
    name = str(value)
    return f"{name} (value)" if name in RESERVED else name
