"""What a setting means is written once, and read by people, forms and docs."""

from __future__ import annotations

import pathlib
from typing import Literal

import pydantic
import pytest
import yaml

from components.settings import Section
from pipelines import settings_reference, use_case
from pipelines.settings import UseCaseSettings


class Inner(Section):
    """A section."""

    share: float = pydantic.Field(default=0.5, gt=0, le=1)
    """How much,
    unit: 1."""


class Outer(Section):
    """A section of sections."""

    name: str
    """Its name."""

    words: tuple[str, ...] = ("a b",)
    """Some words."""

    mode: Literal["fast", "slow"] | None = None
    """How fast."""

    inner: Inner = Inner()
    """What is inside."""

    by_name: dict[str, Inner] = pydantic.Field(default_factory=dict)
    """Others, by name."""


def test_type_bounds_default_and_description_are_those_of_the_field():
    share = settings_reference.find(Outer, "inner.share")
    assert (share.expected, share.default) == ("number, above 0, at most 1", "0.5")
    assert share.description == "How much, unit: 1."
    found = {one.place: one for one in settings_reference.settings_of(Outer)}
    assert [*found] == [
        *["name", "words", "mode", "inner", "inner.share"],
        *["by_name.*", "by_name.*.share"],
    ]
    assert (found["name"].default, found["words"].default) == ("", "[a b]")
    assert found["mode"].expected == "`fast` or `slow`"


def test_yaml_has_each_value_below_what_it_means():
    values = {"words": ["x"], "inner": {"share": 1}, "by_name": {"z": {"share": 0.1}}}
    text = settings_reference.to_yaml(Outer, values, {"inner.share": "All of it."})
    assert text == (
        "# Some words.\nwords: [x]\n\n# What is inside.\ninner:\n"
        "  # How much, unit: 1.\n  # All of it.\n  share: 1\n\n"
        "# Others, by name.\nby_name:\n  z:\n    # How much, unit: 1.\n"
        "    share: 0.1\n"
    )


@pytest.mark.parametrize("name", ["flights", "census"])
def test_yaml_reads_back_as_the_same_settings(name):
    values = use_case.find(name).settings.model_dump(mode="json")
    text = settings_reference.to_yaml(UseCaseSettings, values)
    assert yaml.safe_load(text) == values


def test_every_setting_is_described():
    found = settings_reference.settings_of(UseCaseSettings)
    assert [one.place for one in found if not one.description.endswith(".")] == []


def test_docs_list_all_settings_as_they_are():
    path = pathlib.Path(use_case.PACKAGE_PROJECT, "docs", "settings.md")
    text = settings_reference.to_markdown(UseCaseSettings)
    assert path.read_text() == f"{text}\n", (
        "write it anew: fairsilo config reference > docs/settings.md"
    )
