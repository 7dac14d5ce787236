"""A training's rounds as they end: a bar or log lines, and TensorBoard's scalars."""

from __future__ import annotations

import contextlib
import datetime
import logging
import pathlib
import sys
from collections.abc import Callable, Iterator

import tensorflow as tf
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from components.payloads.model_run import RoundRecord

logger = logging.getLogger(__name__)


@contextlib.contextmanager
def shown(
    rounds: int, silos: int, done: int = 0, console: Console | None = None
) -> Iterator[Callable[[RoundRecord, float], None]]:
    """Yield a function that shows a finished round and the seconds it took.

    The bar goes to `console`, or standard error; where that is no terminal, each round
    is a log line.
    """
    console = console or Console(file=sys.stderr)
    columns = ("training", BarColumn(), MofNCompleteColumn(), "{task.fields[status]}")
    bar = Progress(
        *(TextColumn(part) if isinstance(part, str) else part for part in columns),
        console=console,
        disable=not console.is_terminal,
    )
    task = bar.add_task("", total=rounds, completed=done, status="")
    taken: list[float] = []

    def tell(record: RoundRecord, seconds: float) -> None:
        taken.append(seconds)
        left_s = (rounds - record.round) * sum(taken) / len(taken)
        left = datetime.timedelta(seconds=round(left_s))
        alive, told = f"{len(record.silos)}/{silos}", record.loss_before
        loss = "not told" if told is None else f"{told:.4f}"
        if console.is_terminal:
            status = f"loss {loss}  silos {alive}  {left} left"
            bar.update(task, completed=record.round, status=status)
        else:
            line = "round=%d/%d loss=%s silos=%s time_left=%s"
            logger.info(line, record.round, rounds, loss, alive, left)
        for drop in record.dropped:
            line = "round=%d silo=%s dropped: %s"
            logger.warning(line, record.round, drop.silo, drop.reason)

    with bar:
        yield tell


@contextlib.contextmanager
def tensorboard(folder: str | pathlib.Path) -> Iterator[Callable[[RoundRecord], None]]:
    """Yield a function that logs a round.

    Scalars: `loss/before`, `loss/after`, `silos/alive`, and for each silo
    `silo/<id>/loss_before`, `.../update_norm` and `.../cosine`; losses only if told.
    """
    log = tf.summary.create_file_writer(str(folder))

    def write(record: RoundRecord) -> None:
        with log.as_default(step=record.round):
            values = {
                "loss/before": record.loss_before,
                "loss/after": record.loss_after,
                "silos/alive": len(record.silos),
            }
            for silo in record.silos:
                for name in ("loss_before", "update_norm", "cosine"):
                    values[f"silo/{silo.silo}/{name}"] = getattr(silo, name)
            for name, value in values.items():
                if value is not None:
                    tf.summary.scalar(name, value)
        log.flush()

    with contextlib.closing(log):
        yield write
