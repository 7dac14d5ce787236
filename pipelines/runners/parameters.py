"""The parameters of a run: what the form in Kubeflow's UI asks for.

Each stands for a setting, so the form and `--set` mean the same and are checked by
the same code, in a run's first step. The type decides how the form asks.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

from components.errors import SettingsError
from components.fairness_evaluator.gates.registry import GATES
from pipelines.kubeflow.settings import RED

if TYPE_CHECKING:
    from components.fairness_evaluator.gate_settings import GateSettings
    from pipelines.settings import UseCaseSettings

Value = str | int | float | bool

SPAN = "span"
FORCE = "force"
FAIL_IF_NOT_BLESSED = "fail_if_not_blessed"
GATE = "gate_"

# Name in the form, setting, description.
_SETTINGS = (
    ("rounds", "training.rounds", "Rounds: each trains in every silo and merges once."),
    (
        "algorithm",
        "training.algorithm",
        "Name of the federated algorithm, such as fed_avg.",
    ),
    ("local_epochs", "training.local_epochs", "Passes over a silo's rows in a round."),
    ("batch_size", "training.batch_size", "Rows of one local step."),
    (
        "client_learning_rate",
        "training.client_learning_rate",
        "Step of the silos' local SGD, above 0.",
    ),
    (
        "server_learning_rate",
        "training.server_optimizer.learning_rate",
        "Step of the coordinator; 1.0 takes the mean of the updates as it is.",
    ),
    (
        "seed",
        "training.seed",
        "A whole number from 0; the same seed and data give the same model.",
    ),
)


@dataclasses.dataclass(frozen=True)
class Parameter:
    """One field of the form.

    Attributes:
        name: Its name.
        default: What it holds when the form opens; its type is the field's.
        description: What the form says about it.
        setting: The setting that it stands for; empty where it stands for none.
    """

    name: str
    default: Value
    description: str
    setting: str = ""

    @property
    def kind(self) -> type[Value]:
        """`str`, `int`, `float` or `bool`."""
        return type(self.default)


def of(settings: UseCaseSettings) -> tuple[Parameter, ...]:
    """Return the parameters of a use case's runs; defaults are its settings."""
    return (
        Parameter(
            SPAN,
            "latest",
            "The span to run for, such as 2013-11; `latest` is the last that has "
            "another after it.",
        ),
        *(
            Parameter(name, _at(settings, place), text, place)
            for name, place, text in _SETTINGS
        ),
        *_gates(settings.gates),
        Parameter(
            FORCE,
            False,
            "true or false: score rows even with a model that was not blessed.",
        ),
        Parameter(
            FAIL_IF_NOT_BLESSED,
            settings.kubeflow.not_blessed == RED,
            "true or false: end red, not green, when the model is not blessed.",
        ),
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
    known = {one.name for one in parameters if not one.name.startswith(GATE)}
    given = {name for name in values if not name.startswith(GATE)}
    if known != given:
        found = [f"without {name}" for name in sorted(known - given)]
        found += [f"with the unknown {name}" for name in sorted(given - known)]
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
        values: Their values as text.

    Raises:
        SettingsError: A value is not of its parameter's type.
    """
    changed = []
    for parameter in parameters:
        text = values.get(parameter.name)
        if text is None or not parameter.setting:
            continue
        if parameter.name.startswith(GATE):
            if not flag(parameter.name, text):
                changed.append(f"{parameter.setting}=null")
        else:
            changed.append(f"{parameter.setting}={text}")
    return changed


def flag(name: str, text: str) -> bool:
    """Return a toggle's value.

    Raises:
        SettingsError: It is neither true nor false.
    """
    value = {"true": True, "false": False}.get(text.strip().lower())
    if value is None:
        raise SettingsError(
            f"parameter `{name}` is {text!r}: expected true or false",
            "start the run again with the right value",
        )
    return value


def _at(settings: UseCaseSettings, place: str) -> Value:
    value: Value | object = settings
    for part in place.split("."):
        value = getattr(value, part)
    if not isinstance(value, str | int | float | bool):
        raise TypeError(f"setting {place} has a {type(value).__name__}")
    return value


def _gates(gates: GateSettings) -> list[Parameter]:
    return [
        Parameter(
            GATE + name,
            True,
            f"true or false: whether gate {name} decides, {GATES[name].demand(gate)}.",
            f"gates.{name}",
        )
        for name, gate in gates.configured.items()
    ]
