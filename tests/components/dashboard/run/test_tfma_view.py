from __future__ import annotations

import json

import pytest

from components.dashboard import scores
from components.dashboard.run import tfma_view
from components.dashboard.scores import Slice
from components.payloads import table
from tests.components.dashboard.conftest import EMOJI, LONG, TOO_FEW_SILO, WORST


@pytest.fixture
def families(evaluation):
    ranked = scores.of_table(table.read(evaluation)).families()
    return tfma_view.families(evaluation, ranked, max_slices=50)


def test_each_family_has_overall_first_then_the_worst(families):
    by_silo = families[0]
    assert by_silo.columns == ("silo_id",)
    shown = [row["slice"] for row in by_silo.candidate]
    assert shown[:2] == ["Overall", f"silo_id:{WORST[0]}"]
    assert len(shown) == 1 + len(WORST)
    assert [row["slice"] for row in by_silo.baseline] == shown


def test_a_slice_with_too_few_rows_is_not_in_the_view(families):
    assert not any(TOO_FEW_SILO in row["slice"] for row in families[0].candidate)


def test_silos_and_columns_and_both_have_a_view(families):
    assert [family.columns for family in families] == [
        ("silo_id",),
        ("carrier",),
        ("sex",),
        ("sex x carrier",),
        ("silo_id", "carrier"),
    ]


def test_crossed_columns_keep_the_order_of_the_table(families):
    crossed = next(f for f in families if f.columns == ("sex x carrier",))
    labels = {row["sliceValue"] for row in crossed.candidate}
    assert "F x DL" in labels  # TFMA's own key has the carrier first
    assert (
        crossed.slicing[1]["slice"]
        == f"sex x carrier:{crossed.candidate[1]['sliceValue']}"
    )


def test_slicing_metrics_have_both_models_side_by_side(families):
    first, second = families[0].slicing[:2]
    assert first["slice"] == "Overall"
    assert second["slice"] == f"silo_id:{WORST[0]}"
    assert list(first["metrics"]) == ["example_count", "auc", "auc (baseline)"]
    shown = families[0]
    assert first["metrics"]["auc"] == shown.candidate[0]["metrics"]["auc"]
    assert first["metrics"]["auc (baseline)"] == shown.baseline[0]["metrics"]["auc"]


def test_a_slice_that_the_table_does_not_know_is_left_out():
    known = {frozenset(): "", frozenset({"sex", "race"}): "sex x race"}
    key = {"silo_id": "a", "race": "x", "sex": "F"}
    assert tfma_view._slice(dict(key), known) == Slice("a", "sex x race", "F x x")
    assert tfma_view._slice({"age": "old"}, known) is None


def test_numbers_are_tfmas_own(families, evaluation):
    import tensorflow_model_analysis as tfma

    result = tfma.load_eval_result(str(evaluation))
    overall = dict(result.slicing_metrics)[()][""][""]
    shown = families[0].candidate[0]["metrics"]
    expected = overall["auc"]["doubleValue"]
    assert shown["auc"]["doubleValue"] == pytest.approx(expected, rel=1e-5)
    assert shown["example_count"]["doubleValue"] == 1200


def test_only_the_worst_slices_fit_and_the_rest_are_counted(evaluation):
    ranked = scores.of_table(table.read(evaluation)).families()
    family = tfma_view.families(evaluation, ranked, max_slices=3)[0]
    assert [row["sliceValue"] for row in family.candidate[1:]] == WORST[:3]
    assert family.num_slices == len(WORST)


def test_labels_have_no_colon_and_are_short(families):
    labels = {row["sliceValue"] for row in families[0].candidate}
    assert EMOJI.replace(":", "\N{RATIO}") in labels
    assert LONG[:59] + "…" in labels


def test_labels_that_are_cut_alike_stay_apart():
    twins = [Slice("x" * 70 + end) for end in "ab"]
    one, other = tfma_view._labels(twins)
    assert one != other


def test_every_number_can_be_written_as_json(families):
    text = json.dumps([family.candidate for family in families], allow_nan=False)
    assert "doubleValue" in text


def test_without_an_evaluation_there_is_no_view(tmp_path):
    assert tfma_view.families(tmp_path, {("silo_id",): [Slice("a")]}, 5) == []


def test_without_a_baseline_there_is_nothing_to_compare(evaluation, tmp_path):
    for file in evaluation.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    ranked = scores.of_table(table.read(evaluation)).families()
    assert tfma_view.families(tmp_path, ranked, 5)[0].baseline == []
