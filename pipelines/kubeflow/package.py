"""A compiled package as a client sees it: parameters, steps and its content's digest.

The same form comes back from the server as the specification of a pipeline version.
"""

from __future__ import annotations

import dataclasses
import graphlib
import hashlib
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from components.errors import SettingsError

SCHEMA_VERSION = "2.1.0"
DIGITS = 12  # of the digest, in a version's name
FIRST_STEP = "open-run"
FILE_TYPES = (".yaml", ".yml")  # what the server takes by name


@dataclasses.dataclass(frozen=True)
class Declared:
    """A parameter of the package's runs.

    Attributes:
        name: Its name.
        kind: KFP's type: `STRING`, `NUMBER_INTEGER`, `NUMBER_DOUBLE`, `BOOLEAN`.
        required: Whether it has no default.
    """

    name: str
    kind: str
    required: bool


@dataclasses.dataclass(frozen=True)
class Step:
    """A step of the package.

    Attributes:
        task: Its task's id, such as `silo-example-gen`.
        title: Its name for people, such as `SiloExampleGen`.
        retried: Whether it is tried again when it fails.
        annotations: Annotations of its pods; None where it sets neither those nor
            labels.
        labels: Labels of its pods.
    """

    task: str
    title: str
    retried: bool
    annotations: int | None = None
    labels: int = 0


@dataclasses.dataclass(frozen=True)
class Package:
    """A pipeline's specification.

    Attributes:
        pipeline: KFP's PipelineSpec.
        platform: KFP's PlatformSpec: what is particular to Kubernetes.
    """

    pipeline: Mapping[str, Any]
    platform: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The pipeline's name."""
        return str(self.pipeline["pipelineInfo"]["name"])

    @property
    def parameters(self) -> dict[str, Declared]:
        """Parameters of its runs, by name."""
        declared = _at(self.pipeline, "root", "inputDefinitions", "parameters")
        return {
            name: Declared(
                name,
                str(one.get("parameterType", "STRING")),
                "defaultValue" not in one and not one.get("isOptional"),
            )
            for name, one in declared.items()
        }

    @property
    def steps(self) -> list[Step]:
        """Its steps, each after those that it waits for."""
        return list(self._steps(_at(self.pipeline, "root", "dag", "tasks")))

    def _steps(self, tasks: Mapping[str, Any]) -> Iterator[Step]:
        before = {name: task.get("dependentTasks", ()) for name, task in tasks.items()}
        for name in graphlib.TopologicalSorter(before).static_order():
            reference = tasks[name]["componentRef"]["name"]
            component = self.pipeline["components"][reference]
            inner = _at(component, "dag", "tasks")
            if inner:
                yield from self._steps(inner)
            else:
                yield self._step(name, tasks[name], component)

    def _step(
        self, name: str, task: Mapping[str, Any], component: Mapping[str, Any]
    ) -> Step:
        executors = _at(
            self.platform, "platforms", "kubernetes", "deploymentSpec", "executors"
        )
        settings = executors.get(str(component.get("executorLabel")), {})
        pods = settings.get("podMetadata")
        return Step(
            name,
            str(_at(task, "taskInfo").get("name") or name),
            "retryPolicy" in task,
            None if pods is None else len(pods.get("annotations", {})),
            0 if pods is None else len(pods.get("labels", {})),
        )


def read(path: pathlib.Path) -> Package:
    """Read a package that `fairsilo compile` wrote.

    Raises:
        SettingsError: It is none.
    """
    if path.suffix not in FILE_TYPES:
        raise SettingsError(f"{path}: expected a package named *.yaml")
    try:
        documents = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: found no readable file: {error}") from None
    except yaml.YAMLError as error:
        raise SettingsError(f"{path}: found no valid YAML: {error}") from None
    pipeline, *more = documents or [None]
    return _checked(str(path), pipeline, more[0] if more else {})


def of_version(specification: Mapping[str, Any]) -> Package:
    """Return the package that a pipeline version was made from.

    Args:
        specification: Its `pipeline_spec`, as the server returns it.

    Raises:
        SettingsError: It is none of ours.
    """
    pipeline = specification.get("pipeline_spec", specification)
    platform = specification.get("platform_spec", {})
    return _checked("the server's pipeline version", pipeline, platform)


def version_name(path: pathlib.Path) -> str:
    """Return the name of a package's version: the same content, the same name."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:DIGITS]


def _checked(place: str, pipeline: object, platform: object) -> Package:
    if not isinstance(pipeline, dict) or "root" not in pipeline:
        raise SettingsError(
            f"{place}: found no pipeline, expected a package of Kubeflow Pipelines v2",
            "write one with `fairsilo compile USE_CASE -o package.yaml`",
        )
    found = pipeline.get("schemaVersion")
    if found != SCHEMA_VERSION:
        raise SettingsError(
            f"{place}: found schema version {found}, expected {SCHEMA_VERSION}: it was "
            "made by another version of Kubeflow Pipelines' SDK",
            "write it again with `fairsilo compile`",
        )
    package = Package(pipeline, platform if isinstance(platform, dict) else {})
    if FIRST_STEP not in {step.task for step in package.steps}:
        raise SettingsError(
            f"{place}: found no step `{FIRST_STEP}`, expected a package of FairSilo",
            "write one with `fairsilo compile USE_CASE -o package.yaml`",
        )
    return package


def _at(value: Any, *keys: str) -> Mapping[str, Any]:  # noqa: ANN401
    """Return the mapping at a place, empty where there is none."""
    for key in keys:
        value = value.get(key) or {}
    return value if isinstance(value, dict) else {}
