"""A field of the form changes a run only where somebody filled it in."""

import datetime

import pytest

from components.errors import SettingsError
from pipelines import use_case
from pipelines.runners import parameters

GATES = (
    "better_than_chance",
    "silo_floor",
    "silo_gap",
    "calibration",
    "change",
    "silo_change",
)


@pytest.fixture(scope="module")
def known():
    return parameters.of(use_case.find("flights").settings)


def test_a_field_that_stands_for_a_setting_says_that_it_changes_nothing(known):
    defaults = {one.name: one.default for one in known}
    settings = {one.name for one in known if one.setting and one.default is not False}
    assert {"rounds", "seed", "colour_if_not_blessed"} < settings
    assert {defaults[name] for name in settings} == {"as in settings"}
    assert defaults["span"] == "latest"
    assert defaults["force"] is False
    assert all(one.description.endswith(".") for one in known)


def test_a_form_that_nobody_filled_in_changes_nothing(known):
    untouched = {one.name: str(one.default) for one in known}
    assert parameters.overrides(known, untouched) == []
    assert parameters.filled_in(known, untouched) == {}
    emptied = untouched | {"rounds": " ", "algorithm": "", "seed": "As in Settings"}
    assert parameters.overrides(known, emptied) == []


def test_each_configured_gate_can_be_skipped_and_no_other(known):
    toggles = {one.name for one in known if one.name.startswith("skip_gate_")}
    assert toggles == {f"skip_gate_{gate}" for gate in GATES}
    settings = use_case.find("flights", ["gates.silo_gap=null"]).settings
    assert "skip_gate_silo_gap" not in {one.name for one in parameters.of(settings)}


def test_values_become_settings_and_a_gate_that_is_skipped_is_none(known):
    given = {
        "rounds": "3",
        "algorithm": "fed_avg",
        "client_learning_rate": "1e-6",
        "colour_if_not_blessed": "red",
        "skip_gate_silo_gap": "True",
        "skip_gate_change": "false",
    }
    settings = use_case.find("flights", parameters.overrides(known, given)).settings
    assert settings.training.rounds == 3
    assert settings.training.algorithm == "fed_avg"
    assert settings.training.client_learning_rate == 1e-6
    assert settings.kubeflow.not_blessed == "red"
    assert settings.gates.silo_gap is None
    assert settings.gates.change.at_most_worse == 0.02
    assert parameters.filled_in(known, given).keys() == given.keys() - {
        "skip_gate_change"
    }


def test_span_and_force_are_no_settings(known):
    assert parameters.overrides(known, {"span": "2013-05", "force": "true"}) == []


@pytest.mark.parametrize("text", ["yes", "1", ""])
def test_a_toggle_that_is_neither_true_nor_false_is_refused(known, text):
    with pytest.raises(SettingsError, match="expected true or false"):
        parameters.overrides(known, {"skip_gate_silo_gap": text})


@pytest.mark.parametrize(
    ("name", "value", "sent"),
    [
        ("rounds", 3, "3"),
        ("seed", "4294967295", "4294967295"),
        ("client_learning_rate", 1e-6, "1e-06"),
        ("span", datetime.date(2013, 11, 30), "2013-11-30"),
        ("force", True, True),
        ("skip_gate_silo_gap", "False", False),
    ],
)
def test_fields_are_sent_with_the_types_of_the_form(name, value, sent):
    chosen = use_case.find("flights")
    assert parameters.check_fields(chosen, {name: value}, "--param") == {name: sent}


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("roundz", "3", "--param `roundz`: found no such parameter; did you mean"),
        ("rounds", "many", "field `rounds`: found 'many'; input should be a valid int"),
        ("rounds", "2.5", "field `rounds`: found '2.5'"),
        ("rounds", True, "field `rounds`: found 'True'"),
        ("client_learning_rate", "nan", "field `client_learning_rate`: found 'nan'"),
        ("client_learning_rate", "[", "field `client_learning_rate`: found '\\['"),
        ("algorithm", "fedsgd", "field `algorithm`: found 'fedsgd'; expected one of"),
        ("force", "maybe", "field `force`: found 'maybe', expected true or false"),
        ("span", " ", "field `span`: found nothing"),
    ],
)
def test_a_field_that_can_not_be_used_is_refused_by_its_name(name, value, sentence):
    with pytest.raises(SettingsError, match=sentence):
        parameters.check_fields(use_case.find("flights"), {name: value}, "--param")


def test_a_field_on_the_command_line_has_a_name_and_a_value():
    assert parameters.parse(["a=b=c", "d="]) == {"a": "b=c", "d": ""}
    with pytest.raises(SettingsError, match="expected NAME=VALUE"):
        parameters.parse(["rounds"])
