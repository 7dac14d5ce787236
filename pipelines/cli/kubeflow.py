"""`fairsilo kubeflow`: upload, run and watch the chain on a cluster."""

from __future__ import annotations

import dataclasses
import pathlib
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from components.errors import SettingsError
from pipelines.cli import console, kubeflow_schedule
from pipelines.cli.kubeflow_server import (
    Image,
    Package,
    Way,
    check_fields,
    compiled,
    connected,
    find,
    takes_way,
)
from pipelines.cli.options import Json, Name, Store, expanded

if TYPE_CHECKING:
    from pipelines.kubeflow.connection import Connection
    from pipelines.kubeflow.outcome import Outcome
    from pipelines.kubeflow.versions import Version
    from pipelines.use_case import UseCase

app = typer.Typer(
    no_args_is_help=True, help="Upload, run, schedule and watch on a cluster."
)
app.add_typer(kubeflow_schedule.app, name="schedule")

RunId = Annotated[
    str, typer.Argument(metavar="[RUN]", help="The run's id; by default the last one.")
]
RunOption = Annotated[str, typer.Option("--run", help="The run's id; by default last.")]


@app.command()
@takes_way
def upload(
    name: Name,
    way: Way,
    package: Package = None,
    image: Image = "",
    as_json: Json = False,
) -> None:
    """Upload the package as a version; the same content is no new version."""
    chosen = find(name, image)
    with compiled(chosen, package) as path, connected(chosen, way) as connection:
        version = _ensure(connection, chosen, path)
    if as_json:
        console.data_json(_told(version))
    else:
        console.data(f"{version.pipeline} {version.name} {version.version_id}")


@app.command()
@takes_way
def run(
    name: Name,
    way: Way,
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
    store: Store = "",
    as_json: Json = False,
) -> None:
    """Start a run of the package, uploaded first if its content is new."""
    chosen = find(name, image)
    given = [*(parameters or []), *([f"span={span}"] if span else [])]
    with compiled(chosen, package) as path:
        from pipelines.kubeflow import package as packages
        from pipelines.kubeflow import values

        checked = values.parse(packages.read(path).parameters, given)
        check_fields(chosen, checked)
        with connected(chosen, way) as connection:
            version = _ensure(connection, chosen, path)
            told = _start(connection, chosen, version, checked, experiment)
            _say_started(told, wait, as_json)
            if wait:
                ended = _wait(connection, chosen, version, told["run_id"], store)
    if not wait:
        return
    if as_json:
        summary = ended.summary and dataclasses.asdict(ended.summary)
        console.data_json({**told, "status": ended.status, "summary": summary})
    else:
        _show(ended)
    raise typer.Exit(ended.exit_status)


def _ensure(connection: Connection, chosen: UseCase, path: pathlib.Path) -> Version:
    from pipelines.kubeflow import names, versions

    version = versions.ensure(connection, names.pipeline_name(chosen.name), path)
    what = "uploaded" if version.created else "is there already"
    console.say(f"version {version.name} of pipeline {version.pipeline} {what}")
    return version


def _start(
    connection: Connection,
    chosen: UseCase,
    version: Version,
    parameters: dict[str, Any],
    experiment: str,
) -> dict[str, Any]:
    from pipelines.kubeflow import experiments, runs

    place = experiments.ensure(connection, experiment or version.pipeline)
    span = parameters.get("span", "latest")
    account = chosen.settings.kubeflow.service_account
    started = runs.start(
        connection, version, f"{version.pipeline} {span}", place, parameters, account
    )
    ui = connection.server.ui
    return {
        **_told(version),
        "run_id": started.run_id,
        "address": runs.address(ui, started.run_id) if ui else None,
    }


def _told(version: Version) -> dict[str, Any]:
    return {
        "pipeline": version.pipeline,
        "pipeline_id": version.pipeline_id,
        "version": version.name,
        "version_id": version.version_id,
        "uploaded": version.created,
    }


