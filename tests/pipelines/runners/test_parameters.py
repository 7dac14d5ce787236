"""The form's fields stand for settings: same defaults, same checks."""

import pytest

from components.errors import SettingsError
from pipelines import use_case
from pipelines.runners import parameters


@pytest.fixture(scope="module")
def known():
    return parameters.of(use_case.find("flights").settings)


def test_defaults_are_the_use_cases_settings(known):
    defaults = {one.name: one.default for one in known}
    assert defaults["rounds"] == 15
    assert defaults["client_learning_rate"] == 0.1
    assert defaults["span"] == "latest"
    assert defaults["force"] is False
    assert all(one.description.endswith(".") for one in known)


def test_each_configured_gate_has_a_toggle_and_no_other_has(known):
    toggles = {one.name for one in known if one.name.startswith("gate_")}
    gates = (
        "better_than_chance",
        "silo_floor",
        "worst_silo",
        "silo_gap",
        "calibration",
        "change",
        "silo_change",
    )
    assert toggles == {f"gate_{gate}" for gate in gates}
    settings = use_case.find("flights", ["gates.silo_gap=null"]).settings
    assert "gate_silo_gap" not in {one.name for one in parameters.of(settings)}


def test_values_become_settings_and_a_gate_that_is_off_is_none(known):
    changes = parameters.overrides(
        known,
        {"rounds": "3", "gate_silo_gap": "False", "gate_change": "true"},
    )
    assert changes == ["training.rounds=3", "gates.silo_gap=null"]
    settings = use_case.find("flights", changes).settings
    assert settings.training.rounds == 3
    assert settings.gates.silo_gap is None
    assert settings.gates.change.at_most_worse == 0.02


def test_span_and_toggles_of_the_run_are_no_settings(known):
    given = {"span": "2013-05", "force": "true", "fail_if_not_blessed": "true"}
    assert parameters.overrides(known, given) == []


@pytest.mark.parametrize("text", ["yes", "1", ""])
def test_a_toggle_that_is_neither_true_nor_false_is_refused(known, text):
    with pytest.raises(SettingsError, match="expected true or false"):
        parameters.overrides(known, {"gate_silo_gap": text})


def test_a_red_end_is_the_default_where_the_settings_say_so():
    red = use_case.find("flights", ["kubeflow.not_blessed=red"]).settings
    defaults = {one.name: one.default for one in parameters.of(red)}
    assert defaults["fail_if_not_blessed"] is True
