"""`fairsilo kubeflow`: upload, run and watch the chain on a cluster."""

from __future__ import annotations

import dataclasses
import pathlib
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from components.errors import FairSiloError
from pipelines.cli import console
from pipelines.cli.compile import Image, compiled, find
from pipelines.cli.options import Json, Name, Store, expanded

if TYPE_CHECKING:
    from pipelines.kubeflow.client import Client
    from pipelines.summary import Summary
    from pipelines.use_case import UseCase

app = typer.Typer(
    no_args_is_help=True, help="Upload, run, schedule and watch on a cluster."
)

Host = Annotated[
    str,
    typer.Option(
        "--host",
        metavar="URL",
        envvar="FAIRSILO_KFP_HOST",
        help="Address of Kubeflow Pipelines; by default kubeflow.host, else through "
        "the cluster of your kubeconfig.",
    ),
]
Namespace = Annotated[
    str,
    typer.Option(
        "--namespace", help="Namespace of runs; by default kubeflow.namespace."
    ),
]
Package = Annotated[
    pathlib.Path | None,
    typer.Option(
        "--package",
        metavar="FILE",
        callback=expanded,
        help="A package of `fairsilo compile`; by default compiled now.",
    ),
]
RunId = Annotated[
    str, typer.Argument(metavar="[RUN]", help="The run's id; by default the last one.")
]

_STATES = {
    "": "waiting",
    "RUNTIME_STATE_UNSPECIFIED": "waiting",
    "SUCCEEDED": "done",
    "CANCELING": "being cancelled",
    "CANCELED": "cancelled",
}


def connect(chosen: UseCase, host: str, namespace: str) -> Client:
    """Connect to a use case's client, by the options or else by its settings."""
    from pipelines.kubeflow.client import Client

    settings = chosen.settings.kubeflow
    return Client(chosen.name, host or settings.host, namespace or settings.namespace)


def upload_package(
    chosen: UseCase, package: pathlib.Path | None, host: str, namespace: str
) -> tuple[Client, dict[str, Any]]:
    """Upload a package; return the client, and the version as JSON has it."""
    with compiled(chosen, package) as path:
        client = connect(chosen, host, namespace)
        version = client.upload(path)
    what = "uploaded" if version["uploaded"] else "is there already"
    console.say(f"version {version['version']} of pipeline {client.name} {what}")
    return client, version


@app.command()
def upload(
    name: Name,
    package: Package = None,
    image: Image = "",
    host: Host = "",
    namespace: Namespace = "",
    as_json: Json = False,
) -> None:
    """Upload the package as a version; the same content is no new version."""
    _, version = upload_package(find(name, image), package, host, namespace)
    if as_json:
        console.data_json(version)
    else:
        shown = (version[key] for key in ("pipeline", "version", "version_id"))
        console.data(" ".join(shown))


@app.command()
def run(
    name: Name,
    span: Annotated[str, typer.Option(help="The span, such as 2013-11.")] = "",
    parameters: Annotated[
        list[str] | None,
        typer.Option("--param", metavar="NAME=VALUE", help="May be repeated."),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for its end; exit like a local run.")
    ] = False,
    experiment: Annotated[
        str, typer.Option(help="What it stands under; by default the use case.")
    ] = "",
    package: Package = None,
    image: Image = "",
    host: Host = "",
    namespace: Namespace = "",
    store: Store = "",
    as_json: Json = False,
) -> None:
    """Start a run of the package, uploaded first if its content is new."""
    from pipelines.runners import parameters as form

    chosen = find(name, image)
    given = form.parse([*(parameters or []), *([f"span={span}"] if span else [])])
    fields = form.check_fields(chosen, given, "--param")
    client, version = upload_package(chosen, package, host, namespace)
    run_id = client.run_pipeline(
        client.create_experiment(experiment or client.name).experiment_id,
        f"{client.name} {fields.get('span', 'latest')}",
        params=fields,
        pipeline_id=version["pipeline_id"],
        version_id=version["version_id"],
        service_account=chosen.settings.kubeflow.service_account or None,
    ).run_id
    started = {**version, "run_id": run_id, "address": _address(client, run_id)}
    if not as_json:
        console.data(run_id)
        console.say(started["address"] or f"in the UI: /#/runs/details/{run_id}")
    if wait:
        _wait(client, started, store, as_json)
    elif as_json:
        console.data_json(started)


