"""Group fairness by hand, and against fairlearn on rows at random."""

from __future__ import annotations

import fairlearn.metrics as fairlearn
import numpy as np
import pytest
from sklearn.metrics import precision_score

from components.fairness_evaluator.figures import groups
from components.fairness_evaluator.figures.tidy import Place
from components.payloads import table
from components.scoring import intervals
from tests.components.fairness_evaluator.made_cells import THRESHOLDS, measure, rate

PLACE = Place("candidate", "eval", "", "sex", "", 24, 9)


def over(rows):
    """Return the table over groups of (labels, scores) by name."""
    known = {name: measure(labels, scores) for name, (labels, scores) in rows.items()}
    return table.of(map(PLACE.figure, groups.figures(known, THRESHOLDS)))


# Above a half: Female 1 of 4 positives, 1 of 6; Male 2 of 3, 3 of 5; Other none.
BY_HAND = {
    "Female": ([1, 1, 1, 1, 0, 0], [0.9, 0.4, 0.3, 0.2, 0.1, 0.2]),
    "Male": ([1, 1, 1, 0, 0], [0.8, 0.7, 0.3, 0.6, 0.1]),
    "Other": ([1, 0, 0], [0.4, 0.1, 0.3]),
}


def test_eleven_rows_and_three_have_the_gaps_worked_by_hand():
    found = over(BY_HAND)

    def told(metric, threshold=0.5):
        figure = found.metric(metric, slice="sex", threshold=threshold)
        return figure.value, figure.about

    assert told("demographic_parity_difference") == (
        0.6,
        "Male (0.60) and Other (0.00)",
    )
    assert told("demographic_parity_ratio") == (0.0, "Male (0.60) and Other (0.00)")
    assert told("equal_opportunity_difference") == (
        pytest.approx(2 / 3),
        "Male (0.67) and Other (0.00)",
    )
    assert told("fpr_difference") == (0.5, "Male (0.50) and Female (0.00)")
    assert told("equalized_odds_difference") == told("equal_opportunity_difference")
    # Nobody of Other is above: no precision there.
    assert told("predictive_parity_difference") == (
        pytest.approx(1 - 2 / 3),
        "Female (1.00) and Male (0.67)",
    )
    assert told("worst_auc", None)[1] == "Male"
    assert told("worst_auc", None)[0] == pytest.approx(5 / 6)
    # Female: 1 + 1 + 1 + (1 + .5) / 2 of 4; Other: all.
    assert told("auc_gap", None) == (
        pytest.approx(1 / 6),
        "Other (1.00) and Male (0.83)",
    )


def test_intervals_are_those_of_the_two_groups():
    figure = over(BY_HAND).metric("fpr_difference", slice="sex", threshold=0.5)
    expected = intervals.difference(rate(1, 2), rate(0, 2))
    assert (figure.low, figure.high) == (max(0, expected.low), expected.high)
    ratio = over(BY_HAND).metric("demographic_parity_ratio", slice="sex", threshold=0.5)
    of_counts = intervals.ratio(0, 3, 3, 5)
    assert (ratio.low, ratio.high) == (of_counts.low, of_counts.high)


@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("seed", range(4))
def test_figures_equal_those_of_fairlearn(seed, threshold):
    rng = np.random.default_rng(seed)
    names = rng.choice(["a", "b", "c"], 700, p=[0.6, 0.3, 0.1])
    scores = rng.beta(1.5, 3, 700)
    labels = (rng.random(700) < scores).astype(int)
    found = over({n: (labels[names == n], scores[names == n]) for n in "abc"})
    rows = (labels, scores > threshold)
    for metric, function in {
        "demographic_parity_difference": fairlearn.demographic_parity_difference,
        "demographic_parity_ratio": fairlearn.demographic_parity_ratio,
        "equalized_odds_difference": fairlearn.equalized_odds_difference,
    }.items():
        figure = found.metric(metric, slice="sex", threshold=threshold)
        expected = function(*rows, sensitive_features=names)
        assert figure.value == pytest.approx(expected), metric
        assert figure.low <= figure.value <= figure.high
    for metric, function in {
        "equal_opportunity_difference": fairlearn.true_positive_rate,
        "fpr_difference": fairlearn.false_positive_rate,
        "predictive_parity_difference": precision_score,
    }.items():
        frame = fairlearn.MetricFrame(
            metrics=function, y_true=rows[0], y_pred=rows[1], sensitive_features=names
        )
        figure = found.metric(metric, slice="sex", threshold=threshold)
        assert figure.value == pytest.approx(frame.difference()), metric


def test_one_group_alone_has_no_figure():
    assert len(over({"Female": BY_HAND["Female"]})) == 0


def test_where_two_groups_lack_a_figure_it_is_not_told():
    found = over({"a": ([0, 0], [0.1, 0.2]), "b": ([0, 0, 0], [0.1, 0.2, 0.3])})
    metrics = {figure.metric for figure in found}
    assert "fpr_difference" in metrics
    assert not {"auc_gap", "equal_opportunity_difference"} & metrics
    assert "equalized_odds_difference" not in metrics
    ratio = found.metric("demographic_parity_ratio", slice="sex", threshold=0.5)
    assert (ratio.value, ratio.note) == (None, "no rows")
