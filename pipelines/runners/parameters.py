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
    "privacy_mode": "privacy.mode",
    "privacy_run_epsilon": "privacy.run_epsilon",
    "colour_if_not_blessed": "kubeflow.not_blessed",
}


@dataclasses.dataclass(frozen=True)
class Parameter:
    """One field of the form; the type of its default is the field's."""

    name: str
    default: Value  # what it holds when the form opens
    description: str
    setting: str = ""  # that it stands for

    def is_untouched(self, text: str) -> bool:
        """Return whether a text changes nothing: the default, or an emptied text."""
        found = text.strip().lower()
        is_empty = not found and isinstance(self.default, str)
        return is_empty or found == str(self.default).lower()


def of(settings: UseCaseSettings) -> tuple[Parameter, ...]:
    """Return the parameters of a use case's runs."""
    meanings = {
        one.place: one.description
        for one in settings_reference.settings_of(UseCaseSettings)
    }
    span = (
        "The span to run for, such as 2013-11; `latest` is the last that has another "
        "after it."
    )
    known = [Parameter(SPAN, "latest", span)]
    for name, setting in _SETTINGS.items():
        text = f"{meanings[setting]} `{AS_IN_SETTINGS}` changes nothing."
        known.append(Parameter(name, AS_IN_SETTINGS, text, setting))
    for gate in settings.gates.configured:
        setting = f"gates.{gate}"
        text = f"true or false: whether this gate is left out: {meanings[setting]}"
        known.append(Parameter(SKIP_GATE + gate, False, text, setting))
    force = "true or false: score rows even with a model that was not blessed."
    return (*known, Parameter(FORCE, False, force))


def parse(texts: Sequence[str]) -> dict[str, str]:
    """Return fields from the command line, `NAME=VALUE` each."""
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
    texts = {
        # What YAML makes of 2013-11-30.
        name: value.isoformat() if isinstance(value, datetime.date) else str(value)
        for name, value in given.items()
    }
    defaults = {name: str(one.default) for name, one in known.items()}
    with_form(chosen.name, defaults | texts)
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

    `patch` and `base` are those of `use_case.find`.

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
        file = re.escape(str(original.folder / "settings.yaml"))
        changed = rf"{file}( \(changed by .*\)(?=: \d+ settings? can't))?"
        message = re.sub(changed, "the run's form", error.message)
        for one in known:
            if one.setting:
                setting = rf"`{re.escape(one.setting)}(\.name)?`"
                message = re.sub(setting, f"field `{one.name}`", message)
        raise SettingsError(message, HINT) from None


def overrides(known: Sequence[Parameter], fields: Mapping[str, str]) -> list[str]:
    """Return a run's fields as settings to change, `a.b=c` each."""
    changed = []
    for one in known:
        text = fields.get(one.name, str(one.default))
        if one.setting and not one.is_untouched(text):
            if not one.name.startswith(SKIP_GATE):
                changed.append(f"{one.setting}={json.dumps(text.strip())}")
            elif flag(one.name, text):
                changed.append(f"{one.setting}=null")
    return changed


def filled_in(known: Sequence[Parameter], fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields that differ from what the form began with."""
    return {
        one.name: fields[one.name]
        for one in known
        if one.name in fields and not one.is_untouched(fields[one.name])
    }


def flag(name: str, text: str) -> bool:
    """Return a toggle's value; refuse what is neither true nor false."""
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
