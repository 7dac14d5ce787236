"""Scores one work item: reads, encodes, scores and writes, batch by batch.

Rows never leave this function; what it returns are counts and digests. A row
with an infinite value can't be what its silo meant, so it becomes a dead letter
beside the predictions. Missing values (null, NaN) are ordinary.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from components import digests
from components.batch_inferrer import predictions
from components.batch_inferrer.items import WorkItem
from components.errors import SiloError
from components.features.spec import Numeric
from components.payloads import manifest
from components.scoring import batches
from components.scoring.model import Scorer


@dataclasses.dataclass(frozen=True)
class Job:
    """What is alike for all items of a run."""

    model: str  # folder of the base model
    model_digest: str  # of the base model
    key: tuple[str, ...]  # columns that name a row, copied beside its score
    batch_rows: int  # rows scored at a time
    code: str = ""  # digest of the code that scores
    benefit: str = ""  # folder of the report that says what serves each silo

    def work(self, item: WorkItem) -> str:
        """Return the digest of all that an item's predictions follow from."""
        parts = [item.served.digest, self.key, self.batch_rows, self.code]
        return digests.of_json(
            [*parts, item.input_digest, item.row_groups, item.first_row]
        )


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of one item."""

    rows: int = 0  # that were scored
    dead_letters: int = 0  # rows that can't be scored
    resumed: bool = False  # whether an earlier run had done it
    digest: str = ""  # SHA-256 of the file of predictions
    files: int = 0  # predictions, and dead letters if there are any
    bytes: int = 0  # of the files together
    failure: str = ""  # why it was not done; empty if it was
    trace: str = ""  # where an error that was not foreseen arose, for the operator
    began: float = 0.0  # with the model loaded; monotonic clock, unit: seconds
    ended: float = 0.0  # on the same clock


def score_item(
    item: WorkItem, job: Job, load: Callable[[WorkItem, Job], Scorer]
) -> Outcome:
    """Score an item, unless an earlier run has done it: then no model is loaded.

    Raises:
        SiloError: The file, its rows, key columns or the home are not as the manifest
            says, the silo's own weights have gone since the plan, or the predictions
            can't be written.
        FileError: See `scoring/batches.py`.
        ColumnTypeError: A column's type can't carry its feature.
    """
    began = time.monotonic()
    work = job.work(item)
    scored = predictions.rows_done(item.target, work)
    dead = predictions.rows_done(item.dead_letters, work) or 0
    resumed = scored is not None and scored + dead == item.rows
    if not resumed:
        scorer = load(item, job)
        began = time.monotonic()
        scored, dead = _score(item, job, scorer, work)
    files = [item.target, *([item.dead_letters] if dead else [])]
    return Outcome(
        rows=scored or 0,
        dead_letters=dead,
        resumed=resumed,
        digest=digests.of_file(item.target),
        files=len(files),
        bytes=sum(file.stat().st_size for file in files),
        began=began,
        ended=time.monotonic(),
    )


def _score(item: WorkItem, job: Job, scorer: Scorer, work: str) -> tuple[int, int]:
    manifest.verify(item.silo, {item.path: item.input_digest})
    keys = _key_fields(item, job)
    schema = pa.schema([*keys, predictions.SCORE, predictions.MODEL])
    rows, first = 0, item.first_row
    dead: list[pa.RecordBatch] = []
    with predictions.new_file(item.silo, item.target, schema, work) as write:
        for batch, scores in batches.score_batches(
            scorer, item.path, job.key, job.batch_rows, item.row_groups
        ):
            if job.key:
                own = [_plain(batch, field) for field in keys]
            else:
                own = [pa.array(np.arange(first, first + batch.num_rows))]
                first += batch.num_rows
            culprits = _infinite(batch, scorer.spec.numeric)
            if culprits is not None:
                dead.append(_dead_letters(keys, own, culprits, scorer.spec.numeric))
                good = culprits < 0
                own = [column.filter(pa.array(good)) for column in own]
                scores = scores[good]
            model = pa.DictionaryArray.from_arrays(
                pa.array(np.zeros(len(scores), np.int32)),
                pa.array([item.served.digest]),
            )
            columns = [*own, pa.array(scores), model]
            write(pa.RecordBatch.from_arrays(columns, schema=schema))
            rows += len(scores)
        num_dead = sum(letters.num_rows for letters in dead)
        if rows + num_dead != item.rows:
            raise _miscount(item, rows + num_dead)
        # Before the predictions, which are the mark that the item is done.
        _write_dead_letters(item, dead, work)
    return rows, num_dead


def _key_fields(item: WorkItem, job: Job) -> list[pa.Field]:
    """Return the key columns as they are written: those of the input, plain.

    Without a key a row has nothing but its number, of which dead letters make gaps.
    """
    try:
        metadata = pq.read_metadata(item.path)
    except (OSError, pa.ArrowException):
        return []  # the reader of the rows says what is wrong
    if item.row_groups is None and metadata.num_rows != item.rows:
        raise _miscount(item, metadata.num_rows)
    if not job.key:
        return [predictions.ROW]
    schema = metadata.schema.to_arrow_schema()
    missing = [name for name in job.key if name not in schema.names]
    if missing:
        raise SiloError(
            item.silo.id,
            item.path,
            f"no column {', '.join(f'`{name}`' for name in missing)}",
            "the key columns, which name a row beside its score",
            "correct `key` in the settings, or export the column",
        )
    kinds = [schema.field(name).type for name in job.key]
    return [
        pa.field(name, kind.value_type if pa.types.is_dictionary(kind) else kind)
        for name, kind in zip(job.key, kinds, strict=True)
    ]


def _plain(batch: pa.RecordBatch, field: pa.Field) -> pa.Array:
    column = batch.column(batch.schema.get_field_index(field.name))
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column if column.type == field.type else column.cast(field.type)


def _infinite(
    batch: pa.RecordBatch, numeric: Sequence[Numeric]
) -> NDArray[np.int64] | None:
    """Return for each row its first infinite feature's index, -1 where none is.

    None stands for a batch without an infinite value, by far the usual case.
    """
    culprits: NDArray[np.int64] | None = None
    for index, feature in enumerate(numeric):
        position = batch.schema.get_field_index(feature.name)
        column = batch.column(position) if position >= 0 else None
        if column is None or not pa.types.is_floating(column.type):
            continue
        infinite = np.isinf(column.to_numpy(zero_copy_only=False))
        if infinite.any():
            if culprits is None:
                culprits = np.full(batch.num_rows, -1)
            culprits[infinite & (culprits < 0)] = index
    return culprits


def _dead_letters(
    keys: Sequence[pa.Field],
    own: Sequence[pa.Array],
    culprits: NDArray[np.int64],
    numeric: Sequence[Numeric],
) -> pa.RecordBatch:
    """Return the keys of the rows that can't be scored, each with the reason."""
    bad = culprits >= 0
    reasons = pa.DictionaryArray.from_arrays(
        pa.array(culprits[bad].astype(np.int32)),
        pa.array([f"`{feature.name}` is infinite" for feature in numeric]),
    )
    return pa.RecordBatch.from_arrays(
        [*(column.filter(pa.array(bad)) for column in own), reasons],
        schema=pa.schema([*keys, predictions.REASON]),
    )


def _write_dead_letters(
    item: WorkItem, dead: Sequence[pa.RecordBatch], work: str
) -> None:
    if not dead:
        item.dead_letters.unlink(missing_ok=True)  # of earlier code
        return
    path, schema = item.dead_letters, dead[0].schema
    with predictions.new_file(item.silo, path, schema, work) as write:
        for letters in dead:
            write(letters)


def _miscount(item: WorkItem, found: int) -> SiloError:
    return SiloError(
        item.silo.id,
        item.label,
        f"{found:,} rows",
        f"{item.rows:,} rows as in the manifest",
        "write the split again: run the pipeline from SiloExampleGen",
    )
