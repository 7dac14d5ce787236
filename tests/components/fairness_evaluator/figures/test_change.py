"""Changes against the rows' own paired differences."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics

from components.fairness_evaluator.figures import change
from components.fairness_evaluator.figures.tidy import Place
from components.payloads import table
from components.scoring import intervals
from components.scoring.intervals import Z
from components.scoring.losses import losses
from tests.components.fairness_evaluator.made_cells import THRESHOLDS, measure

PLACE = Place("change", "eval", "F9", "", "", 1, 1)


def draw(rng, rows=500):
    logit = rng.normal(-0.7, 1.2, rows)
    labels = (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(int)
    scores = [1 / (1 + np.exp(-(logit + rng.normal(0, s, rows)))) for s in (0.4, 0.8)]
    return labels, *scores


def changes(labels, candidate, baseline):
    both = measure(labels, candidate), measure(labels, candidate, baseline)
    found = table.make_table(map(PLACE.figure, change.figures(*both, THRESHOLDS)))

    def told(metric, threshold=None):
        return found.metric(metric, silo="F9", threshold=threshold, model="change")

    return told


def test_changes_equal_those_of_the_rows():
    labels, candidate, baseline = draw(np.random.default_rng(1))
    told = changes(labels, candidate, baseline)
    area = sklearn.metrics.roc_auc_score
    expected = area(labels, candidate) - area(labels, baseline)
    assert told("auc").value == pytest.approx(expected, abs=1e-9)
    both = [losses(labels, scores) for scores in (candidate, baseline)]
    for metric in ("log_loss", "brier"):
        apart = both[0][metric] - both[1][metric]
        half = Z * apart.std(ddof=1) / len(apart) ** 0.5
        found = told(metric)
        assert found.value == pytest.approx(apart.mean())
        assert (found.low, found.high) == pytest.approx(
            (apart.mean() - half, apart.mean() + half)
        )
    for threshold in THRESHOLDS:
        above, below = candidate > threshold, baseline > threshold
        for metric, rows in {
            "tpr": labels == 1,
            "fpr": labels == 0,
            "positive_rate": labels >= 0,
        }.items():
            found = told(metric, threshold)
            assert found.value == pytest.approx(above[rows].mean() - below[rows].mean())
            expected = intervals.paired_difference(
                int((above & ~below)[rows].sum()),
                int((below & ~above)[rows].sum()),
                int(rows.sum()),
            )
            assert (found.low, found.high) == (expected.low, expected.high)


def test_a_paired_interval_is_narrower_than_that_of_two_models_on_their_own():
    labels, candidate, baseline = draw(np.random.default_rng(2))
    found = changes(labels, candidate, baseline)("auc")
    areas = [measure(labels, side).auc.interval for side in (candidate, baseline)]
    alone = intervals.difference(*areas)
    assert found.high - found.low < 0.8 * (alone.high - alone.low)


def test_the_same_model_twice_changes_nothing():
    labels, candidate, _ = draw(np.random.default_rng(3), 80)
    told = changes(labels, candidate, candidate)
    for metric in ("auc", "log_loss", "brier"):
        found = told(metric)
        assert (found.value, found.low, found.high) == pytest.approx(
            (0, 0, 0), abs=1e-7
        )
    assert told("tpr", 0.5).value == 0


def test_two_models_without_a_mistake_change_nothing_only_where_all_scores_are_alike():
    labels = np.repeat([0, 1], [40, 12])
    scores = np.where(labels == 1, 0.9, 0.1)
    found = changes(labels, scores, scores)("auc")
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)
    other = scores.copy()
    other[:3] = 0.3
    found = changes(labels, scores, other)("auc")
    assert found.low < -0.05
    assert found.high > 0.05


def test_of_one_label_there_is_no_change_of_the_auc():
    told = changes(np.array([0, 0, 0]), [0.1, 0.3, 0.6], [0.2, 0.3, 0.4])
    assert (told("auc").value, told("auc").note) == (None, "one class")
    assert (told("tpr", 0.5).value, told("tpr", 0.5).note) == (None, "one class")
    assert told("fpr", 0.5).value == pytest.approx(1 / 3)


def test_one_row_tells_nothing():
    found = changes(np.array([1]), [0.8], [0.6])("brier")
    assert (found.value, found.low, found.high) == (pytest.approx(-0.12), -1.0, 1.0)


@pytest.mark.parametrize("metric", ["log_loss", "brier"])
def test_19_of_20_changes_of_a_loss_hold_the_true_change(metric):
    rng = np.random.default_rng(4)
    labels, *scores = draw(rng, 1_000_000)
    one, other = (losses(labels, side)[metric].mean() for side in scores)
    held = 0
    for _ in range(500):
        found = changes(*draw(rng, 150))(metric)
        held += found.low <= one - other <= found.high
    assert held / 500 >= 0.92
