"""A long run of inference that is killed twice: time, memory, cost, and no row lost.

Sixteen silos as unequal as 1, 1/2, 1/3, ... are scored where they lie by the local
engine on all cores. At a third and at two thirds of the files the process that runs it
is killed, and started again. At the end a reader that knows nothing of the run counts.
"""

from __future__ import annotations

import math
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import time
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from components.batch_inferrer import shard
from components.batch_inferrer.items import ITEM_S, ROW_S
from components.batch_inferrer.plan import plan
from components.batch_inferrer.processes import MODULE
from components.batch_inferrer.records import Reader, Work
from components.batch_inferrer.scoring import Job
from components.batch_inferrer.settings import InferenceSettings
from components.payloads.manifest import Manifest, SiloEntry
from components.payloads.silo import Silo
from components.scoring import served
from components.scoring.model import read_card
from pipelines.benchmarks import inference_case
from pipelines.benchmarks.inference_case import KEY

NUM_SILOS = 16
BLOCK_ROWS = 1_048_576  # made once and written again and again, with other keys
VM_CORES = 8  # of Standard_D8s_v5
PRICE = 0.384  # a price for it, unit: US dollars an hour; see docs/benchmarks
SAMPLE_S = 0.5
BILLION = 1_000_000_000


def bench_soak(
    rows: int = 100_000_000, folder: str = "build/soak", price: float = PRICE
) -> dict[str, Any]:
    """Score a tenth of the rows, then all.

    Args:
        rows: Rows of the larger run.
        folder: Where rows are made, once, and kept.
        price: Of a machine of `VM_CORES` cores, unit: US dollars an hour.

    Returns:
        `pod_...`: see `_of_pod`, on the smaller size; `soak`: for each size rows,
        seconds by the clock, CPU seconds of all processes with all starts, the largest
        memory of all processes together and its median in the last run's first and last
        third, unit: MB, rows found, what a million costs,
        and scoring's CPU seconds over what the plan expects; `billion`: CPU seconds,
        hours and dollars for that many rows, by the plan; `passed`: no row is missing
        or twice.
    """
    places = {n: pathlib.Path(folder, f"{n}-rows") for n in (rows // 10, rows)}
    found = [_soak(place, n, price) for n, place in places.items()]
    settings = InferenceSettings()
    seconds = BILLION / settings.rows_per_item * ITEM_S + BILLION * ROW_S
    hours = seconds / VM_CORES / 3600
    billion = {"cpu_seconds": seconds, "hours": hours, "dollars": hours * price}
    passed = all(one["rows_found"] == one["rows"] for one in found)
    of_pod = _of_pod(places[rows // 10])
    return {"soak": found, "billion": billion, **of_pod, "passed": passed}


def _of_pod(folder: pathlib.Path) -> dict[str, float]:
    """Return what a pod with one process costs beside its items' own CPU seconds.

    `pod_start_s`: imports and the model, by a pod with the smallest item alone, unit:
    CPU seconds; `pod_overhead`: all else of a pod that scores a folder's rows, as a
    share of its items' CPU seconds.
    """
    _remove_predictions(folder)
    manifest, job, settings = _work_of(folder, workers=1)
    serve = served.by_report("", job.model, job.model_digest)
    plans = plan(manifest, serve, job, settings)
    items = sorted((item for one in plans for item in one.items), key=lambda i: i.rows)
    (alone, of_alone), (used, of_items) = (
        _run_pod(Work(job, tuple(some), settings, (tuple(range(len(some))),)), folder)
        for some in (items[:1], items[1:])
    )
    start = alone - of_alone
    return {"pod_start_s": start, "pod_overhead": (used - start) / of_items - 1.0}


def _run_pod(work: Work, folder: pathlib.Path) -> tuple[float, float]:
    """Return the CPU seconds of a pod's processes, and those of its items."""
    place = folder / "pod"
    shutil.rmtree(place, ignore_errors=True)
    work.write(place)
    before = _children_s()
    subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-m", MODULE, str(place)],
        env={**os.environ, shard.INDEX: "0"},
        check=True,
    )
    reader = Reader(place)
    reader.poll()
    return _children_s() - before, sum(one.cpu for one in reader.outcomes.values())


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _remove_predictions(folder: pathlib.Path) -> None:
    for part in folder.glob("silos/*/predictions/**/*.*"):
        if part.is_file():
            part.unlink()


def _soak(folder: pathlib.Path, rows: int, price: float) -> dict[str, Any]:
    if not folder.exists():
        _generate(folder, rows)
    _remove_predictions(folder)
    files = sum(math.ceil(n / BLOCK_ROWS) for n in _sizes(rows))
    began, cpu, memory = time.monotonic(), 0.0, list[float]()
    peak = 0.0
    for stop_at in (files / 3, 2 * files / 3, math.inf):
        used, memory = _run(folder, stop_at)
        cpu, peak = cpu + used, max(peak, *memory)
    seconds = time.monotonic() - began
    of_run = (folder / "speed").read_text().split()
    scored, scoring_cpu = int(of_run[0]), float(of_run[1])
    third = max(1, len(memory) // 3)
    expected = scored / InferenceSettings().rows_per_item * ITEM_S + scored * ROW_S
    return {
        "rows": rows,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
        "peak_mb": round(peak),
        "first_mb": round(statistics.median(memory[:third])),
        "last_mb": round(statistics.median(memory[-third:])),
        "rows_found": _count(folder, rows),
        "dollars_per_million": cpu / VM_CORES / 3600 * price / rows * 1e6,
        "scoring_to_plan": round(scoring_cpu / expected, 3),
    }


def _run(folder: pathlib.Path, stop_at: float) -> tuple[float, list[float]]:
    """Score until so many files are there; return CPU seconds and memory in MB."""
    program = [sys.executable, "-m", __name__, str(folder)]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(program, stderr=log)  # noqa: S603  our own program
    root, cpu, memory = psutil.Process(process.pid), dict[int, float](), [0.0]
    while process.poll() is None:
        now = 0
        for one in [root, *root.children(recursive=True)]:
            try:
                times = one.cpu_times()
                cpu[one.pid] = times.user + times.system
                now += one.memory_info().rss
            except psutil.Error:  # it has just ended
                continue
        memory.append(now / 1e6)
        if len([*folder.glob("silos/*/predictions/*/parts/*.parquet")]) >= stop_at:
            process.kill()
        time.sleep(SAMPLE_S)
    if process.returncode and math.isinf(stop_at):
        raise RuntimeError(f"the run failed: read {folder / 'log'}")
    return sum(cpu.values()), memory


def main(folder: pathlib.Path) -> None:
    """Score all silos of a folder: what is killed."""
    from components.batch_inferrer.infer import infer

    found = infer(*_work_of(folder, workers=0))
    if found.reason or found.speed is None:
        raise RuntimeError(found.reason)
    speed = f"{found.speed.rows} {found.speed.cpu_seconds}"
    (folder / "speed").write_text(speed)


def _work_of(
    folder: pathlib.Path, workers: int
) -> tuple[Manifest, Job, InferenceSettings]:
    homes = sorted((folder / "silos").iterdir())
    manifest = Manifest(
        "soak", "", tuple(SiloEntry(Silo(h.name, str(h))) for h in homes)
    )
    model = str(folder / "model")
    rows = f"{folder.absolute()}/silos/{{silo}}/*.parquet"
    settings = InferenceSettings(input=rows, workers=workers)
    job = Job(model, read_card(model).digest, (KEY,), settings.batch_rows)
    return manifest, job, settings


def _count(folder: pathlib.Path, rows: int) -> int:
    """Return how many rows the files of predictions hold; -1 where keys are amiss."""
    files = [str(path) for path in folder.glob("silos/*/predictions/*/parts/*.parquet")]
    number = total = 0
    for batch in ds.dataset(files).to_batches(columns=[KEY]):
        number += batch.num_rows
        total += pc.sum(batch.column(0)).as_py() or 0
    return number if total == rows * (rows - 1) // 2 else -1


def _sizes(rows: int) -> list[int]:
    shares = 1 / np.arange(1, NUM_SILOS + 1)
    sizes = [int(size) for size in rows * shares / shares.sum()]
    return [sizes[0] + rows - sum(sizes), *sizes[1:]]


def _generate(folder: pathlib.Path, rows: int) -> None:
    unfinished = folder.with_suffix(".unfinished")
    spec = inference_case.feature_spec()
    block = inference_case.table(spec, 0, BLOCK_ROWS, np.random.default_rng(0))
    for index, numeric in enumerate(spec.numeric, 1):
        # As many digits as are measured, so that values repeat and files stay small.
        rounded = pc.round(block[numeric.name], 1).cast(pa.float32())
        block = block.set_column(index, numeric.name, rounded)
    first = 0
    for index, size in enumerate(_sizes(rows)):
        home = unfinished / "silos" / f"silo-{index:02d}"
        home.mkdir(parents=True, exist_ok=True)
        with pq.ParquetWriter(home / "rows.parquet", block.schema) as writer:
            for done in range(0, size, BLOCK_ROWS):
                part = block.slice(0, min(BLOCK_ROWS, size - done))
                keys = pa.array(np.arange(first, first + part.num_rows))
                writer.write_table(part.set_column(0, KEY, keys), BLOCK_ROWS // 8)
                first += part.num_rows
    inference_case.write_model(unfinished / "model", spec)
    unfinished.rename(folder)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
