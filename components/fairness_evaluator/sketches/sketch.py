"""The silo task `sketch`: a split in, counts by score bin and slice out.

All rows, the values of each slice column and of columns crossed make a family of
slices each. One or two models score the rows in one pass; of two the silo also tells
what can only be known row by row (`pairs.py`). Slices with too few rows leave the
silo as one row count a family, and with them those from which they would follow;
what they hold goes into the pool (`pool.py`). So a silo with too few rows in all
tells their number alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from components.errors import SiloError
from components.fairness_evaluator.sketches.slice_folds import SliceFolds
from components.fairness_evaluator.sketches.subjects import Subject
from components.payloads.silo import Silo
from components.silos import tasks
from components.silos.tasks import Result


def sketch(silo: Silo, arguments: Mapping[str, Any]) -> Result:
    """Score a split inside its silo and fold the scores into cells and pairs.

    Args:
        silo: The silo.
        arguments: `paths` of the split's files, `subjects` (fields of one or two),
            `label` (column), `families` (their columns), `thresholds`,
            `min_slice_rows`, `bins`, `counts` (whether in figures over all silos).

    Returns:
        Values: `rows`, `unlabelled` (rows left out), `pooled` (how many cells and
        pairs), and `not_compared`: why the second model could not be scored, else
        empty. Payload: what is told under the silo's name (`Told`).
        Pooled: what is told only added up over silos (`Told`).

    Raises:
        SiloError: The label column is absent or holds more than 0 and 1; or see
            `Subject.score`.
        FileError: The split can't be read or scored.
    """
    subjects = [Subject(**fields) for fields in arguments["subjects"]]
    missing = None
    try:
        folds, unlabelled = _fold(silo, arguments, subjects)
    except Exception as error:
        # Where the first model alone can be scored, the second was the cause.
        if len(subjects) == 1:
            raise
        missing = tasks.failure("sketch", silo, error)
        folds, unlabelled = _fold(silo, arguments, subjects[:1])
    told, pooled = folds.told(arguments["min_slice_rows"], counts=arguments["counts"])
    pool = pooled.to_bytes() if len(pooled) else b""
    values = {
        "rows": folds.rows,
        "unlabelled": unlabelled,
        "pooled": len(pooled),
        "not_compared": missing.reason if missing else "",
    }
    return Result(values, told.to_bytes(), pool, missing)


def _fold(
    silo: Silo, arguments: Mapping[str, Any], subjects: Sequence[Subject]
) -> tuple[SliceFolds, int]:
    label, families = arguments["label"], arguments["families"]
    names = [subject.name for subject in subjects]
    folds = SliceFolds(families, arguments["thresholds"], arguments["bins"], names)
    # All columns for each subject, so that their batches are alike.
    columns = {label, *folds.columns}.union(*(each.columns() for each in subjects))
    unlabelled = 0
    for path in arguments["paths"]:
        streams = [subject.score(silo, path, columns) for subject in subjects]
        for found in zip(*streams, strict=True):
            batch = found[0][0]
            if any(other.num_rows != batch.num_rows for other, _ in found):
                raise ValueError("the batches of both models are not of the same rows")
            labels, known = _labels(batch, label, silo, path)
            unlabelled += int((~known).sum())
            folds.add(batch, known, labels, [scores for _, scores in found])
    return folds, unlabelled


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
