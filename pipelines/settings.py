"""A use case's settings: one YAML file, strict, composed of the nodes' sections."""

from __future__ import annotations

import difflib
import fnmatch
import functools
import pathlib
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeVar

import pydantic
import yaml

from components.batch_inferrer.settings import InferenceSettings
from components.beam import BeamSettings
from components.contribution_auditor.settings import AuditSettings
from components.dashboard.settings import DashboardSettings
from components.errors import SettingsError
from components.fairness_evaluator.gate_settings import GateSettings
from components.fairness_evaluator.settings import EvaluationSettings, check
from components.feature_spec_gen.settings import FeatureSettings
from components.federated_trainer.settings import TrainingSettings
from components.privacy.settings import PrivacySettings
from components.settings import Section
from components.silo_benchmark.settings import PersonalSettings
from components.silo_example_gen.settings import (
    RowsSettings,
    SilosSettings,
    SourceSettings,
)
from components.silo_validator.settings import ValidationSettings
from pipelines.kubeflow.settings import (
    KubeflowSettings,
    ScheduleName,
    ScheduleSettings,
)
from pipelines.settings_reference import settings_of

SettingsT = TypeVar("SettingsT", bound=Section)
# Sections of `training` for which a name alone will do.
NAMED = ("algorithm", "weighting", "aggregation")
# What goes with which `privacy.mode`: silos would tell or be told more than it hides.
WITH_PRIVACY = (
    ("training.algorithm", ("fed_avg", "fed_prox"), ("example", "silo")),
    ("training.aggregation", ("mean",), ("silo",)),
    ("training.weighting", ("uniform",), ("silo",)),
    ("personal.method", ("none", "fine_tune", "ditto"), ("silo",)),
    ("personal.pooled", (False,), ("example", "silo")),
    ("audit.every", ("never",), ("silo",)),
)


class UseCaseSettings(Section):
    """All sections of a use case."""

    silos: SilosSettings
    """Where the silos' files lie."""

    rows: RowsSettings
    """What a row means, and which split it goes to."""

    validation: ValidationSettings = ValidationSettings()
    """What a silo must hold to train."""

    features: FeatureSettings = FeatureSettings()
    """What the model sees."""

    training: TrainingSettings = TrainingSettings()
    """How the model is trained."""

    privacy: PrivacySettings = PrivacySettings()
    """Whether the model may tell anything of single people, and how much."""

    personal: PersonalSettings = PersonalSettings()
    """Whether silos get models of their own, which serve them where they are better."""

    audit: AuditSettings = AuditSettings()
    """How it is found out who contributes."""

    evaluation: EvaluationSettings = EvaluationSettings()
    """What the model is measured by."""

    gates: GateSettings
    """What is demanded of the model before it goes into service."""

    inference: InferenceSettings = InferenceSettings()
    """How rows are scored."""

    beam: BeamSettings = BeamSettings()
    """Where rows are scored in batches, and where TFMA runs."""

    dashboard: DashboardSettings = DashboardSettings()
    """What the page shows."""

    kubeflow: KubeflowSettings = KubeflowSettings()
    """How the chain runs on a cluster."""

    schedules: dict[ScheduleName, ScheduleSettings] = pydantic.Field(
        default_factory=dict
    )
    """Recurring runs on a cluster, by name."""

    @pydantic.model_validator(mode="after")
    def _check_source(self) -> UseCaseSettings:
        self.source  # noqa: B018  builds it, and so checks the two together
        algorithm = self.training.algorithm.name
        aggregation = self.training.aggregation.name
        no_mean = {"q_fed_avg", "afl"} & {algorithm} or {aggregation} - {"mean"}
        if self.personal.method == "mr_mtl" and no_mean:
            raise ValueError(
                f"personal.method is `mr_mtl` and training has `{min(no_mean)}`, which "
                "leaves no mean of the silos' models: updates are changed or count for "
                "nothing; expected another of the two"
            )
        alone = {"worse_than_alone", "base_worse_than_alone"} & {*self.gates.configured}
        if alone and not self.rows.choose_share:
            raise ValueError(
                f"gates.{min(alone)} is set and rows.choose_share 0, expected rows by "
                "which models of a silo's own rows are chosen, such as "
                "rows.choose_share=0.15"
            )
        if algorithm == "loss_gap" and not self.rows.choose_share:
            raise ValueError(
                "training.algorithm is `loss_gap` and rows.choose_share 0, expected "
                "rows by which each silo's model of its own rows is chosen, such as "
                "rows.choose_share=0.15"
            )
        if self.personal.method != "none" and not self.rows.choose_share:
            raise ValueError(
                f"personal.method is `{self.personal.method}` and rows.choose_share 0, "
                "expected rows by which each silo's model is chosen, such as "
                "rows.choose_share=0.15"
            )
        return self

    @pydantic.model_validator(mode="after")
    def _check_privacy(self) -> UseCaseSettings:
        mode, others = self.privacy.mode, []
        for place, names, modes in WITH_PRIVACY:
            found = functools.reduce(getattr, place.split("."), self)
            name = getattr(found, "name", found)
            if mode in modes and name not in names:
                expected = "` or `".join(map(str, names))
                others.append(f"{place} `{name}`, expected `{expected}`")
        if others:
            raise ValueError(
                f"privacy.mode is `{mode}`: found {'; '.join(others)}: else more is "
                "told than noise hides"
            )
        return self

    @property
    def source(self) -> SourceSettings:
        """The section of SiloExampleGen: `silos` and `rows` together."""
        return SourceSettings(silos=self.silos, rows=self.rows)

    def of_run(self) -> str:
        """Return as JSON what decides a run's results, for its page."""
        return self.model_dump_json(exclude={"beam", "kubeflow", "schedules"})


