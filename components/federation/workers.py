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
from collections.abc import Iterable
from typing import IO

from components.errors import FairSiloError, SiloError
from components.payloads.silo import Silo
from components.silos import homes

SERVER = ""  # the coordinator's own worker; no silo has an empty id
SERVER_FOLDER = "server"  # where it works
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
    """A worker's process and its port on the loopback interface."""

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

    def end(self) -> None:
        """Kill the process and wait for its end."""
        self.process.kill()
        self.process.wait()


class Workers:
    """Starts workers and ends them by their process ids on leaving the context.

    Args:
        folder: The coordinator's own, for the server worker's working directory and
            the workers' logs.
        own_user_ids: Whether each silo's worker gets the silo's user id, which only
            root can give; as we are root or not when None.
    """

    def __init__(
        self, folder: str | pathlib.Path, own_user_ids: bool | None = None
    ) -> None:
        self._folder = pathlib.Path(folder)
        if own_user_ids is None:
            own_user_ids = homes.is_isolated()
        self.isolation = OWN_USER_IDS if own_user_ids else ONE_USER_ID
        self._workers: dict[str, Worker] = {}
        self._launched: set[str] = set()  # of them, those that may not listen yet
        self._started: dict[str, int] = {}
        self._owners = {0: "root"}
        self._binary = -1

    def __enter__(self) -> Workers:
        """Open the executable and make the folders."""
        for name in (SERVER_FOLDER, "logs"):
            (self._folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        self._binary = os.open(_executable(), os.O_RDONLY | os.O_CLOEXEC)
        return self

    def __exit__(self, *_: object) -> None:
        """End all workers, whatever happened."""
        for worker in self._workers.values():
            worker.process.kill()
        for worker in self._workers.values():
            worker.end()
        self._workers.clear()
        os.close(self._binary)

    def launch(self, silos: Iterable[Silo]) -> None:
        """Launch silos' workers, which come up side by side; `start` waits for them.

        What goes wrong here goes wrong there again, which says so.
        """
        for silo in silos:
            if silo.id not in self._workers:
                with contextlib.suppress(OSError, SiloError):
                    self._set_aside(silo.id)
                    self._launch(silo.id, pathlib.Path(silo.home), self._uid(silo))
                    self._launched.add(silo.id)

    def start_server(self) -> Worker:
        """Return the coordinator's own worker, started if need be.

        Raises:
            FairSiloError: It does not start.
        """
        try:
            return self._running(SERVER) or self._start(
                SERVER, self._folder / SERVER_FOLDER, None
            )
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
        """Return a silo's worker, started if need be.

        A worker that has died is started again, at most `RESTARTS` times.

        Raises:
            SiloError: It does not start, has died too often, or would share its
                user id with another.
        """
        if worker := self._running(silo.id):
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

    def _running(self, name: str) -> Worker | None:
        worker = self._workers.get(name)
        listens = worker and worker.alive and name not in self._launched
        return worker if listens else None

    def _uid(self, silo: Silo) -> int | None:
        """Return the silo's user id, which must be its own; none without root."""
        if self.isolation == ONE_USER_ID:
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
        if name not in self._launched:
            self._set_aside(name)
        fault = ""
        for _ in range(ATTEMPTS):
            if name in self._launched:
                worker = self._workers[name]
            else:
                worker = self._launch(name, cwd, uid)
            self._launched.discard(name)
            fault = _wait(worker, self._log(name))
            if not fault:
                return worker
            worker.end()
        raise _DeadAtStartError(fault)

    def _launch(self, name: str, cwd: pathlib.Path, uid: int | None) -> Worker:
        taken = {worker.port for worker in self._workers.values()}
        while (port := _free_port()) in taken:
            pass
        with self._log(name).open("wb") as file:
            process = self._spawn(port, cwd, uid, file)
        worker = Worker(port, process)
        self._workers[name] = worker  # from here on leaving the context ends it
        return worker

    def _set_aside(self, name: str) -> None:
        """Keep the log of the worker that died, which may tell why."""
        log = self._log(name)
        if log.exists() and log.stat().st_size:
            log.replace(log.with_suffix(".before.log"))

    def _log(self, name: str) -> pathlib.Path:
        return self._folder / "logs" / (f"silo-{name}.log" if name else "server.log")

    def _spawn(
        self, port: int, cwd: pathlib.Path, uid: int | None, log: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise FairSiloError(
                "found no `setpriv`, expected it for starting TFF workers",
                "install util-linux",
            )
        user = [f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
        return subprocess.Popen(  # noqa: S603  our own arguments only
            [
                setpriv,
                "--pdeathsig=KILL",
                "--no-new-privs",
                *(user if uid is not None else []),
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
        # Sums in one order on every processor, of any number of cores. A step is too
        # small to share between threads: one alone takes a fifth less time.
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "TF_DETERMINISTIC_OPS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(worker: Worker, log: pathlib.Path) -> str:
    """Wait until the worker listens; return why it doesn't, or nothing."""
    end = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end:
        if not worker.alive:
            return f"ended with status {worker.process.returncode} at its start"
        if LISTENING in log.read_bytes():
            # gRPC shares ports: make sure that nobody else listens on this one.
            alone = _listeners(worker.port) == 1
            return "" if alone else "does not have its port alone"
        time.sleep(0.02)
    return f"does not listen after {START_TIMEOUT_S:.0f} s"


def _listeners(port: int) -> int:
    pattern = re.compile(rf"^ *\d+: [0-9A-F]+:{port:04X} [0-9A-F]+:0000 0A ", re.M)
    tables = (pathlib.Path("/proc/net/tcp"), pathlib.Path("/proc/net/tcp6"))
    return sum(len(pattern.findall(t.read_text())) for t in tables if t.exists())
