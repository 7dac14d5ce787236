"""The parameters of a run: what the form in Kubeflow's UI asks for.

Most stand for a setting and begin with `as in settings`, which leaves it as the image
and the config map have it: only a field that somebody filled in changes a run. The
form shows names, types and defaults, no descriptions.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from components.errors import SettingsError
from components.fairness_evaluator.gates.registry import GATES

if TYPE_CHECKING:
    from components.fairness_evaluator.gate_settings import GateSettings
    from pipelines.settings import UseCaseSettings

Value = str | int | float | bool

SPAN = "span"
FORCE = "force"
SKIP_GATE = "skip_gate_"
AS_IN_SETTINGS = "as in settings"
AGAIN = "start the run again with another value"

# The settings that the form shows, by name in the form.
_SETTINGS = {
    "rounds": "training.rounds",
    "algorithm": "training.algorithm",
    "local_epochs": "training.local_epochs",
    "batch_size": "training.batch_size",
    "client_learning_rate": "training.client_learning_rate",
    "server_learning_rate": "training.server_optimizer.learning_rate",
    "seed": "training.seed",
}
_EXPECTED: dict[type[Value], str] = {int: "a whole number", float: "a number"}


@dataclasses.dataclass(frozen=True)
class Parameter:
    """One field of the form.

    Attributes:
        name: Its name.
        default: What it holds when the form opens; its type is the field's.
        description: What it means; not shown by the form.
        setting: The setting that it stands for; empty where it stands for none.
        setting_type: Type of that setting.
    """

    name: str
    default: Value
    description: str
    setting: str = ""
    setting_type: type[Value] = str

    @property
    def kind(self) -> type[Value]:
        """`str`, `int`, `float` or `bool`."""
        return type(self.default)


def of(settings: UseCaseSettings) -> tuple[Parameter, ...]:
    """Return the parameters of a use case's runs."""
    return (
        Parameter(
            SPAN,
            "latest",
            "The span to run for, such as 2013-11; `latest` is the last that has "
            "another after it.",
        ),
        *(_of_setting(*one) for one in _SETTINGS.items()),
        *_gates(settings.gates),
        Parameter(
            FORCE,
            False,
            "true or false: score rows even with a model that was not blessed.",
        ),
        _of_setting("colour_if_not_blessed", "kubeflow.not_blessed"),
    )


def check(parameters: tuple[Parameter, ...], values: Mapping[str, str]) -> None:
    """Check that a package and the image that runs it are of one version.

    Args:
        parameters: The parameters that the image knows.
        values: What the package gave.

    Raises:
        SettingsError: A name is missing or unknown.
    """
    # A gate has a toggle only where it is configured, and the config map may differ.
    needed = {one.name for one in parameters if not one.name.startswith(SKIP_GATE)}
    known = needed | {SKIP_GATE + gate for gate in GATES}
    found = [f"without {name}" for name in sorted(needed - set(values))]
    found += [f"with the unknown {name}" for name in sorted(set(values) - known)]
    if found:
        raise SettingsError(
            f"found a package {', '.join(found)}, expected the parameters of the image",
            "the package is of another version: compile it with the `fairsilo` of this "
            "image, and upload it",
        )


def overrides(
    parameters: tuple[Parameter, ...], values: Mapping[str, str]
) -> list[str]:
    """Return a run's parameters as settings to change, `a.b=c` each.

    Args:
        parameters: The parameters that there are.
        values: Their values as text; fields that nobody filled in change nothing.

    Raises:
        SettingsError: A value is not of its setting's type.
    """
    changed = []
    for parameter in parameters:
        text = values.get(parameter.name)
        if text is None or not parameter.setting or _untouched(parameter, text):
            continue
        if parameter.name.startswith(SKIP_GATE):
            if flag(parameter.name, text):
                changed.append(f"{parameter.setting}=null")
        else:
            changed.append(f"{parameter.setting}={_as_yaml(parameter, text.strip())}")
    return changed


def filled_in(
    parameters: tuple[Parameter, ...], values: Mapping[str, str]
) -> dict[str, str]:
    """Return the values that differ from what the form began with."""
    return {
        one.name: values[one.name]
        for one in parameters
        if one.name in values and not _untouched(one, values[one.name])
    }


def flag(name: str, text: str) -> bool:
    """Return a toggle's value.

    Raises:
        SettingsError: It is neither true nor false.
    """
    value = {"true": True, "false": False}.get(text.strip().lower())
    if value is None:
        raise SettingsError(
            f"field `{name}`: found {text!r}, expected true or false", AGAIN
        )
    return value


def in_form_words(
    error: SettingsError, parameters: tuple[Parameter, ...], place: str
) -> SettingsError:
    """Return an error about settings that the form changed as one about its fields.

    Args:
        error: The error, which names settings and their file.
        parameters: The parameters that there are.
        place: The file.
    """
    changed = re.escape(place) + r"( \(changed by .*\)(?=: \d+ settings? can't))?"
    message = re.sub(changed, "the run's form", error.message)
    for one in parameters:
        if one.setting:
            message = message.replace(f"`{one.setting}`", f"field `{one.name}`")
    return SettingsError(message, AGAIN)


def _untouched(parameter: Parameter, text: str) -> bool:
    found = text.strip().lower()
    empty = not found and isinstance(parameter.default, str)
    return empty or found == str(parameter.default).lower()


def _as_yaml(parameter: Parameter, text: str) -> str:
    """Return a field's text as a YAML value of its setting's type."""
    try:
        value = parameter.setting_type(text)
    except ValueError:
        value = math.nan
    if isinstance(value, float) and not math.isfinite(value):
        raise SettingsError(
            f"field `{parameter.name}`: found {text!r}, expected "
            f"{_EXPECTED[parameter.setting_type]}, or `{AS_IN_SETTINGS}`",
            AGAIN,
        )
    return json.dumps(value)


def _of_setting(name: str, setting: str) -> Parameter:
    from pipelines import settings, settings_reference

    found = settings_reference.find(settings.UseCaseSettings, setting)
    text = f"{found.description} `{AS_IN_SETTINGS}` changes nothing."
    return Parameter(name, AS_IN_SETTINGS, text, setting, found.kind)


def _gates(gates: GateSettings) -> list[Parameter]:
    return [
        Parameter(
            SKIP_GATE + name,
            False,
            f"true or false: whether gate {name} is left out "
            f"({GATES[name].demand(gate)}).",
            f"gates.{name}",
        )
        for name, gate in gates.configured.items()
    ]