class ScoresSettings(Section):
    """The sections for scores that were made elsewhere."""

    evaluation: EvaluationSettings = EvaluationSettings()
    """What they are measured by."""

    gates: GateSettings | None = None
    """What is demanded of them; nothing is decided where there is none."""


def of_scores(overrides: Sequence[str]) -> ScoresSettings:
    """Return the settings for scores of no use case, from overrides `a.b=c`.

    Raises:
        SettingsError: An override can't be used; all faults are named.
    """
    data: dict[str, Any] = {}
    for override in overrides:
        _apply(data, override)
    settings = _validate(
        ScoresSettings, data, "--set", "see the sections `evaluation` and `gates`"
    )
    if settings.gates:
        check(settings.evaluation, settings.gates)
    return settings


def load(
    path: pathlib.Path,
    overrides: Sequence[str] = (),
    patch: pathlib.Path | None = None,
) -> UseCaseSettings:
    """Read settings from a file.

    Args:
        path: The YAML file.
        overrides: `a.b=c` each; the value is read as YAML.
        patch: A YAML file of the same form, whose values replace those of `path`
            before the overrides do; ignored where there is no such file.

    Raises:
        SettingsError: The file or an override can't be used; all faults are named.
    """
    data, changed_by = _read(path), []
    if patch is not None and patch.exists():
        _merge(data, _read(patch))
        changed_by.append(str(patch))
    for override in overrides:
        _apply(data, override)
    if overrides:
        changed_by.append("--set " + " --set ".join(overrides))
    by = f" (changed by {', then '.join(changed_by)})" if changed_by else ""
    settings = _validate(
        UseCaseSettings,
        data,
        f"{path}{by}",
        f"`fairsilo config show {path.parent.name}` lists all settings",
    )
    check(settings.evaluation, settings.gates)
    return settings


def _validate(
    kind: type[SettingsT], data: dict[str, Any], where: str, hint: str
) -> SettingsT:
    try:
        return kind.model_validate(data)
    except pydantic.ValidationError as error:
        found = _distinct(error.errors())
        faults = "\n".join(f"  {_fault(kind, item)}" for item in found)
        many = f"{len(found)} setting{'s' if len(found) > 1 else ''}"
        raise SettingsError(f"{where}: {many} can't be used:\n{faults}", hint) from None


