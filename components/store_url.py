"""Where the shared store lies: ML Metadata, the operator's state, the runs.

The store's URL holds a password, so what is written down (settings, TFX's compiled
chain, exec properties) holds only the reference `env:NAME`; each process reads the
URL itself from its environment when it opens the store.
"""

from __future__ import annotations

import os
import pathlib

from components.errors import SettingsError

VARIABLE = "FAIRSILO_STORE"
FROM_ENVIRONMENT = f"env:{VARIABLE}"
SECRET = "fairsilo-store"  # noqa: S105  a name
# In the URL's query: the file of the certificates that the server's is checked by.
AUTHORITY = "ssl_ca"

_REFERENCE = "env:"
_MYSQL = "mysql+pymysql"
_SQLITE = "sqlite"
_EXPECTED = (
    "mysql+pymysql://USER:PASSWORD@HOST:PORT/DATABASE, with ?ssl_ca=FILE for TLS, or "
    "sqlite:////PATH"
)


def resolve(url: str) -> str:
    """Return a store's URL, read from the environment where it is `env:NAME`.

    Raises:
        SettingsError: The variable is missing or empty, or what was found is no URL
            of a store. The message never repeats it: it may hold a password.
    """
    if not url.startswith(_REFERENCE):
        return _checked(url, "the store's URL")
    name = url.removeprefix(_REFERENCE)
    value = os.environ.get(name, "").strip()
    if not value:
        raise SettingsError(
            f"environment variable `{name}`: found nothing, expected the store's URL",
            _hint(name),
        )
    return _checked(value, f"environment variable `{name}`")


def _checked(url: str, where: str) -> str:
    fault = _fault(url)
    if fault:
        raise SettingsError(
            f"{where}: found {fault}, expected {_EXPECTED}", _hint(VARIABLE)
        )
    return url


def _fault(url: str) -> str:
    """Return what is wrong with a URL, without a part of it; empty: nothing."""
    import sqlalchemy as sa

    try:
        parts = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        return "text that is no URL"
    needed = {_MYSQL: ("username", "host", "database"), _SQLITE: ("database",)}
    if parts.drivername not in needed:
        return "a URL of another kind of database"
    missing = [name for name in needed[parts.drivername] if not getattr(parts, name)]
    if missing:
        return f"a URL without {' and '.join(missing)}"
    authority = parts.query.get(AUTHORITY)
    if authority and not pathlib.Path(str(authority)).is_file():
        return f"`{AUTHORITY}={authority}`, where there is no file"
    return ""


def _hint(name: str) -> str:
    return (
        f"on a cluster `{name}` comes from the key `url` of the secret `{SECRET}`; "
        "elsewhere set it yourself, characters such as @ and / in the password "
        "percent-encoded"
    )
