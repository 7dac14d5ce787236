"""Files of predictions: made in memory, then written in one go under their name.

So a kill, a full disk or a broken connection leaves nothing half-written under a final
name. A file's footer says which work it holds, and the first to write it wins: equal
work in two runs at once gives one file.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import pathlib
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from components import digests, storage
from components.batch_inferrer.items import WorkItem
from components.errors import SiloError
from components.payloads import predictions as published
from components.payloads.predictions import DEAD_LETTERS, PARTS, Part, Predictions
from components.payloads.silo import Silo
from components.silos import homes, stale_files

WORK = b"fairsilo.work"
ROW_GROUP_ROWS = 262_144  # or a batch, if that is larger
# In place of a key: the row's number in its input file.
ROW = pa.field("row", pa.int64())
SCORE = pa.field("score", pa.float32())
_REPEATED = pa.dictionary(pa.int32(), pa.string())
MODEL = pa.field("model", _REPEATED)  # digest of the model
SERVED = pa.field("served", _REPEATED)  # which it is: `base`, `personal` or `alone`
SCORED_AT = pa.field("scored_at", pa.timestamp("ms", tz="UTC"))
ADDED = (SCORE, MODEL, SERVED, SCORED_AT)
_ALIKE = {MODEL.name, SERVED.name, SCORED_AT.name}
REASON = pa.field("reason", _REPEATED)
OURS = {field.name for field in (*ADDED, REASON)}

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Table:
    """A Parquet file that grows in memory, batch by batch."""

    def __init__(self, schema: pa.Schema, work: str) -> None:
        # Numbers hardly repeat: a dictionary of them would only cost time.
        repeated = [
            field.name
            for field in schema
            if pa.types.is_string(field.type)
            or pa.types.is_dictionary(field.type)
            or pa.types.is_timestamp(field.type)
        ]
        self.schema = schema
        self.rows = 0
        self._waiting: list[pa.RecordBatch] = []
        self._sink = pa.BufferOutputStream()
        self._writer = pq.ParquetWriter(
            self._sink,
            schema.with_metadata({WORK: work.encode()}),
            use_dictionary=repeated,
            # Of what is alike in all rows they tell nothing.
            write_statistics=[f.name for f in schema if f.name not in _ALIKE],
        )

    def write(self, columns: list[pa.Array]) -> None:
        """Append rows."""
        batch = pa.RecordBatch.from_arrays(columns, schema=self.schema)
        self._waiting.append(batch)
        self.rows += batch.num_rows
        if sum(one.num_rows for one in self._waiting) >= ROW_GROUP_ROWS:
            self._write_group()

    def finish(self) -> pa.Buffer:
        """Return the file."""
        self._write_group()
        self._writer.close()
        return self._sink.getvalue()

    def _write_group(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.Table.from_batches(self._waiting))
        self._waiting = []


def save(item: WorkItem, path: str, data: pa.Buffer, replace: bool = False) -> bool:
    """Write a file of an item; return whether it was written.

    One that is there stays, or else is replaced.

    Raises:
        SiloError: The home is gone, the folder leads out of it, or the file can't be
            written.
        StorageError: The storage does not take it.
    """
    check_place(item.silo, item.folder)

    def prepare(unfinished: pathlib.Path) -> None:
        if path.startswith(f"{item.silo.home}/"):
            homes.chown_to_silo(item.silo, unfinished)

    with _faults_of(item, path):
        return storage.put(path, data, replace, prepare)


def done(item: WorkItem) -> Part | None:
    """Return the part that an earlier run made of an item; None: it has to be scored.

    Raises:
        StorageError: The storage can't be read.
    """
    now = storage.stat(item.target)
    scored = _rows(item.target, item.work) if now else None
    if now is None or scored is None:
        return None
    dead = reasons(item.dead_letters, item.work) if item.rows != scored else {}
    if item.rows >= 0 and scored + sum(dead.values()) != item.rows:
        return None
    digest = digests.of_bytes(storage.read(item.target))
    return part(item, scored, dead, now.size, digest)


def part(
    item: WorkItem, rows: int, dead: dict[str, int], size: int, digest: str
) -> Part:
    """Return an item's line in the pointer; `dead` are its dead letters by reason."""
    name, rows_dead = item.file.name(item.silo), sum(dead.values())
    found = Part(item.name, name, item.file.tag, rows, rows_dead, size, digest)
    return dataclasses.replace(found, reasons=dead)


