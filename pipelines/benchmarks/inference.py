"""How fast inference is, against the limit of pyarrow and TF, and over the cores.

Both sides run in the same process by turns, on the same files and the same model,
each process and TF with one thread. Left out on both sides: imports
and the loading of the model. Counted on ours: all of a run otherwise, from the
plan over Beam's own set-up to synced files with their digests and the account.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from components import digests
from components.batch_inferrer import engines
from components.batch_inferrer import items as items_of_run
from components.batch_inferrer.infer import infer
from components.batch_inferrer.plan import ROOT, plan
from components.batch_inferrer.pods import NO_PODS
from components.batch_inferrer.records import Work
from components.batch_inferrer.scoring import Job
from components.batch_inferrer.settings import InferenceSettings
from components.payloads.manifest import SCORE, Manifest, SiloEntry, Split
from components.payloads.silo import Silo
from components.scoring import served
from components.scoring.model import serving_path
from pipelines.benchmarks import inference_case, inference_limit, inference_stock
from pipelines.benchmarks.inference_case import Case

ROWS = 4_000_000
ITEM_ROWS = 200_000  # for the measure over cores: enough items for each
STOCK_ROWS = 200_000
MANY_SILOS, FEW_ROWS = 10_000, 20


class Seconds(NamedTuple):
    """What one run took by the clock, and of this process' CPU."""

    wall: float
    cpu: float


def bench_inference(
    rows: int = ROWS, workers: int | None = None, repeats: int = 5, seed: int = 0
) -> dict[str, Any]:
    """Measure inference.

    Args:
        rows: Rows of all silos together.
        workers: Processes for the measure over cores; all cores when None. With
            1 that measure is left out.
        repeats: Runs of each side; medians count.
        seed: Of data and weights.

    Returns:
        `ratio_to_limit`: our speed over the limit's by CPU seconds of the one
        process, which neighbours on the machine blur less than the clock; the
        median over pairs of runs next to each other, all of them in `ratios`;
        `ratio_to_limit_wall`: the same by the clock; `rows_per_second` and
        `limit_rows_per_second` by the clock; `largest_difference` of a score
        between the two; `workers`; `scaling`: rows a second with `workers`
        processes over those with one, the median of `repeats` pairs, and
        `rows_per_second_all`. Their own start is left out of both. With full `rows`
        also `stock_...`: CPU seconds per million rows of `STOCK_ROWS` by ours, by TFX
        and by Beam, and the largest difference of a score; and `many_silos_...`: CPU
        seconds of all of a run over `MANY_SILOS` silos of `FEW_ROWS` rows.
    """
    _use_one_thread()
    workers = workers or len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="fairsilo-bench-") as folder:
        case = inference_case.build(pathlib.Path(folder), rows, seed)
        result: dict[str, Any] = {"rows": rows, "repeats": repeats}
        result |= _against_limit(case, pathlib.Path(folder, "limit"), repeats)
        result["workers"] = workers
        if workers > 1:
            pairs = [
                [_rate(case, count) for count in (1, workers)] for _ in range(repeats)
            ]
            result["rows_per_second_all"] = statistics.median(b for _, b in pairs)
            result["scaling"] = statistics.median(b / a for a, b in pairs)
        if rows >= ROWS:
            result |= _against_stock(pathlib.Path(folder, "stock"), seed)
            result |= _many_silos(pathlib.Path(folder, "many"), case)
    return result


def _against_stock(folder: pathlib.Path, seed: int) -> dict[str, Any]:
    """Compare with what TFX and Beam ship, on rows that all of them finish."""
    folder.mkdir()
    case = inference_case.build(folder, STOCK_ROWS, seed)
    ours, scores = _ours(case)
    result = {"stock_rows": STOCK_ROWS, "stock_ours": ours}
    for name in ("bulk_inferrer", "run_inference"):
        seconds, found = getattr(inference_stock, name)(case, folder)
        apart = max(abs(scores[key] - score) for key, score in found.items())
        result[f"stock_{name}"] = seconds / STOCK_ROWS * 1e6
        whole = found.keys() == scores.keys()
        result[f"stock_{name}_difference"] = apart if whole else float("inf")
    return result


def _ours(case: Case) -> tuple[float, dict[int, float]]:
    settings = InferenceSettings(workers=1)
    used = _time(lambda: infer(case.manifest, _job(case, settings), settings)).cpu
    parts = [
        pq.read_table(part, columns=[inference_case.KEY, "score"])
        for entry in case.manifest
        for part in entry.silo.path(ROOT).rglob("parts/*.parquet")
    ]
    columns = pa.concat_tables(parts).to_pydict().values()
    return used / STOCK_ROWS * 1e6, dict(zip(*columns, strict=True))


