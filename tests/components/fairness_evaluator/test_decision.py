from __future__ import annotations

from components.fairness_evaluator import decision
from components.fairness_evaluator.decision import Baseline
from components.fairness_evaluator.gates import GateResult, Unjudged

PASSED = GateResult("gap_auc", True, "The gap is small.")
REFUSED = GateResult("silo_floor_auc", False, "Not blessed: silo `Æ` is below.")


def test_a_decision_survives_its_file(tmp_path):
    made = decision.of_gates(
        [PASSED, REFUSED],
        Baseline("2013-04", "d1", "/models/4"),
        [Unjudged("HA", "20 evaluation rows, 100 are needed")],
    )
    made.write(tmp_path)
    assert decision.read(tmp_path) == made


def test_one_refusal_refuses_and_its_sentence_is_the_reason():
    made = decision.of_gates([PASSED, REFUSED], None, [])
    assert not made.blessed
    assert made.reasons == ("Not blessed: silo `Æ` is below.",)


def test_a_model_that_passes_every_gate_is_blessed_without_a_baseline(tmp_path):
    made = decision.of_gates([PASSED], None, [])
    made.write(tmp_path)
    assert made.blessed
    assert decision.read(tmp_path).baseline is None
