"""The parameters of a run: what the form in Kubeflow's UI asks for.

Most stand for a setting and begin with `as in settings`, which leaves it as the image
and the config map have it: only a field that somebody filled in changes a run. The
form shows names, types and defaults, no descriptions.
"""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import json
import pathlib
import re
from collections.abc import Mapping, Sequence

from components.errors import SettingsError
from components.fairness_evaluator.gate_settings import GateSettings
from pipelines import settings_reference, use_case
from pipelines.settings import UseCaseSettings
from pipelines.use_case import UseCase

Value = str | bool

SPAN = "span"
FORCE = "force"
SKIP_GATE = "skip_gate_"
AS_IN_SETTINGS = "as in settings"
HINT = "start the run again with another value"

# The setting that each field stands for.
_SETTINGS = {
    "rounds": "training.rounds",
    "algorithm": "training.algorithm",
    "local_epochs": "training.local_epochs",
    "batch_size": "training.batch_size",
    "client_learning_rate": "training.client_learning_rate",
    "server_learning_rate": "training.server_optimizer.learning_rate",
    "seed": "training.seed",
    "colour_if_not_blessed": "kubeflow.not_blessed",
}


@dataclasses.dataclass(frozen=True)
class Parameter:
    """One field of the form.

    Attributes:
        name: Its name.
        default: What it holds when the form opens; its type is the field's.
        description: What it means; not shown by the form.
        setting: The setting that it stands for; empty where it stands for none.
    """

    name: str
    default: Value
    description: str
    setting: str = ""


def of(settings: UseCaseSettings) -> tuple[Parameter, ...]:
    """Return the parameters of a use case's runs."""
    return (
        Parameter(
            SPAN,
            "latest",
            "The span to run for, such as 2013-11; `latest` is the last that has "
            "another after it.",
        ),
        *(
            Parameter(
                name,
                AS_IN_SETTINGS,
                f"{_description(setting)} `{AS_IN_SETTINGS}` changes nothing.",
                setting,
            )
            for name, setting in _SETTINGS.items()
        ),
        *(
            Parameter(
                SKIP_GATE + gate,
                False,
                f"true or false: whether this gate is left out: "
                f"{_description(f'gates.{gate}')}",
                f"gates.{gate}",
            )
            for gate in settings.gates.configured
        ),
        Parameter(
            FORCE,
            False,
            "true or false: score rows even with a model that was not blessed.",
        ),
    )


def parse(texts: Sequence[str]) -> dict[str, str]:
    """Return fields from the command line, `NAME=VALUE` each.

    Raises:
        SettingsError: A text is of another form.
    """
    given = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise SettingsError(
                f"--param {text!r}: expected NAME=VALUE, such as rounds=20"
            )
        given[name] = value
    return given


def check_fields(
    chosen: UseCase, given: Mapping[str, object], place: str
) -> dict[str, Value]:
    """Return a run's fields with the types of the form, checked before they are sent.

    Args:
        chosen: The use case.
        given: Values as texts, or as YAML reads them; other fields keep their default.
        place: Where they stand, for the sentence.

    Raises:
        SettingsError: A name is unknown, or a value can't be used.
    """
    known = {one.name: one for one in of(chosen.settings)}
    for name in given:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            meant = f"; did you mean `{close[0]}`?" if close else ""
            raise SettingsError(
                f"{place} `{name}`: found no such parameter{meant}; "
                f"known: {', '.join(sorted(known))}"
            )
    texts = {name: _text(value) for name, value in given.items()}
    with_form(
        chosen.name, {name: str(one.default) for name, one in known.items()} | texts
    )
    return {
        name: flag(name, text) if known[name].default is False else text
        for name, text in texts.items()
    }


def with_form(
    name: str,
    fields: Mapping[str, str],
    patch: pathlib.Path | None = None,
    base: pathlib.Path | None = None,
) -> UseCase:
    """Return a use case with the settings of a run: image, config map, form.

    Args:
        name: Name of the use case.
        fields: All fields of the form, as text.
        patch: The config map's file; it may not be there.
        base: Where relative paths in the settings start, by default the project.

    Raises:
        SettingsError: A field or setting can't be used; all faults are named.
    """
    original = use_case.find(name, (), patch, base)
    known = of(original.settings)
    _check_names(known, fields)
    changes = overrides(known, fields)
    flag(FORCE, fields[FORCE])
    if not fields[SPAN].strip():
        raise SettingsError(
            f"field `{SPAN}`: found nothing, expected a span such as 2013-11, or "
            "latest",
            HINT,
        )
    try:
        return use_case.find(name, changes, patch, base)
    except SettingsError as error:  # without the form's changes there was none
        raise _of_form(error, known, str(original.folder / "settings.yaml")) from None


def overrides(known: Sequence[Parameter], fields: Mapping[str, str]) -> list[str]:
    """Return a run's fields as settings to change, `a.b=c` each.

    Args:
        known: The form's fields.
        fields: Their values as text; those that nobody filled in change nothing.

    Raises:
        SettingsError: A toggle is neither true nor false.
    """
    changed = []
    for one in filter(lambda one: one.setting and one.name in fields, known):
        text = fields[one.name]
        if _is_untouched(one, text):
            continue
        if one.name.startswith(SKIP_GATE):
            if flag(one.name, text):
                changed.append(f"{one.setting}=null")
        else:
            changed.append(f"{one.setting}={json.dumps(text.strip())}")
    return changed


def filled_in(known: Sequence[Parameter], fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields that differ from what the form began with."""
    return {
        one.name: fields[one.name]
        for one in known
        if one.name in fields and not _is_untouched(one, fields[one.name])
    }


def flag(name: str, text: str) -> bool:
    """Return a toggle's value.

    Raises:
        SettingsError: It is neither true nor false.
    """
    value = {"true": True, "false": False}.get(text.strip().lower())
    if value is None:
        raise SettingsError(
            f"field `{name}`: found {text!r}, expected true or false", HINT
        )
    return value


def _check_names(known: Sequence[Parameter], fields: Mapping[str, str]) -> None:
    """Refuse a package that is of another version than the image that runs it."""
    # A gate has a toggle only where it is configured, and the config map may differ.
    needed = {one.name for one in known if not one.name.startswith(SKIP_GATE)}
    allowed = needed | {SKIP_GATE + gate for gate in GateSettings.model_fields}
    found = [f"without {name}" for name in sorted(needed - set(fields))]
    found += [f"with the unknown {name}" for name in sorted(set(fields) - allowed)]
    if found:
        raise SettingsError(
            f"found a package {', '.join(found)}, expected the parameters of the image",
            "the package is of another version: compile it with the `fairsilo` of this "
            "image, and upload it",
        )


def _of_form(
    error: SettingsError, known: Sequence[Parameter], file: str
) -> SettingsError:
    """Return an error about settings that the form changed as one about its fields."""
    changed = re.escape(file) + r"( \(changed by .*\)(?=: \d+ settings? can't))?"
    message = re.sub(changed, "the run's form", error.message)
    for one in known:
        if one.setting:
            message = message.replace(f"`{one.setting}`", f"field `{one.name}`")
    return SettingsError(message, HINT)


def _is_untouched(parameter: Parameter, text: str) -> bool:
    found = text.strip().lower()
    empty = not found and isinstance(parameter.default, str)
    return empty or found == str(parameter.default).lower()


def _text(value: object) -> str:
    # What YAML makes of 2013-11-30.
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


def _description(setting: str) -> str:
    """Return what the settings' model says of a setting."""
    return settings_reference.find(UseCaseSettings, setting).description
