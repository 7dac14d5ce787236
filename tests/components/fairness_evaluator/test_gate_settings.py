"""What can be demanded, and which demands are refused, each with its sentence."""

from __future__ import annotations

import math

import pydantic
import pytest

from components.fairness_evaluator.gate_settings import GateSettings


def test_configured_gates_are_those_that_are_set_in_their_order():
    gates = GateSettings(change={"at_most_worse": 0.0}, worst_tenth={"at_least": 0.0})
    assert list(gates.configured) == ["better_than_chance", "worst_tenth", "change"]


@pytest.mark.parametrize(
    ("gates", "says"),
    [
        (
            {"better_than_chance": None},
            "no gate is configured.*better_than_chance, silo_floor, .*, silo_change",
        ),
        (
            {"minimum_data": {"rows": 200}, "better_than_chance": False},
            "no gate is configured",
        ),
        ({"better_than_chance": "no"}, "valid dictionary or instance of"),
        ({"silo_floor": {"at_least": 65}}, "less than or equal to 1"),
        ({"silo_floor": {"at_least": 0.6, "metric": "log_loss"}}, "'auc', 'pr_auc'"),
        ({"silo_floor": {"at_least": 0.6, "metric": "tpr"}}, "`tpr` needs `threshold`"),
        ({"change": {"at_most_worse": 0.1, "threshold": 0.5}}, "`auc` has no `thresh"),
        ({"change": {"at_most_worse": -0.1}}, "greater than or equal to 0"),
        ({"four_fifths": {}}, "Field required"),
        ({"silo_gap": {"at_most": 0.2, "refuse_if": "maybe"}}, "'surely', 'value' or"),
        ({"worst_silo": {"at_least": 0.6}}, "rename it to `silo_floor`"),
        ({"silo_floor_auc": 0.6}, "Extra inputs are not permitted"),
        ({"change": {"at_most_worse": math.inf}}, "should be a finite number"),
        ({"change": {"at_most_worse": math.nan}}, "should be a finite number"),
        ({"calibration": {"at_most": math.nan}}, "should be a finite number"),
        ({"silo_floor": {"at_least": -math.inf}}, "should be a finite number"),
        ({"four_fifths": {"threshold": math.inf}}, "should be a finite number"),
        (
            {"silo_gap": {"at_most": 0.1, "metric": "tpr", "threshold": math.nan}},
            "should be a finite number",
        ),
        (
            {"silo_floor": {"at_least": 0.5}, "minimum_data": {"rows": 1}},
            "greater than or equal to 2",
        ),
    ],
)
def test_a_demand_that_can_not_be_is_refused(gates, says):
    with pytest.raises(pydantic.ValidationError, match=f"(?s){says}"):
        GateSettings(**gates)
