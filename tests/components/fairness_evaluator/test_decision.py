"""The decision follows from the gates, waivers included, and survives its file."""

from __future__ import annotations

import dataclasses
import json

from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator import decision
from components.fairness_evaluator.gate_settings import GateSettings
from components.payloads import table
from components.payloads.decision import Decision, NotEvaluated, Waiver
from tests.components.fairness_evaluator.gates.evidence import (
    OVERALL,
    THREE,
    figure,
    silo,
)

FIGURES = table.make_table([OVERALL, *THREE, *silo("HA", 0.1, 0.0, 0.2, rows=20)])
SILOS = ["HA", "F9", "ZZ", "9E", "AA"]
LEFT_OUT = {"ZZ": "no file of the span"}
BOTH = GateSettings(silo_floor={"at_least": 0.67}, silo_gap={"at_most": 0.2})
WAIVER = Waiver(
    gate="silo_floor",
    reason="F9 changed its fleet",
    by="A. Reviewer",
    until="2026-12-31",
    at="2026-11-24T18:00:00+00:00",
    run_id="run-1",
)


def decide(settings=BOTH, waivers=(), silos=SILOS):
    return decision.decide(FIGURES, silos, LEFT_OUT, settings, None, waivers)


def test_one_refusal_refuses_and_its_sentence_is_the_reason():
    made = decide()
    assert not made.blessed
    assert [(gate.gate, gate.passed) for gate in made.gates] == [
        ("minimum_data", True),
        ("better_than_chance", True),
        ("silo_floor", False),
        ("silo_gap", True),
    ]
    assert made.reasons == (made.gates[2].sentence,)
    assert made.reasons[0].startswith("Not blessed: silo F9 has AUC 0.612")
    assert made.not_judged == (
        NotEvaluated("HA", "20 evaluation rows, 100 are needed"),
        NotEvaluated("ZZ", "no file of the span"),
    )


def test_a_waived_gate_has_not_passed_but_is_no_reason():
    made = decide(waivers=[WAIVER])
    assert (made.blessed, made.reasons) == (True, ())
    gate = made.gates[2]
    assert (gate.passed, gate.waived, gate.waiver) == (False, True, WAIVER)
    assert not gate.refuses
    assert gate.sentence.startswith("Not blessed: silo F9")
    assert made.waivers == (WAIVER,)


def test_a_waiver_lets_no_other_gate_pass_and_marks_none_that_passes():
    strict = GateSettings(silo_floor={"at_least": 0.67}, silo_gap={"at_most": 0.01})
    made = decide(strict, [WAIVER])
    assert made.reasons == (made.gates[3].sentence,)
    passing = decide(GateSettings(silo_floor={"at_least": 0.6}), [WAIVER])
    assert passing.waivers == ()


def test_a_model_no_better_than_chance_is_refused_unless_somebody_answers_for_it():
    useless = figure("auc", 0.49, 0.47, 0.51)
    figures = table.make_table([useless, *silo("AA", 0.49, 0.4, 0.6)])
    hardly = GateSettings(silo_floor={"at_least": 0.4})
    made = decision.decide(figures, ["AA"], {}, hardly, None)
    assert not made.blessed
    assert made.reasons == (made.gates[1].sentence,)
    assert made.reasons[0].startswith("Not blessed: AUC over all silos is 0.490 (95 %")
    waiver = dataclasses.replace(WAIVER, gate="better_than_chance")
    assert decision.decide(figures, ["AA"], {}, hardly, None, [waiver]).blessed
    off = GateSettings(silo_floor={"at_least": 0.4}, better_than_chance=None)
    assert decision.decide(figures, ["AA"], {}, off, None).blessed


def test_what_was_decided_can_be_decided_again_from_what_is_stored(tmp_path):
    decide(waivers=[WAIVER]).write(tmp_path)
    stored = Decision.read(tmp_path)
    again = decision.decide(
        FIGURES,
        stored.silos,
        stored.left_out,
        GateSettings.model_validate(stored.settings),
        stored.baseline,
        stored.waivers,
    )
    assert again == stored
    told = json.loads((tmp_path / "decision.json").read_text())  # for scripts
    assert told["left_out"] == LEFT_OUT
    assert told["settings"]["silo_floor"]["at_least"] == 0.67
    assert set(told["gates"][2]) == {"gate", "passed", "sentence", "hint", "waiver"}
    assert told["gates"][2]["waiver"] == dataclasses.asdict(WAIVER)


def test_without_a_model_the_reason_is_told(tmp_path):
    made = decision.refused("2 of 5 silos were admitted; the quorum is 3")
    assert made == Decision(
        False, ("Not blessed: 2 of 5 silos were admitted; the quorum is 3",)
    )
    made.write(tmp_path)
    assert Decision.read(tmp_path) == made


@given(st.permutations(SILOS))
def test_the_order_of_silos_does_not_matter(silos):
    assert decide(silos=silos) == decide()
