"""Connects ML Metadata to the shared store, and waits for a store that is down.

MLMD's client gives no reason when it can't connect, and two clients that find an
empty database at once leave it unusable: so the driver of the operator's tables asks
first, and one process at a time makes MLMD's tables.
"""

from __future__ import annotations

import pathlib
import time
from collections.abc import Callable

import sqlalchemy as sa
from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2

from components import locks, store_url
from components.errors import FairSiloError
from components.store import Store, StoreDownError, place

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0

LOCK_TIMEOUT_S = 30
_MAX_LOCK_NAME = 64


def connection(url: str) -> metadata_store_pb2.ConnectionConfig:
    """Return how ML Metadata connects to a store; nothing is opened.

    `url` is SQLAlchemy's, or a reference to one (`components/store_url.py`).

    Raises:
        SettingsError: The URL can't be used.
    """
    parts = sa.make_url(store_url.resolve(url))
    config = metadata_store_pb2.ConnectionConfig()
    if parts.get_backend_name() == "sqlite":
        config.sqlite.filename_uri = str(parts.database)
        config.sqlite.connection_mode = (
            metadata_store_pb2.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
        )
        return config
    config.mysql.host = str(parts.host)
    config.mysql.port = parts.port or 3306
    config.mysql.user = str(parts.username)
    config.mysql.password = str(parts.password or "")
    config.mysql.database = str(parts.database)
    config.mysql.skip_db_creation = True  # a right that our user need not have
    if authority := parts.query.get(store_url.AUTHORITY):
        # This client encrypts then, but doesn't check the certificate; PyMySQL does,
        # and `wait` asks it first.
        config.mysql.ssl_options.ca = str(authority)
    return config


def wait(url: str, timeout_s: float, say: Callable[[str], None]) -> None:
    """Wait until the store answers and holds ML Metadata's tables.

    `say` is called with a sentence when a wait begins and when it is over.

    Raises:
        SettingsError: The server refuses user, password or database: at once.
        FairSiloError: It didn't answer in that time.
    """
    started = time.monotonic()
    pause = 0.0
    while True:
        try:
            _open(url)
        except StoreDownError as error:
            pause = min(pause * 2 or FIRST_PAUSE_S, LONGEST_PAUSE_S)
            left = started + timeout_s - time.monotonic()
            if left <= 0:
                raise FairSiloError(
                    f"{error.message}, waited {timeout_s:g} s",
                    f"{error.hint}; then retry the step",
                ) from None
            if pause == FIRST_PAUSE_S:
                say(f"{error.message}: waiting up to {timeout_s:g} s")
            time.sleep(min(pause, left))
        else:
            if pause:
                say(f"the store answers, after {time.monotonic() - started:.0f} s")
            return


def _open(url: str) -> None:
    """Open ML Metadata, one process at a time: two would meet at making its tables."""
    config = connection(url)
    if config.HasField("sqlite"):
        path = pathlib.Path(config.sqlite.filename_uri)
        lock = path.with_name(f".{path.name}.lock")
        try:
            with locks.exclusive(lock, "making its tables"):
                metadata_store.MetadataStore(config)
        except RuntimeError as error:
            raise FairSiloError(
                f"the store at {path}: ML Metadata can't use it: {error}",
                "expected a file that can be written to, and that no other process "
                "holds",
            ) from None
        return
    store = Store(url, sa.MetaData())
    with store.begin() as session:  # whose end frees the lock
        name = f"fairsilo mlmd {store.url.database}"[-_MAX_LOCK_NAME:]
        if session.scalar(sa.select(sa.func.get_lock(name, LOCK_TIMEOUT_S))) != 1:
            raise StoreDownError(
                f"the store at {place(store.url)}: another step has been making ML "
                f"Metadata's tables for {LOCK_TIMEOUT_S} s",
                "look for a connection that hangs",
            )
        try:
            metadata_store.MetadataStore(config)
        except RuntimeError as error:
            raise _refusal(store.url, str(error)) from None


def _refusal(url: sa.URL, message: str) -> FairSiloError:
    where = f"the store at {place(url)}"
    if "subset of tables" in message:
        return FairSiloError(
            f"{where}: database `{url.database}` holds only a part of ML Metadata's "
            "tables, expected all or none: a first run was killed while it made them",
            "see that they are empty, and drop ML Metadata's tables there; keep "
            "`silo_decisions`, `gate_waivers`, `gate_waiver_withdrawals`, "
            "`pipeline_runs` and `pipeline_run_documents`",
        )
    return FairSiloError(
        f"{where}: it lets us in, but ML Metadata can't use it: {message[:300]}",
        f"let user `{url.username}` be `IDENTIFIED WITH mysql_native_password`, with "
        "all rights on the database; where the server requires TLS, add "
        f"?{store_url.AUTHORITY}=FILE to the URL",
    )
