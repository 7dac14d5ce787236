"""Scores one work item: reads, encodes, scores and writes, batch by batch.

Rows never leave this function; what it returns are counts and digests. A row
with an infinite value can't be what its silo meant, so it becomes a dead letter
beside the predictions. Missing values (null, NaN) are ordinary.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from components import digests, storage
from components.batch_inferrer import inputs, predictions
from components.batch_inferrer.items import WorkItem
from components.errors import SiloError
from components.features.spec import FeatureSpec, Numeric
from components.payloads.predictions import Part
from components.scoring import batches, model
from components.scoring.model import Scorer
from components.scoring.served import Served


@dataclasses.dataclass(frozen=True)
class Job:
    """What is alike for all items of a run."""

    model: str  # folder of the base model
    model_digest: str  # of the base model
    key: tuple[str, ...]  # columns that name a row, copied beside its score
    batch_rows: int  # rows scored at a time
    code: str = ""  # digest of the code that scores
    benefit: str = ""  # folder of the report that says what serves each silo
    scored_at: float = 0.0  # when the run began, unit: seconds since 1970
    again: str = ""  # what tells a run apart that scores all anew; empty: none does

    def form(self, served: Served, rows_per_item: int) -> str:
        """Return the digest of all but the rows that predictions follow from."""
        parts = [served.digest, served.model, self.key, self.batch_rows]
        return digests.of_json([*parts, rows_per_item, self.code])


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of one item."""

    part: Part | None = None  # what was made, or found; None where it failed
    resumed: bool = False  # whether an earlier run had done it
    failure: str = ""  # why it was not done; empty if it was
    trace: str = ""  # where an error that was not foreseen arose, for the operator
    began: float = 0.0  # with the model loaded; unit: seconds since 1970
    ended: float = 0.0  # on the same clock
    cpu: float = 0.0  # of this process in between, unit: seconds


def score_item(
    item: WorkItem, job: Job, load: Callable[[WorkItem, Job], Scorer]
) -> Outcome:
    """Score an item, unless an earlier run has done it: then no model is loaded.

    Raises:
        SiloError: The file, its rows, key columns or the home are not as the plan
            says, the silo's own weights have gone since, or the predictions
            can't be written.
        StorageError: The storage can't be read or written.
        FileError: See `scoring/batches.py`.
        ColumnTypeError: A column's type can't carry its feature.
    """
    began, cpu = time.time(), time.process_time()
    part = predictions.done(item)
    resumed = part is not None
    if part is not None:
        with storage.parquet(item.file.path) as file:
            missing = _missing(item, model.read_spec(job.model), file.schema_arrow)
        part = dataclasses.replace(part, missing=missing)
    else:
        scorer = load(item, job)
        began, cpu = time.time(), time.process_time()
        part = _score(item, job, scorer)
    ended, used = time.time(), time.process_time() - cpu
    return Outcome(part, resumed, began=began, ended=ended, cpu=used)


def _score(item: WorkItem, job: Job, scorer: Scorer) -> Part:
    predictions.check_place(item.silo, item.folder)
    inputs.verify(item.silo, item.file)
    constants = _constants(item, scorer)
    columns = _columns(item)
    keys = _key_fields(item, job, columns, constants)
    schema = pa.schema([*keys, *predictions.ADDED])
    table, dead = predictions.Table(schema, item.work), _DeadLetters(item, keys)
    first, same = item.first_row, _same(item, job)
    for batch, scores, incomplete in batches.score_batches(
        scorer, item.file.path, job.key, job.batch_rows, item.row_groups, constants
    ):
        if job.key:
            own = [_plain(batch, field) for field in keys]
        else:
            numbers = np.arange(first, first + batch.num_rows)
            own = [pa.array(numbers), *(_plain(batch, field) for field in keys[1:])]
            first += batch.num_rows
        culprits = _infinite(batch, scorer.spec.numeric, incomplete)
        if culprits is not None:
            dead.write(own, culprits, scorer.spec.numeric)
            good = culprits < 0
            own = [column.filter(pa.array(good)) for column in own]
            scores = scores[good]
        alike = [column[: len(scores)] for column in same]
        table.write([*own, pa.array(scores), *alike])
    _check_count(item, table.rows + dead.rows)
    if item.file.in_place:
        inputs.verify(item.silo, item.file)  # it may have changed meanwhile
    dead.save()  # before the predictions, which are the mark that the item is done
    part = _save(item, table, dead.reasons)
    missing = _missing(item, scorer.spec, columns)
    return dataclasses.replace(part, missing=missing)


def _save(item: WorkItem, table: predictions.Table, dead: dict[str, int]) -> Part:
    data = table.finish()
    if not predictions.save(item, item.target, data):
        # Another run was faster; or it is damaged, and would stay for ever.
        if found := predictions.done(item):
            return found
        predictions.save(item, item.target, data, replace=True)
    digest = digests.of_bytes(data)
    return predictions.part(item, table.rows, dead, data.size, digest)


def _same(item: WorkItem, job: Job) -> list[pa.Array]:
    """Return the columns that are alike in all rows of a file, for a batch."""
    zeros = pa.array(np.zeros(job.batch_rows, np.int32))
    at = np.full(job.batch_rows, round(job.scored_at * 1000))
    return [
        *(
            pa.DictionaryArray.from_arrays(zeros, pa.array([text]))
            for text in (item.served.digest, item.served.model)
        ),
        pa.array(at, predictions.SCORED_AT.type),
    ]


