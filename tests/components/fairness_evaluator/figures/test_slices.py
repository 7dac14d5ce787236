"""Ten rows, each figure worked by hand; and rows at random against scikit-learn."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import sklearn.metrics

from components.fairness_evaluator.figures import slices
from components.fairness_evaluator.sketches import cells
from components.scoring import intervals
from tests.components.fairness_evaluator.made_cells import (
    LABELS,
    SCORES,
    THRESHOLDS,
    measure,
    measure_cell,
    own,
    part,
)

TEN = measure(LABELS, SCORES)


def value(metric, threshold=None, known=TEN):
    found = known.found[metric, threshold]
    return None if found is None else found.value


def test_ten_rows_have_the_figures_worked_by_hand():
    # Positives .9 .5 .51 .3 .05 against negatives .1 .25 .6 .2 .26:
    # 5 + 4 + 4 + 4 + 0 of 25 pairs are in order.
    assert value("auc") == pytest.approx(17 / 25)
    # From the top: 1 of 1, then .6 is none, 2 of 3, 3 of 4, 4 of 5, 5 of 10.
    expected = (1 / 1 + 2 / 3 + 3 / 4 + 4 / 5 + 5 / 10) / 5
    assert value("pr_auc") == pytest.approx(expected)
    assert value("base_rate") == 0.5
    assert value("calibration") == pytest.approx(sum(SCORES) / 5)
    losses = [-math.log(s if y else 1 - s) for y, s in zip(LABELS, SCORES, strict=True)]
    assert value("log_loss") == pytest.approx(sum(losses) / 10)
    squares = [(y - s) ** 2 for y, s in zip(LABELS, SCORES, strict=True)]
    assert value("brier") == pytest.approx(sum(squares) / 10)


def test_a_score_equal_to_the_threshold_counts_as_negative():
    # Above a half .9 and .51, not .5, and .6; above a quarter .6 and .26, not .25.
    assert TEN.cell.above.tolist() == [[2, 1], [4, 2]]
    for metric, counts in {
        "tpr": (2, 5),
        "fpr": (1, 5),
        "fnr": (3, 5),
        "positive_rate": (3, 10),
        "precision": (2, 3),
    }.items():
        assert TEN.found[metric, 0.5] == intervals.wilson(*counts)
    assert value("tpr", 0.25) == 4 / 5
    assert value("precision", 0.25) == 4 / 6


def test_benefits_at_a_half_make_theil_and_entropy():
    # Three positives missed, six rows right, one negative above: mean 0.8.
    assert TEN.benefits(1) == (3, 6, 1)
    theil = (6 * 1.25 * math.log(1.25) + 2.5 * math.log(2.5)) / 10
    assert value("theil", 0.5) == pytest.approx(theil)
    entropy = (6 * 1.25**2 + 2.5**2 - 10) / 20
    assert value("generalized_entropy", 0.5) == pytest.approx(entropy)


def test_of_one_label_what_needs_two_is_not_there():
    known = measure([0, 0, 0], [0.1, 0.3, 0.7])
    for metric in ("auc", "pr_auc", "calibration"):
        assert value(metric, known=known) is None
    assert value("tpr", 0.5, known) is value("fnr", 0.5, known) is None
    assert value("fpr", 0.5, known) == 1 / 3
    assert value("base_rate", known=known) == 0
    assert known.auc is None


def test_where_nobody_is_above_or_has_a_benefit_the_figure_is_not_there():
    assert value("precision", 0.5, measure([0, 1, 1], [0.1, 0.2, 0.4])) is None
    assert value("theil", 0.5, measure([1, 1], [0.1, 0.2])) is None


def test_thresholds_have_the_names_that_tfma_gives_them():
    names = slices.names((0.25, 0.5))
    assert names["theil", 0.25] == "theil@0.25"
    assert names["tpr", 0.5] == "fairness_indicators_metrics/true_positive_rate@0.50"
    assert slices.names((0.5,))["theil", 0.5] == "theil@0.5"


@pytest.mark.parametrize("silos", [1, 4])
def test_rows_at_random_have_the_figures_of_scikit_learn(silos):
    """Of a silo's own slice exactly; of a total all but what needs ranks."""
    rng = np.random.default_rng(3)
    scores = np.round(rng.beta(1.5, 3, 1200), 3) * 0.99 + 0.005
    labels = (rng.random(1200) < scores**1.3).astype(int)
    parts = [(labels[silo::silos], scores[silo::silos]) for silo in range(silos)]
    if silos == 1:
        known, near = measure_cell(own(*parts[0])), 1e-9
    else:
        total = cells.add([part(*each) for each in parts])
        known, near = measure_cell(total), 5e-4
    metrics = sklearn.metrics
    for metric, expected in {
        "auc": (metrics.roc_auc_score(labels, scores), near),
        "pr_auc": (metrics.average_precision_score(labels, scores), 5 * near),
        "log_loss": (metrics.log_loss(labels, scores), 1e-9),
        "brier": (metrics.brier_score_loss(labels, scores), 1e-9),
    }.items():
        found = known.found[metric, None]
        assert found.value == pytest.approx(expected[0], abs=expected[1]), metric
        assert found.low < found.value < found.high
    whole = measure(labels, scores)
    error = whole.found["calibration_error", None]
    assert known.found["calibration_error", None] == pytest.approx(error, abs=2e-3)
    assert known.cell.above.tolist() == whole.cell.above.tolist()
    curves = [slices.curve_of(each.cell, 30)[:3].tolist() for each in (known, whole)]
    assert curves[0] == curves[1]
    for threshold in THRESHOLDS:
        recall = metrics.recall_score(labels, scores > threshold)
        assert value("tpr", threshold, known) == pytest.approx(recall)


def test_a_silo_s_finished_figures_are_passed_through():
    finished = own(LABELS, SCORES)
    assert finished.exact is not None
    other = dataclasses.replace(finished.exact, auc=0.25)
    known = measure_cell(dataclasses.replace(finished, exact=other))
    assert value("auc", known=known) == 0.25
