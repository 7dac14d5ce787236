"""Metrics as a comparison sees them: how they are called, and which way is better.

The names are those of the tidy table (README.md of the FairnessEvaluator).
"""

from __future__ import annotations

from components.fairness_evaluator import gate_settings

# Of a slice.
HIGHER_IS_BETTER = ("auc", "pr_auc", "tpr", "precision", "demographic_parity_ratio")
LOWER_IS_BETTER = (*gate_settings.LOWER_IS_BETTER, "theil", "generalized_entropy")
# Over silos: a figure made of the silos' own, which is better where theirs is.
_SAME_WAY = {
    "worst_tenth_": "worst tenth in ",
    "worst_": "worst ",
    "mean_": "mean ",
    "own_threshold_": "own threshold: ",
}
# Over silos or groups: how far they lie apart, the less the better.
_APART = {
    "gap_": "gap in ",
    "gini_": "Gini of ",
    "variance_": "variance of ",
    "between_groups_": "between groups: ",
}
_NEITHER = {"size_correlation_": "correlation with size of "}
_SHORT = {
    "auc": "AUC",
    "tpr": "TPR",
    "fpr": "FPR",
    "fnr": "FNR",
    "pr_auc": "PR-AUC",
    "brier": "Brier score",
    "theil": "Theil index",
}


def better(metric: str) -> int:
    """Return 1 where higher is better, -1 where lower is, 0 where neither is."""
    if metric.startswith(tuple(_APART)) or metric.endswith(("_difference", "_gap")):
        return -1
    for prefix in _SAME_WAY:
        if metric.startswith(prefix):
            return better(metric.removeprefix(prefix))
    return (metric in HIGHER_IS_BETTER) - (metric in LOWER_IS_BETTER)


def words(metric: str, threshold: float | None) -> str:
    """Return a metric's name for people: `Worst AUC`, `Gap in TPR at 0.25`."""
    name = _words(metric)
    name = name[:1].upper() + name[1:]
    return name if threshold is None else f"{name} at {threshold:g}"


def _words(metric: str) -> str:
    for prefix, words in (_SAME_WAY | _APART | _NEITHER).items():
        if metric.startswith(prefix):
            return words + _words(metric.removeprefix(prefix))
    return _SHORT.get(metric) or metric.replace("_", " ").replace("auc", "AUC")
