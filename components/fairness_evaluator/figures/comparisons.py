r"""Figures over the groups of a slice, and over the judged silos: how evenly all fare.

Over groups as fairlearn defines them: the difference is the highest minus the lowest
group, the ratio the lowest over the highest, equalised odds the larger of the
differences of TPR and FPR. A group counts where it has the figure; two are needed.

Over silos as in Li et al. (2020), "Fair resource allocation in federated learning",
ICLR (q-FFL): each silo counts once whatever its rows; the worst tenth is the mean of
the worst tenth of the silos, at least one; the variance is that of these silos,
divided by their number.

Intervals tell how well each part's own figure is known; the silos are no sample. The
ends are chosen by looking, so the worst of many is low and their gap wide by chance
alone: the intervals are those of parts that were named before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from components.fairness_evaluator.figures import inequality
from components.fairness_evaluator.figures.slices import Found, Measures, Value
from components.payloads.interval import Interval
from components.scoring import intervals
from components.scoring.metrics import is_lower_better

DIFFERENCES = {
    "demographic_parity_difference": "positive_rate",
    "equal_opportunity_difference": "tpr",
    "fpr_difference": "fpr",
    "predictive_parity_difference": "precision",
}
METRICS = ("auc", "pr_auc", "log_loss", "brier", "calibration_error")
RATES = ("tpr", "fpr", "positive_rate", "precision")


def of_groups(
    groups: Mapping[str, Measures], thresholds: Sequence[float]
) -> Iterator[Found]:
    """Yield the figures over the groups that have figures, of all silos or of one."""
    if len(groups) < 2:
        return
    areas = _values(groups, "auc")
    if len(areas) > 1:
        yield Found("auc_gap", None, *gap(areas))
        lowest, _ = ends(areas)
        yield Found("worst_auc", None, areas[lowest], lowest)
    errors = _values(groups, "calibration_error")
    _, highest = ends(errors)
    yield Found("worst_calibration_error", None, errors[highest], highest)
    for index, threshold in enumerate(thresholds):
        gaps = {}
        for metric, rate in DIFFERENCES.items():
            values = _values(groups, rate, threshold)
            if len(values) > 1:
                gaps[rate] = gap(values)
                yield Found(metric, threshold, *gaps[rate])
        if "tpr" in gaps and "fpr" in gaps:
            larger = max(gaps["tpr"], gaps["fpr"], key=lambda gap: gap[0].value)
            yield Found("equalized_odds_difference", threshold, *larger)
        yield _ratio(groups, index, threshold)
        spread = [group.benefits(index) for group in groups.values()]
        between = inequality.between_groups_theil(spread)
        yield Found("between_groups_theil", threshold, between)


def _values(
    parts: Mapping[str, Measures], metric: str, threshold: float | None = None
) -> dict[str, Interval]:
    values = {name: part.found[metric, threshold] for name, part in parts.items()}
    return {name: value for name, value in values.items() if value is not None}


def _ratio(groups: Mapping[str, Measures], index: int, threshold: float) -> Found:
    values = _values(groups, "positive_rate", threshold)
    lowest, highest = ends(values)
    low, high = (groups[name].cell for name in (lowest, highest))
    hits, other_hits = (int(cell.above[:, index].sum()) for cell in (low, high))
    ratio = intervals.ratio(hits, low.rows, other_hits, high.rows)
    about = _two(highest, values[highest], lowest, values[lowest])
    return Found("demographic_parity_ratio", threshold, ratio, about)


def ends(values: Mapping[str, Interval]) -> tuple[str, str]:
    """Return the names of the lowest and the highest value, of equal ones the first."""
    names = sorted(values)
    return (
        min(names, key=lambda name: values[name].value),
        max(names, key=lambda name: values[name].value),
    )


def gap(values: Mapping[str, Interval]) -> tuple[Interval, str]:
    """Return the highest minus the lowest value, and what it is of."""
    lowest, highest = ends(values)
    if len(values) == 1:
        return Interval(0.0, 0.0, 0.0), ""
    return (
        intervals.absolute(intervals.difference(values[highest], values[lowest])),
        _two(highest, values[highest], lowest, values[lowest]),
    )


def _two(one: str, value: Interval, other: str, other_value: Interval) -> str:
    """Return two names with their values, such as `Male (0.31) and Female (0.12)`."""
    digits = 2 if abs(value.value - other_value.value) >= 0.01 else 3
    return (
        f"{one} ({value.value:.{digits}f}) and {other} ({other_value.value:.{digits}f})"
    )


def of_silos(
    silos: Mapping[str, Measures], thresholds: Sequence[float]
) -> Iterator[Found]:
    """Yield the figures over silos, of what is known of all rows of each judged one."""
    names = [(metric, None) for metric in METRICS]
    at = [(metric, threshold) for metric in RATES for threshold in thresholds]
    for metric, threshold in (*names, *at):
        values = _values(silos, metric, threshold)
        if values:
            rows = [silos[silo].cell.rows for silo in values]
            yield from of_values(metric, threshold, values, rows)


def of_values(
    metric: str,
    threshold: float | None,
    values: Mapping[str, Interval],
    rows: Sequence[int],
) -> Iterator[Found]:
    """Yield the figures over silos of one metric, from its values by silo."""
    for name, value, about in _over_silos(metric, values, rows):
        yield Found(f"{name}_{metric}", threshold, value, about)


def _over_silos(
    metric: str, values: Mapping[str, Interval], rows: Sequence[int]
) -> Iterator[tuple[str, Value, str]]:
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
    yield "gap", *gap(values)
    if min(numbers) >= 0.0:  # of gains and losses there are no shares
        yield "gini", inequality.gini(numbers), ""
    correlation = spearman(rows, numbers)
    if correlation is not None:
        yield "size_correlation", correlation, ""


def spearman(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Return Spearman's rank correlation, ties by their mean rank.

    None where there are fewer than three pairs, or one side is all alike.
    """
    ranks = [pd.Series(values).rank() for values in (one, other)]
    if len(one) < 3 or any(side.nunique() == 1 for side in ranks):
        return None
    return float(np.clip(np.corrcoef(np.stack(ranks))[0, 1], -1.0, 1.0))
