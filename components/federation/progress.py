"""Progress of a training: a bar on a terminal, else one log line a round."""

from __future__ import annotations

import logging
import sys
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from components.payloads.model_run import RoundRecord

logger = logging.getLogger(__name__)


class RoundProgress:
    """Shows round, loss, silos alive and time left.

    Args:
        rounds: Rounds of the training.
        silos: Silos that it started with.
        done: Rounds that are done already.
        console: Where the bar goes; standard error if not given.
    """

    def __init__(
        self, rounds: int, silos: int, done: int = 0, console: Console | None = None
    ) -> None:
        self._rounds = rounds
        self._silos = silos
        self._seconds: list[float] = []
        self._bar = Progress(
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[status]}"),
            console=console or Console(file=sys.stderr),
        )
        self._on_terminal = self._bar.console.is_terminal
        self._task = self._bar.add_task("", total=rounds, completed=done, status="")

    def __enter__(self) -> RoundProgress:
        """Show the bar where there is a terminal."""
        if self._on_terminal:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the bar as it stands."""
        if self._on_terminal:
            self._bar.stop()

    def advance(self, record: RoundRecord, seconds: float) -> None:
        """Tell of a finished round.

        Args:
            record: Its record.
            seconds: How long it took.
        """
        self._seconds.append(seconds)
        left = (self._rounds - record.round) * sum(self._seconds) / len(self._seconds)
        alive = f"{len(record.silos)}/{self._silos}"
        loss = f"{record.loss_before:.4f}"
        if self._on_terminal:
            status = f"loss {loss}  silos {alive}  {_clock(left)} left"
            self._bar.update(self._task, completed=record.round, status=status)
        else:
            logger.info(
                "round=%d/%d loss=%s silos=%s time_left=%s",
                record.round,
                self._rounds,
                loss,
                alive,
                _clock(left),
            )
        for drop in record.dropped:
            logger.warning(
                "round=%d silo=%s dropped: %s", record.round, drop.silo, drop.reason
            )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
