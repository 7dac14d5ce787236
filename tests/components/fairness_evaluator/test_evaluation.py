from __future__ import annotations

import dataclasses

import pytest

from components.fairness_evaluator import evaluation
from components.fairness_evaluator.decision import Baseline
from components.fairness_evaluator.settings import EvaluationSettings, GateSettings
from components.silos.manifest import Manifest, SiloEntry
from components.silos.silo import Silo

SETTINGS = EvaluationSettings(slices=("origin",))


def evaluate(world, folder, manifest=None, baseline=None, **gates):
    model, card = world.models["candidate"]
    return evaluation.evaluate(
        manifest or world.manifest,
        world.cohort,
        evaluation.Subject("candidate", model, card.digest),
        baseline,
        "late",
        SETTINGS,
        GateSettings(**(gates or {"silo_floor_auc": 0.6})),
        folder,
    )


def test_a_model_that_is_not_there_gives_its_reason_and_an_empty_table():
    outcome = evaluation.refused("1 of 4 silos was admitted; the quorum is 3")
    assert not outcome.decision.blessed
    assert outcome.decision.reasons == (
        "Not blessed: 1 of 4 silos was admitted; the quorum is 3",
    )
    assert len(outcome.figures) == 0


def test_when_no_silo_can_be_read_the_gates_refuse_and_say_so(world, tmp_path):
    entries = tuple(
        SiloEntry(Silo(name, str(tmp_path)), error=f"no file at {name}")
        for name in ("9E", "AA")
    )
    outcome = evaluate(world, tmp_path, Manifest("flights", "2013-05", entries))
    assert outcome.decision.reasons == ("Not blessed: not one silo could be judged.",)
    assert [silo.reason for silo in outcome.decision.not_judged] == [
        "no file at 9E",
        "no file at AA",
    ]


@pytest.mark.beam
def test_a_baseline_that_can_not_score_refuses_the_change(world, tmp_path):
    gone = Baseline("2013-04", "digest", str(tmp_path / "gone"))
    outcome = evaluate(world, tmp_path, baseline=gone, max_auc_drop=0.01)
    assert outcome.decision.reasons == (
        "Not blessed: the baseline's overall AUC can't be computed.",
    )
    assert outcome.decision.baseline == gone


@pytest.mark.beam
def test_of_the_following_span_no_group_leaves_a_silo(world, tmp_path):
    one = dataclasses.replace(world.manifest, entries=world.manifest.entries[1:2])
    evaluated, following = evaluate(world, tmp_path, one).departures["AA"]
    assert evaluated.count == 1 + 3  # all rows; EWR, JFK and too few
    assert following.count == 1
