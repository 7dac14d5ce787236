"""adlfs as `components/storage.py` needs it.

It waits as the server asks, remembers no listing, knows a container that is gone from
an empty one, and its errors say what to do but not what server or credentials said.
"""

# ruff: noqa: ANN401, D102  the signatures are adlfs'
from __future__ import annotations

import atexit
import contextlib
import errno
import functools
import os
import socket
from collections.abc import Iterator
from typing import Any

import adlfs
from azure.core import MatchConditions, exceptions
from azure.identity.aio import DefaultAzureCredential
from azure.storage.blob.aio import BlobServiceClient as Client
from azure.storage.blob.aio import ExponentialRetry
from fsspec.asyn import AsyncFileSystem, get_loop, sync, sync_wrapper

from components.storage import CONNECTION, CredentialsError, StorageError

TRIES = 6  # of a request that the server answers with 5xx
LONGEST_WAIT_S = 120
_GONE = {"ContainerNotFound", "ContainerBeingDeleted", "ContainerDisabled"}


class Retry(ExponentialRetry):
    """Waits as the server asks, at most 120 s; else about 3, 5, 9, 17 and 33 s."""

    def increment(self, settings: dict[str, Any], *args: Any, **kwargs: Any) -> bool:
        if isinstance(kwargs.get("error"), exceptions.ClientAuthenticationError):
            return False  # azure.identity has tried again by itself
        return super().increment(settings, *args, **kwargs)

    def get_backoff_time(self, settings: dict[str, Any]) -> float:
        answer = settings["history"][-1].http_response if settings["history"] else None
        asked = "" if answer is None else answer.headers.get("Retry-After", "")
        if asked.isdecimal():
            return min(float(asked), LONGEST_WAIT_S)
        return super().get_backoff_time(settings)


class BlobFile(adlfs.AzureBlobFile):  # type: ignore[misc]
    """Reads ranges of the blob that it opened, not of one that took its place."""

    def _get_loop(self) -> Any:
        return self.fs.loop  # adlfs makes it the calling thread's, too

    async def _range(self, start: int, end: int, **_: Any) -> Any:
        stream = await self.container_client.download_blob(
            self.blob,
            start,
            end - start,
            etag=self.details["etag"],
            match_condition=MatchConditions.IfNotModified,
        )
        return await stream.readall()

    _fetch_range = sync_wrapper(_range)


class FileSystem(adlfs.AzureBlobFileSystem):  # type: ignore[misc]
    """The containers of one account; threads share it.

    adlfs' own constructor makes a child that is forked wait for its parent's thread.
    """

    cachable = False
    version_aware = False
    max_concurrency = 1  # blocks at once; of more the Azure client logs each fault
    _timeout_kwargs: dict[str, int] = {}  # noqa: RUF012

    def __init__(self, host: str, connection: str | None) -> None:
        AsyncFileSystem.__init__(self, loop=get_loop(), use_listings_cache=False)
        retry = Retry(1, 2, TRIES - 1, False, 1, retry_status=TRIES - 1)
        if connection:
            client = Client.from_connection_string(connection, retry_policy=retry)
            closes = [client.close]
        else:
            identity = DefaultAzureCredential()
            client = Client(f"https://{host}", identity, retry_policy=retry)
            closes = [client.close, identity.close]
        self.service_client = client
        atexit.register(_close, self.loop, closes, os.getpid())

    async def _info(self, path: str, **_: Any) -> Any:
        container, name, _version = self.split_path(path)
        async with self.service_client.get_blob_client(container, name) as blob:
            return (await self._details([await blob.get_blob_properties()]))[0]

    async def _blobs(self, container: str, prefix: str) -> list[dict[str, Any]]:
        async with self.service_client.get_container_client(container) as place:
            pages = place.list_blobs(prefix, include=["metadata"])
            found = [blob async for blob in pages if not blob.name.endswith("/")]
        return [one for one in await self._details(found) if one["type"] == "file"]

    blobs = sync_wrapper(_blobs)

    def reader(self, path: str) -> BlobFile:
        """Open a blob; each read asks for just those bytes."""
        return BlobFile(self, path, mode="rb", cache_type="none")


@functools.lru_cache(maxsize=64)
def _connect(host: str, connection: str | None, process: int) -> FileSystem:  # noqa: ARG001
    """Return the file system of an account, one for each process."""
    return FileSystem(host, connection)


def _close(loop: Any, closes: list[Any], process: int) -> None:
    if os.getpid() == process:
        for close in closes:
            sync(loop, close)


@contextlib.contextmanager
def opened(container: str, account: str, host: str) -> Iterator[FileSystem]:
    """Yield the file system of an account, and raise its errors as ours.

    Those are CredentialsError, StorageError, and FileNotFoundError for a blob.
    """
    try:
        yield _connect(host, os.environ.get(CONNECTION), os.getpid())
    except FileExistsError:
        raise
    except Exception as error:
        is_azure = isinstance(error, exceptions.AzureError)
        # adlfs raises others from it, and Azure's client where it can't read an answer.
        cause = error if is_azure else error.__cause__ or error.__context__
        if not isinstance(cause, exceptions.AzureError):
            raise
        raise _fault(cause, container, account) from None


def _fault(error: exceptions.AzureError, container: str, account: str) -> Exception:
    code = getattr(error, "error_code", None) or type(error).__name__
    code, status = getattr(code, "value", code), getattr(error, "status_code", 0) or 0
    place = f"container `{container}` of storage account `{account}`"
    refused = isinstance(error, exceptions.ClientAuthenticationError)
    if refused or code == "KeyBasedAuthenticationNotPermitted":
        return CredentialsError(
            f"storage account `{account}`: found no credentials that it takes ({code})",
            f"renew {CONNECTION}, or run under a managed or workload identity",
        )
    if status == 404 and code not in _GONE:
        return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), place)
    found, hint = f"failed: {status} {code}", "try again"
    if code in _GONE:
        found, hint = f"found none ({code})", "create it"
    elif status == 403:
        found = f"access is refused ({code})"
        hint = (
            "give our identity the role `Storage Blob Data Reader` on it, or `Storage "
            "Blob Data Contributor` to write; or let us through the account's firewall"
        )
    elif status == 412:
        found = f"a blob changed meanwhile ({code})"
    elif status >= 500:
        found = f"throttled: {status} {code} in each of {TRIES} tries"
        hint = "try again later, or with fewer workers"
    elif not status:
        found, hint = _unreachable(error), "check the network and its DNS"
    return StorageError(f"{place}: {found}", hint)


def _unreachable(error: BaseException | None) -> str:
    while error is not None:
        if isinstance(getattr(error, "os_error", error), socket.gaierror):
            return "the account's name can't be resolved"
        error = error.__cause__ or error.__context__
    return "the server can't be reached, or breaks off"
