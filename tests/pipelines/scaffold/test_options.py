"""Options name columns that are there, once each; a command gives them back."""

from __future__ import annotations

import pathlib
import shlex

import pytest

from components.errors import SettingsError
from pipelines.scaffold.options import Options, parse_types

COLUMNS = ("age", "x", "y")


def _options(**options):
    return Options("mine", pathlib.Path("my data"), "y", **options)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            {"sensitive": ("sexx",)},
            "--sensitive sexx: found no such column in any silo",
        ),
        ({"ignore": ("ag",)}, "did you mean `age`?"),
        ({"key": ("id",)}, "there are `age`, `x`, `y`"),
        ({"types": {"z": "text"}}, "--type z: found no such column"),
        ({"ignore": ("y",)}, "--label and --ignore can't name the same column"),
        ({"types": {"y": "text"}}, "--label and --type can't name the same column"),
        ({"sensitive": ("x",), "ignore": ("x",)}, "--sensitive and --ignore can't"),
        ({"key": ("x",), "ignore": ("x",)}, "--key and --ignore can't"),
    ],
)
def test_option_that_names_the_wrong_column_is_refused(options, told):
    with pytest.raises(SettingsError) as caught:
        _options(**options).check(COLUMNS)
    assert told in str(caught.value)


def test_command_gives_all_options_back_as_a_shell_reads_them():
    options = _options(
        sensitive=("age",),
        positive="a b",
        key=("x",),
        ignore=("it's",),
        types={"x": "text"},
        null=("?",),
    )
    assert shlex.split(options.command(["--ignore z"])) == [
        *["fairsilo", "init", "mine", "--data", "my data", "--label", "y"],
        *["--positive", "a b", "--sensitive", "age", "--key", "x"],
        *["--ignore", "it's", "--null", "?", "--type", "x=text", "--ignore", "z"],
    ]


def test_types_are_read_from_the_last_equals_sign():
    assert parse_types(["a=b=whole", "x=text"]) == {"a=b": "whole", "x": "text"}


@pytest.mark.parametrize("value", ["x", "=text", "x=int"])
def test_type_of_another_form_is_refused(value):
    with pytest.raises(SettingsError, match="expected COLUMN=KIND, with a KIND of"):
        parse_types([value])
