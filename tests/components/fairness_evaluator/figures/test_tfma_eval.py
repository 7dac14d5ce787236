"""TFMA on cells, and each of its traps."""

from __future__ import annotations

import math

import pytest
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.view import widget_view

from components.fairness_evaluator.figures import tfma_eval, tfma_metrics
from components.fairness_evaluator.settings import EvaluationSettings
from components.fairness_evaluator.sketches.cells import few
from components.fairness_evaluator.sketches.slices import Key
from tests.components.fairness_evaluator.figures.test_measures import LABELS, SCORES
from tests.components.fairness_evaluator.made_sketches import cell

pytestmark = pytest.mark.beam

SETTINGS = EvaluationSettings(
    slices=("sex", "race"),
    intersections=(("sex", "race"),),
    thresholds=(0.25, 0.5),
    bins=200,
)
BOTH = (("sex", "race"), ("Female", "White"))
TEN = cell(LABELS, SCORES)
ONLY_ZEROS = cell([0, 0, 0], [0.1, 0.3, 0.7])
ONLY_ONES = cell([1, 1], [0.2, 0.9])
SLICES = {
    Key(): TEN,
    Key("A"): ONLY_ZEROS,
    Key("B", ("sex",), ("Female",)): ONLY_ONES,
    Key("", *BOTH): TEN,
    Key("B", *BOTH): TEN,
    Key("C"): few((), 2),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tfma")
    tfma_eval.evaluate(SLICES, SETTINGS, folder)
    return folder


def figures(folder):
    """Return the figures by slice key, as whoever opens the result finds them."""
    return {
        key: {
            name: float(value.get("doubleValue", math.nan))
            for name, value in metrics[""][""].items()
        }
        for key, metrics in tfma.load_eval_result(str(folder)).slicing_metrics
    }


def test_tfma_opens_the_result_with_its_own_counts_and_our_figures(folder):
    found = figures(folder)[()]
    assert found["example_count"] == 10
    assert found["calibration"] == pytest.approx(sum(SCORES) / 5)
    ours = tfma_metrics.figures(TEN, *_edges())
    assert {name: found[name] for name in ours} == pytest.approx(ours)
    assert found["auc"] == pytest.approx(17 / 25)
    assert found["fairness_indicators_metrics/positive_rate@0.25"] == 6 / 10


def _edges():
    from components.fairness_evaluator.sketches import bins

    return bins.edges(SETTINGS.bins, SETTINGS.thresholds), SETTINGS.thresholds


def test_crossed_columns_have_a_key_of_both_and_the_silo_first(folder):
    crossed = (("sex", "Female"), ("race", "White"))
    assert set(figures(folder)) == {
        (),
        (("silo_id", "A"),),
        (("silo_id", "B"), ("sex", "Female")),
        crossed,
        (("silo_id", "B"), *crossed),
    }
    specs = tfma.load_eval_result(str(folder)).config.slicing_specs
    assert {tuple(spec.feature_keys) for spec in specs} == {
        (),
        ("silo_id",),
        ("sex",),
        ("silo_id", "sex"),
        ("race",),
        ("silo_id", "race"),
        ("sex", "race"),
        ("silo_id", "sex", "race"),
    }


def test_trap_a_slice_with_one_label_has_no_auc_instead_of_0(folder):
    found = figures(folder)
    for key in ((("silo_id", "A"),), (("silo_id", "B"), ("sex", "Female"))):
        assert math.isnan(found[key]["auc"])
    assert found[("silo_id", "A"),]["example_count"] == 3


def test_trap_tfma_s_own_auc_says_0(tmp_path):
    import pandas as pd

    config = tfma_eval.eval_config(SETTINGS)
    del config.metrics_specs[0].metrics[:]
    config.metrics_specs[0].metrics.append(tfma.MetricConfig(class_name="AUC"))
    del config.slicing_specs[1:]
    config.model_specs[0].example_weight_key = ""
    frame = pd.DataFrame({"label": [0.0, 0.0], "prediction": [0.1, 0.3]})
    result = tfma.analyze_raw_data(frame, config)
    assert result.get_metrics_for_all_slices()[()]["auc"]["doubleValue"] == 0.0


def test_trap_too_few_rows_are_kept_from_tfma_instead_of_by_min_slice_size(folder):
    assert (("silo_id", "C"),) not in figures(folder)
    config = tfma.load_eval_result(str(folder)).config
    assert not config.options.HasField("min_slice_size")


def test_trap_tfma_has_no_threshold_to_fail_so_it_decides_nothing(folder):
    config = tfma.load_eval_result(str(folder)).config
    for spec in config.metrics_specs:
        assert not spec.thresholds
        assert not spec.per_slice_thresholds
        assert not spec.cross_slice_thresholds
        assert not any(metric.HasField("threshold") for metric in spec.metrics)
    # Without thresholds TFMA says "not ok", and why; nobody asks it.
    validation = tfma.load_validation_result(str(folder))
    assert validation.missing_thresholds
    assert not validation.metric_validations_per_slice


def test_trap_no_slice_is_crossed_with_another_so_tfma_s_views_can_draw(folder):
    result = tfma.load_eval_result(str(folder))
    assert not result.config.cross_slicing_specs
    keys = [key for key, _ in result.slicing_metrics]
    assert all(isinstance(part[0], str) for key in keys for part in key)
    assert widget_view.render_slicing_metrics(result, slicing_column="silo_id")


def test_trap_a_folder_used_again_holds_the_last_result_alone(tmp_path):
    both = {Key(): ONLY_ONES, Key("A"): ONLY_ONES}
    tfma_eval.evaluate(both, SETTINGS, tmp_path)
    for path in tmp_path.glob("metrics-*"):  # as if it had had more shards
        path.rename(tmp_path / path.name.replace("-of-00001", "-of-00002"))
    tfma_eval.evaluate({Key(): ONLY_ONES}, SETTINGS, tmp_path)
    assert list(figures(tmp_path)) == [()]


def test_what_stands_in_argv_does_not_reach_beam(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["fairsilo", "--runner=NoSuchRunner"])
    tfma_eval.evaluate({Key(): ONLY_ONES}, SETTINGS, tmp_path)
    assert figures(tmp_path)[()]["example_count"] == 2


def test_a_key_is_written_as_tfma_has_it():
    assert tfma_eval.slice_key(Key()) == ()
    key = Key("F9", ("sex", "race"), ("Male", "Black"))
    expected = (("silo_id", "F9"), ("sex", "Male"), ("race", "Black"))
    assert tfma_eval.slice_key(key) == expected
