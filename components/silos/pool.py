"""The engine of this machine: silo tasks in a pool of processes, one a core.

Workers are forked from a server process that has loaded the task's modules and
nothing else: forking this process, with the threads of its engines, is unsafe, and
loading TensorFlow in each worker is slow and takes memory. The standard library's
pool breaks when one process dies, where here a death is the failure of one silo, and
its fork server runs the program's main module again in each worker, which on Kubeflow
is TFX.

Workers get JSON and give back frames (`tasks.to_frames`); nothing is pickled, and no
file is written. The server runs no task itself, so that it stays without threads and
may be forked. It ends when our end of its control socket is closed, which the system
does whatever ends us, and workers end with the server (`PR_SET_PDEATHSIG`).
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import importlib
import json
import logging
import operator
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from multiprocessing import connection
from typing import Any

from components import temporary_faults
from components.payloads.silo import Silo
from components.silos import tasks
from components.silos.tasks import Call, Failure, Outcome, Task

CPU_QUOTA = pathlib.Path("/sys/fs/cgroup/cpu.max")
_PR_SET_PDEATHSIG = 1
_LARGEST_MESSAGE = 65_536
_SERVE = """
import sys
sys.path[:] = {path!r}
from components.silos import pool
pool.serve({fd})
"""


def num_cpus() -> int:
    """Return how many cores this process may use: by affinity and container limit."""
    cores = len(os.sched_getaffinity(0))
    with contextlib.suppress(OSError, ValueError):
        quota, period = CPU_QUOTA.read_text().split()
        return max(1, min(cores, int(quota) // int(period)))  # "max" is no number
    return cores


def run(task: Task, calls: Sequence[Call]) -> Iterator[tuple[int, Outcome]]:
    """Run a task for each call, on all cores; an `Engine`, see `engine.py`.

    A worker that dies is a failure of its silo; another takes its place.
    """
    size = min(len(calls), num_cpus())
    waiting = deque(range(len(calls)))
    busy: dict[connection.Connection, tuple[Worker, int]] = {}

    def hand_out(worker: Worker | None) -> None:
        """Give a worker, or a new one, the next call; end it where there is none."""
        if not waiting:
            if worker:
                worker.connection.close()
            return
        worker = worker or _server.fork(task, max(1, num_cpus() // size))
        index = waiting.popleft()
        worker.send(task, *calls[index])
        busy[worker.connection] = (worker, index)

    try:
        for _ in range(size):
            hand_out(None)
        while busy:
            for ready in connection.wait(list(busy)):
                worker, index = busy.pop(ready)  # type: ignore[call-overload]
                outcome = worker.receive()
                hand_out(worker if outcome else None)
                yield index, outcome or _died(task, calls[index])
    finally:
        for worker, _ in busy.values():
            worker.kill()


def _died(task: Task, call: Call) -> Failure:
    found = "its process was ended before it was done, most likely for lack of memory"
    reason = f"silo `{call[0].id}`: {task.name}: {found}"
    return Failure(reason, temporary_faults.MACHINE_HINT, is_temporary=True)


class Worker:
    """A process that runs one call after another, until its connection is closed."""

    def __init__(self, end: socket.socket, pid: int) -> None:
        self.connection = connection.Connection(end.detach())
        self._pid = pid

    def send(self, task: Task, silo: Silo, arguments: object) -> None:
        """Give it a call."""
        function = task.function
        call = {
            "task": task.name,
            "module": function.__module__,
            "function": function.__qualname__,
            "silo": [silo.id, silo.home],
            "arguments": arguments,
        }
        with contextlib.suppress(BrokenPipeError):  # it died: `receive` says so
            self.connection.send_bytes(json.dumps(call).encode())

    def receive(self) -> Outcome | None:
        """Return what came of the call; None where the process has died."""
        try:
            frames = [self.connection.recv_bytes() for _ in range(3)]
        except (EOFError, ConnectionResetError):
            self.connection.close()
            return None
        return tasks.of_frames(*frames)

    def kill(self) -> None:
        """End the process in the midst of a call whose outcome nobody awaits."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        self.connection.close()


class Server:
    """The process that workers are forked from; started when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def fork(self, task: Task, threads: int) -> Worker:
        """Return a new worker for a task, whose engines may use so many threads.

        Raises:
            OSError: No process can be started.
        """
        imports = [*task.imports, task.function.__module__]
        message = json.dumps({"imports": imports, "threads": threads}).encode()
        with self._lock:
            for _ in range(2):  # where it was killed, a new one takes its place
                control = self._running()
                ours, theirs = socket.socketpair()
                with theirs, contextlib.suppress(ConnectionError):
                    socket.send_fds(control, [message], [theirs.fileno()])
                    if answer := control.recv(32):
                        return Worker(ours, int(answer))
                ours.close()
                self._stop()
        raise OSError("the server of silo tasks ends as soon as it is started")

    def _running(self) -> socket.socket:
        if self._control is None:
            # Packets: one message each.
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                program = _SERVE.format(path=sys.path, fd=theirs.fileno())
                self._process = subprocess.Popen(  # noqa: S603  our own program
                    [sys.executable, "-c", program],
                    stdin=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,  # Ctrl-C is for us alone
                )
            self._control = ours
            atexit.register(self._stop)
        return self._control

    def _stop(self) -> None:
        """Close the connection, upon which the server and its workers end."""
        if self._control is not None and self._process is not None:
            self._control.close()
            self._process.kill()
            self._process.wait()
        self._control = self._process = None


_server = Server()


def serve(fd: int) -> None:
    """Fork workers as they are asked for, until the parent is gone.

    Args:
        fd: The control socket. Each message is JSON, `imports` (modules to load) and
            `threads` (how many the worker may use), with the socket through which the
            worker talks; the answer is its process id.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system reaps workers
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is loaded
    os.dup2(2, 1)
    logging.disable(logging.CRITICAL)  # engines log values
    warnings.simplefilter("ignore")
    control = socket.socket(fileno=fd)
    server = os.getpid()
    while True:
        message, fds, _, _ = socket.recv_fds(control, _LARGEST_MESSAGE, 1)
        if not message:
            return
        fields = json.loads(message)
        for module in fields["imports"]:
            with contextlib.suppress(Exception):  # the task says what is wrong
                importlib.import_module(module)
        (end,) = fds
        pid = os.fork()
        if not pid:
            control.close()
            end_with(server)
            _use_threads(fields["threads"])
            _work(connection.Connection(end))
            os._exit(0)
        os.close(end)
        control.send(str(pid).encode())


def end_with(parent: int) -> None:
    """Let this process be killed when the parent's thread that started it ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it has ended in between
        os._exit(1)


def _use_threads(number: int) -> None:
    """Bound the threads of engines, which count the machine's cores otherwise."""
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ[name] = str(number)
    if "pyarrow" in sys.modules:
        sys.modules["pyarrow"].set_cpu_count(number)


def _work(calls: connection.Connection) -> None:
    while True:
        try:
            call = json.loads(calls.recv_bytes())
        except EOFError:
            return
        for frame in _frames(call):
            calls.send_bytes(frame)


def _frames(call: dict[str, Any]) -> tuple[bytes, bytes, bytes]:
    silo = Silo(*call["silo"])
    try:
        module = importlib.import_module(call["module"])
        task = Task(call["task"], operator.attrgetter(call["function"])(module))
        return tasks.to_frames(tasks.attempt(task, silo, call["arguments"]))
    except Exception as error:  # no such function, or a result that is no JSON
        return tasks.to_frames(tasks.failure(call["task"], silo, error))