def _constants(item: WorkItem, scorer: Scorer) -> dict[str, pa.Scalar]:
    found, expected = "", "a name of its own"
    if clash := predictions.OURS & {name for name, _ in item.file.partition}:
        found = f"a folder `{min(clash)}=...`, a column that predictions add"
    try:
        constants = inputs.constants(item.file.partition, scorer.spec)
    except (ValueError, OverflowError):  # the latter for too many digits
        found = "a folder `name=value` whose value is no number"
        expected = "a number, as the model takes it"
    if found:
        place = item.file.path
        raise SiloError(item.silo.id, place, found, expected, "rename the folder")
    return constants


def _columns(item: WorkItem) -> pa.Schema:
    """Return the columns of an item's file, none where it can't be read."""
    try:
        with storage.parquet(item.file.path) as file:
            rows = file.metadata.num_rows
            schema: pa.Schema = file.schema_arrow
    except (OSError, pa.ArrowException):
        return pa.schema([])  # the reader of the rows says what is wrong
    if item.row_groups is None:
        _check_count(item, rows)
    return schema


def _missing(item: WorkItem, spec: FeatureSpec, columns: pa.Schema) -> tuple[str, ...]:
    """Return the columns of the model that an item's rows lack."""
    there = {*columns.names, *(name for name, _ in item.file.partition)}
    return tuple(name for name in spec.columns if name not in there)


def _key_fields(
    item: WorkItem, job: Job, columns: pa.Schema, constants: Mapping[str, pa.Scalar]
) -> list[pa.Field]:
    """Return the columns that name a row as they are written: plain, not encoded.

    Those of folders are among them. Without a key a row has nothing but its number, of
    which dead letters make gaps.
    """
    names = {**dict.fromkeys(job.key), **dict.fromkeys(constants)}
    known = {field.name: field.type for field in columns}
    known |= {name: value.type for name, value in constants.items()}
    missing = [name for name in names if name not in known]
    if missing and columns.names:
        raise SiloError(
            item.silo.id,
            item.file.path,
            f"no column {', '.join(f'`{name}`' for name in missing)}",
            "the key columns, which name a row beside its score",
            "correct `key` in the settings, or export the column",
        )
    kinds = [known.get(name, pa.null()) for name in names]
    return [
        *([] if job.key else [predictions.ROW]),
        *(
            pa.field(name, kind.value_type if pa.types.is_dictionary(kind) else kind)
            for name, kind in zip(names, kinds, strict=True)
        ),
    ]


def _plain(batch: pa.RecordBatch, field: pa.Field) -> pa.Array:
    column = batch.column(batch.schema.get_field_index(field.name))
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column if column.type == field.type else column.cast(field.type)


def _infinite(
    batch: pa.RecordBatch, numeric: Sequence[Numeric], incomplete: Sequence[int]
) -> NDArray[np.int64] | None:
    """Return for each row its first infinite feature's index, -1 where none is.

    Only `incomplete` features can have one. None stands for a batch without an infinite
    value, by far the usual case.
    """
    culprits: NDArray[np.int64] | None = None
    for index in incomplete:
        position = batch.schema.get_field_index(numeric[index].name)
        column = batch.column(position) if position >= 0 else None
        if column is None or not pa.types.is_floating(column.type):
            continue
        infinite = np.isinf(column.to_numpy(zero_copy_only=False))
        if infinite.any():
            if culprits is None:
                culprits = np.full(batch.num_rows, -1)
            culprits[infinite & (culprits < 0)] = index
    return culprits


class _DeadLetters:
    """The keys of an item's rows that can't be scored, each with the reason."""

    def __init__(self, item: WorkItem, keys: Sequence[pa.Field]) -> None:
        self._item = item
        self._schema = pa.schema([*keys, predictions.REASON])
        self._table: predictions.Table | None = None
        self.reasons: dict[str, int] = {}  # rows by reason

    @property
    def rows(self) -> int:
        """How many there are."""
        return self._table.rows if self._table else 0

    def write(
        self,
        own: Sequence[pa.Array],
        culprits: NDArray[np.int64],
        numeric: Sequence[Numeric],
    ) -> None:
        """Add the rows that have a culprit, given with their key columns."""
        self._table = self._table or predictions.Table(self._schema, self._item.work)
        bad = culprits >= 0
        said = [f"`{feature.name}` is infinite" for feature in numeric]
        for index, rows in enumerate(np.bincount(culprits[bad]).tolist()):
            if rows:
                self.reasons[said[index]] = self.reasons.get(said[index], 0) + rows
        reasons = pa.DictionaryArray.from_arrays(
            pa.array(culprits[bad].astype(np.int32)), pa.array(said)
        )
        self._table.write([*(column.filter(pa.array(bad)) for column in own), reasons])

    def save(self) -> None:
        """Write them beside the predictions, if there are any."""
        if self._table:
            path, data = self._item.dead_letters, self._table.finish()
            predictions.save(self._item, path, data, replace=True)


def _check_count(item: WorkItem, found: int) -> None:
    """Check that a file has as many rows as planned, where its footer could be read."""
    if item.rows in (found, -1):
        return
    if item.file.in_place:
        inputs.verify(item.silo, item.file)  # that it changed says more
    raise SiloError(
        item.silo.id,
        item.label,
        f"{found:,} rows",
        f"{item.rows:,} rows as in the manifest",
        "write the split again: run the pipeline from SiloExampleGen",
    )
