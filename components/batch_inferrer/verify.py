"""Checks published predictions against their pointers; it changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from components import digests, storage
from components.batch_inferrer.predictions import WORK
from components.payloads.predictions import DEAD_LETTERS, PARTS, Predictions


def faults(folder: str, found: Predictions) -> Iterator[str]:
    """Yield a sentence for each file of a span's folder that is not as listed.

    Raises:
        StorageError: The storage can't be read.
    """
    for part in found.parts:
        for kind, rows, digest in (
            (PARTS, part.rows, part.digest),
            (DEAD_LETTERS, part.dead_letters, ""),
        ):
            path = f"{folder}/{kind}/{part.name}"
            if (kind == PARTS or rows) and (fault := _fault(path, rows, digest)):
                yield f"{path}: found {fault}"


def _fault(path: str, rows: int, digest: str) -> str:
    """Return what is wrong with a file and what was expected; empty if nothing is."""
    try:
        data = storage.read(path)
        footer = pq.read_metadata(pa.BufferReader(data))
    except FileNotFoundError:
        return "no file, expected one that the pointer lists"
    except (OSError, pa.ArrowException):
        return "a file that can't be read, expected Parquet"
    work = (footer.metadata or {}).get(WORK, b"").decode()
    own = f"/{work[:32]}.parquet" in path
    if own and footer.num_rows == rows and digest in ("", digests.of_bytes(data)):
        return ""
    which = "" if own else "another work's "
    return (
        f"{which}{footer.num_rows:,} rows, expected {rows:,} rows as they were written"
    )


def num_unlisted(folder: str, found: Predictions) -> int:
    """Return how many files lie in a span's folder that its pointer does not list."""
    names = {part.name for part in found.parts}
    there = storage.find(f"{storage.escape(folder)}/*/*.parquet")
    return sum(file.path.rpartition("/")[2] not in names for file in there)
