"""The progress of a run of inference: a bar or log lines, and Prometheus' text.

All of it is read from the records, whatever engine writes them.
"""

from __future__ import annotations

import contextlib
import datetime
import logging
import sys
import threading
import time
from collections.abc import Iterator

import prometheus_client
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from components.batch_inferrer.records import Reader, Work

logger = logging.getLogger(__name__)

LOG_S = 10.0
POLL_S = 1.0
GAUGES = {
    "rows": "Rows of all work items",
    "rows_done": "Rows of the work items that have ended",
    "items_failed": "Work items that failed",
    "rows_per_second": "Rows scored a second since the run began",
    "seconds_left": "Seconds until the end at that speed",
}


class Watch:
    """Reads the records, tells how far a run is, and who stands still.

    Attributes:
        reader: The records, as of the last poll.
    """

    def __init__(
        self, work: Work, reader: Reader, console: Console | None = None
    ) -> None:
        self.reader = reader
        self._work = work
        self._began = self._logged = time.monotonic()
        self._moved: dict[str, tuple[int, float]] = {}
        self._console = console or Console(file=sys.stderr)
        columns = "scoring", BarColumn(), "{task.fields[status]}"
        self._bar = Progress(
            *(TextColumn(part) if isinstance(part, str) else part for part in columns),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("", total=work.rows, status="")
        self._registry = prometheus_client.CollectorRegistry()
        self._gauges = [
            prometheus_client.Gauge(
                f"fairsilo_inference_{name}", text, registry=self._registry
            )
            for name, text in GAUGES.items()
        ]

    def poll(self) -> None:
        """Read the records and show them.

        Raises:
            FairSiloError: A fault that stops the whole run.
        """
        self.reader.poll()
        now = time.monotonic()
        done = new = failed = 0
        for number, outcome in list(self.reader.outcomes.items()):
            rows = max(self._work.items[number].rows, 0)
            done += rows
            new += 0 if outcome.resumed else rows
            failed += bool(outcome.failure)
        speed = new / max(now - self._began, 1e-9)
        left = (self._work.rows - done) / speed if speed else 0.0
        values = (self._work.rows, done, failed, speed, left)
        for gauge, value in zip(self._gauges, values, strict=True):
            gauge.set(value)
        time_left = datetime.timedelta(seconds=round(left))
        shown = (
            f"{done:,} of {self._work.rows:,} rows  {speed:,.0f} rows/s  "
            f"{time_left} left  {failed} items failed"
        )
        self._bar.update(self._task, completed=done, status=shown)
        if not self._console.is_terminal and now - self._logged >= LOG_S:
            logger.info("%s", shown)
            self._logged = now

    def stands_still(self, name: str, since: float, limit_s: float) -> bool:
        """Return whether a file of records has not grown for so long.

        Args:
            name: The file's, without its ending.
            since: When its process was started, by the monotonic clock.
            limit_s: Most seconds between two lines.
        """
        now, lines = time.monotonic(), self.reader.lines[name]
        before, moved = self._moved.get(name, (lines, since))
        moved = now if lines != before else max(moved, since)
        self._moved[name] = (lines, moved)
        return now - moved > limit_s

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Show the bar and answer Prometheus while the block runs."""
        port = self._work.settings.metrics_port
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._bar)
            if port:
                server, thread = prometheus_client.start_http_server(
                    port, registry=self._registry
                )
                stack.callback(thread.join)
                stack.callback(server.server_close)
                stack.callback(server.shutdown)
            yield

    @contextlib.contextmanager
    def polled(self) -> Iterator[None]:
        """Poll in a thread while the block runs in this one."""
        ended = threading.Event()

        def poll() -> None:
            while not ended.wait(POLL_S):
                with contextlib.suppress(Exception):  # the block meets it, too
                    self.poll()

        thread = threading.Thread(target=poll, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
