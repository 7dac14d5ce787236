"""The server process that workers of silo tasks are forked from, and the workers.

The server loads modules and forks, and runs no task itself: it stays without threads
of its own, so that forking it is safe. It ends when its parent's end of the control
socket is closed, which the system does whatever ends the parent, and workers end with
the server (`PR_SET_PDEATHSIG`). What a task has to say is in its result: nothing is
logged here, since engines log values.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import logging
import operator
import os
import signal
import socket
import sys
import warnings
from multiprocessing import connection
from typing import Any

from components.payloads.silo import Silo
from components.silos import tasks
from components.silos.tasks import Task

_PR_SET_PDEATHSIG = 1
_LARGEST_MESSAGE = 65_536


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
    logging.disable(logging.CRITICAL)
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
            _end_with(server)
            _use_threads(fields["threads"])
            _work(connection.Connection(end))
            os._exit(0)
        os.close(end)
        control.send(str(pid).encode())


def _end_with(server: int) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server:  # it has ended in between
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
