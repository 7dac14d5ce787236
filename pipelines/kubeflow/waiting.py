"""Waits for a run, telling each step's progress; outlives restarts of the server."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from pipelines.kubeflow import runs
from pipelines.kubeflow.connection import Connection
from pipelines.kubeflow.errors import UnreachableError
from pipelines.kubeflow.package import Package

POLL_S = 5.0
PATIENCE_S = 600.0

QUIET = frozenset({"waiting", "skipped"})


def wait(
    connection: Connection,
    run_id: str,
    content: Package,
    tell: Callable[[str], None],
    poll_s: float = POLL_S,
    patience_s: float = PATIENCE_S,
) -> Any:  # noqa: ANN401  a V2beta1Run
    """Wait until a run has ended, and return it.

    Args:
        connection: The server.
        run_id: The run.
        content: What it runs; names its steps.
        tell: Called with a line for each change.
        poll_s: Seconds between two looks.
        patience_s: Seconds that the server may be away.

    Raises:
        UnreachableError: The server was away for longer.
        KubeflowError: It refused, for example since the token expired.
    """
    progress = _Progress(tell)
    seen = time.monotonic()
    while True:
        try:
            run = runs.get(connection, run_id)
        except UnreachableError as error:
            if time.monotonic() - seen > patience_s:
                raise
            progress.away(error)
        else:
            seen = time.monotonic()
            progress.show(run, content)
            if run.state in runs.ENDED:
                return run
        time.sleep(poll_s)


class _Progress:
    """Tells each state once."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._started = time.monotonic()
        self._told: dict[str, str] = {}

    def show(self, run: Any, content: Package) -> None:  # noqa: ANN401
        self._told.pop("", None)
        for step in runs.steps(run, content.steps):
            if step.state not in QUIET and self._told.get(step.task) != step.state:
                self._told[step.task] = step.state
                self._line(f"{step.title:<18} {step.state}")

    def away(self, error: UnreachableError) -> None:
        if self._told.get("") != error.message:
            self._told[""] = error.message
            self._line(f"{error.message}; the run goes on, waiting for the server")

    def _line(self, text: str) -> None:
        self._tell(f"{time.monotonic() - self._started:7.1f} s  {text}")
