"""Chooses where a run's items are scored; what comes of them is read from the records.

Every engine runs the same DoFn (`beam_steps.py`) on the same items: in this process, in
processes of this machine, in pods, each with such processes, or on Flink.
"""

from __future__ import annotations

import dataclasses
import math
import pathlib

from components import temporary_faults
from components.batch_inferrer import items, processes, records
from components.batch_inferrer.pods import PodTemplate
from components.batch_inferrer.progress import Watch
from components.batch_inferrer.records import Work
from components.batch_inferrer.scoring import Outcome
from components.silos import pool

# A process takes seconds to start, as long as such a number of rows to score.
ROWS_PER_PROCESS = 1_000_000
LOST = Outcome(
    failure="what scored it ended before it was done; " + temporary_faults.MACHINE_HINT
)


def run(work: Work, folder: pathlib.Path, pods: PodTemplate) -> list[Outcome]:
    """Score a run's items, and return what came of each, in their order.

    Args:
        work: What to score.
        folder: Holds work and records; on a cluster all that score share it.
        pods: What a pod of the engine `pods` is like.

    Raises:
        FairSiloError: A fault that no item is to blame for. What was written stays and
            is not done again.
    """
    (folder / records.STOPPED).unlink(missing_ok=True)  # of an attempt before
    watch = Watch(work, records.Reader(folder))
    with watch.shown():
        if work.settings.engine == "local":
            _run_local(work, folder, watch)
        watch.poll()
    found = watch.reader.outcomes
    return [found.get(number, LOST) for number in range(len(work.items))]


def _run_local(work: Work, folder: pathlib.Path, watch: Watch) -> None:
    useful = math.ceil(work.rows / ROWS_PER_PROCESS)
    workers = work.settings.workers or min(pool.num_cpus(), useful)
    if workers > 1:
        shared = shared_out(work, folder, workers)
        processes.run(shared, folder, range(len(shared.shards)), watch)
        return
    from components.batch_inferrer import beam_steps

    with watch.polled():
        numbered = work.numbered(range(len(work.items)))
        beam_steps.run(numbered, work.job, folder, name="one")


def shared_out(work: Work, folder: pathlib.Path, number: int) -> Work:
    """Share the items out over so many processes, and write that for them."""
    found = items.shards([item.cost for item in work.items], number)
    shared = dataclasses.replace(work, shards=tuple(map(tuple, found)))
    shared.write(folder)
    return shared
