"""A real MariaDB on loopback, for tests of the shared store.

Debian's server is started once a test process, on a data folder of its own, and ends
with that process. Where it is not installed, tests that ask for it are skipped with
that reason (`apt-get install mariadb-server`).
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator

import pytest

from tests.support.program import wait_until

USER = "fairsilo"
# Small, and without the care for a power cut.
INNODB = (
    "--innodb-buffer-pool-size=16M",
    "--innodb-log-file-size=8M",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--innodb-use-native-aio=0",  # the kernel's is limited, for all servers together
)
FLAGS = (
    *INNODB,
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--performance-schema=off",
    "--max-allowed-packet=1M",  # the smallest that is met
)
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"  # Debian's users lack that
PROGRAMS = ("mariadbd", "mariadb-install-db", "openssl", "setpriv")


class MariaDB:
    """A server that tests may stop and start again.

    Args:
        folder: Holds its data and its log; its path must be short, for the socket.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        # Characters that a URL must encode.
        self.password = f"p@ss:{secrets.token_urlsafe(16)}/%"
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port: int = listener.getsockname()[1]
        self._names = (f"fairsilo_{number}" for number in itertools.count())
        self._process: subprocess.Popen[bytes] | None = None
        self.certificate = folder / "certificate.pem"
        self._key = folder / "key.pem"
        self._as = ["--user=root"] if os.geteuid() == 0 else []
        self._install()
        self._certify()
        self._write_users()

    def database(self) -> str:
        """Make an empty database, and return the URL of its user."""
        name = next(self._names)
        self.admin(f"CREATE DATABASE {name} CHARACTER SET latin1")
        return self.url(name)

    def url(self, database: str, username: str = USER, password: str = "") -> str:
        """Return the URL of a database, as one of the users."""
        from sqlalchemy import URL

        secret = password or self.password
        parts = URL.create(
            "mysql+pymysql", username, secret, "127.0.0.1", self.port, database
        )
        return parts.render_as_string(hide_password=False)

    def admin(self, *statements: str) -> list[tuple]:
        """Run statements as the administrator, and return the last one's rows."""
        import sqlalchemy as sa

        engine = sa.create_engine(self.url("mysql", "admin"), poolclass=sa.NullPool)
        with engine.begin() as connection:
            for statement in statements:
                result = connection.exec_driver_sql(statement)
            return [tuple(row) for row in result] if result.returns_rows else []

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *("setpriv", "--pdeathsig=KILL", "mariadbd", "--no-defaults"),
                    *(*FLAGS, *self._as, f"--port={self.port}"),
                    *(f"--ssl-cert={self.certificate}", f"--ssl-key={self._key}"),
                    *(f"--datadir={self.folder / 'data'}", f"--tmpdir={self.folder}"),
                    f"--socket={self.folder / 'socket'}",
                    f"--pid-file={self.folder / 'pid'}",
                    f"--init-file={self.folder / 'users.sql'}",
                ],
                env={**os.environ, "PATH": PATH},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self._answers, 60)

    def stop(self) -> None:
        """Stop the server, if it runs."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(60)
            self._process = None

    def _install(self) -> None:
        done = subprocess.run(
            [
                *("mariadb-install-db", "--no-defaults", *INNODB, *self._as),
                *("--skip-test-db", "--auth-root-authentication-method=socket"),
                f"--datadir={self.folder / 'data'}",
            ],
            # Two installations at once would take each other's files in /tmp.
            env={**os.environ, "TMPDIR": str(self.folder)},
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"{done.stdout[-1500:]}\n{done.stderr[-1500:]}")

    def _certify(self) -> None:
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-nodes", "-days=2", "-subj=/CN=test"),
                *("-newkey=rsa:2048", "-addext=subjectAltName=IP:127.0.0.1"),
                *("-keyout", self._key, "-out", self.certificate),
            ],
            check=True,
            capture_output=True,
        )

    def _write_users(self) -> None:
        known = (
            f"IDENTIFIED VIA mysql_native_password USING PASSWORD('{self.password}')"
        )
        users = self.folder / "users.sql"
        users.touch(0o600)
        users.write_text(
            f"CREATE USER IF NOT EXISTS admin@'127.0.0.1' {known};\n"
            f"CREATE USER IF NOT EXISTS {USER}@'127.0.0.1' {known};\n"
            "GRANT ALL ON *.* TO admin@'127.0.0.1' WITH GRANT OPTION;\n"
            f"GRANT ALL ON `fairsilo\\_%`.* TO {USER}@'127.0.0.1';\n"
        )

    def _answers(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise RuntimeError((self.folder / "log").read_text()[-2000:])
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.port), 5),
        ):
            return self.admin("SELECT 1") == [(1,)]
        return False


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """A MariaDB that runs; a test that stops it starts it again."""
    missing = [name for name in PROGRAMS if shutil.which(name, path=PATH) is None]
    if missing:
        pytest.skip(f"found no {', '.join(missing)} (apt-get install mariadb-server)")
    with tempfile.TemporaryDirectory(prefix="fairsilo-db-") as folder:
        server = MariaDB(pathlib.Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture(params=["sqlite", "mariadb"])
def store_url(request, tmp_path) -> str:
    """The URL of an empty store, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/not/there/yet/store.db"
    return request.getfixturevalue("mariadb").database()
