"""Measures evaluation by score sketches, in one run: against TFMA by rows, and by size.

Each side gets the same scored rows and runs in a process of its own; CPU time (of
all its threads, unit: seconds) is taken without imports and without making the rows.
The row side is plain TFMA from rows in memory to the loaded result: its default
extractors over batches of 1,000 rows, the most that TFX's own readers batch by
default, and its own AUC. The sketch side does all that the node does once rows are
scored: it reads them from the silos' files, folds, merges, runs TFMA, and makes the
tidy table with intervals, group fairness and figures over silos.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from components.errors import FairSiloError
from components.silos import engine, tasks

THRESHOLDS = (0.25, 0.5, 0.75)
BATCH_ROWS = 1_000
CHUNK_ROWS = 1_000_000  # rows are made in chunks, so that ten million fit in memory
MIN_ROWS = 1  # TFMA by rows shows slices of any size


@dataclasses.dataclass(frozen=True)
class Case:
    """Rows to evaluate."""

    rows: int
    silos: int  # of unequal size
    groups: dict[str, int]  # number of values of each slice column
    crossed: bool = False  # whether the slice columns are, too
    seed: int = 0


def bench_evaluation(
    rows: int = 100_000,
    many_rows: int = 10_000_000,
    many_silos: int = 2_410,
) -> dict[str, float]:
    """Return how much cheaper sketches are, how close, and how cost grows.

    Args:
        rows: Rows that both sides evaluate, at least 60,000 to be telling.
        many_rows: Rows that the sketches evaluate over 51 silos by sex x race; a
            hundredth of them is what they are compared with.
        many_silos: Silos of 120 rows on average, of two groups each.

    Returns:
        `cpu_rows_over_sketch` and `cpu_many_over_few_rows` (ratios of CPU time),
        `cpu_many_silos` (unit: seconds), `max_auc_difference` and
        `max_rate_difference` (largest over all slices, unit: 1), and what the
        ratios are made of.

    Raises:
        FairSiloError: A measuring process failed, or the slices differ.
    """
    both = Case(rows, 16, {"group": 6})
    many = Case(many_rows, 51, {"sex": 2, "race": 5}, crossed=True)
    few = dataclasses.replace(many, rows=max(1, many_rows // 100))
    silos = Case(120 * many_silos, many_silos, {"gender": 2})
    with tempfile.TemporaryDirectory(prefix="fairsilo-bench-") as folder:
        by_rows, sketched, small, large, scattered = (
            _measure(side, case, pathlib.Path(folder, str(number)))
            for number, (side, case) in enumerate(
                [
                    ("rows", both),
                    ("sketch", both),
                    ("sketch", few),
                    ("sketch", many),
                    ("sketch", silos),
                ]
            )
        )
    return {
        "cpu_rows_over_sketch": by_rows["cpu"] / sketched["cpu"],
        "cpu_many_over_few_rows": large["cpu"] / small["cpu"],
        "cpu_many_silos": scattered["cpu"],
        **_differences(by_rows["figures"], sketched["figures"]),
        "rows": rows,
        "many_rows": many_rows,
        "many_silos": many_silos,
        "cpu_rows": by_rows["cpu"],
        "cpu_sketch": sketched["cpu"],
        "cpu_few_rows": small["cpu"],
        "cpu_many_rows": large["cpu"],
    }


def make_rows(case: Case) -> pd.DataFrame:
    """Return scored rows: silo, a column for each kind of group, label, prediction."""
    starts = range(0, case.rows, CHUNK_ROWS)
    chunks = [
        _chunk(case, min(CHUNK_ROWS, case.rows - start), case.seed + start)
        for start in starts
    ]
    return pd.concat(chunks, ignore_index=True)


def _chunk(case: Case, rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    weights = np.arange(case.silos, 3 * case.silos, 2, dtype=float)  # up to three times
    silo = rng.choice(case.silos, rows, p=weights / weights.sum())
    groups = {name: rng.choice(size, rows) for name, size in case.groups.items()}
    shift = sum(groups.values())
    logit = rng.normal(size=rows) + 1.6 * silo / case.silos - 0.1 * shift - 1.5
    label = rng.random(rows) < 1 / (1 + np.exp(-logit))
    prediction = 1 / (1 + np.exp(-(logit + 0.7 * rng.normal(size=rows))))
    names = {
        name: [f"{name} {number}" for number in range(size)]
        for name, size in case.groups.items()
    }
    codes = {"silo_id": silo, **groups}
    names["silo_id"] = [f"silo {number:04}" for number in range(case.silos)]
    return pd.DataFrame(
        {
            **{
                name: pd.Categorical.from_codes(codes[name], names[name])
                for name in codes
            },
            "label": label.astype(np.float32),
            "prediction": prediction.astype(np.float32),
        }
    )


def _measure(side: str, case: Case, folder: pathlib.Path) -> dict[str, Any]:
    """Run one side in a process of its own and return what it found."""
    what = json.dumps(dataclasses.asdict(case))
    command = [sys.executable, "-m", __spec__.name, side, what, str(folder)]
    folder.mkdir()
    path = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(  # noqa: S603  our own module
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    if done.returncode:
        raise FairSiloError(
            f"measuring `{side}` over {case.rows:,} rows ended with status "
            f"{done.returncode}: {done.stderr.strip().splitlines()[-1:]}"
        )
    found: dict[str, Any] = json.loads(
        (folder / "found.json").read_text(encoding="utf-8")
    )
    return found


def _differences(
    rows: dict[str, dict[str, float]], sketch: dict[str, dict[str, float]]
) -> dict[str, float]:
    """Return the largest differences of AUC and of the other shared figures."""
    if rows.keys() != sketch.keys():
        raise FairSiloError(
            f"TFMA found {len(rows)} slices by row and {len(sketch)} by sketch"
        )
    largest = {"max_auc_difference": 0.0, "max_rate_difference": 0.0}
    for key, figures in rows.items():
        for name in figures.keys() & sketch[key].keys():
            one, other = figures[name], sketch[key][name]
            kind = "max_auc_difference" if name == "auc" else "max_rate_difference"
            if not math.isnan(one) or not math.isnan(other):
                largest[kind] = max(largest[kind], abs(one - other))
    return largest


def _by_rows(case: Case, folder: pathlib.Path) -> tuple[float, dict[str, Any]]:
    """Evaluate as TFMA is commonly used, with predictions in the examples."""
    from pipelines.benchmarks import tfma_rows

    frame = make_rows(case)
    (column,) = case.groups
    start = time.process_time()
    found = tfma_rows.evaluate(frame, column, THRESHOLDS, BATCH_ROWS, str(folder))
    return time.process_time() - start, found


def _by_sketch(case: Case, folder: pathlib.Path) -> tuple[float, dict[str, Any]]:
    """Evaluate as the node does, from files of scored rows."""
    from components.fairness_evaluator import evaluation, predictions
    from components.fairness_evaluator.settings import EvaluationSettings
    from components.fairness_evaluator.sketches.rows import ScoredModel
    from components.payloads import table
    from components.payloads.minimum_data import MinimumData
    from pipelines.benchmarks import tfma_rows

    rows, results = folder / "rows", folder / "evaluation"
    rows.mkdir()
    results.mkdir()
    for silo, part in make_rows(case).groupby("silo_id"):
        part.drop(columns="silo_id").to_parquet(rows / f"{silo}.parquet", index=False)
    settings = EvaluationSettings(
        slices=tuple(case.groups),
        intersections=(tuple(case.groups),) if case.crossed else (),
        thresholds=THRESHOLDS,
        min_slice_rows=MIN_ROWS,
    )
    examples = predictions.find(rows, "bench")
    scores = ScoredModel(table.CANDIDATE, "", "", column="prediction")
    start = time.process_time()
    with engine.using(_here):  # so that all CPU time is this process's
        measured = evaluation.measure(
            examples,
            predictions.cohort(examples),
            [scores],
            "label",
            settings,
            MinimumData(),
            results,
        )
    measured.figures.write(results)
    cpu = time.process_time() - start
    column, *others = case.groups
    return cpu, {} if others else tfma_rows.load(str(results), column)


def _here(
    task: tasks.Task, calls: Sequence[tasks.Call]
) -> Iterator[tuple[int, tasks.Outcome]]:
    for index, (silo, arguments) in enumerate(calls):
        yield index, tasks.attempt(task, silo, arguments)


def _child(side: str, what: str, folder: str) -> None:
    from components.fairness_evaluator.figures import tfma_eval  # noqa: F401  not measured

    run = {"rows": _by_rows, "sketch": _by_sketch}[side]
    cpu, figures = run(Case(**json.loads(what)), pathlib.Path(folder))
    found = {"cpu": cpu, "figures": figures}
    pathlib.Path(folder, "found.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    _child(*sys.argv[1:])
