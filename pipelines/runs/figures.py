"""The figures of a run that are compared, and what people call them.

Those of the candidate on held-out rows: over all rows, by silo, by group. Figures of
groups inside silos stay on the run's page: there are as many as silos times groups.
"""

from __future__ import annotations

import itertools

import pyarrow as pa
import pyarrow.compute as pc

from components.payloads.manifest import EVAL
from components.payloads.table import CANDIDATE, SILO, Figure, MetricKey

# Of each silo; over all silos and of groups, all metrics but the curves.
SILO_METRICS = (
    *("auc", "pr_auc", "log_loss", "brier", "calibration_error", "base_rate"),
    *("tpr", "fpr", "positive_rate", "precision"),
)
CURVES = ("calibration_observed", "calibration_predicted")  # one point a bin
COUNTS = ("rows",)  # shown beside each figure

_PREFIXES = {
    "worst_tenth_": "worst tenth in ",
    "worst_": "worst ",
    "mean_": "mean ",
    "own_threshold_": "own threshold: ",
    "gap_": "gap in ",
    "gini_": "Gini of ",
    "variance_": "variance of ",
    "between_groups_": "between groups: ",
    "size_correlation_": "correlation with size of ",
}
_NAMES = {
    "auc": "AUC",
    "tpr": "TPR",
    "fpr": "FPR",
    "fnr": "FNR",
    "pr_auc": "PR-AUC",
    "brier": "Brier score",
    "theil": "Theil index",
}


Figures = dict[MetricKey, Figure]


def of_table(arrow: pa.Table) -> Figures:
    """Return the figures of a tidy table that are compared: those with a value."""
    columns = [column.to_pylist() for column in arrow.filter(_compared()).columns]
    figures = itertools.starmap(Figure, zip(*columns, strict=True))
    return {MetricKey(f.metric, f.in_slice, threshold=f.threshold): f for f in figures}


def _compared() -> pc.Expression:
    metric, silo, slices = pc.field("metric"), pc.field("silo"), pc.field("slice")
    of_all = (silo == "") & ~metric.isin([*CURVES, *COUNTS])
    of_silos = (slices == "") & metric.isin(SILO_METRICS)
    held_out = (pc.field("model") == CANDIDATE) & (pc.field("split") == EVAL)
    return held_out & pc.is_finite(pc.field("value")) & (of_all | of_silos)


def label(key: MetricKey) -> str:
    """Return a metric's name for people: `Gap in TPR at 0.25, over the silos`.

    The key's slice holds no silo and no group.
    """
    name = _name(key.metric)
    name = name[:1].upper() + name[1:]
    at = "" if key.threshold is None else f" at {key.threshold:g}"
    place = "the silos" if key.slice.column == SILO else key.slice.column
    return name + at + (f", over {place}" if place else "")


def _name(metric: str) -> str:
    for prefix, words in _PREFIXES.items():
        if metric.startswith(prefix):
            return words + _name(metric.removeprefix(prefix))
    return _NAMES.get(metric) or metric.replace("_", " ").replace("auc", "AUC")
