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
from kfp import compiler, components, dsl

from pipelines.kubeflow.package import pipeline_name
from pipelines.runners import parameters, pod_spec
from pipelines.runners.parameters import Parameter
from pipelines.runners.steps import CHAIN, CLOSE, PREPARE, Step
from pipelines.runners.ui import HTML, METRICS

if TYPE_CHECKING:
    from pipelines.use_case import UseCase

GROUP = "chain"  # what the exit handler watches
COMMAND = ["python", "-m", "pipelines.runners.step"]
_KINDS = {str: "String", bool: "Boolean"}


def compile_package(use_case: UseCase, path: pathlib.Path) -> None:
    """Write the package of a use case; the same use case gives the same bytes.

    Args:
        use_case: What to compile.
        path: The YAML file to write.

    Raises:
        SettingsError: The section `kubeflow` names a step that there is not.
    """
    settings = use_case.settings.kubeflow
    pod_spec.check(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    compiler.Compiler().compile(_pipeline(use_case), str(path))
    # The limit of all attempts, which the SDK can't set above an hour.
    key, seconds = "backoffMaxDuration: ", pod_spec.all_attempts_s(settings)
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace(f"{key}{pod_spec.SDK_LIMIT}", f"{key}{seconds}s"), encoding="utf-8"
    )


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
    pod_spec.apply(task, step, use_case.settings.kubeflow)
    return task


def _component(
    use_case: UseCase, step: Step, fields: Sequence[Parameter]
) -> dict[str, Any]:
    """Return a step as a KFP component; its arguments make its container unique."""
    settings = use_case.settings.kubeflow
    form = [
        {
            "name": one.name,
            "type": _KINDS[type(one.default)],
            "description": one.description,
        }
        for one in fields
    ]
    config_map = ("--settings", pod_spec.SETTINGS_FOLDER) if step is PREPARE else ()
    return {
        "name": step.name,
        "inputs": [{"name": "run_id", "type": "String"}, *form],
        "outputs": [
            {"name": HTML, "type": "HTML"},
            {"name": METRICS, "type": "Metrics"},
        ],
        "implementation": {
            "container": {
                "image": settings.image,
                "command": COMMAND,
                "args": [
                    step.name,
                    *("--use-case", use_case.name),
                    *("--run-id", _input("run_id")),
                    *("--root", settings.root_path),
                    *config_map,
                    # Inside plain strings: back ends leave `Concat` unresolved.
                    *(f"--parameter={one.name}={_input(one.name)}" for one in fields),
                    *("--page", f"{{{{$.outputs.artifacts['{HTML}'].path}}}}"),
                    *("--executor-input", "{{$}}"),
                ],
            }
        },
    }


def _input(name: str) -> str:
    return f"{{{{$.inputs.parameters['{name}']}}}}"
