from __future__ import annotations

import math

import numpy as np
import pytest

from components.fairness_evaluator import bins, intervals, tidy
from components.fairness_evaluator.cells import Cell
from components.fairness_evaluator.slices import Key
from components.scoring import table

EDGES = np.array([0.25, 0.5])
CELL = Cell(
    "origin",
    "EWR",
    10,
    False,
    log_loss=6.0,
    brier=2.0,
    bins=np.array([0, 1, 2]),
    counts=np.array([[3, 2, 1], [1, 1, 2]]),
    scores=np.zeros((2, 3)),
)
RATES = {
    f"fairness_indicators_metrics/{name}@{threshold}": 0.5
    for name in tidy.RATES.values()
    for threshold in ("0.25", "0.50")
}
FOUND = {"auc": 0.7, "calibration": 1.1, "log_loss": 0.6, "brier": 0.2, **RATES}


def make(cell=CELL, found=FOUND):
    key = Key("F9", "origin", "EWR")
    return table.of(
        tidy.of_tfma("candidate", "eval", {key: cell}, {key: found}, (0.25, 0.5), EDGES)
    )


def test_each_rate_has_the_interval_of_its_own_denominator():
    figures = make()
    place = {"silo": "F9", "slice": "origin", "group": "EWR", "threshold": 0.25}
    # Above 0.25: 3 of 6 negatives and 3 of 4 positives.
    expected = {"tpr": (3, 4), "fnr": (1, 4), "fpr": (3, 6), "positive_rate": (6, 10)}
    for metric, (hits, rows) in expected.items():
        bounds = intervals.wilson(hits, rows)
        found = figures.metric(metric, **place)
        assert (found.low, found.high) == (bounds.low, bounds.high)
        assert (found.rows, found.positives, found.value) == (10, 4, 0.5)


def test_means_have_no_interval_but_auc_has():
    place = {"silo": "F9", "slice": "origin", "group": "EWR"}
    assert make().metric("auc", **place).low is not None
    assert make().metric("log_loss", **place).low is None


def test_what_is_undefined_is_null_with_a_note():
    one_class = {**FOUND, "auc": math.nan, "calibration": math.nan}
    found = make(found=one_class).metric("auc", silo="F9", slice="origin", group="EWR")
    assert (found.value, found.low, found.high, found.note) == (
        None,
        None,
        None,
        "one class",
    )


def test_too_few_rows_give_one_line_without_a_figure():
    (figure,) = make(cell=CELL.hidden(), found={})
    assert (figure.metric, figure.rows, figure.note) == ("rows", 10, "too few")
    assert (figure.value, figure.positives) == (None, None)


def test_the_following_span_needs_no_tfma():
    slices = {Key(): CELL, Key("F9"): CELL.hidden(), Key("", "origin", "EWR"): CELL}
    figures = table.of(tidy.of_cells("candidate", "next", slices))
    assert {(figure.silo, figure.metric) for figure in figures} == {
        ("", "rows"),
        ("", "auc"),
        ("", "log_loss"),
        ("", "brier"),
        ("F9", "rows"),
    }
    assert figures.metric("log_loss", split="next").value == pytest.approx(0.6)
    # Pairs in order: 1 ties 3; 1 beats 3 and ties 2; 2 beat 5 and tie 1.
    auc = (1.5 + 4 + 2 * 5.5) / 24
    assert figures.metric("auc", split="next").value == pytest.approx(auc)


@pytest.mark.parametrize(
    ("thresholds", "names"),
    [((0.5,), ["0.5"]), ((0.25, 0.5), ["0.25", "0.50"]), ((0.0001,), ["0.0001"])],
)
def test_thresholds_are_written_as_tfma_writes_them(thresholds, names):
    assert [tidy.label(threshold, thresholds) for threshold in thresholds] == names
    keys = tfma_names(thresholds)
    for name in names:
        assert f"fairness_indicators_metrics/positive_rate@{name}" in keys


def tfma_names(thresholds):
    from tensorflow_model_analysis import addons

    metric = addons.fairness.metrics.fairness_indicators.FairnessIndicators(thresholds)
    return {key.name for part in metric.computations() for key in part.keys}


def test_bins_of_the_node_hold_what_tidy_reads_as_above():
    edges = bins.edges(10, [0.3])
    place = bins.assign(np.array([0.3, 0.31]), edges).astype(np.int32)
    cell = Cell(
        "", "", 2, False, 0, 0, place, np.array([[1, 1], [0, 0]]), np.zeros((2, 2))
    )
    assert tidy._above(cell, edges, 0.3) == (1, 0)
