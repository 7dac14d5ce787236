"""Values of a run's parameters, checked against the package before anything is sent.

The server checks types as well, but answers with a chain of its own inner errors.
"""

from __future__ import annotations

import datetime
import difflib
import math
from collections.abc import Mapping, Sequence
from typing import Any

from components.errors import SettingsError
from pipelines.kubeflow.package import Declared

Value = str | int | float | bool

_EXPECTED = {
    "STRING": "a text",
    "NUMBER_INTEGER": "a whole number",
    "NUMBER_DOUBLE": "a number",
    "BOOLEAN": "true or false",
}
_TRUTH = {"true": True, "false": False}


def parse(declared: Mapping[str, Declared], given: Sequence[str]) -> dict[str, Value]:
    """Return parameters from the command line, `NAME=VALUE` each.

    Args:
        declared: The package's parameters.
        given: The texts.

    Raises:
        SettingsError: A text is of another form, or names no parameter.
    """
    texts = {}
    for text in given:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise SettingsError(
                f"--param {text!r}: expected NAME=VALUE, such as rounds=20"
            )
        texts[name] = value
    return check(declared, texts, "--param")


def check(
    declared: Mapping[str, Declared], given: Mapping[str, Any], place: str
) -> dict[str, Value]:
    """Return values with their parameters' types.

    Args:
        declared: The package's parameters.
        given: Values as texts, or as YAML reads them.
        place: Where they stand, for the sentence.

    Raises:
        SettingsError: A name is unknown, a value of another type, or one is missing.
    """
    for name in given:
        if name not in declared:
            raise SettingsError(
                f"{place} `{name}`: found no such parameter{_meant(name, declared)}; "
                f"known: {', '.join(sorted(declared))}"
            )
    missing = sorted(
        name for name, one in declared.items() if one.required and name not in given
    )
    if missing:
        raise SettingsError(f"{place}: expected values of {', '.join(missing)} as well")
    return {name: _value(declared[name], given[name], place) for name in given}


def _value(declared: Declared, given: Any, place: str) -> Value:  # noqa: ANN401
    value = _converted(declared.kind, given)
    if value is None:
        raise SettingsError(
            f"{place} `{declared.name}`: found {given!r}, expected "
            f"{_EXPECTED.get(declared.kind, declared.kind)}"
        )
    return value


def _converted(kind: str, given: Any) -> Value | None:  # noqa: ANN401
    if isinstance(given, bool):
        return given if kind == "BOOLEAN" else None
    if kind == "STRING":
        return _text(given)
    if kind == "BOOLEAN":
        return _TRUTH.get(str(given).strip().lower())
    try:
        number = float(given)
    except (TypeError, ValueError):
        return None
    if not math.isfinite(number):  # JSON has no such numbers
        return None
    if kind == "NUMBER_DOUBLE":
        return number
    return int(number) if number.is_integer() else None


def _text(given: Any) -> str | None:  # noqa: ANN401
    if isinstance(given, datetime.date):  # what YAML makes of 2013-11-30
        return given.isoformat()
    return str(given) if isinstance(given, str | int | float) else None


def _meant(name: str, declared: Mapping[str, Declared]) -> str:
    close = difflib.get_close_matches(name, declared, 1)
    return f"; did you mean `{close[0]}`?" if close else ""
