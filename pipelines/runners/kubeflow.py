"""Compiles the chain to a package for Kubeflow Pipelines v2.

One container component a step, each running `pipelines.runners.step`: KFP decides when
and where a step runs, TFX's launcher what its nodes do. The package holds no settings
but the form's defaults, and no part of the chain's IR, which would not fit in a step's
arguments; the first step writes that to the shared root. Loads no TFX.
"""

from __future__ import annotations

import inspect
import pathlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import yaml
from kfp import compiler, components, dsl, kubernetes

from components import store_url
from components.errors import SettingsError
from pipelines.kubeflow.package import pipeline_name
from pipelines.kubeflow.settings import KubeflowSettings
from pipelines.runners import parameters
from pipelines.runners.parameters import Parameter
from pipelines.runners.steps import (
    CHAIN,
    CLOSE,
    METRICS,
    PAGE,
    PREPARE,
    STEPS,
    TRAIN,
    Step,
)

if TYPE_CHECKING:
    from pipelines.use_case import UseCase

GROUP = "chain"  # what the exit handler watches
# Equal on all steps: back end 2.5 gives all pods of a run those of the first step by
# alphabet.
LABELS = {
    "app.kubernetes.io/part-of": "fairsilo",
    "fairsilo.io/role": "coordinator",
}
# On AKS its webhook then gives a pod a token of its account's identity.
AZURE_IDENTITY = {"azure.workload.identity/use": "true"}
SETTINGS_FOLDER = "/etc/fairsilo/settings"
SILOS_FOLDER = "/etc/fairsilo/silos"
STORE_KEY = "url"
FIRST_PAUSE_S = 10
QUEUE_S = 3600  # most that an attempt may wait for a node and its image
SDK_LIMIT = "3600s"  # the SDK lowers a longer limit of all attempts to this


def compile_package(use_case: UseCase, path: pathlib.Path) -> None:
    """Write the package of a use case; the same use case gives the same bytes.

    Raises:
        SettingsError: The section `kubeflow` names a step that there is not.
    """
    settings = use_case.settings.kubeflow
    unknown = sorted(set(settings.resources) - set(STEPS))
    if unknown:
        raise SettingsError(
            f"`kubeflow.resources`: found {', '.join(unknown)}, expected names of "
            f"steps: {', '.join(STEPS)}"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    compiler.Compiler().compile(_pipeline(use_case), str(path))
    key = "backoffMaxDuration: "
    text = path.read_text(encoding="utf-8")
    limited = text.replace(f"{key}{SDK_LIMIT}", f"{key}{all_attempts_s(settings)}s")
    path.write_text(limited, encoding="utf-8")


def all_attempts_s(settings: KubeflowSettings) -> int:
    """Return the seconds that all attempts of a step may take together.

    KFP's `backoff_max_duration` is Argo's `maxDuration`: it counts from the start of
    the first attempt, and no attempt begins, or goes on, after it. So it must hold
    the longest allowed attempts and the pauses between them.
    """
    attempts = (settings.retries + 1) * (settings.timeout_minutes * 60 + QUEUE_S)
    pauses = FIRST_PAUSE_S * ((1 << settings.retries) - 1)  # each twice the last
    return attempts + pauses


def _pipeline(use_case: UseCase) -> Any:  # noqa: ANN401
    fields = parameters.of(use_case.settings)

    def body(*values: Any) -> None:  # noqa: ANN401  KFP's channels
        given = dict(zip((one.name for one in fields), values, strict=True))
        with dsl.ExitHandler(_task(use_case, CLOSE), name=GROUP):
            last = _task(use_case, PREPARE, fields, **given)
            for step in CHAIN[1:]:
                last = _task(use_case, step).after(last)

    body.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                one.name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=one.default,
                annotation=type(one.default),
            )
            for one in fields
        ]
    )
    lines = [f"    {one.name}: {one.description}" for one in fields]
    about = f"FairSilo: federated training, fairness, scoring of {use_case.name}."
    body.__doc__ = "\n".join((about, "", "Args:", *lines))
    name = pipeline_name(use_case.name)
    return dsl.pipeline(name=name, display_name=name)(body)


