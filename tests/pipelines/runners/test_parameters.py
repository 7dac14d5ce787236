"""A field of the form changes a run only where somebody filled it in."""

import datetime

import pytest

from components.errors import SettingsError
from pipelines import use_case
from pipelines.runners import parameters


@pytest.fixture(scope="module")
def known():
    return parameters.of(use_case.find("flights").settings)


@pytest.fixture
def form(known, tmp_path):
    """Reads a form whose other fields nobody filled in, with a config map."""

    def read(without="", **changed):
        fields = {one.name: str(one.default) for one in known} | changed
        fields.pop(without, None)
        return parameters.with_form("flights", fields, tmp_path / "map.yaml", tmp_path)

    return read


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
    gates = use_case.find("flights").settings.gates.configured
    assert toggles == {f"skip_gate_{gate}" for gate in gates}
    settings = use_case.find("flights", ["gates.silo_gap=null"]).settings
    assert "skip_gate_silo_gap" not in {one.name for one in parameters.of(settings)}


def test_values_become_settings_and_a_gate_that_is_skipped_is_none(known, form):
    given = {
        "rounds": "3",
        "algorithm": "fed_avg",
        "client_learning_rate": "1e-6",
        "colour_if_not_blessed": "red",
        "privacy_mode": "example",
        "privacy_run_epsilon": "0.5",
        "skip_gate_silo_gap": "True",
        "skip_gate_change": "false",
        "span": "2013-05",
        "force": "true",
    }
    chosen = form(**given)
    settings = chosen.settings
    assert settings.training.rounds == 3
    assert settings.training.algorithm.name == "fed_avg"
    assert settings.training.client_learning_rate == 1e-6
    assert settings.kubeflow.not_blessed == "red"
    assert (settings.privacy.mode, settings.privacy.run_epsilon) == ("example", 0.5)
    assert settings.gates.silo_gap is None
    assert settings.gates.change.at_most_worse == 0.02
    filled_in = parameters.filled_in(known, given).keys()
    assert filled_in == given.keys() - {"skip_gate_change"}
    assert parameters.overrides(known, {"span": "2013-05", "force": "true"}) == []


def test_the_config_map_counts_unless_the_form_says_something_else(form, tmp_path):
    (tmp_path / "map.yaml").write_text(
        "training: {rounds: 4, batch_size: 32, seed: 7}\nvalidation: {quorum: 2}\n"
        "kubeflow: {not_blessed: red}\ngates: {silo_gap: {at_most: 0.4}}\n"
    )
    untouched = form()
    assert untouched.data == tmp_path / "build" / "flights-data"
    settings = untouched.settings
    assert (settings.training.rounds, settings.training.batch_size) == (4, 32)
    assert settings.kubeflow.not_blessed == "red"
    assert settings.gates.silo_gap.at_most == 0.4
    chosen = form(
        rounds="5", colour_if_not_blessed="green", skip_gate_silo_gap="true"
    ).settings
    assert (chosen.training.rounds, chosen.training.seed) == (5, 7)
    assert chosen.kubeflow.not_blessed == "green"
    assert chosen.gates.silo_gap is None
    assert chosen.validation.quorum == 2
    assert chosen.validation.min_rows == 50  # beside it, untouched


def test_a_gate_that_only_the_config_map_knows_needs_no_toggle(form, tmp_path):
    (tmp_path / "map.yaml").write_text("gates: {silo_gap: null}\n")
    assert form().settings.gates.silo_gap is None


def test_a_broken_config_map_is_named(form, tmp_path):
    (tmp_path / "map.yaml").write_text("training: [")
    with pytest.raises(SettingsError, match=r"map\.yaml: found no valid YAML"):
        form()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"rounds": "0"}, "field `rounds`: found '0'; input should be greater"),
        ({"rounds": "2.5"}, "field `rounds`: found '2.5'"),
        ({"algorithm": "fedsgd"}, "field `algorithm`: found 'fedsgd'; input should be"),
        ({"client_learning_rate": "nan"}, "field `client_learning_rate`: found 'nan'"),
        ({"client_learning_rate": "["}, "field `client_learning_rate`: found '\\['"),
        ({"colour_if_not_blessed": "blue"}, "field `colour_if_not_blessed`: found"),
        (
            {"privacy_run_epsilon": "0"},
            "field `privacy_run_epsilon`: found '0'; input should",
        ),
        (
            {"privacy_run_epsilon": "9"},
            "found `run_epsilon` 9 and `epsilon` 8, expected",
        ),
        ({"privacy_mode": "rows"}, "field `privacy_mode`: found 'rows'; input should"),
        ({"force": "maybe"}, "field `force`: found 'maybe', expected true or false"),
        ({"skip_gate_silo_gap": "1"}, "expected true or false"),
        ({"skip_gate_silo_gap": ""}, "expected true or false"),
        ({"span": " "}, "field `span`: found nothing"),
    ],
)
def test_a_wrong_value_is_refused_by_its_fields_name(form, changed, sentence):
    with pytest.raises(SettingsError, match=sentence) as refusal:
        form(**changed)
    assert "settings.yaml" not in str(refusal.value)
    assert "training." not in str(refusal.value)
    assert refusal.value.hint == "start the run again with another value"


def test_not_all_gates_can_be_skipped(form, known):
    toggles = [one.name for one in known if one.name.startswith("skip_gate_")]
    with pytest.raises(SettingsError, match="no gate is configured"):
        form(**dict.fromkeys(toggles, "true"))


@pytest.mark.parametrize(
    ("without", "added", "found"),
    [
        ("seed", {}, "without seed"),
        ("", {"momentum": "0.9"}, "with the unknown momentum"),
        ("", {"gate_change": "false"}, "with the unknown gate_change"),
    ],
)
def test_a_package_of_another_version_is_refused(form, without, added, found):
    with pytest.raises(SettingsError, match=found) as refusal:
        form(without, **added)
    assert "of another version" in refusal.value.hint


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
        ("rounds", True, "field `rounds`: found 'True'"),
        ("span", " ", "field `span`: found nothing"),
    ],
)
def test_a_field_that_can_not_be_used_is_not_sent(name, value, sentence):
    with pytest.raises(SettingsError, match=sentence):
        parameters.check_fields(use_case.find("flights"), {name: value}, "--param")


def test_a_field_on_the_command_line_has_a_name_and_a_value():
    assert parameters.parse(["a=b=c", "d="]) == {"a": "b=c", "d": ""}
    with pytest.raises(SettingsError, match="expected NAME=VALUE"):
        parameters.parse(["rounds"])
