"""Azurite on loopback: Azure Blob's protocol over real HTTP, for tests of storage.

Microsoft's emulator is started once a test process, with all its state in memory, and
ends with that process. Where it is not installed, tests that ask for it are skipped
with that reason (`make azurite`).
"""

from __future__ import annotations

import base64
import itertools
import os
import pathlib
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator

import pytest
from azure.storage.blob import ContainerClient

from tests.support.program import PROJECT

PROGRAM = PROJECT / ".tools/azurite/node_modules/azurite/dist/src/blob/main.js"


class Azurite:
    """A server with one storage account, whose name and key are new each time.

    Args:
        folder: Where its process runs, and writes nothing.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.account = f"account{secrets.token_hex(4)}"
        self.key = base64.b64encode(secrets.token_bytes(32)).decode()
        self._names = (f"silo-{number}" for number in itertools.count())
        self._process = subprocess.Popen(
            [
                *("setpriv", "--pdeathsig=KILL", "node", PROGRAM),
                *("--blobPort", "0", "--inMemoryPersistence", "--disableTelemetry"),
                *("--skipApiVersionCheck", "--loose", "--silent"),
            ],
            cwd=folder,
            env={**os.environ, "AZURITE_ACCOUNTS": f"{self.account}:{self.key}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            self.port = self._listens()
        except BaseException:
            self.stop()
            raise

    def connection(self, port: int | None = None, key: str | None = None) -> str:
        """Return a connection string, also through a proxy or with another key."""
        return (
            f"DefaultEndpointsProtocol=http;AccountName={self.account};"
            f"AccountKey={key or self.key};"
            f"BlobEndpoint=http://127.0.0.1:{port or self.port}/{self.account};"
        )

    def container(self) -> str:
        """Create an empty container, and return its name."""
        name = next(self._names)
        self.client(name).create_container()
        return name

    def client(self, container: str) -> ContainerClient:
        """Return Azure's own client of a container, which no code of ours reads."""
        return ContainerClient.from_connection_string(self.connection(), container)

    def url(self, container: str, path: str = "") -> str:
        """Return the URL of a blob, or the beginning of all."""
        return f"abfs://{container}@{self.account}.dfs.core.windows.net/{path}"

    def stop(self) -> None:
        """Stop the server."""
        self._process.terminate()
        self._process.wait(30)
        self._process.stdout.close()

    def _listens(self) -> int:
        said = []
        for line in self._process.stdout:
            said.append(line)
            if found := re.search(r"listens on http://127\.0\.0\.1:(\d+)", line):
                return int(found[1])
        raise RuntimeError("".join(said)[-2000:])


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """An Azurite that runs."""
    missing = [name for name in ("node", "setpriv") if shutil.which(name) is None]
    missing += [] if PROGRAM.exists() else ["Azurite"]
    if missing:
        pytest.skip(f"found no {', '.join(missing)} (make azurite)")
    with tempfile.TemporaryDirectory(prefix="fairsilo-azurite-") as folder:
        server = Azurite(pathlib.Path(folder))
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture
def blobs(azurite, monkeypatch) -> Azurite:
    """An Azurite that this process and its children are connected to."""
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azurite.connection())
    return azurite
