"""Our metrics inside TFMA, and the rates against its own FairnessIndicators."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis import addons

from components.fairness_evaluator.figures import measures, tfma_metrics
from components.fairness_evaluator.settings import EvaluationSettings
from components.fairness_evaluator.sketches import bins, cells
from tests.components.fairness_evaluator.made_sketches import cell

SETTINGS = EvaluationSettings(thresholds=(0.25, 0.5), bins=200)
EDGES = bins.edges(SETTINGS.bins, SETTINGS.thresholds)


def rows(count, seed=0):
    rng = np.random.default_rng(seed)
    scores = np.round(rng.beta(1.5, 3, count), 2)
    return (rng.random(count) < scores).astype(int), scores


def names_of_tfma(thresholds):
    metric = addons.fairness.metrics.fairness_indicators.FairnessIndicators(thresholds)
    keys = {key.name for part in metric.computations() for key in part.keys}
    return {key for key in keys if key.startswith(tfma_metrics.FAIRNESS)}


@pytest.mark.beam
def test_rates_are_those_of_tfma_s_own_fairness_indicators():
    import pandas as pd

    labels, scores = rows(300)
    config = tfma.EvalConfig(
        model_specs=[tfma.ModelSpec(label_key="label", prediction_key="prediction")],
        slicing_specs=[tfma.SlicingSpec()],
        metrics_specs=[
            tfma.MetricsSpec(
                metrics=[
                    tfma.MetricConfig(
                        class_name="FairnessIndicators",
                        config='{"thresholds": [0.25, 0.5]}',
                    )
                ]
            )
        ],
    )
    frame = pd.DataFrame({"label": labels.astype(float), "prediction": scores})
    result = tfma.analyze_raw_data(frame, config)
    expected = {
        name: value["doubleValue"]
        for name, value in result.get_metrics_for_all_slices()[()].items()
    }
    found = tfma_metrics.figures(cell(labels, scores), EDGES, SETTINGS.thresholds)
    shared = {name for name in expected if "recall@" not in name}  # TPR, twice
    assert len(shared) == 2 * 9
    for name in shared:
        assert found[name] == pytest.approx(expected[name], rel=1e-6), name


@pytest.mark.parametrize(
    ("thresholds", "names"),
    [((0.5,), ["0.5"]), ((0.25, 0.5), ["0.25", "0.50"]), ((0.0001,), ["0.0001"])],
)
def test_names_are_written_as_tfma_writes_them(thresholds, names):
    labels = [tfma_metrics.label(threshold, thresholds) for threshold in thresholds]
    assert labels == names
    edges = bins.edges(200, thresholds)
    found = tfma_metrics.figures(cell(*rows(30)), edges, thresholds)
    ours = {name for name in found if name.startswith(tfma_metrics.FAIRNESS)}
    theirs = {name for name in names_of_tfma(thresholds) if "recall@" not in name}
    assert ours == theirs


def test_the_figures_are_those_of_the_tidy_table():
    slice_ = cell(*rows(200))
    known = measures.measure(slice_, EDGES, SETTINGS.thresholds).found
    found = tfma_metrics.figures(slice_, EDGES, SETTINGS.thresholds)
    for metric in ("auc", "pr_auc", "log_loss", "brier", "calibration_error"):
        assert found[metric] == known[metric, None].value
    for ours, theirs in {
        "tpr": "true_positive_rate",
        "fpr": "false_positive_rate",
        "fnr": "false_negative_rate",
        "positive_rate": "positive_rate",
        "precision": "precision",
    }.items():
        name = f"fairness_indicators_metrics/{theirs}@0.50"
        assert found[name] == known[ours, 0.5].value


def test_what_is_not_there_is_nan_and_not_0():
    found = tfma_metrics.figures(cell([0, 0], [0.1, 0.3]), EDGES, SETTINGS.thresholds)
    missing = {name for name, value in found.items() if math.isnan(value)}
    rate = "fairness_indicators_metrics/{}@{}".format
    assert missing == {
        "auc",
        "pr_auc",
        *(rate(n, t) for n in ("true_positive_rate", "false_negative_rate")
          for t in ("0.25", "0.50")),
        rate("false_discovery_rate", "0.50"),
        rate("precision", "0.50"),
    }  # fmt: skip


def test_parts_of_a_slice_add_up(tmp_path):
    labels, scores = rows(90)
    metric = tfma_metrics.CellFigures(SETTINGS.bins, SETTINGS.thresholds)
    (computation,) = metric.computations()
    parts = [cell(labels[:20], scores[:20]), cell(labels[20:], scores[20:])]
    (tmp_path / "cells").write_bytes(cells.to_bytes(parts))
    one, other = (
        tfma_metrics.StoredCell(str(tmp_path / "cells"), index) for index in (0, 1)
    )
    combiner = computation.combiner
    total = combiner.merge_accumulators([[one], [], [other]])
    found = {key.name: value for key, value in combiner.extract_output(total).items()}
    expected = tfma_metrics.figures(cell(labels, scores), EDGES, SETTINGS.thresholds)
    assert found == pytest.approx(expected)
    nothing = combiner.extract_output(combiner.create_accumulator())
    assert set(computation.keys) == set(nothing)
    assert all(map(math.isnan, nothing.values()))
