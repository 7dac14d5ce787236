"""A process that scores some of a run's items: `python -m ... FOLDER [--shard N]`.

With a number it scores the items of that shard, with Beam's DirectRunner in its own
process. Without one it is a pod of an Indexed Job, whose number Kubernetes tells, and
watches over as many such processes as a pod has. It ends with 0 when each item has its
record, and with 78 where a fault stops the whole run.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import sys
from collections.abc import Sequence

from components.batch_inferrer import pods, processes, records
from components.silos import pool

INDEX = "JOB_COMPLETION_INDEX"


def main(arguments: Sequence[str] | None = None) -> int:
    """Score, and return the exit status."""
    parser = argparse.ArgumentParser(prog=f"python -m {processes.MODULE}")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--shard", type=int)
    options = parser.parse_args(arguments)
    sys.argv = sys.argv[:1]  # Beam takes the rest for flags
    parent = os.getppid()
    if options.shard is not None:
        pool.end_with(parent)
    work = records.read_work(options.folder)
    try:
        if options.shard is None:
            _run_pod(work, options.folder)
        else:
            _run_shard(work, options.folder, options.shard)
    except Exception:
        if (options.folder / records.STOPPED).exists():
            return pods.SYSTEMIC
        raise
    return 0


def _run_shard(work: records.Work, folder: pathlib.Path, shard: int) -> None:
    from components.batch_inferrer import beam_steps

    reader = records.Reader(folder)
    reader.poll()
    left = [one for one in work.shards[shard] if one not in reader.outcomes]
    beam_steps.run(work.numbered(left), work.job, folder, name=processes.name_of(shard))


def _run_pod(work: records.Work, folder: pathlib.Path) -> None:
    from components.batch_inferrer.progress import Watch

    per_pod = work.settings.workers or pool.num_cpus()
    first = int(os.environ[INDEX]) * per_pod
    own = range(first, min(first + per_pod, len(work.shards)))
    watch, seen = Watch(work, records.Reader(folder)), -1

    def beat() -> None:
        nonlocal seen
        lines = watch.reader.lines.total()
        if lines != seen:  # at the start, too
            pathlib.Path(pods.ALIVE).touch()
        seen = lines

    with watch.shown():
        processes.run(work, folder, own, watch, beat)


if __name__ == "__main__":
    sys.exit(main())