def _say_started(told: dict[str, Any], wait: bool, as_json: bool) -> None:
    if as_json:
        if not wait:
            console.data_json(told)
        return
    console.data(told["run_id"])
    if told["address"]:
        console.data(told["address"])
    else:
        console.say(f"in the UI: /#/runs/details/{told['run_id']}")


def _wait(
    connection: Connection, chosen: UseCase, version: Version, run_id: str, store: str
) -> Outcome:
    from pipelines.kubeflow import outcome, waiting

    try:
        ended = waiting.wait(
            connection, run_id, version.package, console.say, waiting.POLL_S
        )
    except KeyboardInterrupt:
        console.say(
            f"run {run_id} goes on; `fairsilo kubeflow status {chosen.name} {run_id}` "
            "tells how it stands"
        )
        raise typer.Exit(130) from None
    return outcome.of(ended.state, store, chosen.name, run_id)


def _show(ended: Outcome) -> None:
    if ended.summary is not None:
        from pipelines.cli.run import show

        show(ended.summary, False)
        return
    console.say(ended.note)
    console.data(ended.status)


@app.command()
@takes_way
def status(name: Name, way: Way, run_id: RunId = "", as_json: Json = False) -> None:
    """Tell how a run and its steps stand."""
    chosen = find(name)
    from pipelines.kubeflow import runs, versions

    with connected(chosen, way) as connection:
        found = _find_run(connection, chosen, run_id)
        content = versions.package_of(connection, found)
        steps = runs.steps(found, content.steps)
        ui = connection.server.ui
    if as_json:
        console.data_json(
            {
                "run_id": found.run_id,
                "state": found.state,
                "address": runs.address(ui, found.run_id) if ui else None,
                "steps": {step.task: step.state for step in steps},
            }
        )
        return
    console.data(f"{found.display_name} ({found.run_id}): {runs.word(found.state)}")
    for step in steps:
        console.data(f"  {step.title:<18} {step.state}")
    if ui:
        console.data(runs.address(ui, found.run_id))


@app.command()
@takes_way
def logs(
    name: Name,
    step: Annotated[str, typer.Argument(metavar="STEP", help="Such as Dashboard.")],
    way: Way,
    run_id: RunOption = "",
) -> None:
    """Print the log of a step's last attempt."""
    chosen = find(name)
    from pipelines.kubeflow import logs as step_logs
    from pipelines.kubeflow import versions

    with connected(chosen, way) as connection:
        found = _find_run(connection, chosen, run_id)
        content = versions.package_of(connection, found)
        known = {one.task: one for one in content.steps}
        known.update({one.title: one for one in content.steps})
        if step not in known:
            titles = ", ".join(one.title for one in content.steps)
            raise SettingsError(f"step `{step}`: found no such step; known: {titles}")
        for piece in step_logs.read(connection, found, known[step]):
            sys.stdout.buffer.write(piece)
        sys.stdout.flush()


@app.command()
@takes_way
def artifacts(
    name: Name,
    way: Way,
    run_id: RunOption = "",
    output: Annotated[
        pathlib.Path,
        typer.Option("--output", "-o", callback=expanded, help="Where to write."),
    ] = pathlib.Path("run"),
    store: Store = "",
) -> None:
    """Download a run's logs; with the operator's store its pages and summary too."""
    chosen = find(name)
    from pipelines.kubeflow import downloads

    with connected(chosen, way) as connection:
        found = _find_run(connection, chosen, run_id)
        written, missing = downloads.download(connection, found, output)
    if store:
        more = downloads.from_store(store, name, found.run_id, output)
        written, missing = written + more[0], missing + more[1]
    else:
        missing.append("pages and summary: give --store, they lie in the store")
    for path in written:
        console.data(str(path))
    for sentence in missing:
        console.say(sentence)


def _find_run(connection: Connection, chosen: UseCase, run_id: str) -> Any:  # noqa: ANN401
    from pipelines.kubeflow import experiments, names, runs

    if not run_id:
        place = experiments.find(connection, names.pipeline_name(chosen.name))
        run_id = runs.latest(connection, place, chosen.name)
    return runs.get(connection, run_id)