def publish(silo: Silo, folder: str, found: Predictions) -> None:
    """Let a silo's predictions count: write their pointer, in one step.

    Raises:
        OSError: It can't be written.
        StorageError: The storage does not take it.
    """

    def prepare(unfinished: pathlib.Path) -> None:
        if folder.startswith(f"{silo.home}/"):
            homes.chown_to_silo(silo, unfinished)

    path = published.pointer(folder)
    storage.put(path, found.to_json().encode(), prepare=prepare)


def sweep(folder: str, kept: Sequence[Predictions]) -> None:
    """Remove files of a span's folder that no run has used for days.

    Those that a pointer lists stay, `kept` or one that another run has written since,
    and so do younger ones: other runs may be writing. Readers may have read the pointer
    before, so that belongs to what is kept.
    """
    place, stale = storage.escape(folder), list[str]()
    for pattern in ("*.parquet", ".*"):  # and what kills left
        for file in storage.find(f"{place}/*/{pattern}"):
            is_ours = file.path.split("/")[-2] in {PARTS, DEAD_LETTERS}
            if is_ours and stale_files.is_stale(file.modified):
                stale.append(file.path)
    now = published.read(folder) if stale else None
    names = {part.name for one in (*kept, now) if one for part in one.parts}
    for path in stale:
        if path.rpartition("/")[2] not in names:
            storage.remove(path)


def reasons(path: str, work: str) -> dict[str, int]:
    """Return the rows of a file of dead letters by reason; none if it isn't whole."""
    if _rows(path, work) is None:
        return {}
    with storage.parquet(path) as file:
        counted = file.read([REASON.name]).column(0).value_counts().to_pylist()
    return {str(one["values"]): one["counts"] for one in counted}


def _rows(path: str, work: str) -> int | None:
    """Return the rows of a finished file, or None if it does not hold this work."""
    try:
        with storage.parquet(path) as file:
            metadata = file.metadata
    except (FileNotFoundError, pa.ArrowException):
        return None  # not there, or damaged since
    if (metadata.metadata or {}).get(WORK) != work.encode():
        return None
    rows: int = metadata.num_rows
    return rows


@contextlib.contextmanager
def _faults_of(item: WorkItem, path: str) -> Iterator[None]:
    """Turn errors of writing into errors of the silo's."""
    try:
        yield
    except OSError as error:
        # Arrow's own text carries no record here, but its errno says it all.
        found = os.strerror(error.errno) if error.errno else type(error).__name__
        hint = (
            "free space on the silo's volume and run again; parts that are done stay"
            if error.errno in _FULL
            else "give this process the right to write there, then run again"
        )
        raise SiloError(
            item.silo.id,
            path,
            f"that it can't be written ({found})",
            "room and the right to write predictions",
            hint,
        ) from error


def check_place(silo: Silo, folder: str) -> None:
    """Check that predictions that go into a span's folder in the silo's home can.

    Raises:
        SiloError: The home is gone, or the folder, or one in it, leads out of it.
    """
    home = pathlib.Path(silo.home)
    if not folder.startswith(f"{home}/"):
        return
    if not home.is_dir():
        raise SiloError(
            silo.id,
            silo.home,
            "no folder",
            "the silo's home",
            "bring the folder back and run again; parts that are done stay",
        )
    for place in (folder, f"{folder}/{PARTS}", f"{folder}/{DEAD_LETTERS}"):
        if not pathlib.Path(place).resolve().is_relative_to(home.resolve()):
            raise SiloError(
                silo.id,
                place,
                "a link that leads out of the silo's home",
                "a folder below it",
                "remove the link",
            )
