"""TFF worker processes: one a silo and one for the coordinator.

A worker runs any graph that it is sent, so each silo's runs in the silo's home
and, where we are root, under the user id that owns it. A worker ends with the
thread that started it, whatever ends that thread (`PR_SET_PDEATHSIG`): start
workers from the thread that trains. The executable is passed as an open file,
since a silo's user may not be able to reach the folder that it lies in.

Not for workers that silos run themselves: see `silo_registry.py`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from types import TracebackType
from typing import IO

from components.errors import FairSiloError, SiloError
from components.payloads.silo import Silo
from components.silos import homes

SERVER = ""  # the coordinator's own worker; no silo has an empty id
OWN_USER_IDS = "own user ids"
ONE_USER_ID = (
    "one user id: the coordinator does not run as root, so all silos' workers share "
    "its user id and nothing but their working directory keeps them apart"
)
CONCURRENT_CALLS = 2
ATTEMPTS = 3
RESTARTS = 3
START_TIMEOUT_S = 60.0
LISTENING = b"TFF ExecutorService started"


@dataclasses.dataclass(frozen=True)
class Worker:
    """A worker that listens.

    Attributes:
        name: The silo's id, or `SERVER`.
        port: On the loopback interface.
        process: The process, which is the worker itself.
    """

    name: str
    port: int
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        """Where it listens, `host:port`."""
        return f"127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None


class Workers:
    """Starts workers and ends them by their process ids on leaving the context.

    Args:
        folder: The coordinator's own; holds the server worker's working
            directory and the workers' logs.
        own_user_ids: Whether each silo's worker gets the silo's user id; found
            out when not given. Only root can.
    """

    def __init__(
        self, folder: str | pathlib.Path, own_user_ids: bool | None = None
    ) -> None:
        self._folder = pathlib.Path(folder)
        self._own_user_ids = (
            homes.is_isolated() if own_user_ids is None else own_user_ids
        )
        self._workers: dict[str, Worker] = {}
        self._started: dict[str, int] = {}
        self._owners = {0: "root"}
        self._binary = -1

    @property
    def isolation(self) -> str:
        """How silos are kept apart: `OWN_USER_IDS` or `ONE_USER_ID`."""
        return OWN_USER_IDS if self._own_user_ids else ONE_USER_ID

    def __enter__(self) -> Workers:
        """Open the executable and make the folders."""
        for name in ("server", "logs"):
            (self._folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        self._binary = os.open(_executable(), os.O_RDONLY | os.O_CLOEXEC)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End all workers, whatever happened."""
        for worker in self._workers.values():
            worker.process.kill()
        for worker in self._workers.values():
            worker.process.wait()
        self._workers.clear()
        os.close(self._binary)

    def start_server(self) -> Worker:
        """Start the coordinator's own worker, or return it if it runs.

        Raises:
            FairSiloError: It does not start.
        """
        worker = self._workers.get(SERVER)
        if worker is not None and worker.alive:
            return worker
        try:
            return self._start(SERVER, self._folder / "server", None)
        except _DeadAtStartError as error:
            raise FairSiloError(
                f"the coordinator's TFF worker {error}; expected it to listen within "
                f"{START_TIMEOUT_S:.0f} s",
                f"read its log in {self._folder / 'logs'}",
            ) from None

    def address(self, silo: Silo) -> str:
        """Return where a silo's worker listens, started if need be; see `start`."""
        return self.start(silo).address

    def start(self, silo: Silo) -> Worker:
        """Start a silo's worker, or return it if it runs.

        A worker that has died is started again, at most `RESTARTS` times.

        Raises:
            SiloError: It does not start, has died too often, or would share its
                user id with another.
        """
        worker = self._workers.get(silo.id)
        if worker is not None and worker.alive:
            return worker
        uid = self._uid(silo)
        found = f"a worker that died {RESTARTS + 1} times"
        if self._started.get(silo.id, 0) <= RESTARTS:
            try:
                return self._start(silo.id, pathlib.Path(silo.home), uid)
            except OSError as error:
                found = f"{error.strerror or type(error).__name__}"
            except _DeadAtStartError as error:
                found = f"a worker that {error}"
        raise SiloError(
            silo.id,
            "TFF worker",
            found,
            f"one that listens within {START_TIMEOUT_S:.0f} s",
            "check the silo's home, its owner and its mode (0700)",
        )

    def _uid(self, silo: Silo) -> int | None:
        """Return the silo's user id, which must be its own; none without root."""
        if not self._own_user_ids:
            return None
        try:
            uid = homes.uid_of(silo)
        except OSError:
            return None  # without a home nothing starts
        owner = self._owners.setdefault(uid, f"silo `{silo.id}`")
        if owner != f"silo `{silo.id}`":
            raise SiloError(
                silo.id,
                "its home",
                f"user id {uid} of {owner}",
                "a home that belongs to a user id of the silo's own",
                "remove the home and run the pipeline from its first node",
            )
        return uid

    def _start(self, name: str, cwd: pathlib.Path, uid: int | None) -> Worker:
        self._started[name] = self._started.get(name, 0) + 1
        log = self._folder / "logs" / (f"silo-{name}.log" if name else "server.log")
        if log.exists():  # of the worker that died; it may tell why
            log.replace(log.with_suffix(".before.log"))
        reason = ""
        for _ in range(ATTEMPTS):
            port = _free_port()
            with log.open("wb") as file, _killed_on_error() as processes:
                process = self._spawn(port, cwd, uid, file)
                processes.append(process)
                reason = _wait(process, port, log)
                if not reason:
                    worker = Worker(name, port, process)
                    self._workers[name] = worker
                    return worker
                process.kill()
                process.wait()
        raise _DeadAtStartError(reason)

    def _spawn(
        self, port: int, cwd: pathlib.Path, uid: int | None, log: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise FairSiloError(
                "found no `setpriv`, expected it for starting TFF workers",
                "install util-linux",
            )
        user = [] if uid is None else [f"--reuid={uid}", f"--regid={uid}"]
        return subprocess.Popen(  # noqa: S603  our own arguments only
            [
                setpriv,
                "--pdeathsig=KILL",
                "--no-new-privs",
                *user,
                *(["--clear-groups"] if user else []),
                f"/proc/self/fd/{self._binary}",
                f"--port={port}",
                f"--max_concurrent_computation_calls={CONCURRENT_CALLS}",
            ],
            cwd=cwd,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[self._binary],
        )


class _DeadAtStartError(Exception):
    """A worker that does not come up; says what it did."""


def _executable() -> pathlib.Path:
    # Found without importing TFF, whose location is all that matters here.
    spec = importlib.util.find_spec("tensorflow_federated")
    if spec is None or not spec.submodule_search_locations:
        raise FairSiloError(
            "found no tensorflow_federated, expected it in the environment",
            "run `uv sync`",
        )
    return pathlib.Path(spec.submodule_search_locations[0], "data", "worker_binary")


def _environment() -> dict[str, str]:
    """Return all that a worker sees of our environment: no secrets."""
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "TF_CPP_MIN_LOG_LEVEL": "0",  # `LISTENING` is an INFO line
        # Sums in one order on every processor.
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "TF_DETERMINISTIC_OPS": "1",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], port: int, log: pathlib.Path) -> str:
    """Wait until the worker listens; return why it doesn't, or nothing."""
    end = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end:
        if process.poll() is not None:
            return f"ended with status {process.returncode} at its start"
        if LISTENING in log.read_bytes():
            # gRPC shares ports: make sure that nobody else listens on this one.
            return "" if _listeners(port) == 1 else "does not have its port alone"
        time.sleep(0.02)
    return f"does not listen after {START_TIMEOUT_S:.0f} s"


def _listeners(port: int) -> int:
    pattern = re.compile(rf"^ *\d+: [0-9A-F]+:{port:04X} [0-9A-F]+:0000 0A ", re.M)
    tables = (pathlib.Path("/proc/net/tcp"), pathlib.Path("/proc/net/tcp6"))
    return sum(len(pattern.findall(t.read_text())) for t in tables if t.exists())


@contextlib.contextmanager
def _killed_on_error() -> Iterator[list[subprocess.Popen[bytes]]]:
    processes: list[subprocess.Popen[bytes]] = []
    try:
        yield processes
    except BaseException:
        for process in processes:
            process.kill()
            process.wait()
        raise
