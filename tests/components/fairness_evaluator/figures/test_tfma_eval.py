"""TFMA on cells, and each of its traps."""

from __future__ import annotations

import math

import pytest
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.view import util as view_util

from components.fairness_evaluator.figures import tfma_eval
from components.fairness_evaluator.settings import EvaluationSettings
from components.fairness_evaluator.sketches.cells import too_few_cell
from components.fairness_evaluator.sketches.collect import Key
from tests.components.fairness_evaluator.made_cells import (
    LABELS,
    SCORES,
    measure_cell,
    own,
    part,
)

pytestmark = pytest.mark.beam

SETTINGS = EvaluationSettings(
    slices=("sex", "race"),
    intersections=(("sex", "race"),),
    thresholds=(0.25, 0.5),
)
BOTH = (("sex", "race"), ("Female", "White"))
OWN, TOTAL = own(LABELS, SCORES), part(LABELS, SCORES)
CELLS = {
    Key(): TOTAL,
    Key("A"): own([0, 0, 0], [0.1, 0.3, 0.7]),
    Key("B", ("sex",), ("Female",)): own([1, 1], [0.2, 0.9]),
    Key("", *BOTH): TOTAL,
    Key("B", *BOTH): OWN,
    Key("C"): too_few_cell((), 2),
    Key("B", rows_of="next"): OWN,
}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tfma")
    return folder, tfma_eval.evaluate(CELLS, SETTINGS, folder)


def figures(folder):
    """Return the figures by slice key, as whoever opens the result finds them."""
    return {
        key: metrics[""][""]
        for key, metrics in tfma.load_eval_result(str(folder)).slicing_metrics
    }


def test_what_tfma_says_is_what_the_cells_hold(done):
    _, known = done
    assert known[Key("C")] == (CELLS[Key("C")], {})
    for key, found in known.items():
        if key != Key("C"):
            assert found == measure_cell(CELLS[key])


def test_tfma_opens_the_result_with_its_names_and_bounded_values(done):
    found = figures(done[0])[()]
    assert found["example_count"] == {"doubleValue": 10.0}
    expected = done[1][Key()].found["positive_rate", 0.25]
    rate = found["fairness_indicators_metrics/positive_rate@0.25"]["boundedValue"]
    assert (rate["value"], rate["lowerBound"], rate["upperBound"]) == expected


def test_crossed_columns_have_a_key_of_both_and_the_silo_first(done):
    crossed = (("sex", "Female"), ("race", "White"))
    assert set(figures(done[0])) == {
        (),
        (("silo_id", "A"),),
        (("silo_id", "B"), ("sex", "Female")),
        crossed,
        (("silo_id", "B"), *crossed),
        (("evaluated_rows", "next"), ("silo_id", "B")),
    }


def test_a_slice_of_one_label_has_no_auc_where_tfma_s_own_says_zero(done):
    found = figures(done[0])
    for key in ((("silo_id", "A"),), (("silo_id", "B"), ("sex", "Female"))):
        assert math.isnan(float(found[key]["auc"]["doubleValue"]))
    tpr = found[("silo_id", "A"),][
        "fairness_indicators_metrics/true_positive_rate@0.50"
    ]
    assert math.isnan(float(tpr["doubleValue"]))


def test_the_curve_is_tfma_s_calibration_plot(done):
    result = tfma.load_eval_result(str(done[0]))
    data, _ = view_util.get_plot_data_and_config(
        result.plots, tfma.slicer.slicer_lib.SingleSliceSpec()
    )
    buckets = data["calibrationHistogramBuckets"]["buckets"]
    assert sum(bucket["numWeightedExamples"] for bucket in buckets) == 10


def test_a_folder_that_was_written_before_keeps_nothing_of_it(done, tmp_path):
    (tmp_path / "metrics-00000-of-00009.tfrecord").write_bytes(b"of another run")
    found = tfma_eval.evaluate({Key("A"): CELLS[Key("A")]}, SETTINGS, tmp_path)
    assert list(found) == [Key("A")]
    assert set(figures(tmp_path)) == {(("silo_id", "A"),)}
    nothing = tfma_eval.evaluate({Key("C"): CELLS[Key("C")]}, SETTINGS, tmp_path)
    assert nothing[Key("C")].found == {}
    assert not list(tmp_path.glob("metrics*"))