def _many_silos(folder: pathlib.Path, case: Case) -> dict[str, float]:
    source = case.manifest.entries[0].splits[SCORE].paths[0]
    rows = next(pq.ParquetFile(source).iter_batches(FEW_ROWS))
    entries = []
    for number in range(MANY_SILOS):
        home = folder / f"silo-{number:05d}"
        home.mkdir(parents=True)
        path = str(home / "score.parquet")
        pq.write_table(pa.Table.from_batches([rows]), path)
        split = Split.of(path, digests.of_file(path), FEW_ROWS)
        entries.append(SiloEntry(Silo(home.name, str(home)), splits={SCORE: split}))
    settings = InferenceSettings(workers=1)
    manifest = Manifest("bench", "", tuple(entries))
    used = _time(lambda: infer(manifest, _job(case, settings), settings))
    return {"many_silos_cpu_seconds": used.cpu}


def _use_one_thread() -> None:
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        pass  # TF already runs here; both sides have the threads that it has


def _against_limit(case: Case, folder: pathlib.Path, repeats: int) -> dict[str, Any]:
    import tensorflow as tf

    folder.mkdir()
    settings = InferenceSettings(workers=1)
    job = _job(case, settings)
    loaded = tf.saved_model.load(str(serving_path(case.model)))

    def ours() -> None:
        infer(case.manifest, job, settings)

    def limit() -> None:
        for entry in case.manifest:
            inference_limit.score_file(
                pathlib.Path(entry.splits[SCORE].paths[0]),
                folder / f"{entry.silo.id}.parquet",
                case.spec,
                loaded.signatures["score"],
                settings.batch_rows,
            )

    ours()  # both sides once unmeasured: first calls trace and allocate
    limit()
    taken: dict[Callable[[], None], list[Seconds]] = {ours: [], limit: []}
    for index in range(repeats):
        # By turns, so that neither always runs on the warmer machine.
        for side in (ours, limit) if index % 2 else (limit, ours):
            if side is ours:
                _remove_predictions(case)
            taken[side].append(_time(side))
    rows = sum(entry.rows(SCORE) for entry in case.manifest)
    wall = {side: statistics.median(s.wall for s in taken[side]) for side in taken}
    cpu = {side: statistics.median(s.cpu for s in taken[side]) for side in taken}
    pairs = list(zip(taken[limit], taken[ours], strict=True))
    return {
        "ratio_to_limit": statistics.median(a.cpu / b.cpu for a, b in pairs),
        "ratio_to_limit_wall": statistics.median(a.wall / b.wall for a, b in pairs),
        "ratios": [round(a.cpu / b.cpu, 3) for a, b in pairs],
        "rows_per_second": rows / wall[ours],
        "limit_rows_per_second": rows / wall[limit],
        "cpu_seconds_per_million": cpu[ours] / rows * 1e6,
        "limit_cpu_seconds_per_million": cpu[limit] / rows * 1e6,
        "largest_difference": _largest_difference(case, folder),
    }


def _rate(case: Case, workers: int) -> float:
    """Return rows a second while all processes score: none starts or has ended."""
    _remove_predictions(case)
    settings = InferenceSettings(rows_per_item=ITEM_ROWS, workers=workers)
    job, serve = (
        _job(case, settings),
        served.by_report("", case.model, case.model_digest),
    )
    plans = plan(case.manifest, serve, job, settings)
    items = tuple(item for one in plans for item in one.items)
    with tempfile.TemporaryDirectory(prefix="fairsilo-bench-") as folder:
        outcomes = engines.run(
            Work(job, items, settings), pathlib.Path(folder), NO_PODS
        )
    failures = [outcome.failure for outcome in outcomes if outcome.failure]
    if failures:
        raise RuntimeError(failures[0])
    shards = [
        [outcomes[number] for number in shard]
        for shard in items_of_run.shards([item.cost for item in items], workers)
    ]
    began = max(min(one.began for one in shard) for shard in shards)
    ended = min(max(one.ended for one in shard) for shard in shards)
    rows = sum(
        one.part.rows
        * max(0.0, min(one.ended, ended) - max(one.began, began))
        / (one.ended - one.began)
        for one in outcomes
        if one.part
    )
    return rows / (ended - began)


def _job(case: Case, settings: InferenceSettings) -> Job:
    key = (inference_case.KEY,)
    return Job(case.model, case.model_digest, key, settings.batch_rows)


def _time(run: Callable[[], object]) -> Seconds:
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return Seconds(time.perf_counter() - wall, time.process_time() - cpu)


def _remove_predictions(case: Case) -> None:
    for entry in case.manifest:
        shutil.rmtree(entry.silo.path(ROOT), ignore_errors=True)


def _largest_difference(case: Case, folder: pathlib.Path) -> float:
    largest = 0.0
    for entry in case.manifest:
        parts = sorted(entry.silo.path(ROOT).rglob("parts/*.parquet"))
        ours = pa.concat_tables([pq.read_table(part) for part in parts])
        theirs = pq.read_table(folder / f"{entry.silo.id}.parquet")
        if not ours[inference_case.KEY].equals(theirs[inference_case.KEY]):
            return float("inf")
        apart = ours["score"].to_numpy() - theirs["score"].to_numpy()
        largest = max(largest, float(np.abs(apart).max()))
    return largest
