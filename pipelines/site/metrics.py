"""What a comparison calls the metrics.

The names are those of the tidy table (README.md of the FairnessEvaluator).
"""

from __future__ import annotations

_OVER = {
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
_SHORT = {
    "auc": "AUC",
    "tpr": "TPR",
    "fpr": "FPR",
    "fnr": "FNR",
    "pr_auc": "PR-AUC",
    "brier": "Brier score",
    "theil": "Theil index",
}


def words(metric: str, threshold: float | None) -> str:
    """Return a metric's name for people: `Worst AUC`, `Gap in TPR at 0.25`."""
    name = _words(metric)
    name = name[:1].upper() + name[1:]
    return name if threshold is None else f"{name} at {threshold:g}"


def _words(metric: str) -> str:
    for prefix, words in _OVER.items():
        if metric.startswith(prefix):
            return words + _words(metric.removeprefix(prefix))
    return _SHORT.get(metric) or metric.replace("_", " ").replace("auc", "AUC")
