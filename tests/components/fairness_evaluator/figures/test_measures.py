"""Ten rows, each figure worked by hand; and rows at random against scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sklearn.metrics

from components.fairness_evaluator.figures.measures import measure
from components.scoring import intervals
from tests.components.fairness_evaluator.made_sketches import EDGES, THRESHOLDS, cell

# Ten rows: scores equal to both thresholds among them.
LABELS = [1, 0, 1, 1, 0, 0, 1, 0, 0, 1]
SCORES = [0.9, 0.1, 0.5, 0.51, 0.25, 0.6, 0.3, 0.2, 0.26, 0.05]


def measured(labels=LABELS, scores=SCORES):
    return measure(cell(labels, scores), EDGES, THRESHOLDS)


def value(metric, threshold=None, **rows):
    found = measured(**rows).found[metric, threshold]
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
    assert value("tpr", 0.5) == 2 / 5  # .9 .51, not .5
    assert value("fpr", 0.5) == 1 / 5
    assert value("fnr", 0.5) == 3 / 5
    assert value("precision", 0.5) == 2 / 3
    assert value("tpr", 0.25) == 4 / 5
    assert value("fpr", 0.25) == 2 / 5  # .6 .26, not .25
    assert value("positive_rate", 0.25) == 6 / 10
    assert value("precision", 0.25) == 4 / 6


def test_benefits_at_a_half_make_theil_and_entropy():
    # Three positives missed, six rows right, one negative above: mean 0.8.
    assert measured().benefits(1) == (3, 6, 1)
    theil = (6 * 1.25 * math.log(1.25) + 2.5 * math.log(2.5)) / 10
    assert value("theil", 0.5) == pytest.approx(theil)
    entropy = (6 * 1.25**2 + 2.5**2 - 10) / 20
    assert value("generalized_entropy", 0.5) == pytest.approx(entropy)


def test_each_rate_has_the_interval_of_its_own_denominator():
    found = measured().found
    for metric, counts in {
        "tpr": (2, 5),
        "fpr": (1, 5),
        "fnr": (3, 5),
        "positive_rate": (3, 10),
        "precision": (2, 3),
    }.items():
        assert found[metric, 0.5] == intervals.wilson(*counts)


def test_of_one_label_what_needs_two_is_not_there():
    rows = {"labels": [0, 0, 0], "scores": [0.1, 0.3, 0.7]}
    for metric in ("auc", "pr_auc", "calibration"):
        assert value(metric, **rows) is None
    assert value("tpr", 0.5, **rows) is value("fnr", 0.5, **rows) is None
    assert value("fpr", 0.5, **rows) == 1 / 3
    assert value("base_rate", **rows) == 0
    assert measured(**rows).auc is None


def test_where_nobody_is_above_there_is_no_precision():
    assert value("precision", 0.5, labels=[0, 1, 1], scores=[0.1, 0.2, 0.4]) is None


def test_where_all_are_positive_and_missed_nobody_has_a_benefit():
    assert value("theil", 0.5, labels=[1, 1], scores=[0.1, 0.2]) is None


def test_rows_at_random_have_the_figures_of_scikit_learn():
    rng = np.random.default_rng(3)
    scores = np.round(rng.beta(1.5, 3, 900), 2) * 0.99 + 0.005
    labels = (rng.random(900) < scores**1.3).astype(int)
    known = measured(labels, scores)
    metrics = sklearn.metrics
    for metric, expected in {
        "auc": metrics.roc_auc_score(labels, scores),
        "pr_auc": metrics.average_precision_score(labels, scores),
        "log_loss": metrics.log_loss(labels, scores),
        "brier": metrics.brier_score_loss(labels, scores),
    }.items():
        found = known.found[metric, None]
        assert found.value == pytest.approx(expected, abs=5e-4), metric
        assert found.low < found.value < found.high
    for threshold in THRESHOLDS:
        above = scores > threshold
        recall = metrics.recall_score(labels, above)
        assert known.found["tpr", threshold].value == pytest.approx(recall)
        precision = metrics.precision_score(labels, above)
        assert known.found["precision", threshold].value == pytest.approx(precision)
