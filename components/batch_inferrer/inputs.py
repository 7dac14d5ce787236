"""What a silo has to be scored: files of a split in its home, or files where they lie.

A file in place is known by its tag (a blob's ETag, or a local file's inode, size and
time), so a listing tells what changed and no row is read for it. Folders such as
`day=2013-11-01` are columns, as in Hive: their value is that of each row below them.
"""

from __future__ import annotations

import os
import pathlib
import re
import urllib.parse
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import NamedTuple

import pyarrow as pa

from components import storage, temporary_faults
from components.batch_inferrer.settings import SILO, SLUG, SPAN
from components.errors import FairSiloError, SiloError
from components.features.spec import FeatureSpec, Numeric
from components.payloads import manifest
from components.payloads.manifest import SCORE, SiloEntry
from components.payloads.silo import Silo
from components.silos.slugs import slug

HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"
_OWN_FOLDER = re.compile(r"([^*?]*?\{(?:silo|slug)\}[^/*?]*)/")
_PARTITION = re.compile(r"([^/=]+)=([^/]*)")
_AT_ONCE = 16  # footers that are read at a time: each waits for the storage


class InputFile(NamedTuple):
    """A file of rows to be scored."""

    path: str
    tag: str
    rows: int = -1  # -1: not known before its footer is read
    in_place: bool = False  # not a split of ours: it may change
    partition: tuple[tuple[str, str | None], ...] = ()  # columns from its folders

    def name(self, silo: Silo) -> str:
        """Return its path, below the silo's home where it lies there."""
        return self.path.removeprefix(f"{silo.home}/")


def of_split(entry: SiloEntry) -> list[InputFile]:
    """Return the files of a silo's split `score`."""
    return [InputFile(f.path, f.digest, f.rows) for f in entry.files(SCORE)]


def in_place(silo: Silo, pattern: str, span: str) -> list[InputFile]:
    """Return a silo's files that `inference.input` finds, but for hidden ones.

    Names that begin with `_` or `.` are those of files in the making, as in Spark.

    Raises:
        SiloError: It has no folder, or a link leads out of it.
        StorageError: Its place can't be listed.
    """
    own, folder = _OWN_FOLDER.match(pattern), ""
    if own and not storage.is_remote(pattern):
        folder = filled(own[1].replace(SPAN, span), silo)
        if not pathlib.Path(folder).is_dir():
            raise temporary_faults.mark(
                SiloError(
                    silo.id,
                    folder,
                    "no folder",
                    "that of its rows (inference.input)",
                    "bring the folder back and run again; the others are scored",
                )
            )
    fixed = re.split(r"[*?]", pattern)[0].count("/")  # folders before a wildcard
    here = filled(pattern.replace(SPAN, storage.escape(span)), silo, storage.escape)
    found = [
        InputFile(file.path, file.tag, in_place=True, partition=partition_of(file.path))
        for file in storage.find(here)
        if not any(_is_hidden(name) for name in file.path.split("/")[fixed:])
    ]
    if folder:
        _check_inside(silo, folder, found)
    return found


def _check_inside(silo: Silo, folder: str, files: list[InputFile]) -> None:
    """Refuse links by which a silo would get scores of another's rows."""
    root = os.path.realpath(folder)
    for file in files:
        if not os.path.realpath(file.path).startswith(f"{root}/"):
            raise SiloError(
                silo.id,
                file.path,
                "a link that leads out of the silo's folder",
                f"a file below {folder}",
                "put the file itself there, or remove the link",
            )


def _is_hidden(name: str) -> bool:
    return name.startswith(("_", ".")) and not _PARTITION.fullmatch(name)


def filled(place: str, silo: Silo, write: Callable[[str], str] = str) -> str:
    """Return a place of the settings with a silo's names in it, as `write` has them."""
    # In this order: a silo's name may itself look like a placeholder.
    return place.replace(SLUG, slug(silo.id)).replace(SILO, write(silo.id))


def partition_of(path: str) -> tuple[tuple[str, str | None], ...]:
    """Return the columns that a path's folders tell, in their order."""
    folders = path.split("/")[:-1]
    found = [match for one in folders if (match := _PARTITION.fullmatch(one))]
    return tuple(
        (name, None if value == HIVE_NULL else urllib.parse.unquote(value))
        for name, value in (match.groups() for match in found)
    )


def constants(
    partition: tuple[tuple[str, str | None], ...], spec: FeatureSpec
) -> dict[str, pa.Scalar]:
    """Return a file's partition columns, each as the type that the model takes.

    Text where the model does not take it.

    Raises:
        ValueError: One has a value that is no number where the model takes one.
    """
    features = {feature.name: feature for feature in spec.features}
    found = {}
    for name, value in partition:
        feature = features.get(name)
        if isinstance(feature, Numeric):
            found[name] = pa.scalar(value and float(value), pa.float64())
        elif feature is not None and feature.integer:
            found[name] = pa.scalar(value and int(value), pa.int64())
        else:
            found[name] = pa.scalar(value, pa.string())
    return found


def verify(silo: Silo, file: InputFile) -> None:
    """Check that a file is still what it was when the work was planned.

    Raises:
        SiloError: It has other bytes.
    """
    if not file.in_place:
        manifest.verify(silo, {file.path: file.tag})
        return
    now = storage.stat(file.path)
    if now is not None and now.tag != file.tag:
        raise temporary_faults.mark(
            SiloError(
                silo.id,
                file.path,
                "another file than when the run began",
                "one that does not change while it is scored",
                "run again: it is scored as it is then",
            )
        )


def group_sizes(files: list[InputFile]) -> Iterator[list[int]]:
    """Yield each file's rows by row group; none where its footer can't be read.

    Why it can't shows when its work item is scored.

    Raises:
        CredentialsError: The storage doesn't know us.
    """
    if len(files) == 1:
        yield _group_sizes(files[0].path)
        return
    with futures.ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(_group_sizes, [file.path for file in files])


def _group_sizes(path: str) -> list[int]:
    try:
        with storage.parquet(path) as file:
            metadata = file.metadata
    except storage.CredentialsError:
        raise
    except (OSError, pa.ArrowException, FairSiloError):
        return []
    return [metadata.row_group(at).num_rows for at in range(metadata.num_row_groups)]
