"""Measures score sketches against TFMA row by row, in one run.

Both sides get the same rows with their scores, 16 silos x 6 groups, and the same
slices: overall, silo, group, silo x group. Each runs in a process of its own,
and CPU time (of all its threads, unit: seconds) is taken around the evaluation
alone: from rows in memory to the loaded result, without imports on either side.
The row side is plain TFMA: its default extractors over batches of 1,000 rows,
the most that TFX's own readers batch by default, and its own AUC; log loss and
Brier score are left to the sketches.
"""

from __future__ import annotations

import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import Any

import numpy as np
import pandas as pd

from components.errors import FairSiloError

SILOS = 16
GROUPS = 6
THRESHOLDS = (0.25, 0.5, 0.75)
BATCH_ROWS = 1_000
MIN_ROWS = 1  # TFMA by rows shows slices of any size
BINS = 4_000  # the default of the settings
COLUMN = "group"


def bench_evaluation(
    rows: int = 60_000, many_rows: int = 1_000_000, seed: int = 0
) -> dict[str, float]:
    """Return how much cheaper sketches are, and how close.

    Args:
        rows: Rows that both sides evaluate, at least 60,000 to be telling.
        many_rows: Rows that the sketches evaluate as well.
        seed: Of the rows.

    Returns:
        `cpu_rows_over_sketch` and `cpu_1m_over_60k` (ratios of CPU time),
        `max_auc_difference` and `max_rate_difference` (largest over all slices,
        unit: 1), and the CPU seconds `cpu_rows`, `cpu_sketch`, `cpu_sketch_many`.

    Raises:
        FairSiloError: A measuring process failed, or the slices differ.
    """
    with tempfile.TemporaryDirectory(prefix="fairsilo-bench-") as folder:
        by_rows = _measure("rows", rows, seed, f"{folder}/rows")
        sketched = _measure("sketch", rows, seed, f"{folder}/sketch")
        many = _measure("sketch", many_rows, seed, f"{folder}/many")
    differences = _differences(by_rows["figures"], sketched["figures"])
    return {
        "cpu_rows_over_sketch": by_rows["cpu"] / sketched["cpu"],
        "cpu_1m_over_60k": many["cpu"] / sketched["cpu"],
        **differences,
        "rows": rows,
        "many_rows": many_rows,
        "cpu_rows": by_rows["cpu"],
        "cpu_sketch": sketched["cpu"],
        "cpu_sketch_many": many["cpu"],
    }


def make_rows(rows: int, seed: int) -> pd.DataFrame:
    """Return rows of silos of unequal size: silo, group, label, prediction."""
    rng = np.random.default_rng(seed)
    weights = np.arange(5, 5 + SILOS)
    silo = rng.choice(SILOS, rows, p=weights / weights.sum())
    group = rng.choice(GROUPS, rows)
    logit = rng.normal(size=rows) + 0.1 * silo - 0.1 * group - 1.5
    label = rng.random(rows) < 1 / (1 + np.exp(-logit))
    prediction = 1 / (1 + np.exp(-(logit + 0.7 * rng.normal(size=rows))))
    silos = [f"silo {number:02}" for number in range(SILOS)]
    groups = [f"group {number}" for number in range(GROUPS)]
    return pd.DataFrame(
        {
            "silo_id": pd.Categorical.from_codes(silo, silos),
            COLUMN: pd.Categorical.from_codes(group, groups),
            "label": label.astype(np.float32),
            "prediction": prediction.astype(np.float32),
        }
    )


def _measure(side: str, rows: int, seed: int, folder: str) -> dict[str, Any]:
    """Run one side in a process of its own and return what it found."""
    command = [sys.executable, "-m", __spec__.name, side, str(rows), str(seed), folder]
    pathlib.Path(folder).mkdir()
    path = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(  # noqa: S603  our own module
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    if done.returncode:
        raise FairSiloError(
            f"measuring `{side}` over {rows:,} rows ended with status "
            f"{done.returncode}: {done.stderr.strip().splitlines()[-1:]}"
        )
    found: dict[str, Any] = json.loads(
        pathlib.Path(folder, "found.json").read_text(encoding="utf-8")
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
        for name, value in figures.items():
            kind = "max_auc_difference" if name == "auc" else "max_rate_difference"
            both_nan = math.isnan(value) and math.isnan(sketch[key][name])
            difference = 0.0 if both_nan else abs(value - sketch[key][name])
            largest[kind] = max(largest[kind], difference)
    return largest


def _by_sketch(frame: pd.DataFrame, folder: str) -> dict[str, dict[str, float]]:
    """Fold, merge and evaluate as the node does."""
    from components.fairness_evaluator import bins, cells, slices, tfma_eval
    from components.fairness_evaluator.folds import Fold, Scored

    edges = bins.edges(BINS, THRESHOLDS)
    sketches = {}
    for silo, rows in frame.groupby("silo_id"):
        folds = {column: Fold(column, len(edges) + 1) for column in ("", COLUMN)}
        scores = rows.prediction.to_numpy(np.float64)
        scored = Scored(
            rows.label.to_numpy(np.int64), scores, bins.assign(scores, edges)
        )
        values = rows[COLUMN].cat
        table = np.array([folds[COLUMN].code(value) for value in values.categories])
        folds[COLUMN].add(table[values.codes], scored)
        folds[""].add(np.full(len(rows), folds[""].code("")), scored)
        told = [cell for fold in folds.values() for cell in fold.cells(MIN_ROWS)]
        sketches[str(silo)] = cells.from_bytes(cells.to_bytes(told))
    found = tfma_eval.evaluate(
        slices.merge(sketches, MIN_ROWS), edges, THRESHOLDS, [COLUMN], folder
    )
    return {f"{key.silo}|{key.value}": figures for key, figures in found.items()}


def _by_rows(frame: pd.DataFrame, folder: str) -> dict[str, dict[str, float]]:
    """Evaluate as TFMA is commonly used, with predictions in the examples."""
    from components.fairness_evaluator import tfma_rows

    return tfma_rows.evaluate(frame, COLUMN, THRESHOLDS, BATCH_ROWS, folder)


def _child(side: str, rows: str, seed: str, folder: str) -> None:
    run = {"rows": _by_rows, "sketch": _by_sketch}[side]
    from components.fairness_evaluator import tfma_eval  # noqa: F401  not measured

    frame = make_rows(int(rows), int(seed))
    start = time.process_time()
    figures = run(frame, folder)
    found = {"cpu": time.process_time() - start, "figures": figures}
    pathlib.Path(folder, "found.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    _child(*sys.argv[1:])
