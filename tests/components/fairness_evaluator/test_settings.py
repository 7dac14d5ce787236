"""What can be measured and demanded, and what is refused, each with its sentence."""

from __future__ import annotations

import math

import pydantic
import pytest

from components.errors import SettingsError
from components.fairness_evaluator.gate_settings import GateSettings
from components.fairness_evaluator.settings import EvaluationSettings, check


@pytest.mark.parametrize(
    ("evaluation", "says"),
    [
        ({"thresholds": [0.5, 1.0]}, "thresholds.1.*less than or equal to 0.9999"),
        ({"thresholds": []}, "at least 1 item"),
        ({"thresholds": [0.5, 0.5]}, "named twice: 0.5"),
        ({"slices": ["origin", "origin"]}, "named twice: origin"),
        ({"slices": ["silo_id"]}, "every silo is a slice already"),
        ({"slices": ["a x b"]}, "` x ` can't be part of a slice column's name"),
        ({"slicse": []}, "slicse.*Extra inputs are not permitted"),
        (
            {"slices": ["sex"], "intersections": [["sex", "race"]]},
            r"the intersection \['sex', 'race'\] must name two or more .* are sex",
        ),
        (
            {
                "slices": ["sex", "race"],
                "intersections": [["sex", "race"], ["race", "sex"]],
            },
            r"the intersection \['sex', 'race'\] is there in another order, too",
        ),
        (
            {"slices": ["sex", "race"], "intersections": [["sex", "race", "sex"]]},
            r"the intersection \['sex', 'race', 'sex'\] must name two or more",
        ),
        (
            {"slices": ["sex"], "intersections": [["sex"]]},
            r"the intersection \['sex'\] must name two or more different columns",
        ),
    ],
)
def test_unusable_measuring_is_refused(evaluation, says):
    with pytest.raises(pydantic.ValidationError, match=f"(?s){says}"):
        EvaluationSettings(**evaluation)


def test_thresholds_and_families_are_kept_in_order():
    settings = EvaluationSettings(
        thresholds=(0.7, 0.2), slices=("sex", "race"), intersections=(("sex", "race"),)
    )
    assert settings.thresholds == (0.2, 0.7)
    assert settings.families == (("sex",), ("race",), ("sex", "race"))


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
        ({"calibration": {"at_most": math.nan}}, "should be a finite number"),
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


@pytest.mark.parametrize(
    ("gates", "says"),
    [
        (
            {"minimum_data": {"rows": 20}},
            "`gates.minimum_data.rows` is 20, but silos with fewer than "
            "`evaluation.min_slice_rows` = 30 rows have no figures to judge",
        ),
        (
            {"four_fifths": {"threshold": 0.3}},
            "`gates.four_fifths.threshold` is 0.3, expected one of "
            "`evaluation.thresholds`: 0.25, 0.5",
        ),
        (
            {"group_gap": {"at_most": 0.1, "slices": ["sex x race", "sex"]}},
            "`gates.group_gap.slices` names sex x race, expected some of race, sex",
        ),
    ],
)
def test_what_is_not_measured_can_not_be_judged(gates, says):
    measured = EvaluationSettings(thresholds=(0.25, 0.5), slices=("sex", "race"))
    with pytest.raises(SettingsError) as error:
        check(measured, GateSettings(**gates))
    assert error.value.message == says


def test_crossed_slices_can_be_judged_where_they_are_measured():
    slices = {"slices": ("sex", "race"), "intersections": (("sex", "race"),)}
    gap = {"at_most": 0.1, "slices": ["sex x race"]}
    check(EvaluationSettings(**slices), GateSettings(group_gap=gap))
