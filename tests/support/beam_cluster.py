"""A cluster as Beam's portable runner sees it: a job service and a pool of workers.

Both are Beam's own programs, in place of Flink's job server and of the container beside
a task manager: the client, the staging, what is sent and the workers are the same.
This job service does not see it when a worker dies amid its work; Flink does.
"""

from __future__ import annotations

import contextlib
import functools
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from components.batch_inferrer.settings import FlinkSettings
from tests.support.program import PROJECT, wait_until


class Cluster:
    """A job service and a pool of workers; the pool may be killed, or its workers held.

    Args:
        folder: Holds the log.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.log = folder / "log"
        jobs, self._workers = _free_port(), _free_port()
        self.settings = FlinkSettings(
            job_endpoint=f"localhost:{jobs}", workers=f"localhost:{self._workers}"
        )
        service = "portability.local_job_service_main"
        staging = f"--staging_dir={folder / 'staging'}"
        self._jobs = self._start(service, f"--port={jobs}", staging)
        self._pool = self._start_pool()
        for process, port in ((self._jobs, jobs), (self._pool, self._workers)):
            wait_until(functools.partial(self._listens, process, port))

    def start_pool(self) -> None:
        """Start the pool of workers where the one before listened."""
        self._pool = self._start_pool()

    def kill_pool(self) -> None:
        """Kill the pool and all its workers."""
        _kill(self._pool)

    def freeze_workers(self) -> bool:
        """Stop the workers that there are: their connections stay, and nothing comes.

        Return whether there were any.
        """
        tasks = pathlib.Path(f"/proc/{self._pool.pid}/task").glob("*/children")
        workers = [int(one) for task in tasks for one in task.read_text().split()]
        for worker in workers:
            os.kill(worker, signal.SIGSTOP)
        return bool(workers)

    def stop(self) -> None:
        """End both, and all workers."""
        _kill(self._pool)
        _kill(self._jobs)

    def _start_pool(self) -> subprocess.Popen[bytes]:
        return self._start("worker.worker_pool_main", f"--service_port={self._workers}")

    def _start(self, program: str, *options: str) -> subprocess.Popen[bytes]:
        module = f"apache_beam.runners.{program}"
        venv = pathlib.Path(sys.executable).parent
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [
                    *("setpriv", "--pdeathsig=KILL"),
                    *(sys.executable, "-W", "ignore", "-m", module, *options),
                ],
                # The pool starts `python`, whichever is first on the path.
                env={
                    **os.environ,
                    "PATH": f"{venv}:{os.environ['PATH']}",
                    "PYTHONPATH": str(PROJECT),
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _listens(self, process: subprocess.Popen[bytes], port: int) -> bool:
        if process.poll() is not None:
            raise RuntimeError(self.log.read_text()[-2000:])
        with contextlib.suppress(OSError):
            socket.create_connection(("localhost", port), 5).close()
            return True
        return False


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def running() -> Iterator[Cluster]:
    """Run a cluster while the block does."""
    with tempfile.TemporaryDirectory(prefix="fairsilo-beam-") as folder:
        cluster = Cluster(pathlib.Path(folder))
        try:
            yield cluster
        finally:
            cluster.stop()
