"""Checks published predictions against their pointers; it changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from components import digests, storage, temporary_faults
from components.batch_inferrer import plan
from components.batch_inferrer.predictions import WORK
from components.payloads.predictions import DEAD_LETTERS, PARTS, Predictions
from components.payloads.silo import Silo


def pointers(silo: Silo, output: str, span: str = "") -> list[storage.File]:
    """Return the pointers of a silo's predictions, sorted by path.

    Args:
        silo: The silo.
        output: The setting `inference.output`.
        span: That of the predictions; empty for all spans.

    Raises:
        StorageError: The place can't be listed.
    """
    if span:
        below = storage.escape(plan.span_folder(silo, output, span))
    else:
        below = f"{storage.escape(plan.root(silo, output))}/span=*"
    return storage.find(f"{below}/{Predictions.FILE_NAME}")


def faults(folder: str, found: Predictions) -> Iterator[str]:
    """Yield a sentence for each file that is not as the pointer says.

    Args:
        folder: The span's.
        found: What its pointer says.

    Raises:
        StorageError: The storage can't be read.
    """
    for part in found.parts:
        path = f"{folder}/{PARTS}/{part.name}"
        if fault := _fault(path, part.name, part.rows, part.digest):
            yield f"{path}: found {fault}"
        path = f"{folder}/{DEAD_LETTERS}/{part.name}"
        if part.dead_letters and (fault := _fault(path, part.name, part.dead_letters)):
            yield f"{path}: found {fault}"


def _fault(path: str, name: str, rows: int, digest: str = "") -> str:
    """Return what is wrong with a file and what was expected; empty if nothing is."""
    try:
        data = storage.read(path)
    except FileNotFoundError:
        return "no file, expected one that the pointer lists"
    except OSError as error:
        return f"that it can't be read ({temporary_faults.system_message(error)})"
    if digest and digest != (now := digests.of_bytes(data)):
        return f"{len(data):,} bytes with SHA-256 {now[:12]}, expected {digest[:12]}"
    try:
        footer = pq.read_metadata(pa.BufferReader(data))
    except pa.ArrowException:
        return "bytes that are no Parquet, expected a whole file"
    work = (footer.metadata or {}).get(WORK, b"").decode()
    if not name.startswith(work[:32] or "-"):
        return f"the work {work[:12] or 'of nobody'}, expected that of its name"
    if footer.num_rows != rows:
        return f"{footer.num_rows:,} rows, expected {rows:,}"
    return ""


def num_unlisted(folder: str, found: Predictions) -> int:
    """Return how many files lie beside that the pointer does not list.

    They belong to a run that was ended or is not done, or to predictions before.

    Raises:
        StorageError: The place can't be listed.
    """
    place = storage.escape(folder)
    there = [
        file.path.removeprefix(f"{folder}/")
        for kind in (PARTS, DEAD_LETTERS)
        for file in storage.find(f"{place}/{kind}/*.parquet")
    ]
    listed = {f"{PARTS}/{part.name}" for part in found.parts} | {
        f"{DEAD_LETTERS}/{part.name}" for part in found.parts if part.dead_letters
    }
    return len({*there} - listed)
