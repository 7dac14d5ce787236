"""Opens tables in the shared store, and says in a sentence why it can't be used.

MySQL on a cluster, sqlite on a laptop and in tests. Errors name the host and the
port, never the user's password.
"""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from components import store_url
from components.errors import FairSiloError, SettingsError

# Binary order: in MySQL's default one, silos `Süd` and `sud` were the same.
MYSQL: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_bin",
}

_TIMEOUTS_S = {"connect_timeout": 10, "read_timeout": 60, "write_timeout": 60}
_SECRET = f"check the URL in the secret `{store_url.SECRET}`"
# What a person must mend, in the URL or on the server, by the server's error numbers.
_REFUSALS = {
    (1045, 1698): ("it refuses user `{user}` or the password", _SECRET),
    (1044, 1049): (
        "user `{user}` finds no database `{database}`, or has no right to it",
        f"create it and grant all rights on it, or {_SECRET}",
    ),
    (1142, 1370): (
        "user `{user}` may not do all in database `{database}` ({text})",
        "grant all rights on that database",
    ),
}
# Out of reach, going down, too busy, lost on the way, chosen as a deadlock's victim.
_DOWN = {0, 1040, 1053, 1205, 1213, 1927, 2002, 2003, 2006, 2013}


class StoreDownError(FairSiloError):
    """The store doesn't answer; it may come back."""


class Store:
    """A database with some tables, made where they are missing.

    Its URL is SQLAlchemy's, or a reference (`components/store_url.py`).

    Raises:
        SettingsError: The URL can't be used, or the server refuses it.
        StoreDownError: The server doesn't answer.
    """

    def __init__(self, url: str, tables: sa.MetaData) -> None:
        self.url = sa.make_url(store_url.resolve(url))
        self._engine = _engine(self.url)
        with self.begin() as connection:
            for table in tables.sorted_tables:
                # `create_all` looks first and then makes: two steps that start at
                # once would both find nothing, and one of them fail.
                connection.execute(sa.schema.CreateTable(table, if_not_exists=True))

    @contextlib.contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """Open a transaction; commit it at the end, or undo it all on an error."""
        with _explained(self.url), self._engine.begin() as connection:
            yield connection


def place(url: sa.URL) -> str:
    """Return where a store is, for people: host and port, or the file."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return f"{url.host}:{url.port or 3306}"


def url_place(url: str) -> str:
    """Return where a store is, for people, from its URL or a reference."""
    return place(sa.make_url(store_url.resolve(url)))


def exists(url: str) -> bool:
    """Return whether a store is there already; one on a server always counts."""
    parts = sa.make_url(store_url.resolve(url))
    is_file = parts.get_backend_name() == "sqlite"
    return not is_file or pathlib.Path(str(parts.database)).is_file()


@contextlib.contextmanager
def _explained(url: sa.URL) -> Iterator[None]:
    """Turn the driver's errors of a store that can't be used into sentences.

    Raises:
        SettingsError: The server refuses what the URL says.
        StoreDownError: The server doesn't answer, or went away.
        FairSiloError: It can't do what it was asked, for example with a full disk.
    """
    try:
        yield
    except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
        raise _sentence(url, error.orig) from None
    except RuntimeError as error:
        if "package is required" not in str(error):
            raise
        raise SettingsError(
            f"the store at {place(url)}: found a password plugin that the client lacks "
            f"({error}), expected mysql_native_password",
            f"let the database's user {url.username} be `IDENTIFIED WITH "
            "mysql_native_password`",
        ) from None


def _sentence(url: sa.URL, error: BaseException | None) -> FairSiloError:
    where = f"the store at {place(url)}"
    if url.get_backend_name() == "sqlite":
        if "locked" in str(error):
            return StoreDownError(f"{where}: another process holds it", "try again")
        return FairSiloError(
            f"{where}: {error}", "check that the folder is there and can be written to"
        )
    code, text = (*getattr(error, "args", ()), 0, "")[:2]
    for codes, (message, hint) in _REFUSALS.items():
        if code in codes:
            names = {"user": url.username, "database": url.database, "text": text}
            return SettingsError(f"{where}: {message.format(**names)}", hint)
    if "CERTIFICATE_VERIFY_FAILED" in str(text):
        return SettingsError(
            f"{where}: its certificate is not one that the URL's `ssl_ca` vouches for, "
            f"or is another host's ({text})",
            "give the file of the authority that signed it",
        )
    if code in _DOWN:
        return StoreDownError(
            f"{where}: no answer ({text or 'the connection was closed'})",
            "check that the database runs and can be reached from here",
        )
    return FairSiloError(
        f"{where}: error {code} ({text})", "look into the database's log"
    )


def _engine(url: sa.URL) -> sa.Engine:
    options: dict[str, Any] = {}
    if url.get_backend_name() == "sqlite":
        pathlib.Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    else:
        options["connect_args"] = _TIMEOUTS_S
        # Stricter levels lock gaps between rows: two runs that end at once and
        # replace their documents would deadlock.
        options["isolation_level"] = "READ COMMITTED"
    # A kept connection would not outlive the server.
    return sa.create_engine(url, poolclass=sa.NullPool, hide_parameters=True, **options)
