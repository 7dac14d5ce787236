"""Other bounds on a stored evaluation: what they would have decided, and why."""

import dataclasses

import pytest

from components.fairness_evaluator.gate_settings import GateSettings
from components.payloads.decision import Baseline, Waiver
from pipelines.places import Places
from pipelines.preview import Changed, preview
from pipelines.runs.store import RunStore
from tests.pipelines import past


@pytest.fixture
def evaluation(tmp_path):
    def of(floor, waivers=()):
        told = past.evaluated(Places(tmp_path), "a", floor, waivers=waivers)
        return RunStore("", "flights", tmp_path).evaluation(told)

    return of


def gates(floor, **more):
    both = {"silo_floor": {"at_least": floor}, "silo_gap": {"at_most": 0.2}}
    return GateSettings(**both | more)


def test_the_same_bounds_change_nothing(evaluation):
    found = preview(evaluation(0.67), gates(0.67))
    assert (found.then, found.now, found.changed) == (False, False, ())


def test_other_bounds_decide_otherwise_and_the_sentences_differ(evaluation):
    found = preview(evaluation(0.67), gates(0.6))
    assert (found.then, found.now) == (False, True)
    [changed] = found.changed
    assert changed.gate == "silo_floor"
    assert changed.before.startswith("Not blessed: silo F9 has AUC 0.612")
    assert changed.after.startswith("Closest of 3: silo F9 has AUC 0.612")


def test_a_gate_more_and_a_gate_less_are_told(evaluation):
    found = preview(
        evaluation(0.6), gates(0.6, silo_gap=None, worst_silo={"at_least": 0.9})
    )
    assert (found.then, found.now) == (True, False)
    assert [(each.gate, bool(each.before)) for each in found.changed] == [
        ("silo_gap", True),
        ("worst_silo", False),
    ]
    assert found.changed[0] == Changed("silo_gap", found.changed[0].before, "")


def test_waivers_count_as_they_did(evaluation):
    waiver = Waiver("silo_floor", "agreed", "A.", "2026-12-31", "2026-11-24", "a")
    found = preview(evaluation(0.67, [waiver]), gates(0.9))
    assert (found.then, found.now) == (True, True)


def test_other_minimum_data_judges_other_silos(evaluation):
    few = {"rows": 10, "rows_of_each_label": 5}
    found = preview(evaluation(0.6), gates(0.6, minimum_data=few))
    assert (found.then, found.now) == (True, False)
    assert "silo HA has AUC 0.100" in found.changed[1].after


def test_a_change_that_could_not_be_compared_refuses_under_any_bound(evaluation):
    then = evaluation(0.6)
    gone = Baseline("2013-04", "d1", "/models/4")
    decided = dataclasses.replace(then.decision, baseline_gone=gone)
    then = dataclasses.replace(then, decision=decided)
    found = preview(then, gates(0.6, change={"at_most_worse": 1.0}))
    assert (found.then, found.now) == (True, False)
    assert "the folder of the model of 2013-04" in found.changed[-1].after
