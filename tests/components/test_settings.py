"""The base of every node's section: strict, immutable, and described."""

import importlib
import inspect
import pathlib

import pydantic
import pytest

from components import settings
from components.settings import Section

MODULES = sorted(
    f"components.{path.parent.name}.settings"
    for path in pathlib.Path(settings.__file__).parent.glob("*/settings.py")
)


class Rounds(Section):
    """A section."""

    rounds: int = 10
    """How often all silos train."""


def test_a_section_refuses_unknown_keys_by_name():
    with pytest.raises(pydantic.ValidationError, match=r"(?s)round\n.*not permitted"):
        Rounds.model_validate({"round": 3})


def test_a_section_can_not_be_changed():
    section = Rounds()
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        section.rounds = 3  # type: ignore[misc]
    assert section.rounds == 10


def test_the_text_below_a_field_is_its_description():
    assert Rounds.model_fields["rounds"].description == "How often all silos train."


def test_a_section_is_the_same_after_its_way_through_an_exec_property():
    section = Rounds(rounds=3)
    assert Rounds.model_validate_json(section.model_dump_json()) == section


@pytest.mark.parametrize("module", MODULES)
def test_every_field_of_every_node_says_what_it_is(module):
    sections = [
        value
        for _, value in inspect.getmembers(importlib.import_module(module))
        if inspect.isclass(value) and issubclass(value, Section)
    ]
    fields = [
        (section.__name__, name, field.description)
        for section in sections
        if section is not Section
        for name, field in section.model_fields.items()
        if not _is_section(field.annotation)
    ]
    assert fields
    assert [field for field in fields if not field[2]] == []


def _is_section(annotation: object) -> bool:
    return inspect.isclass(annotation) and issubclass(annotation, Section)
