"""Chooses where a run's items are scored; what comes of them is read from the records.

Every engine runs the same DoFn (`beam_steps.py`) on the same items: in this process, in
processes of this machine, in pods, each with such processes, or on Flink.
"""

from __future__ import annotations

import dataclasses
import math
import pathlib
import shutil

from components import temporary_faults
from components.batch_inferrer import items, pods, processes, records
from components.batch_inferrer.items import WorkItem
from components.batch_inferrer.pods import PodTemplate
from components.batch_inferrer.progress import Watch
from components.batch_inferrer.records import Work
from components.batch_inferrer.scoring import Outcome
from components.silos import pool

# A process takes seconds to start, as long as such a number of rows to score.
ROWS_PER_PROCESS = 1_000_000


def run(work: Work, folder: pathlib.Path, template: PodTemplate) -> list[Outcome]:
    """Score a run's items, and return what came of each, in their order.

    Args:
        work: What to score.
        folder: Holds work and records; on a cluster all that score share it.
        template: What a pod of the engine `pods` is like.

    Raises:
        FairSiloError: A fault that no item is to blame for. What was written stays and
            is not done again.
    """
    (folder / records.STOPPED).unlink(missing_ok=True)  # of an attempt before
    if work.settings.engine != "pods":  # those of the attempt before may still run
        shutil.rmtree(folder / records.RECORDS, ignore_errors=True)
    watch = Watch(work, records.Reader(folder))
    lost: dict[int, str] = {}
    with watch.shown():
        match work.settings.engine:
            case "local":
                _run_local(work, folder, watch)
            case "pods":
                lost = _run_pods(work, folder, watch, template)
            case "flink":
                from components.batch_inferrer import flink

                lost = flink.run(work, folder, watch)
        watch.poll()
    found = watch.reader.outcomes
    return [
        found.get(number) or _lost(item, lost.get(number, "what scored it ended"))
        for number, item in enumerate(work.items)
    ]


def _lost(item: WorkItem, reason: str) -> Outcome:
    found = f"silo `{item.silo.id}`: {item.label}: {reason} before it was done"
    return Outcome(failure=f"{found}; {temporary_faults.MACHINE_HINT}")


def _run_local(work: Work, folder: pathlib.Path, watch: Watch) -> None:
    useful = math.ceil(work.rows / ROWS_PER_PROCESS)
    workers = work.settings.workers or min(pool.num_cpus(), useful)
    if workers > 1:
        shared = _shared_out(work, folder, workers)
        processes.run(shared, folder, range(len(shared.shards)), watch)
        return
    from components.batch_inferrer import beam_steps

    with watch.polled():
        numbered = work.numbered(range(len(work.items)))
        beam_steps.run(numbered, work.job, folder, name="one")


def _run_pods(
    work: Work, folder: pathlib.Path, watch: Watch, template: PodTemplate
) -> dict[int, str]:
    """Score in pods; return why items have no record, by their number."""
    settings = work.settings
    per_pod = settings.workers or settings.pod.processes
    settings = settings.model_copy(update={"workers": per_pod})
    shared = dataclasses.replace(work, settings=settings)
    shared = _shared_out(shared, folder, settings.shards * per_pod)
    template = dataclasses.replace(
        template,
        azure_identity=settings.pod.azure_identity,
        cpu=settings.pod.cpu,
        memory=settings.pod.memory,
        parallelism=settings.pod.at_once,
        retries=settings.retries,
        # The pod watches over its processes; this is over the pod.
        stall_minutes=math.ceil(2 * settings.stall_minutes),
    )
    command = ["python", "-m", processes.MODULE, str(folder)]
    count = math.ceil(len(shared.shards) / per_pod)
    try:
        failed = pods.run(command, count, template, folder.name, watch.poll)
    except pods.SystemicError:
        watch.poll()  # raises the fault itself, where it is known
        raise
    return {
        item: f"its pod ended ({reason})"
        for pod, reason in failed.items()
        for shard in shared.shards[pod * per_pod : (pod + 1) * per_pod]
        for item in shard
    }


def _shared_out(work: Work, folder: pathlib.Path, number: int) -> Work:
    """Share the items out over so many processes, and write that for them."""
    found = items.shards([item.cost for item in work.items], number)
    shared = dataclasses.replace(work, shards=tuple(map(tuple, found)))
    shared.write(folder)
    return shared