def _distinct(faults: Sequence[Any]) -> list[Any]:
    """Leave out what follows from others: pydantic does not count refused items."""
    places = [item["loc"] for item in faults]
    return [
        item
        for item in faults
        if item["type"] != "too_short"
        or not any(
            len(place) > len(item["loc"]) and place[: len(item["loc"])] == item["loc"]
            for place in places
        )
    ]


class _Loader(yaml.SafeLoader):
    """Reads YAML in which no key stands twice: the last would silently win."""

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, Any]:
        lines: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if key.value in lines:
                raise SettingsError(
                    f"found the key `{key.value}` twice, on lines {lines[key.value]} "
                    f"and {line}",
                    "leave out one of them",
                )
            if isinstance(key, yaml.ScalarNode):
                lines[key.value] = line
        return super().construct_mapping(node, deep)


def _parse(text: str, where: str) -> Any:  # noqa: ANN401  whatever the text says
    try:
        return yaml.load(text, _Loader)  # noqa: S506  it is a SafeLoader
    except SettingsError as error:
        raise SettingsError(f"{where}: {error.message}", error.hint) from None
    # PyYAML's own errors, and what it raises of others for values such as 2013-02-31.
    except Exception as error:
        raise SettingsError(f"{where}: found no valid YAML: {error}") from None


def _read(path: pathlib.Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise SettingsError(
            f"{path}: found bytes that are not UTF-8", "save the file as UTF-8"
        ) from None
    except OSError as error:
        raise SettingsError(
            f"{path}: found no file that can be read ({error.strerror}), expected the "
            "use case's settings"
        ) from None
    data = _parse(text, str(path))
    if not isinstance(data, dict):
        raise SettingsError(f"{path}: found no sections, expected a YAML mapping")
    return data


def _merge(data: dict[str, Any], changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(data.get(key), dict):
            _merge(data[key], value)
        else:
            data[key] = value


def _apply(data: dict[str, Any], override: str) -> None:
    place, separator, text = override.partition("=")
    if not separator or not place:
        raise SettingsError(
            f"--set {override!r}: expected a.b=c, such as training.rounds=20"
        )
    *sections, key = place.split(".")
    for section in sections:
        if data.get(section) is None:
            data[section] = {}
        if section in NAMED and isinstance(data[section], str):
            data[section] = {"name": data[section]}
        data = data[section]
        if not isinstance(data, dict):
            raise SettingsError(f"--set {override!r}: `{section}` is no section")
    value, before = _parse(text, f"--set {override!r}"), data.get(key)
    if key in NAMED and isinstance(before, dict) and before.get("name") == value:
        return  # its parameters stay
    data[key] = value


def _fault(kind: type[Section], item: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        known = _known(kind, item["loc"][:-1])
        close = difflib.get_close_matches(str(item["loc"][-1]), known, 1)
        meant = f"; did you mean `{close[0]}`?" if close else "."
        return f"`{place}`: unknown key{meant} Allowed: {', '.join(sorted(known))}"
    if item["type"] == "missing":
        return f"`{place}`: found nothing, expected a value"
    message = item["msg"].removeprefix("Value error, ")
    if item["type"] == "model_type":
        message = "expected a section: settings by name"
    found = item["input"]
    text = "null" if found is None else repr(found)
    shown = f"found {text}; " if not isinstance(found, dict) and len(text) < 200 else ""
    return f"`{place or 'settings'}`: {shown}{message[:1].lower()}{message[1:]}"


def _known(root: type[Section], place: Sequence[str | int]) -> list[str]:
    """Return the keys that are allowed at a place."""
    here = ".".join(map(str, place))
    all_places = (one.place.removesuffix(".*") for one in settings_of(root))
    found = (one.rpartition(".") for one in all_places)
    return [name for above, _, name in found if fnmatch.fnmatchcase(here, above)]
