"""Each metric has a name for people, and a way that is better."""

import pytest

from pipelines.site import metrics


@pytest.mark.parametrize(
    ("metric", "way"),
    [
        *(("auc", 1), ("pr_auc", 1), ("tpr", 1), ("precision", 1)),
        *(("log_loss", -1), ("brier", -1), ("calibration_error", -1), ("fpr", -1)),
        *(("fnr", -1), ("theil", -1), ("generalized_entropy", -1)),
        *(("worst_auc", 1), ("worst_log_loss", -1), ("worst_tenth_tpr", 1)),
        *(("mean_brier", -1), ("own_threshold_tpr", 1), ("own_threshold_fpr", -1)),
        *(("gap_auc", -1), ("gini_tpr", -1), ("variance_fpr", -1), ("auc_gap", -1)),
        *(("demographic_parity_difference", -1), ("demographic_parity_ratio", 1)),
        *(("equalized_odds_difference", -1), ("between_groups_theil", -1)),
        *(("worst_calibration_error", -1), ("gap_positive_rate", -1)),
        *(("base_rate", 0), ("positive_rate", 0), ("calibration", 0)),
        *(("size_correlation_auc", 0), ("worst_positive_rate", 0), ("rows", 0)),
        ("own_threshold", 0),
    ],
)
def test_which_way_is_better(metric, way):
    assert metrics.better(metric) == way


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
