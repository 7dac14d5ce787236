r"""Figures over the judged silos: how evenly companies are served.

As in Li et al. (2020), "Fair resource allocation in federated learning", ICLR
(q-FFL): each silo counts once whatever its rows; the worst tenth is the mean of the
worst tenth of the silos, at least one; the variance is that of these silos, divided
by their number. Their intervals tell how well each silo's own figure is known: the
silos themselves are no sample. The worst of many is low by chance alone, and its
interval is that of a silo named before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from components.fairness_evaluator.figures import found, inequality
from components.fairness_evaluator.figures.found import Found
from components.fairness_evaluator.figures.slices import Measures
from components.scoring import intervals
from components.scoring.intervals import Interval
from components.scoring.metrics import is_lower_better

METRICS = ("auc", "pr_auc", "log_loss", "brier", "calibration_error")
RATES = ("tpr", "fpr", "positive_rate", "precision")


def figures(
    silos: Mapping[str, Measures], thresholds: Sequence[float]
) -> Iterator[Found]:
    """Yield the figures over silos.

    Args:
        silos: What is known of each judged silo over all its rows.
        thresholds: The thresholds.
    """
    names = [(metric, None) for metric in METRICS]
    at = [(metric, threshold) for metric in RATES for threshold in thresholds]
    for metric, threshold in (*names, *at):
        known = {silo: own.found[metric, threshold] for silo, own in silos.items()}
        values = {silo: value for silo, value in known.items() if value is not None}
        if values:
            rows = {silo: silos[silo].rows for silo in values}
            for name, value, about in _of_metric(metric, values, rows):
                yield Found(f"{name}_{metric}", threshold, value, about)


def _of_metric(
    metric: str, values: Mapping[str, Interval], rows: Mapping[str, int]
) -> Iterator[tuple[str, Interval | float | None, str]]:
    ranked = sorted(
        sorted(values),
        key=lambda silo: values[silo].value,
        reverse=is_lower_better(metric),
    )
    worst, tenth = ranked[0], ranked[: math.ceil(len(ranked) / 10)]
    numbers = [value.value for value in values.values()]
    yield "worst", values[worst], worst
    lowest = intervals.average([values[silo] for silo in tenth])
    yield "worst_tenth", lowest, ", ".join(tenth)
    yield "mean", intervals.average(list(values.values())), ""
    yield "variance", float(np.var(numbers)), ""
    yield "gap", *found.gap(values)
    yield "gini", inequality.gini(numbers), ""
    correlation = spearman([rows[silo] for silo in values], numbers)
    if correlation is not None:
        yield "size_correlation", correlation, ""


def spearman(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Return Spearman's rank correlation, ties by their mean rank.

    Returns:
        None where there are fewer than three pairs, or one side is all alike.
    """
    ranks = [_ranks(np.asarray(values, np.float64)) for values in (one, other)]
    if len(one) < 3 or any(side.min() == side.max() for side in ranks):
        return None
    return float(np.clip(np.corrcoef(np.stack(ranks))[0, 1], -1.0, 1.0))


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]
