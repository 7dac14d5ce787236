"""The evaluation as a whole; `test_executor.py` has the node around it."""

from __future__ import annotations

import math

import pytest

from components.fairness_evaluator import evaluation
from components.fairness_evaluator.gate_settings import Change, Floor, GateSettings
from components.fairness_evaluator.settings import EvaluationSettings
from components.fairness_evaluator.sketches.rows import ScoredModel
from components.payloads import table
from components.payloads.decision import Baseline
from components.payloads.findings import Finding
from components.payloads.manifest import Manifest, SiloEntry
from components.payloads.silo import Silo

SETTINGS = EvaluationSettings(slices=("origin",))
FLOOR = GateSettings(silo_floor=Floor(at_least=0.6))
CHANGE = GateSettings(change=Change(at_most_worse=0.01))


def evaluate(world, folder, manifest=None, baseline=None, gates=FLOOR):
    model, card = world.models["candidate"]
    return evaluation.evaluate(
        manifest or world.manifest,
        world.cohort,
        ScoredModel("candidate", model, card.digest),
        baseline,
        "late",
        SETTINGS,
        gates,
        (),
        folder,
    )


@pytest.fixture(scope="module")
def compared(world, tmp_path_factory):
    model, card = world.models["baseline"]
    folder = tmp_path_factory.mktemp("compared")
    baseline = Baseline("2013-04", card.digest, model)
    return *evaluate(world, folder, baseline=baseline, gates=CHANGE), folder


def test_a_model_that_is_not_there_gives_its_reason_and_an_empty_table():
    found, decided = evaluation.refused("1 of 4 silos was admitted; the quorum is 3")
    assert not decided.blessed
    assert decided.reasons == (
        "Not blessed: 1 of 4 silos was admitted; the quorum is 3",
    )
    assert len(found.figures) == 0


@pytest.mark.beam
def test_when_no_silo_can_be_read_the_gates_refuse_and_say_so(world, tmp_path):
    entries = tuple(
        SiloEntry(Silo(name, str(tmp_path)), error=Finding(f"no file at {name}"))
        for name in ("9E", "AA")
    )
    manifest = Manifest("flights", "2013-05", entries)
    found, decided = evaluate(world, tmp_path, manifest)
    assert not decided.blessed
    assert len(found.figures) == 0
    reasons = {silo.silo: silo.reason for silo in decided.not_judged}
    assert reasons == {"9E": "no file at 9E", "AA": "no file at AA"}


@pytest.mark.beam
def test_both_models_and_their_change_are_in_the_table(compared):
    figures = compared[0].figures
    now, before, change = (
        figures.metric("auc", silo="9E", model=model)
        for model in (table.CANDIDATE, table.BASELINE, table.CHANGE)
    )
    assert change.value == pytest.approx(now.value - before.value)
    assert change.low < change.value < change.high
    assert change.high - change.low < now.high - now.low
    assert figures.metric("log_loss", split="next", model="baseline").value > 0
    assert {f.model for f in figures if f.split == "next"} == {"candidate", "baseline"}


@pytest.mark.beam
def test_figures_over_silos_leave_out_who_is_not_judged(compared):
    found, decided, _ = compared
    left_out = {silo.silo for silo in decided.not_judged}
    assert "AA" in left_out  # quarantined
    for model in ("candidate", "baseline"):
        worst = found.figures.metric("worst_auc", slice="silo_id", model=model)
        silos = [
            figure
            for figure in found.figures.by_silo("auc", model=model)
            if figure.value is not None and figure.silo not in left_out
        ]
        assert worst.about == min(silos, key=lambda figure: figure.value).silo
        assert worst.rows == sum(figure.rows for figure in silos)


@pytest.mark.beam
def test_tfma_has_each_slice_of_both_models_with_the_table_s_figures(compared):
    import tensorflow_model_analysis as tfma

    measured, _, folder = compared
    for model, below in (("candidate", ""), ("baseline", "baseline")):
        result = tfma.load_eval_result(str(folder / below))
        stored = {
            tuple(sorted(dict(key).items())): metrics[""][""]
            for key, metrics in result.slicing_metrics
        }
        told = [
            figure
            for figure in measured.figures
            if (figure.model, figure.split, figure.metric) == (model, "eval", "auc")
        ]
        of_eval = [key for key in stored if "evaluated_rows" not in dict(key)]
        assert len(told) == len(of_eval) > 6
        for figure in told:
            parts = {"silo_id": figure.silo, figure.slice: figure.group}
            key = tuple(sorted((k, v) for k, v in parts.items() if v))
            auc = stored[key]["auc"]
            if figure.value is None:
                assert math.isnan(auc["doubleValue"])
            else:
                bounds = [
                    auc["boundedValue"][f"{end}Bound"] for end in ("lower", "upper")
                ]
                assert auc["boundedValue"]["value"] == figure.value
                assert bounds == [figure.low, figure.high]
            rows = stored[key]["example_count"]["doubleValue"]
            assert rows == figure.rows


@pytest.mark.beam
def test_the_same_evaluation_gives_the_same_bytes(world, compared, tmp_path):
    model, card = world.models["baseline"]
    baseline = Baseline("2013-04", card.digest, model)
    again = evaluate(world, tmp_path, baseline=baseline, gates=CHANGE)
    assert again == compared[:2]


@pytest.mark.beam
def test_a_baseline_that_can_not_score_refuses_the_change(world, tmp_path):
    gone = Baseline("2013-04", "digest", str(tmp_path / "gone"))
    found, decided = evaluate(world, tmp_path, baseline=gone, gates=CHANGE)
    assert len(decided.reasons) == 1
    assert decided.baseline == gone
    assert not [figure for figure in found.figures if figure.model == "change"]
    assert found.figures.metric("auc").value > 0.5
