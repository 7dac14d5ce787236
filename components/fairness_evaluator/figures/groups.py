"""Figures over the groups of a slice: how far apart the model serves them.

Definitions as fairlearn's: the difference is the highest minus the lowest group,
the ratio the lowest over the highest, equalised odds the larger of the differences
of TPR and FPR. A group counts where it has the figure; two are needed, or nothing is
told. The intervals are those of two groups named before, see `extremes.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from components.fairness_evaluator.figures import extremes, inequality
from components.fairness_evaluator.figures.measures import Measures
from components.fairness_evaluator.figures.place import Place
from components.payloads.table import Figure
from components.scoring import intervals
from components.scoring.intervals import Interval

DIFFERENCES = {
    "demographic_parity_difference": "positive_rate",
    "equal_opportunity_difference": "tpr",
    "fpr_difference": "fpr",
    "predictive_parity_difference": "precision",
}


def figures(
    place: Place, groups: Mapping[str, Measures], thresholds: Sequence[float]
) -> Iterator[Figure]:
    """Yield the figures over groups.

    Args:
        place: The slice, over all silos or in one, without a group.
        groups: What is known of each group that has figures, by its name.
        thresholds: The thresholds, in the order that `groups` has them.
    """
    if len(groups) < 2:
        return
    yield from _without_threshold(place, groups)
    for index, threshold in enumerate(thresholds):
        yield from _differences(place, groups, threshold)
        yield from _ratio(place, groups, index, threshold)
        spread = [group.benefits(index) for group in groups.values()]
        between = inequality.between_groups_theil(spread)
        yield place.figure("between_groups_theil", threshold, between)


def _values(
    groups: Mapping[str, Measures], metric: str, threshold: float | None = None
) -> dict[str, Interval]:
    found = {name: group.found[metric, threshold] for name, group in groups.items()}
    return {name: value for name, value in found.items() if value is not None}


def _without_threshold(
    place: Place, groups: Mapping[str, Measures]
) -> Iterator[Figure]:
    areas = _values(groups, "auc")
    if len(areas) > 1:
        yield place.figure("auc_gap", None, *extremes.gap(areas))
        lowest, _ = extremes.ends(areas)
        yield place.figure("worst_auc", None, areas[lowest], lowest)
    errors = _values(groups, "calibration_error")
    _, highest = extremes.ends(errors)
    yield place.figure("worst_calibration_error", None, errors[highest], highest)


def _differences(
    place: Place, groups: Mapping[str, Measures], threshold: float
) -> Iterator[Figure]:
    odds = []
    for metric, rate in DIFFERENCES.items():
        values = _values(groups, rate, threshold)
        if len(values) > 1:
            gap = extremes.gap(values)
            yield place.figure(metric, threshold, *gap)
            if rate in ("tpr", "fpr"):
                odds.append(gap)
    if len(odds) == 2:
        larger = max(odds, key=lambda gap: gap[0].value)
        yield place.figure("equalized_odds_difference", threshold, *larger)


def _ratio(
    place: Place, groups: Mapping[str, Measures], index: int, threshold: float
) -> Iterator[Figure]:
    values = _values(groups, "positive_rate", threshold)
    lowest, highest = extremes.ends(values)
    counts = [
        (int(groups[name].above[:, index].sum()), groups[name].cell.rows)
        for name in (lowest, highest)
    ]
    about = extremes.two(highest, values[highest], lowest, values[lowest])
    ratio = intervals.ratio(*counts[0], *counts[1])
    yield place.figure("demographic_parity_ratio", threshold, ratio, about)
