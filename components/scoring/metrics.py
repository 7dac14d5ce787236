"""Which way each metric of the table is better: the one place that says it.

Gates ask it to call a change a loss, figures over the silos to find the worst, pages
to sort and to colour. What the metrics are called is a matter of each page.
"""

from __future__ import annotations

# Of a slice.
HIGHER_IS_BETTER = (
    *("auc", "pr_auc", "tpr", "precision", "demographic_parity_ratio"),
    "gain_auc",
)
LOWER_IS_BETTER = (
    *("log_loss", "brier", "calibration_error", "fpr", "fnr"),
    *("theil", "generalized_entropy"),
)
# Over silos or groups: made of their own figures, so better where those are.
SAME_WAY = ("worst_tenth_", "worst_", "mean_", "own_threshold_")
# Over silos or groups: how far they lie apart, the less the better.
APART = ("gap_", "gini_", "variance_", "between_groups_")
APART_AT_THE_END = ("_difference", "_gap")


def better(metric: str) -> int:
    """Return 1 where higher is better, -1 where lower is, 0 where neither is.

    Args:
        metric: Its name in the table (README.md of the FairnessEvaluator).
    """
    if metric.startswith(APART) or metric.endswith(APART_AT_THE_END):
        return -1
    for prefix in SAME_WAY:
        if metric.startswith(prefix):
            return better(metric.removeprefix(prefix))
    return (metric in HIGHER_IS_BETTER) - (metric in LOWER_IS_BETTER)


def is_lower_better(metric: str) -> bool:
    """Return whether the less of a metric, the better."""
    return better(metric) < 0
