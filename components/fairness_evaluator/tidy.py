"""Makes the tidy table's figures from TFMA's result and from cells.

Values on the evaluation split are TFMA's. Intervals come from counts. On the
split of the following span the same figures come from the cells alone, overall
and by silo.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from components.fairness_evaluator import intervals
from components.fairness_evaluator.cells import Cell
from components.fairness_evaluator.intervals import Interval
from components.fairness_evaluator.slices import Key
from components.scoring import table
from components.scoring.table import Figure

RATES = {
    "tpr": "true_positive_rate",
    "fpr": "false_positive_rate",
    "fnr": "false_negative_rate",
    "positive_rate": "positive_rate",
}
MEANS = ("auc", "calibration", "log_loss", "brier")
OWN_MEANS = ("auc", "log_loss", "brier")
FAIRNESS = "fairness_indicators_metrics"


def of_tfma(
    model: str,
    split: str,
    slices: Mapping[Key, Cell],
    found: Mapping[Key, Mapping[str, float]],
    thresholds: Sequence[float],
    edges: NDArray[np.float64],
) -> Iterator[Figure]:
    """Yield the figures of an evaluation that TFMA made.

    Args:
        model: `candidate` or `baseline`.
        split: The split that was evaluated.
        slices: The slices, those with too few rows too.
        found: TFMA's figures of each slice that has enough.
        thresholds: The thresholds, in the order that TFMA had them.
        edges: Edges between the score bins.
    """
    for key, cell in slices.items():
        yield _rows(model, split, key, cell)
        if cell.too_few:
            continue
        area = intervals.auc(*cell.counts)
        for metric in MEANS:
            bounds = area if metric == "auc" else None
            yield _figure(model, split, key, cell, metric, found[key][metric], bounds)
        for threshold in thresholds:
            counts = _above(cell, edges, threshold)
            for metric, name in RATES.items():
                value = found[key][f"{FAIRNESS}/{name}@{label(threshold, thresholds)}"]
                bounds = _rate(metric, cell, *counts)
                yield _figure(model, split, key, cell, metric, value, bounds, threshold)


def of_cells(model: str, split: str, slices: Mapping[Key, Cell]) -> Iterator[Figure]:
    """Yield AUC, log loss and Brier score, overall and by silo, without TFMA."""
    for key, cell in slices.items():
        if key.column:
            continue
        yield _rows(model, split, key, cell)
        if cell.too_few:
            continue
        area = intervals.auc(*cell.counts)
        values = {
            "auc": area.value if area else math.nan,
            "log_loss": cell.log_loss / cell.rows,
            "brier": cell.brier / cell.rows,
        }
        for metric in OWN_MEANS:
            bounds = area if metric == "auc" else None
            yield _figure(model, split, key, cell, metric, values[metric], bounds)


def label(threshold: float, thresholds: Sequence[float]) -> str:
    """Return a threshold as TFMA writes it in the names of its rates."""
    digits = max(1, *(len(str(each)) - 2 for each in thresholds))
    return f"{threshold:.{digits}f}"


def _above(cell: Cell, edges: NDArray[np.float64], threshold: float) -> tuple[int, int]:
    """Return the rows of each label whose score is above a threshold."""
    above = cell.bins > np.searchsorted(edges, threshold)
    return int(cell.counts[0, above].sum()), int(cell.counts[1, above].sum())


def _rate(metric: str, cell: Cell, negative: int, positive: int) -> Interval | None:
    """Return a rate's interval from the rows of each label above the threshold."""
    return {
        "tpr": intervals.wilson(positive, cell.positives),
        "fnr": intervals.wilson(cell.positives - positive, cell.positives),
        "fpr": intervals.wilson(negative, cell.negatives),
        "positive_rate": intervals.wilson(negative + positive, cell.rows),
    }[metric]


def _rows(model: str, split: str, key: Key, cell: Cell) -> Figure:
    return Figure(
        model,
        split,
        key.silo,
        key.column,
        key.value,
        "rows",
        value=None if cell.too_few else float(cell.rows),
        rows=cell.rows,
        positives=None if cell.too_few else cell.positives,
        note=table.TOO_FEW if cell.too_few else "",
    )


def _figure(
    model: str,
    split: str,
    key: Key,
    cell: Cell,
    metric: str,
    value: float,
    bounds: Interval | None,
    threshold: float | None = None,
) -> Figure:
    defined = math.isfinite(value)
    return Figure(
        model,
        split,
        key.silo,
        key.column,
        key.value,
        metric,
        threshold,
        value=value if defined else None,
        low=bounds.low if bounds and defined else None,
        high=bounds.high if bounds and defined else None,
        rows=cell.rows,
        positives=cell.positives,
        note="" if defined else table.ONE_CLASS,
    )
