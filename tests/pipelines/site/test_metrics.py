"""Each metric has a name for people."""

import pytest

from pipelines.site import metrics


@pytest.mark.parametrize(
    ("metric", "threshold", "words"),
    [
        ("auc", None, "AUC"),
        ("tpr", 0.25, "TPR at 0.25"),
        ("pr_auc", None, "PR-AUC"),
        ("worst_tenth_pr_auc", None, "Worst tenth in PR-AUC"),
        ("gap_positive_rate", 0.5, "Gap in positive rate at 0.5"),
        ("size_correlation_auc", None, "Correlation with size of AUC"),
        ("auc_gap", None, "AUC gap"),
        ("between_groups_theil", 0.5, "Between groups: Theil index at 0.5"),
    ],
)
def test_names_for_people(metric, threshold, words):
    assert metrics.words(metric, threshold) == words
