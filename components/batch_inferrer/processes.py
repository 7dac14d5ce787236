"""Runs shards as processes of this machine, one a core, and watches over them.

A process that ends before its items are done, or stands still, is started again and
goes on behind what is recorded. An item that ends its process again and again is given
up, so that the others are scored.
"""

from __future__ import annotations

import dataclasses
import logging
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterable

from components import temporary_faults
from components.batch_inferrer import records
from components.batch_inferrer.progress import Watch
from components.batch_inferrer.records import Work
from components.batch_inferrer.scoring import Outcome
from components.errors import FairSiloError

logger = logging.getLogger(__name__)

POLL_S = 0.2
LOGS = "logs"
MODULE = "components.batch_inferrer.shard"


def name_of(shard: int) -> str:
    """Return the name of a shard's records and log."""
    return f"shard-{shard:05d}"


@dataclasses.dataclass
class _Process:
    """A shard's process, and how often one of it ended without moving on."""

    shard: int
    process: subprocess.Popen[bytes]
    started: float
    lines: int = 0  # of its records when it was started
    failures: int = 0  # in a row
    is_done: bool = False


def run(
    work: Work,
    folder: pathlib.Path,
    shards: Iterable[int],
    watch: Watch,
    on_poll: Callable[[], None] = lambda: None,
) -> None:
    """Run shards side by side, each in a process, until each of their items has ended.

    Raises:
        FairSiloError: A fault that no item is to blame for; all processes are ended.
    """
    running: list[_Process] = []
    try:
        running += (_start(folder, shard) for shard in shards)
        while running:
            time.sleep(POLL_S)
            watch.poll()
            on_poll()
            for place, one in enumerate(running):
                running[place] = _looked_after(one, work, folder, watch)
            running[:] = [one for one in running if not one.is_done]
        watch.poll()
    finally:
        for one in running:
            one.process.kill()
            one.process.wait()


def _looked_after(
    one: _Process, work: Work, folder: pathlib.Path, watch: Watch
) -> _Process:
    """Return the process that works on the shard now, or did when it is done."""
    status = one.process.poll()
    limit_s = work.settings.stall_minutes * 60
    name = name_of(one.shard)
    if status is None and watch.stands_still(name, one.started, limit_s):
        one.process.kill()
        one.process.wait()
        found = f"no item ended for {work.settings.stall_minutes:g} minutes"
    elif status is None:
        return one
    else:
        found = f"its process ended with status {status}"
    watch.poll()  # what it wrote last; raises where it stopped the run
    if status == 0:
        return dataclasses.replace(one, is_done=True)
    moved = watch.reader.lines[name] > one.lines + 1  # more than one item begun
    failures = 1 if moved else one.failures + 1
    if failures > work.settings.retries:
        _give_up(one.shard, found, failures, folder, watch)
        failures = 0
    logger.warning("shard=%d: %s; it is started again", one.shard, found)
    again = _start(folder, one.shard)
    again.failures, again.lines = failures, watch.reader.lines[name]
    return again


def _give_up(
    shard: int, found: str, failures: int, folder: pathlib.Path, watch: Watch
) -> None:
    """Let the item that a process had in hand fail.

    Raises:
        FairSiloError: It had none: the processes can't even begin.
    """
    name = name_of(shard)
    item = watch.reader.in_hand.get(name)
    if item is None:
        raise FairSiloError(
            f"shard {shard}: {found}, {failures} times before it began to score",
            f"read {folder / LOGS / name}.log",
        )
    reason = f"{found}, {failures} times in a row while it was scored"
    failure = f"{reason}; {temporary_faults.MACHINE_HINT}"
    records.Writer(folder, name).done(item, Outcome(failure=failure))


def _start(folder: pathlib.Path, shard: int) -> _Process:
    log = folder / LOGS / f"{name_of(shard)}.log"
    log.parent.mkdir(exist_ok=True, mode=0o700)
    with log.open("ab") as file:
        process = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-m", MODULE, str(folder), "--shard", str(shard)],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us alone
        )
    return _Process(shard, process, time.monotonic())
