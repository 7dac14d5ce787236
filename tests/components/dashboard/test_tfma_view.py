from __future__ import annotations

import json

import pytest

from components.dashboard import tfma_view
from components.payloads import table
from components.payloads.table import Slice
from tests.components.dashboard.conftest import EMOJI, LONG, TOO_FEW_SILO, WORST


@pytest.fixture
def ranked(evaluation):
    return table.read(evaluation).families()


def rows(view, name="slicingMetrics"):
    return view.properties[name]["rows"]


def test_each_family_has_a_view_and_overall_first_then_the_worst(views):
    assert [view.title for view in views] == [
        *("silo", "carrier", "sex", "sex x carrier", "silo and carrier")
    ]
    shown = [row["slice"] for row in rows(views[0])]
    assert shown[:2] == ["Overall", f"silo_id:{WORST[0]}"]
    assert len(shown) == 1 + len(WORST)
    assert [row["slice"] for row in rows(views[0], "slicingMetricsCompare")] == shown
    assert not any(TOO_FEW_SILO in name for name in shown)


def test_crossed_columns_keep_the_order_of_the_table(views):
    labels = {row["sliceValue"] for row in rows(views[3])}
    assert "F x DL" in labels  # TFMA's own key has the carrier first


def test_a_slice_that_the_table_does_not_know_is_left_out():
    known = {frozenset(): "", frozenset({"sex", "race"}): "sex x race"}
    key = {"silo_id": "a", "race": "x", "sex": "F"}
    assert tfma_view._slice(dict(key), known) == Slice("a", "sex x race", "F x x")
    assert tfma_view._slice({"age": "old"}, known) is None


def test_numbers_are_tfmas_own_and_names_are_written_once(views, evaluation):
    import tensorflow_model_analysis as tfma

    result = tfma.load_eval_result(str(evaluation))
    overall = dict(result.slicing_metrics)[()][""][""]
    packed = views[0].properties["slicingMetricsCompare"]
    shown = dict(zip(packed["names"], packed["rows"][0]["metrics"], strict=True))
    assert shown["auc"] == pytest.approx(overall["auc"]["doubleValue"], rel=1e-5)
    assert shown["example_count"] == 1200
    json.dumps([view.properties for view in views], allow_nan=False)


def test_what_is_no_plain_number_is_kept_as_tfma_has_it():
    made = [
        {"slice": "a", "metrics": {"auc": {"doubleValue": 0.7}, "n": {"other": 1}}},
        {"slice": "b", "metrics": {"auc": {"doubleValue": "NaN"}}},
    ]
    assert tfma_view.packed(made) == {
        "names": ["auc", "n"],
        "rows": [
            {"slice": "a", "metrics": [0.7, {"other": 1}]},
            {"slice": "b", "metrics": ["NaN", None]},
        ],
    }


def test_only_the_worst_slices_fit_and_the_rest_are_counted(evaluation, ranked):
    view = tfma_view.views(evaluation, ranked, max_slices=3)[0]
    assert [row["sliceValue"] for row in rows(view)[1:]] == WORST[:3]
    assert view.note == "The 3 slices with the surely lowest AUC of 15."


def test_labels_have_no_colon_are_short_and_stay_apart(views):
    labels = {row["sliceValue"] for row in rows(views[0])}
    assert EMOJI.replace(":", "\N{RATIO}") in labels
    assert LONG[:59] + "…" in labels
    one, other = tfma_view._labels([Slice("x" * 70 + end) for end in "ab"])
    assert one != other


def test_without_an_evaluation_there_is_no_view(tmp_path):
    assert tfma_view.views(tmp_path, {("silo_id",): [Slice("a")]}, 5) == []


def test_without_a_baseline_there_is_nothing_to_compare(evaluation, ranked, tmp_path):
    for file in evaluation.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    view = tfma_view.views(tmp_path, ranked, 5)[0]
    assert set(view.properties) == {"slicingMetrics", "evalName"}
