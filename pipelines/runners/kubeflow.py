"""Compiles the chain to a package for Kubeflow Pipelines v2.

One container component a TFX node, each running `pipelines.runners.node` for it:
KFP decides when and where a step runs, TFX's launcher what it does. The package
holds no settings but the form's defaults, and no part of the chain's IR, which
would not fit in a step's arguments; `open-run` writes that to the shared root.
"""

from __future__ import annotations

import inspect
import pathlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import yaml
from kfp import compiler, components, dsl

from components.store_url import FROM_ENVIRONMENT
from pipelines.kubeflow.names import pipeline_name
from pipelines.places import Places
from pipelines.runners import parameters, placing
from pipelines.runners.node import CLOSE, DECIDE, OPEN
from pipelines.runners.parameters import Parameter
from pipelines.runners.ui import HTML, METRICS

if TYPE_CHECKING:
    from pipelines.use_case import UseCase

CHAIN = "chain"  # the group that the exit handler watches
COMMAND = ["python", "-m", "pipelines.runners.node"]
_KINDS = {str: "String", int: "Integer", float: "Float", bool: "Boolean"}
_TITLES = {OPEN: "Open run", DECIDE: "Decide", CLOSE: "Close run"}


def compile_package(use_case: UseCase, path: pathlib.Path) -> None:
    """Write the package of a use case; the same use case gives the same bytes.

    Args:
        use_case: What to compile.
        path: The YAML file to write.

    Raises:
        SettingsError: The section `kubeflow` names a node that there is not.
    """
    nodes = _nodes(use_case)
    placing.check(use_case.settings.kubeflow, [*nodes, OPEN, DECIDE, CLOSE])
    path.parent.mkdir(parents=True, exist_ok=True)
    compiler.Compiler().compile(_pipeline(use_case, nodes), str(path))
    _write_retry_limit(path, placing.all_attempts_s(use_case.settings.kubeflow))


def _write_retry_limit(path: pathlib.Path, seconds: int) -> None:
    """Replace the limit of all attempts, which the SDK can't set above an hour."""
    text = path.read_text(encoding="utf-8")
    key = "backoffMaxDuration: "
    path.write_text(
        text.replace(key + placing.SDK_LIMIT, f"{key}{seconds}s"), encoding="utf-8"
    )


def task_name(node: str) -> str:
    """Return a step's name as Kubeflow writes it, such as silo-example-gen."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", node).lower()


def _nodes(use_case: UseCase) -> dict[str, list[str]]:
    """Return the chain's nodes in their order, each with those it comes after."""
    from pipelines import operator_snapshot, pipeline

    settings = use_case.settings.kubeflow
    root = pathlib.Path(settings.root_path) / use_case.name
    places = Places(root, FROM_ENVIRONMENT)
    chain = pipeline.build(use_case, places, "latest", operator_snapshot.NOTHING)
    return {
        node.id: sorted(before.id for before in node.upstream_nodes)
        for node in chain.components
    }


def _pipeline(use_case: UseCase, nodes: Mapping[str, list[str]]) -> Any:  # noqa: ANN401
    asked = parameters.of(use_case.settings)

    def body(*values: Any) -> None:  # noqa: ANN401  KFP's channels
        given = dict(zip((one.name for one in asked), values, strict=True))
        last = _task(use_case, CLOSE)
        with dsl.ExitHandler(last, name=CHAIN):
            tasks = {OPEN: _task(use_case, OPEN, asked, given)}
            for node, before in nodes.items():
                tasks[node] = _task(use_case, node)
                tasks[node].after(*(tasks[name] for name in before or [OPEN]))
            decide = _task(use_case, DECIDE)
            decide.after(*(tasks[node] for node in nodes))

    body.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                one.name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=one.default,
                annotation=one.kind,
            )
            for one in asked
        ]
    )
    body.__doc__ = _documentation(use_case.name, asked)
    name = pipeline_name(use_case.name)
    return dsl.pipeline(name=name, display_name=name)(body)


def _documentation(name: str, asked: Sequence[Parameter]) -> str:
    lines = [f"    {one.name}: {one.description}" for one in asked]
    about = f"FairSilo: federated training, fairness, scoring of {name}."
    return "\n".join((about, "", "Args:", *lines))


def _task(
    use_case: UseCase,
    step: str,
    asked: Sequence[Parameter] = (),
    given: Mapping[str, Any] | None = None,
) -> dsl.PipelineTask:
    make: Callable[..., dsl.PipelineTask] = components.load_component_from_text(
        yaml.safe_dump(_component(use_case, step, asked), sort_keys=False)
    )
    arguments = {one.name: (given or {})[one.name] for one in asked}
    task = make(run_id=dsl.PIPELINE_JOB_ID_PLACEHOLDER, **arguments)
    # KFP's cache knows nothing of the data on the volume; TFX's does.
    task.set_caching_options(False)
    task.set_display_name(_TITLES.get(step, step))
    placing.place(task, step, use_case.settings.kubeflow)
    return task


def _component(
    use_case: UseCase, step: str, asked: Sequence[Parameter]
) -> dict[str, Any]:
    """Return a step as a KFP component; its arguments make its container unique."""
    settings = use_case.settings.kubeflow
    # Placeholders stand inside plain strings: back ends leave `Concat` unresolved.
    values = [f"--parameter={one.name}={_input(one.name)}" for one in asked]
    return {
        "name": task_name(step),
        "inputs": [
            {"name": "run_id", "type": "String"},
            *(
                {
                    "name": one.name,
                    "type": _KINDS[one.kind],
                    "description": one.description,
                }
                for one in asked
            ),
        ],
        "outputs": [
            {"name": HTML, "type": "HTML"},
            {"name": METRICS, "type": "Metrics"},
        ],
        "implementation": {
            "container": {
                "image": settings.image,
                "command": COMMAND,
                "args": [
                    step,
                    *("--use-case", use_case.name),
                    *("--run-id", _input("run_id")),
                    *("--root", settings.root_path),
                    *(("--settings", placing.SETTINGS_FOLDER) if step == OPEN else ()),
                    *values,
                    *("--page", f"{{{{$.outputs.artifacts['{HTML}'].path}}}}"),
                    *("--executor-input", "{{$}}"),
                ],
            }
        },
    }


def _input(name: str) -> str:
    return f"{{{{$.inputs.parameters['{name}']}}}}"
