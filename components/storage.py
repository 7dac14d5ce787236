"""Files in local folders and in Azure Blob, by path or URL, through fsspec.

A file is written in one go: it has its name when it is whole, or is not there at all.
Local paths are plain; blobs are `abfs://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH`.
Who we are on Azure comes from the environment (a managed identity, or
`AZURE_STORAGE_CONNECTION_STRING`), never from an argument.
"""

from __future__ import annotations

import contextlib
import glob
import os
import pathlib
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from components.errors import FairSiloError, SettingsError

SCHEMES = ("abfs://", "abfss://", "az://")
_BLOB = re.compile(
    r"(abfss?|az)://(?P<container>[^/@]+)@(?P<account>[a-z0-9]{3,24})\.(dfs|blob)\."
    r"[a-z0-9.-]+/(?P<path>.*)"
)


class File(NamedTuple):
    """A file as it is now."""

    path: str
    size: int  # bytes
    tag: str  # changes when the content does: the blob's ETag, or the file's state
    modified: float  # seconds since 1970


class StorageError(FairSiloError):
    """A place in a storage that can't be used now, such as a container that is gone."""

    is_temporary = True


class CredentialsError(StorageError):
    """The storage doesn't know us, so nothing of the run can be done."""


def is_remote(path: str) -> bool:
    """Return whether a path is a URL of a blob."""
    return path.startswith(SCHEMES)


def check(path: str, name: str) -> None:
    """Refuse a path or pattern that can't be used; `name` is that of its setting.

    Raises:
        SettingsError: Its scheme is unknown, or a URL names no account or another one
            than the environment's credentials are of.
    """
    if "://" in path and not is_remote(path):
        raise SettingsError(
            f"{name}: found {path.split('://')[0]}://, expected a path or one of "
            f"{', '.join(SCHEMES)}"
        )
    if is_remote(path) and not _BLOB.fullmatch(path):
        raise SettingsError(
            f"{name}: found {path}, a URL without account, expected "
            "abfs://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH",
            "name the storage account",
        )


def escape(text: str) -> str:
    """Return a pattern that finds the text itself."""
    return glob.escape(text)


def find(pattern: str) -> list[File]:
    """Return the files that a pattern finds, sorted by path; `*`, `?` and `**`.

    Raises:
        StorageError: The place can't be listed.
    """
    if is_remote(pattern):
        fs, path = _open(pattern)
        found = fs.glob(path, detail=True).values()
        head = pattern[: -len(_BLOB.fullmatch(pattern)["path"])]  # type: ignore[index]
        return sorted(_blob(head, info) for info in found if info["type"] == "file")
    paths = glob.glob(pattern, recursive=True)  # noqa: PTH207  pathlib takes no root
    return sorted(_local(path) for path in paths if pathlib.Path(path).is_file())


def stat(path: str) -> File | None:
    """Return a file as it is now, None where there is none."""
    if is_remote(path):
        fs, inside = _open(path)
        try:
            info = fs.info(inside)
        except FileNotFoundError:
            return None
        return _blob(path.removesuffix(inside.split("/", 1)[1]), info)
    return _local(path) if pathlib.Path(path).is_file() else None


def read(path: str) -> bytes:
    """Return a file's bytes.

    Raises:
        FileNotFoundError: There is none.
    """
    if is_remote(path):
        fs, inside = _open(path)
        data: bytes = fs.cat_file(inside)
        return data
    return pathlib.Path(path).read_bytes()


@contextlib.contextmanager
def parquet(path: str, **options: Any) -> Iterator[pq.ParquetFile]:  # noqa: ANN401
    """Open a Parquet file; options are those of `pq.ParquetFile`."""
    if not is_remote(path):
        with pq.ParquetFile(path, **options) as file:
            yield file
        return
    fs, inside = _open(path)
    # With a cache adlfs reads nine times the bytes that are needed.
    with fs.open(inside, "rb", cache_type="none") as raw:
        with pq.ParquetFile(pa.PythonFile(raw), pre_buffer=True, **options) as file:
            yield file


def put(
    path: str,
    data: bytes | pa.Buffer,
    replace: bool = True,
    prepare: Callable[[pathlib.Path], None] = lambda _: None,
) -> bool:
    """Write a file in one go; return whether it was written.

    Args:
        path: Its name; folders above it are made.
        data: What it holds.
        replace: Whether it may take the place of another; else the other stays.
        prepare: Called with a local file before it gets its name.
    """
    if is_remote(path):
        fs, inside = _open(path)
        try:
            fs.pipe_file(inside, bytes(data), overwrite=replace)
        except FileExistsError:
            return False
        return True
    place = pathlib.Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    unfinished = place.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        prepare(unfinished)
        if replace:
            unfinished.replace(place)
            return True
        try:
            os.link(unfinished, place)
        except FileExistsError:
            return False
        return True
    finally:
        unfinished.unlink(missing_ok=True)


def remove(path: str) -> None:
    """Remove a file; one that is gone is no error."""
    if is_remote(path):
        fs, inside = _open(path)
        with contextlib.suppress(FileNotFoundError):
            fs.rm_file(inside)
        return
    pathlib.Path(path).unlink(missing_ok=True)


def _local(path: str) -> File:
    now = pathlib.Path(path).stat()
    tag = f"{now.st_ino}-{now.st_size}-{now.st_mtime_ns}"
    return File(path, now.st_size, tag, now.st_mtime)


def _blob(head: str, info: dict[str, Any]) -> File:
    inside = info["name"].split("/", 1)[1]
    return File(
        head + inside, info["size"], info["etag"], info["last_modified"].timestamp()
    )


def _open(url: str) -> tuple[Any, str]:
    """Return the file system of a URL and the path in it."""
    import adlfs

    parts = _BLOB.fullmatch(url)
    if parts is None:
        raise ValueError(url)
    # fsspec keeps one for equal arguments.
    fs = adlfs.AzureBlobFileSystem(account_name=parts["account"])
    return fs, f"{parts['container']}/{parts['path']}"
