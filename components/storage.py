"""Files in local folders and in Azure Blob, by path or URL, through fsspec.

A file is written in one go: it has its name when it is whole, or is not there at all.
Local paths are plain; blobs are `abfs://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH`.
Who we are on Azure comes from the environment (`AZURE_STORAGE_CONNECTION_STRING`, else
a managed or workload identity), never from an argument. What Azure refuses is a
`StorageError`; what the system refuses is an OSError, as everywhere.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import pathlib
import re
import stat as modes
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.utils import glob_translate

from components import atomic, temporary_faults
from components.errors import FairSiloError, SettingsError

if TYPE_CHECKING:
    from components.azure_blob import FileSystem

SCHEMES = ("abfs://", "abfss://", "az://")
CONNECTION = "AZURE_STORAGE_CONNECTION_STRING"
URL = "abfs://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH"
# Our token goes to that host, so only Microsoft's are taken.
_BLOB = re.compile(
    r"(abfss?|az)://(?P<container>[^/@]+)@(?P<account>[a-z0-9]{3,24})(?P<zone>|\.z\d+)"
    r"\.(dfs|blob)\.(?P<cloud>core\.windows\.net|core\.usgovcloudapi\.net|"
    r"core\.chinacloudapi\.cn|storage\.azure\.net)(?:/(?P<path>.*)|)"
)
_CONTAINER = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*|.*\{.*")  # as Azure allows
_NO_HARD_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS}


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

    A container may have a placeholder, such as `{silo}`, that is filled in later.

    Raises:
        SettingsError: Its scheme is unknown; a URL names no account, another one than
            the environment's credentials are of, or a container that can't exist.
    """
    shown = path.split("?")[0]  # a token may follow, where people paste one
    parts, connected = _BLOB.fullmatch(path), _connected_account()
    if "://" in path and not is_remote(path):
        found, expected = f"{path.split('://')[0]}://", f"a path or {URL}"
    elif any("**" in part and part != "**" for part in path.split("/")):
        found, expected = shown, "`**` as a whole folder"
    elif not is_remote(path):
        return
    elif parts is None or "sig=" in path:
        what = "another form" if "@" in path else "a URL without account"
        found, expected = f"{shown}, {what}", f"{URL}, and no token in it"
    elif not _CONTAINER.fullmatch(parts["container"]):
        found = f"container `{parts['container']}`"
        expected = "3 to 63 lower-case letters, digits and single hyphens"
    elif connected not in (None, parts["account"]):
        found = f"account `{parts['account']}`"
        expected = f"`{connected}`, which {CONNECTION} connects to"
    else:
        return
    raise SettingsError(
        f"{name}: found {found}, expected {expected}", "change the path"
    )


def escape(text: str) -> str:
    """Return a pattern that finds the text itself."""
    return glob.escape(text)


def find(pattern: str) -> list[File]:
    """Return the files that a pattern finds, sorted by path; `*`, `?` and `**`.

    Names with a leading dot are found only by a pattern that has such a dot. Blobs are
    listed 5,000 a request, by what the pattern begins with up to its first wildcard.

    Raises:
        StorageError: The place, or a folder below it, can't be listed.
    """
    if is_remote(pattern):
        with _azure(pattern) as (fs, path):
            container, inside = path.split("/", 1)
            head, below, matches = _split(inside)
            listed = fs.blobs(container, head + re.split(r"[*?[]", below)[0])
        url = pattern.removesuffix(inside)
        blobs = (_blob(url, info) for info in listed)
        return sorted(blob for blob in blobs if matches(blob.path[len(url + head) :]))
    head, below, matches = _split(str(pathlib.Path(pattern)))
    found = []
    for name, folders, files in os.walk(head or ".", onerror=_refuse, followlinks=True):
        folder = pathlib.Path(name).relative_to(head)
        if "**" not in below and len(folder.parts) == below.count("/"):
            folders.clear()
        folders[:] = [one for one in folders if not _leads_up(name, one)]
        found += [str(head / folder / one) for one in files if matches(folder / one)]
    return sorted(filter(None, map(stat, found)))


def stat(path: str) -> File | None:
    """Return a file as it is now, None where there is none."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        if is_remote(path):
            with _azure(path) as (fs, inside):
                return _blob(
                    path.removesuffix(inside.split("/", 1)[1]), fs.info(inside)
                )
        now = pathlib.Path(path).stat()
        if modes.S_ISREG(now.st_mode):
            tag = f"{now.st_ino}-{now.st_size}-{now.st_mtime_ns}"
            return File(path, now.st_size, tag, now.st_mtime)
    return None


def read(path: str) -> bytes:
    """Return a file's bytes; a FileNotFoundError where there is none."""
    if is_remote(path):
        with _azure(path) as (fs, inside):
            data: bytes = fs.cat_file(inside)
            return data
    return pathlib.Path(path).read_bytes()


