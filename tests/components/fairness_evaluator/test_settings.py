from __future__ import annotations

import json

import pydantic
import pytest

from components.errors import SettingsError
from components.fairness_evaluator.settings import (
    EvaluationSettings,
    GateSettings,
    parse,
)

GATE = {"silo_floor_auc": 0.6}


def test_defaults_measure_at_one_half_and_judge_from_a_hundred_rows():
    evaluation, gates = parse("{}", json.dumps(GATE))
    assert evaluation.thresholds == (0.5,)
    assert (evaluation.min_slice_rows, gates.min_rows) == (30, 100)


def test_no_gate_at_all_is_an_error_with_the_way_out():
    with pytest.raises(SettingsError, match="no gate is configured") as error:
        parse("{}", "{}")
    assert "`silo_floor_auc`, `worst_silo_auc`, `gap_auc` and `max_auc_drop`" in str(
        error.value
    )
    assert "hint: change the sections `evaluation` and `gates`" in str(error.value)


@pytest.mark.parametrize(
    ("evaluation", "says"),
    [
        ({"thresholds": [0.5, 1.0]}, r"`thresholds\.1`.*less than or equal to 0.9999"),
        ({"thresholds": []}, "at least 1 item"),
        ({"thresholds": [0.5, 0.5]}, "named twice: 0.5"),
        ({"slices": ["origin", "origin"]}, "named twice: origin"),
        ({"slices": ["silo_id"]}, "every silo is a slice already"),
        ({"slicse": []}, "slicse.*Extra inputs are not permitted"),
    ],
)
def test_unusable_measuring_is_refused(evaluation, says):
    with pytest.raises(SettingsError, match=says):
        parse(json.dumps(evaluation), json.dumps(GATE))


def test_thresholds_are_kept_in_rising_order():
    assert EvaluationSettings(thresholds=(0.7, 0.2)).thresholds == (0.2, 0.7)


def test_a_gate_outside_its_range_is_refused():
    with pytest.raises(pydantic.ValidationError, match="less than 1"):
        GateSettings(silo_floor_auc=65)


def test_silos_without_figures_can_not_be_judged():
    gates = json.dumps(GATE | {"min_rows": 20})
    with pytest.raises(SettingsError, match=r"min_rows` is 20.*_slice_rows` = 30 rows"):
        parse("{}", gates)
