"""Files of predictions: whole under their final name, or not there at all.

A file is written under a temporary name in its own folder, synced, given to the
silo's user and then renamed, so a kill or a full disk leaves nothing half-written
under a final name. Its footer says which work it holds: that is how a later run
knows that the work is done.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pathlib
import uuid
from collections.abc import Callable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from components.errors import SiloError
from components.payloads.silo import Silo
from components.silos import homes, stale_files

WORK = b"fairsilo.work"
ROW = pa.field("row", pa.int64())  # in place of a key: the row's number in its split
SCORE = pa.field("score", pa.float32())
MODEL = pa.field("model", pa.dictionary(pa.int32(), pa.string()))
REASON = pa.field("reason", pa.dictionary(pa.int32(), pa.string()))

DEAD_LETTERS = "dead-letters"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextlib.contextmanager
def new_file(
    silo: Silo, path: pathlib.Path, schema: pa.Schema, work: str
) -> Iterator[Callable[[pa.RecordBatch], None]]:
    """Yield a function that appends rows to a file, named when the block ends well.

    `path` is its final name, below the silo's home; `work` the digest of the work that
    it holds.

    Raises:
        SiloError: The home is gone, the folder leads out of it, or the file
            can't be written.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    # Numbers hardly repeat: a dictionary of them would only cost time.
    repeated = [
        field.name
        for field in schema
        if pa.types.is_string(field.type) or pa.types.is_dictionary(field.type)
    ]
    with _faults_of(silo, path):
        _make_folder(silo, path.parent)
        sink = pa.OSFile(str(temporary), "wb")
    try:
        with _faults_of(silo, path):
            labelled = schema.with_metadata({WORK: work.encode()})
            writer = pq.ParquetWriter(sink, labelled, use_dictionary=repeated)

        def write(batch: pa.RecordBatch) -> None:
            with _faults_of(silo, path):
                writer.write_batch(batch)

        try:
            yield write
            with _faults_of(silo, path):
                writer.close()
                sink.close()
                with temporary.open("rb") as file:
                    os.fsync(file.fileno())
                homes.chown_to_silo(silo, temporary)
                temporary.replace(path)
        finally:
            writer.is_open = False  # a failed file gets no footer
    finally:
        sink.close()
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def _faults_of(silo: Silo, path: pathlib.Path) -> Iterator[None]:
    """Tell what the system refuses in the block as an error of the silo's."""
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
            silo.id,
            str(path),
            f"that it can't be written ({found})",
            "room and the right to write predictions",
            hint,
        ) from error


def rows_done(path: pathlib.Path, work: str) -> int | None:
    """Return the rows of a finished file, or None if it does not hold this work."""
    try:
        metadata = pq.read_metadata(path)
    except (OSError, pa.ArrowException):
        return None  # not there, or damaged since: it is written again
    if (metadata.metadata or {}).get(WORK) != work.encode():
        return None
    rows: int = metadata.num_rows
    return rows


def sweep(folder: pathlib.Path) -> None:
    """Remove what killed runs have left in the folders of a span's predictions.

    Other runs may be writing in them now. The folder need not be there.
    """
    for pattern in ("*/.*.tmp", f"*/{DEAD_LETTERS}/.*.tmp"):
        stale_files.remove(folder.glob(pattern))


def _make_folder(silo: Silo, folder: pathlib.Path) -> None:
    home = pathlib.Path(silo.home)
    if not home.is_dir():
        raise SiloError(
            silo.id,
            silo.home,
            "no folder",
            "the silo's home",
            "bring the folder back and run again; parts that are done stay",
        )
    if not folder.resolve().is_relative_to(home.resolve()):
        raise SiloError(
            silo.id,
            str(folder),
            "a link that leads out of the silo's home",
            "a folder below it",
            "remove the link",
        )
    folder.mkdir(parents=True, exist_ok=True)
