"""A way to a server that only the cluster can reach: `kubectl port-forward`.

It runs in a session of its own, so that Ctrl-C reaches us first and we end it, by its
id, whatever way we leave by.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from types import FrameType

from pipelines.kubeflow.errors import KubeflowError, clean

SERVICE = "svc/ml-pipeline"
PORT = 8888
READY_TIMEOUT_S = 30.0
END_TIMEOUT_S = 5.0

_READY = re.compile(r"Forwarding from 127\.0\.0\.1:(\d+) ->")
_ENDING = (signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def forwarded(namespace: str) -> Iterator[str]:
    """Forward a port of this machine to the API server, while the context lasts.

    Args:
        namespace: Where Kubeflow Pipelines runs.

    Yields:
        The address on this machine, on a port that was free.

    Raises:
        KubeflowError: kubectl is not there, or has no way to the server.
    """
    with _leaving_in_order():
        process = _start(namespace)
        try:
            yield f"http://127.0.0.1:{_port(process, namespace)}"
        finally:
            _end(process)


def _start(namespace: str) -> subprocess.Popen[bytes]:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        raise KubeflowError(
            "--port-forward: found no program kubectl on the PATH",
            "install kubectl, or give --host",
        )
    command = [kubectl, "port-forward", "--namespace", namespace]
    command += ["--address", "127.0.0.1", SERVICE, f":{PORT}"]
    return subprocess.Popen(  # noqa: S603  the found kubectl, no shell
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _port(process: subprocess.Popen[bytes], namespace: str) -> int:
    """Wait until kubectl tells its port."""
    told = b""
    end = time.monotonic() + READY_TIMEOUT_S
    while (left := end - time.monotonic()) > 0:
        piece = _read(process, left)
        told += piece
        match = _READY.search(told.decode(errors="replace"))
        if match:
            return int(match.group(1))
        if not piece and process.poll() is not None:
            break
    said = clean(told.decode(errors="replace")) or "nothing"
    raise KubeflowError(
        f"kubectl port-forward {SERVICE} in namespace `{namespace}`: not ready; it "
        f"said: {said}",
        "check `kubectl config current-context` and `kubectl get --namespace "
        f"{namespace} {SERVICE}`, or give --host",
    )


def _read(process: subprocess.Popen[bytes], timeout_s: float) -> bytes:
    if process.stdout is None:
        raise RuntimeError("kubectl's output is no pipe")
    ready, _, _ = select.select([process.stdout], [], [], min(timeout_s, 0.5))
    return os.read(process.stdout.fileno(), 4096) if ready else b""


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(END_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


@contextlib.contextmanager
def _leaving_in_order() -> Iterator[None]:
    """Let a request to end unwind the stack, so that kubectl is ended as well."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
