from __future__ import annotations

import json

import pytest

from components.errors import SettingsError
from components.fairness_evaluator.settings import EvaluationSettings, parse

GATE = {"silo_floor": {"at_least": 0.6}}


def test_defaults_measure_at_one_half_and_judge_from_a_hundred_rows():
    evaluation, gates = parse("{}", json.dumps(GATE))
    assert evaluation.thresholds == (0.5,)
    assert (evaluation.min_slice_rows, gates.minimum_data.rows) == (30, 100)


def test_no_gate_at_all_is_an_error_with_the_way_out():
    with pytest.raises(SettingsError, match="no gate is configured") as error:
        parse("{}", json.dumps({"better_than_chance": None}))
    assert "set at least one of better_than_chance, silo_floor," in str(error.value)
    assert "hint: change the sections `evaluation` and `gates`" in str(error.value)


@pytest.mark.parametrize(
    ("evaluation", "says"),
    [
        ({"thresholds": [0.5, 1.0]}, r"`thresholds\.1`.*less than or equal to 0.9999"),
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
    with pytest.raises(SettingsError, match=says):
        parse(json.dumps(evaluation), json.dumps(GATE))


def test_thresholds_are_kept_in_rising_order():
    assert EvaluationSettings(thresholds=(0.7, 0.2)).thresholds == (0.2, 0.7)


def test_families_are_single_columns_and_then_crossed_ones():
    settings = EvaluationSettings(
        slices=("sex", "race"), intersections=(("sex", "race"),)
    )
    assert settings.families == (("sex",), ("race",), ("sex", "race"))


def test_silos_without_figures_can_not_be_judged():
    gates = json.dumps(GATE | {"minimum_data": {"rows": 20}})
    with pytest.raises(SettingsError, match=r"rows` is 20.*_slice_rows` = 30 rows"):
        parse("{}", gates)


def test_rates_can_be_judged_at_measured_thresholds_only():
    gates = {"four_fifths": {"threshold": 0.3}}
    evaluation = {"slices": ["sex"], "thresholds": [0.25, 0.5]}
    with pytest.raises(SettingsError) as error:
        parse(json.dumps(evaluation), json.dumps(gates))
    assert error.value.message == (
        "`gates.four_fifths.threshold` is 0.3, expected one of "
        "`evaluation.thresholds`: 0.25, 0.5"
    )


def test_groups_can_be_judged_where_they_are_measured_only():
    gates = {"group_gap": {"at_most": 0.1, "slices": ["sex x race", "sex"]}}
    with pytest.raises(SettingsError) as error:
        parse(json.dumps({"slices": ["sex", "race"]}), json.dumps(gates))
    assert error.value.message == (
        "`gates.group_gap.slices` names sex x race, expected some of race, sex"
    )
    crossed = {"slices": ["sex", "race"], "intersections": [["sex", "race"]]}
    assert parse(json.dumps(crossed), json.dumps(gates))
