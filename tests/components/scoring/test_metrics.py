"""Each metric of the table is better one way, the other, or neither."""

import pytest

from components.dashboard.sections import groups, silos
from components.fairness_evaluator.figures import comparisons
from components.scoring import metrics


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
    assert metrics.is_lower_better(metric) is (way < 0)


def test_no_metric_is_better_both_ways():
    assert not {*metrics.HIGHER_IS_BETTER} & {*metrics.LOWER_IS_BETTER}


def test_all_metrics_that_silos_are_compared_by_have_a_way_but_the_positive_rate():
    names = {*comparisons.METRICS, *comparisons.RATES, *silos.METRICS, *groups.MEASURES}
    assert {name for name in names if not metrics.better(name)} == {"positive_rate"}
