"""What each setting means, from its pydantic field: for people, forms and docs.

A setting's type, bounds, default and description are written once, where its section
is declared. `config show`, the file that `init` writes, the form in Kubeflow's UI and
`docs/settings.md` all read them here.
"""

from __future__ import annotations

import textwrap
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pydantic_core
import yaml
from pydantic.fields import FieldInfo

from components.settings import Section

WIDTH = 88
_TYPES = {bool: "true or false", int: "whole number", float: "number", str: "text"}
_BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}


class Setting(NamedTuple):
    """One setting, or a section of settings."""

    place: str  # such as `training.rounds`; `*` stands for any name
    field: FieldInfo
    section: type[Section] | None  # None for a setting

    @property
    def description(self) -> str:
        """What it means, in one line."""
        return " ".join((self.field.description or "").split())

    @property
    def expected(self) -> str:
        """Its type and bounds, such as `whole number, at least 1`."""
        parts = [_type(self.field.annotation)]
        for constraint in self.field.metadata:
            for name, words in _BOUNDS.items():
                if (bound := getattr(constraint, name, None)) is not None:
                    parts.append(f"{words} {bound:,}")
        return ", ".join(parts)

    @property
    def default(self) -> str:
        """Its default as YAML; empty where a value is needed."""
        if self.field.is_required():
            return ""
        value = self.field.get_default(call_default_factory=True)
        return _inline(pydantic_core.to_jsonable_python(value))


def settings_of(section: type[Section], prefix: str = "") -> Iterator[Setting]:
    """Yield the settings below a section, each section before what it holds."""
    for name, field in section.model_fields.items():
        inner, by_name = section_of(field.annotation)
        place = f"{prefix}{name}{'.*' if by_name else ''}"
        yield Setting(place, field, inner)
        if inner:
            yield from settings_of(inner, f"{place}.")


def find(section: type[Section], place: str) -> Setting:
    """Return the setting at a place below a section; KeyError where there is none."""
    return {one.place: one for one in settings_of(section)}[place]


def to_yaml(
    section: type[Section],
    values: Mapping[str, Any],
    more: Mapping[str, str] | None = None,
) -> str:
    """Return values as YAML, each below its description.

    Args:
        section: The section that they are of.
        values: JSON values; not all have to be there.
        more: By place, lines to say below the description.
    """
    return "\n".join(_lines(section, values, more or {})).lstrip("\n") + "\n"


def _lines(
    section: type[Section],
    values: Mapping[str, Any],
    more: Mapping[str, str],
    prefix: str = "",
    by_name: bool = False,
) -> Iterator[str]:
    indent = "  " * prefix.count(".")
    for name, value in values.items():
        field = None if by_name else section.model_fields.get(name)
        inner, named = section_of(field.annotation) if field else (section, False)
        if not prefix:
            yield ""
        text = Setting(name, field, None).description if field else ""
        for line in [text, *more.get(f"{prefix}{name}", "").splitlines()]:
            yield from textwrap.wrap(
                line,
                WIDTH,
                initial_indent=f"{indent}# ",
                subsequent_indent=f"{indent}# ",
            )
        if inner and isinstance(value, Mapping) and value:
            yield f"{indent}{_inline(name)}:"
            yield from _lines(inner, value, more, f"{prefix}{name}.", named)
        else:
            yield f"{indent}{_inline(name)}: {_inline(value)}"


def to_markdown(section: type[Section]) -> str:
    """Return `docs/settings.md`: a table of all settings below a section."""
    lines = [
        "# Settings",
        "",
        "One YAML file a use case, `pipelines/<name>/settings.yaml`; `--set a.b=c` "
        "changes one of them for a run.",
        "This page is what `fairsilo config reference` prints.",
    ]
    for one in settings_of(section):
        top, _, name = one.place.partition(".")
        if name in {"", "*"}:
            lines += ["", f"## {top}", "", one.description]
            lines += ["", "| setting | value | default | |", "|---|---|---|---|"]
            continue
        default = f"`{one.default}`" if one.default else "none: needed"
        cells = (f"`{name}`", one.expected, default)
        if one.section:
            cells = (f"`{name}`", "section", "")
        text = " | ".join(cell.replace("|", "\\|") for cell in cells)
        lines.append(f"| {text} | {one.description} |")
    return "\n".join(lines)


def _inline(value: object) -> str:
    if isinstance(value, list | dict):
        text = yaml.safe_dump(
            value, default_flow_style=True, allow_unicode=True, width=2**20
        )
        return str(text).strip()
    text = yaml.safe_dump([value], allow_unicode=True, width=2**20)
    return str(text).removeprefix("- ").rstrip("\n")


def section_of(annotation: Any) -> tuple[type[Section] | None, bool]:  # noqa: ANN401
    """Return the section that a field holds, and whether it holds many by name."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation, False
    origin = typing.get_origin(annotation)
    if origin in {typing.Union, types.UnionType, dict}:
        for inner in typing.get_args(annotation):
            if found := section_of(inner)[0]:
                return found, origin is dict
    return None, False


def _type(annotation: Any) -> str:  # noqa: ANN401
    """Return a type in words."""
    args = [one for one in typing.get_args(annotation) if one is not type(None)]
    origin = typing.get_origin(annotation)
    if origin is typing.Literal:
        return " or ".join(f"`{one}`" for one in args)
    if origin is typing.Annotated:
        return _type(args[0])
    if origin in {typing.Union, types.UnionType}:
        return " or ".join(dict.fromkeys(map(_type, args)))
    if origin in {tuple, list}:
        return f"list of {_type(args[0])}"
    return _TYPES.get(annotation, "mapping")
