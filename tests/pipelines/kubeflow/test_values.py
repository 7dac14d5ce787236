"""Parameters have the package's names and types, or the run is not started."""

import datetime

import pytest

from components.errors import SettingsError
from pipelines.kubeflow import values
from pipelines.kubeflow.package import Declared

DECLARED = {
    "span": Declared("span", "STRING", False),
    "rounds": Declared("rounds", "NUMBER_INTEGER", False),
    "rate": Declared("rate", "NUMBER_DOUBLE", False),
    "force": Declared("force", "BOOLEAN", False),
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("span=2013-11", "2013-11"),
        ("span=", ""),
        ("span=a=b", "a=b"),
        ("rounds=20", 20),
        ("rounds=20.0", 20),
        ("rate=0.05", 0.05),
        ("rate=1", 1.0),
        ("force=true", True),
        ("force=False", False),
    ],
)
def test_texts_get_their_parameters_types(text, value):
    parsed = values.parse(DECLARED, [text])
    [found] = parsed.values()
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({"span": datetime.date(2013, 11, 5)}, "2013-11-05"),
        ({"span": 2013}, "2013"),
        ({"rounds": 20}, 20),
        ({"rate": 1}, 1.0),
        ({"force": True}, True),
        ({"force": "yes"}, None),
        ({"span": True}, None),
        ({"span": [1]}, None),
        ({"rounds": True}, None),
        ({"rounds": 1.5}, None),
        ({"rounds": None}, None),
        ({"rate": "nan"}, None),
        ({"rate": "fast"}, None),
        ({"force": 1}, None),
    ],
)
def test_values_as_yaml_reads_them_are_taken_or_refused(given, value):
    [name] = given
    if value is None:
        with pytest.raises(SettingsError, match=f"here `{name}`: found .*, expected"):
            values.check(DECLARED, given, "here")
    else:
        assert values.check(DECLARED, given, "here") == {name: value}


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(SettingsError, match="`round`: found no such") as caught:
        values.parse(DECLARED, ["round=3"])
    assert "did you mean `rounds`?" in str(caught.value)
    assert "known: force, rate, rounds, span" in str(caught.value)


@pytest.mark.parametrize("text", ["rounds", "=3", ""])
def test_a_text_of_another_form_is_refused(text):
    with pytest.raises(SettingsError, match="expected NAME=VALUE"):
        values.parse(DECLARED, [text])


def test_a_required_parameter_must_be_given():
    declared = {**DECLARED, "where": Declared("where", "STRING", True)}
    with pytest.raises(SettingsError, match="expected values of where as well"):
        values.parse(declared, ["rounds=3"])
