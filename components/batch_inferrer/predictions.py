"""Files of predictions: whole under their final name, or not there at all.

A file is written under a temporary name in its own folder, synced, given to the
silo's user and then renamed, so a kill or a full disk leaves nothing half-written
under a final name. Its footer says which work it holds: that is how a later run
knows that the work is done.
"""

from __future__ import annotations

import errno
import os
import pathlib
import uuid
from types import TracebackType

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


class PartWriter:
    """A Parquet file in the making; it gets its name when the block ends well.

    Args:
        silo: Whose file it is.
        path: Its final name, below the silo's home.
        schema: Its columns.
        work: Digest of the work that it holds.

    Raises:
        SiloError: The home is gone, the folder leads out of it, or the file
            can't be written.
    """

    def __init__(
        self, silo: Silo, path: pathlib.Path, schema: pa.Schema, work: str
    ) -> None:
        self._silo, self._path = silo, path
        self._schema = schema.with_metadata({WORK: work.encode()})
        self._temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")

    def __enter__(self) -> PartWriter:
        """Open the temporary file."""
        try:
            _make_folder(self._silo, self._path.parent)
            self._sink = pa.OSFile(str(self._temporary), "wb")
            # Numbers hardly repeat: a dictionary of them would only cost time.
            repeated = [
                field.name
                for field in self._schema
                if pa.types.is_string(field.type) or pa.types.is_dictionary(field.type)
            ]
            self._writer = pq.ParquetWriter(
                self._sink, self._schema, use_dictionary=repeated
            )
        except OSError as error:
            raise self._fault(error) from error
        return self

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows.

        Raises:
            SiloError: They can't be written.
        """
        try:
            self._writer.write_batch(batch)
        except OSError as error:
            raise self._fault(error) from error

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the file its name, or remove it if the block failed."""
        try:
            if kind is None:
                self._publish()
        except OSError as fault:
            raise self._fault(fault) from fault
        finally:
            self._writer.is_open = False  # a failed file gets no footer
            self._sink.close()
            self._temporary.unlink(missing_ok=True)

    def _publish(self) -> None:
        self._writer.close()
        self._sink.close()
        with self._temporary.open("rb") as file:
            os.fsync(file.fileno())
        homes.chown_to_silo(self._silo, self._temporary)
        self._temporary.replace(self._path)

    def _fault(self, error: OSError) -> SiloError:
        # Arrow's own text carries no record here, but its errno says it all.
        found = os.strerror(error.errno) if error.errno else type(error).__name__
        hint = (
            "free space on the silo's volume and run again; parts that are done stay"
            if error.errno in _FULL
            else "give this process the right to write there, then run again"
        )
        return SiloError(
            self._silo.id,
            str(self._path),
            f"that it can't be written ({found})",
            "room and the right to write predictions",
            hint,
        )


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

    Other runs may be writing in them now.

    Args:
        folder: The span's, below a silo's home; it need not be there.
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