@contextlib.contextmanager
def parquet(path: str, **options: Any) -> Iterator[pq.ParquetFile]:  # noqa: ANN401
    """Open a Parquet file; options are those of `pq.ParquetFile`.

    Of a blob only what is asked for is fetched: 3 columns of 20 of a row group of ten
    took the footer's 64 KB and two requests of 1.0004 times their bytes. One that is
    replaced meanwhile is a `StorageError`. Read with `use_threads=False`, since a blob
    has one reader.
    """
    if not is_remote(path):
        with pq.ParquetFile(path, **options) as file:
            yield file
        return
    with (
        _azure(path) as (fs, inside),
        fs.reader(inside) as raw,
        pq.ParquetFile(pa.PythonFile(raw), pre_buffer=True, **options) as file,
    ):
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
        replace: Whether it may take the place of another; else the first writer wins
            (of blobs, that may be ourselves, by a try whose answer was lost).
        prepare: Called with a local file before it gets its name.
    """
    place = pathlib.Path(path)
    try:
        if is_remote(path):
            with _azure(path) as (fs, inside):
                fs.pipe_file(inside, bytes(data), overwrite=replace)
            return True
        with atomic.written(place) as unfinished:
            with unfinished.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            prepare(unfinished)
            if not replace:
                _claim(unfinished, place)
    except FileExistsError:
        if replace or not (is_remote(path) or place.exists()):  # a file above it
            raise
        return False
    return True


def remove(path: str) -> None:
    """Remove a file; one that is gone is no error."""
    with contextlib.suppress(FileNotFoundError):
        if is_remote(path):
            with _azure(path) as (fs, inside):
                fs.rm_file(inside)
        else:
            pathlib.Path(path).unlink()


def _claim(unfinished: pathlib.Path, place: pathlib.Path) -> None:
    """Take a name that nobody has.

    Where there are no hard links (SMB, blobfuse), two that write at the same instant
    may both believe that they were first; the later one's file stays, whole.
    """
    try:
        os.link(unfinished, place)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        if place.exists():
            raise FileExistsError(place) from error


def _split(pattern: str) -> tuple[str, str, Callable[[Any], bool]]:
    """Return a pattern's plain folder, the pattern below it, and what that matches."""
    head = re.split(r"[*?[]", pattern)[0].rpartition("/")
    below = pattern[len(head[0] + head[1]) :]
    match = re.compile(glob_translate(below)).match
    hidden = "/." in f"/{below}"
    return (
        head[0] + head[1],
        below,
        lambda name: bool(match(str(name))) and (hidden or "/." not in f"/{name}"),
    )


def _leads_up(folder: str, name: str) -> bool:
    """Return whether a link leads to a folder above it: a walk would have no end."""
    link = pathlib.Path(folder, name)
    if not link.is_symlink():
        return False
    above = {os.path.realpath(one) for one in link.absolute().parents}
    return os.path.realpath(link) in above


def _refuse(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        what = f"{error.filename}: {temporary_faults.system_message(error)}"
        raise StorageError(what, temporary_faults.MACHINE_HINT) from error


def _blob(url: str, info: dict[str, Any]) -> File:
    path = url + info["name"].split("/", 1)[1]
    return File(path, info["size"], info["etag"], info["last_modified"].timestamp())


def _connected_account() -> str | None:
    """Return the account of the environment's connection string, None without one."""
    pairs = (part.partition("=") for part in os.environ.get(CONNECTION, "").split(";"))
    parts = {key.strip().lower(): value for key, _, value in pairs}
    host = parts.get("blobendpoint", "").partition("://")[2].split(".")[0]
    return parts.get("accountname") or host or None


@contextlib.contextmanager
def _azure(url: str) -> Iterator[tuple[FileSystem, str]]:
    """Yield the file system of a URL and the path in it; its faults are ours."""
    check(url, "storage")
    try:
        from components import azure_blob
    except ImportError:
        message = "found no package adlfs, which URLs of blobs need"
        raise SettingsError(message, "install it: `uv sync --extra azure`") from None
    parts = _BLOB.fullmatch(url)
    assert parts is not None  # noqa: S101  as checked
    host = f"{parts['account']}{parts['zone']}.blob.{parts['cloud']}"
    with azure_blob.opened(parts["container"], parts["account"], host) as fs:
        yield fs, f"{parts['container']}/{parts['path'] or ''}"
