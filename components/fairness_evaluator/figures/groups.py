"""Figures over the groups of a slice: how far apart the model serves them.

Definitions as fairlearn's: the difference is the highest minus the lowest group,
the ratio the lowest over the highest, equalised odds the larger of the differences
of TPR and FPR. A group counts where it has the figure; two are needed, or nothing is
told. The intervals are those of two groups named before, see `found.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from components.fairness_evaluator.figures import found, inequality
from components.fairness_evaluator.figures.found import Found
from components.fairness_evaluator.figures.slices import Measures
from components.scoring import intervals
from components.scoring.intervals import Interval

DIFFERENCES = {
    "demographic_parity_difference": "positive_rate",
    "equal_opportunity_difference": "tpr",
    "fpr_difference": "fpr",
    "predictive_parity_difference": "precision",
}


def figures(
    groups: Mapping[str, Measures], thresholds: Sequence[float]
) -> Iterator[Found]:
    """Yield the figures over the groups of a slice, over all silos or in one.

    Args:
        groups: What is known of each group that has figures, by its name.
        thresholds: The thresholds, in the order that `groups` has them.
    """
    if len(groups) < 2:
        return
    areas = _values(groups, "auc")
    if len(areas) > 1:
        yield Found("auc_gap", None, *found.gap(areas))
        lowest, _ = found.ends(areas)
        yield Found("worst_auc", None, areas[lowest], lowest)
    errors = _values(groups, "calibration_error")
    _, highest = found.ends(errors)
    yield Found("worst_calibration_error", None, errors[highest], highest)
    for index, threshold in enumerate(thresholds):
        yield from _differences(groups, threshold)
        yield _ratio(groups, index, threshold)
        spread = [group.benefits(index) for group in groups.values()]
        between = inequality.between_groups_theil(spread)
        yield Found("between_groups_theil", threshold, between)


def _values(
    groups: Mapping[str, Measures], metric: str, threshold: float | None = None
) -> dict[str, Interval]:
    values = {name: group.found[metric, threshold] for name, group in groups.items()}
    return {name: value for name, value in values.items() if value is not None}


def _differences(groups: Mapping[str, Measures], threshold: float) -> Iterator[Found]:
    odds = []
    for metric, rate in DIFFERENCES.items():
        values = _values(groups, rate, threshold)
        if len(values) > 1:
            gap = found.gap(values)
            yield Found(metric, threshold, *gap)
            if rate in ("tpr", "fpr"):
                odds.append(gap)
    if len(odds) == 2:
        larger = max(odds, key=lambda gap: gap[0].value)
        yield Found("equalized_odds_difference", threshold, *larger)


def _ratio(groups: Mapping[str, Measures], index: int, threshold: float) -> Found:
    values = _values(groups, "positive_rate", threshold)
    lowest, highest = found.ends(values)
    counts = [
        (int(groups[name].above[:, index].sum()), groups[name].rows)
        for name in (lowest, highest)
    ]
    about = found.two(highest, values[highest], lowest, values[lowest])
    ratio = intervals.ratio(*counts[0], *counts[1])
    return Found("demographic_parity_ratio", threshold, ratio, about)