def _address(client: Client, run_id: str) -> str | None:
    """Return a run's address in the UI, where that of the server is known."""
    return f"{client.host.rstrip('/')}/#/runs/details/{run_id}" if client.host else None


def _wait(client: Client, started: dict[str, Any], store: str, as_json: bool) -> None:
    """Wait for a run's end, show it, and exit with its status."""
    run_id = started["run_id"]
    begun = time.monotonic()
    said: dict[str, str] = {}

    def show_changes(run: Any) -> None:  # noqa: ANN401
        for title, state in _steps(run).items():
            if state not in {"waiting", "skipped", said.get(title)}:
                said[title] = state
                console.say(f"{time.monotonic() - begun:7.1f} s  {title:<18} {state}")

    try:
        ended = client.wait(run_id, show_changes)
    except KeyboardInterrupt:
        console.say(
            f"run {run_id} goes on; `fairsilo kubeflow status {client.use_case} "
            f"{run_id}` shows how it stands"
        )
        raise typer.Exit(130) from None
    summary = _summary(run_id, store, client.use_case)
    succeeded = ended.state == "SUCCEEDED"
    status = summary.status if summary else "succeeded" if succeeded else "failed"
    if as_json:
        whole = summary and dataclasses.asdict(summary)
        console.data_json({**started, "status": status, "summary": whole})
    elif summary:
        from pipelines.cli.run import show

        show(summary, False)
    else:
        console.data(status)
    raise typer.Exit(summary.exit_status if summary else 0 if succeeded else 1)


def _summary(run_id: str, store: str, use_case: str) -> Summary | None:
    """Return how a run ended as the operator's store has it; say why there is none.

    Kubeflow knows success and failure only: not that a model was not blessed, or that
    too few silos were left.
    """
    why = "give --store to learn whether the model was blessed"
    if store:
        from pipelines.runs.store import RunStore
        from pipelines.summary import EXIT_STATUS

        why = f"the store has no end of run {run_id}"
        try:
            summary = RunStore(store, use_case).summary(run_id)
            if summary is not None and summary.status in EXIT_STATUS:
                return summary
        except FairSiloError as error:
            why = error.message
    console.say(f"Kubeflow's state decides: {why}")
    return None


@app.command()
def status(
    name: Name,
    run_id: RunId = "",
    host: Host = "",
    namespace: Namespace = "",
    as_json: Json = False,
) -> None:
    """Show how a run and its steps stand."""
    client = connect(find(name), host, namespace)
    found = client.find_run(run_id)
    address, steps = _address(client, found.run_id), _steps(found)
    if as_json:
        body = {"run_id": found.run_id, "state": found.state}
        console.data_json({**body, "address": address, "steps": steps})
        return
    console.data(f"{found.display_name} ({found.run_id}): {_state_name(found.state)}")
    for title, state in steps.items():
        console.data(f"  {title:<18} {state}")
    if address:
        console.data(address)


def _steps(run: Any) -> dict[str, str]:  # noqa: ANN401  a V2beta1Run
    """Return how a run's steps stand, by title, in their order."""
    from pipelines.runners.steps import STEPS

    details = (run.run_details and run.run_details.task_details) or []
    states = {one.display_name: one.state for one in details}
    return {step.title: _state_name(states.get(step.name)) for step in STEPS.values()}


def _state_name(state: str | None) -> str:
    return _STATES.get(state or "", (state or "").lower())


@app.command()
def logs(
    name: Name,
    step: Annotated[
        str, typer.Argument(metavar="STEP", help="A step, or a node such as Dashboard.")
    ],
    run_id: Annotated[
        str, typer.Option("--run", help="The run's id; by default the last.")
    ] = "",
    host: Host = "",
    namespace: Namespace = "",
) -> None:
    """Print the log of a step's last attempt, read from its pod."""
    from pipelines.kubeflow import logs as step_logs
    from pipelines.runners import steps

    chosen = find(name)
    found = steps.find(step)
    run_id = run_id or connect(chosen, host, namespace).find_run().run_id
    place = namespace or chosen.settings.kubeflow.namespace
    for piece in step_logs.read(run_id, found.name, place):
        sys.stdout.buffer.write(piece)
        sys.stdout.flush()
