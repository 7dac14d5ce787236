"""All gates together: every one is there, in order, and answers for itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator.gate_settings import GateSettings
from components.fairness_evaluator.gates import registry
from components.fairness_evaluator.gates.finding import REFUSED
from tests.components.fairness_evaluator.gates.evidence import (
    OVERALL,
    SURE,
    THREE,
    evidence,
)

EVERY = {
    "better_than_chance": {},
    "silo_floor": {"at_least": 0.6},
    "worst_silo": {"at_least": 0.6},
    "worst_tenth": {"at_least": 0.6},
    "silo_gap": {"at_most": 0.2},
    "group_gap": {"at_most": 0.2},
    "four_fifths": {"threshold": 0.5},
    "calibration": {"at_most": 0.1},
    "change": {"at_most_worse": 0.02},
    "silo_change": {"at_most_worse": 0.05},
}


def test_every_gate_of_the_settings_is_there_in_their_order():
    assert list(registry.GATES) == list(GateSettings.model_fields)


def test_configured_gates_answer_in_order_after_the_minimum_of_data():
    found = registry.judge(evidence([OVERALL, *THREE]), GateSettings(**EVERY))
    assert list(found) == ["minimum_data", *EVERY]


def test_a_gate_without_figures_refuses_and_the_others_still_answer():
    found = registry.judge(evidence([OVERALL, *THREE]), GateSettings(**EVERY))
    refused = {name for name, finding in found.items() if not finding.passed}
    assert refused == {"group_gap", "four_fifths", "calibration"}
    for name in refused:
        start = f"{REFUSED}gate {name} could not be computed: "
        assert found[name].sentence.startswith(start)
        assert f"`fairsilo gate waive RUN --gate {name}`" in found[name].way_out


def test_each_gate_says_what_it_protects_and_what_it_demands():
    settings = GateSettings(**EVERY)
    for name, gate in registry.GATES.items():
        assert gate.protects.endswith(".")
        assert "at " in gate.demand(getattr(settings, name))


@given(st.floats(0, 1), st.floats(0, 1))
def test_loosening_never_refuses_what_passed(one, other):
    strict, loose = max(one, other), min(one, other)
    for gate, key, (tight, wide) in (
        ("silo_floor", "at_least", (strict, loose)),
        ("worst_tenth", "at_least", (strict, loose)),
        ("silo_gap", "at_most", (loose, strict)),
    ):
        for figures in (THREE, SURE):
            passed = [
                registry.judge(evidence(figures), GateSettings(**{gate: {key: bound}}))[
                    gate
                ].passed
                for bound in (tight, wide)
            ]
            assert passed != [True, False]