def _task(
    use_case: UseCase,
    step: Step,
    fields: Sequence[Parameter] = (),
    **given: Any,  # noqa: ANN401
) -> dsl.PipelineTask:
    make: Callable[..., dsl.PipelineTask] = components.load_component_from_text(
        yaml.safe_dump(_component(use_case, step, fields), sort_keys=False)
    )
    task = make(run_id=dsl.PIPELINE_JOB_ID_PLACEHOLDER, **given)
    # KFP's cache knows nothing of the data on the volume; TFX's does.
    task.set_caching_options(False)
    task.set_display_name(step.title)
    _set_pod(task, step, use_case.settings.kubeflow)
    has_identity = use_case.settings.inference.pod.azure_identity
    for key, value in (LABELS | (AZURE_IDENTITY if has_identity else {})).items():
        kubernetes.add_pod_label(task, key, value)
    return task


def _component(
    use_case: UseCase, step: Step, fields: Sequence[Parameter]
) -> dict[str, Any]:
    """Return a step as a KFP component; its arguments make its container unique."""
    settings = use_case.settings.kubeflow
    form = [
        {
            "name": one.name,
            "type": "Boolean" if isinstance(one.default, bool) else "String",
            "description": one.description,
        }
        for one in fields
    ]
    arguments = [
        step.name,
        *("--use-case", use_case.name),
        *("--run-id", _input("run_id")),
        *("--root", settings.root_path),
        *(("--settings", SETTINGS_FOLDER) if step is PREPARE else ()),
        # Inside plain strings: back ends leave `Concat` unresolved.
        *(f"--parameter={one.name}={_input(one.name)}" for one in fields),
        *("--page", f"{{{{$.outputs.artifacts['{PAGE}'].path}}}}"),
        *("--executor-input", "{{$}}"),
    ]
    return {
        "name": step.name,
        "inputs": [{"name": "run_id", "type": "String"}, *form],
        "outputs": [
            {"name": PAGE, "type": "HTML"},
            {"name": METRICS, "type": "Metrics"},
        ],
        "implementation": {
            "container": {
                "image": settings.image,
                "command": ["python", "-m", "pipelines.runners.step"],
                "args": arguments,
            }
        },
    }


def _input(name: str) -> str:
    return f"{{{{$.inputs.parameters['{name}']}}}}"


def _set_pod(task: dsl.PipelineTask, step: Step, settings: KubeflowSettings) -> None:
    """Give a step its resources, mounts, time-out and retries."""
    resources = step.resources
    if given := settings.resources.get(step.name):
        resources = resources.model_copy(update=given.model_dump(exclude_unset=True))
    task.set_cpu_request(resources.cpu)
    task.set_cpu_limit(resources.cpu)
    task.set_memory_request(resources.memory)
    task.set_memory_limit(resources.memory)
    if settings.retries:
        task.set_retry(
            settings.retries,
            backoff_duration=f"{FIRST_PAUSE_S}s",
            backoff_factor=2.0,
            backoff_max_duration=SDK_LIMIT,
        )
    kubernetes.set_timeout(task, settings.timeout_minutes * 60)
    kubernetes.mount_pvc(task, settings.root_claim, settings.root_path)
    if settings.data_claim:
        kubernetes.mount_pvc(task, settings.data_claim, settings.data_path)
    kubernetes.use_secret_as_env(
        task, settings.store_secret, {STORE_KEY: store_url.VARIABLE}
    )
    config_maps = {
        PREPARE.name: (settings.settings_config_map, SETTINGS_FOLDER),
        TRAIN.name: (settings.silos_config_map, SILOS_FOLDER),
    }
    if mount := config_maps.get(step.name):
        kubernetes.use_config_map_as_volume(task, *mount, optional=True)
