"""Files are read strictly, and every fault is named with its place."""

from typing import Annotated

import pydantic
import pytest

from components.errors import SettingsError
from components.settings import Section
from pipelines.cluster import files


class Inner(Section):
    name: Annotated[str, pydantic.Field(pattern="^[a-z]+$")]


class Model(Section):
    inner: list[Inner]
    size: int = 1


def read(tmp_path, text):
    path = tmp_path / "one.yaml"
    path.write_text(text)
    return files.read(path, Model, "look again")


def test_a_file_is_read(tmp_path):
    found = read(tmp_path, "inner: [{name: a}]\nsize: 3\n")
    assert (found.inner[0].name, found.size) == ("a", 3)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "inner: [{name: 7}]",
            "`inner.0.name`: found 7; input should be a valid string",
        ),
        # YAML reads Norway's code as a truth value.
        ("inner: [{name: NO}]", "`inner.0.name`: found False; input should be a valid"),
        (
            "inner: [{name: A}]",
            "`inner.0.name`: found 'A'; string should match pattern",
        ),
        ("inner: []\nsize: '3'", "`size`: found '3'; input should be a valid integer"),
        ("inner: []\nsise: 3", "`sise`: found 3; extra inputs are not permitted"),
        ("size: 3", "`inner`: field required"),
        ("- inner", "`the file`: found ['inner']; input should be a valid dictionary"),
        ("", "`the file`: found None; input should be a valid dictionary"),
        ("inner: [", "found no valid YAML"),
    ],
)
def test_a_fault_is_named_with_its_place_and_what_was_found(tmp_path, text, sentence):
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)
    assert sentence in caught.value.message
    assert str(tmp_path / "one.yaml") in caught.value.message
    assert caught.value.hint == "look again"


def test_all_faults_are_named_at_once(tmp_path):
    with pytest.raises(SettingsError, match="2 values can't be used") as caught:
        read(tmp_path, "inner: [{name: A}, {name: B}]")
    assert "`inner.0.name`" in caught.value.message
    assert "`inner.1.name`" in caught.value.message


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match="can't be read"):
        files.read(tmp_path / "none.yaml", Model, "")


def test_a_file_that_is_not_utf_8_is_named(tmp_path):
    path = tmp_path / "one.yaml"
    path.write_bytes(b"inner: \xff")
    with pytest.raises(SettingsError, match="can't be read"):
        files.read(path, Model, "")
