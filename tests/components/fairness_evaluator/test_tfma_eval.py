"""TFMA on cells, and each of its traps."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow_model_analysis as tfma

from components.fairness_evaluator import bins, tfma_eval
from components.fairness_evaluator.cells import Cell
from components.fairness_evaluator.folds import Fold, Scored
from components.fairness_evaluator.slices import Key

pytestmark = pytest.mark.beam

THRESHOLDS = (0.25, 0.5)
EDGES = bins.edges(50, THRESHOLDS)


def fold(labels, scores) -> Cell:
    rows = Fold("", len(EDGES) + 1)
    scores = np.array(scores)
    scored = Scored(np.array(labels), scores, bins.assign(scores, EDGES))
    rows.add(np.full(len(scores), rows.code("")), scored)
    return rows.cells(1)[0]


# Ten rows: scores equal to both thresholds among them.
LABELS = [1, 0, 1, 1, 0, 0, 1, 0, 0, 1]
SCORES = [0.9, 0.1, 0.5, 0.51, 0.25, 0.6, 0.3, 0.2, 0.26, 0.05]
ONLY_ZEROS = ([0, 0, 0], [0.1, 0.3, 0.7])
ONLY_ONES = ([1, 1], [0.2, 0.9])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tfma")


@pytest.fixture(scope="module")
def found(folder):
    slices = {
        Key(): fold(LABELS, SCORES),
        Key("A"): fold(*ONLY_ZEROS),
        Key("B", "origin", "EWR"): fold(*ONLY_ONES),
        Key("C"): Cell("", "", 2, True),
    }
    return tfma_eval.evaluate(slices, EDGES, THRESHOLDS, ["origin"], folder)


def test_ten_rows_have_the_figures_worked_by_hand(found):
    ten = found[Key()]
    # Positives .9 .5 .51 .3 .05 against negatives .1 .25 .6 .2 .26:
    # 5 + 4 + 4 + 4 + 0 of 25 pairs are in order.
    assert ten["auc"] == pytest.approx(17 / 25)
    assert ten["example_count"] == 10
    assert ten["calibration"] == pytest.approx(sum(SCORES) / 5)
    losses = [-math.log(s if y else 1 - s) for y, s in zip(LABELS, SCORES, strict=True)]
    assert ten["log_loss"] == pytest.approx(sum(losses) / 10)
    squares = [(y - s) ** 2 for y, s in zip(LABELS, SCORES, strict=True)]
    assert ten["brier"] == pytest.approx(sum(squares) / 10)


def test_a_score_equal_to_the_threshold_is_negative_as_in_tfma(found):
    rate = {
        name.removeprefix("fairness_indicators_metrics/"): value
        for name, value in found[Key()].items()
    }
    assert rate["true_positive_rate@0.50"] == 2 / 5  # .9 .51, not .5
    assert rate["false_positive_rate@0.50"] == 1 / 5
    assert rate["true_positive_rate@0.25"] == 4 / 5
    assert rate["false_positive_rate@0.25"] == 2 / 5  # .6 .26, not .25
    assert rate["positive_rate@0.25"] == 6 / 10
    assert rate["false_negative_rate@0.50"] == 3 / 5


def test_a_slice_with_one_label_has_no_auc_instead_of_0(found):
    assert math.isnan(found[Key("A")]["auc"])
    assert math.isnan(found[Key("B", "origin", "EWR")]["auc"])
    assert found[Key("A")]["example_count"] == 3


def test_a_slice_with_too_few_rows_is_not_shown_to_tfma(found, folder):
    assert Key("C") not in found
    keys = {key for key, _ in tfma.load_eval_result(str(folder)).slicing_metrics}
    assert keys == {(), (("silo_id", "A"),), (("silo_id", "B"), ("origin", "EWR"))}


def test_a_folder_used_again_holds_the_last_result_alone(tmp_path):
    cell = fold(*ONLY_ONES)
    tfma_eval.evaluate({Key(): cell, Key("A"): cell}, EDGES, THRESHOLDS, [], tmp_path)
    for path in tmp_path.glob("metrics-*"):  # as if it had had more shards
        path.rename(tmp_path / path.name.replace("-of-00001", "-of-00002"))
    tfma_eval.evaluate({Key(): cell}, EDGES, THRESHOLDS, [], tmp_path)
    result = tfma.load_eval_result(str(tmp_path))
    assert [key for key, _ in result.slicing_metrics] == [()]


def test_what_stands_in_argv_does_not_reach_beam(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["fairsilo", "--runner=NoSuchRunner"])
    found = tfma_eval.evaluate({Key(): fold(*ONLY_ONES)}, EDGES, (0.5,), [], tmp_path)
    assert found[Key()]["example_count"] == 2
