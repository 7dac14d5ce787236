"""`fairsilo kubeflow schedule`: recurring runs as the settings have them."""

from __future__ import annotations

import contextlib
import datetime
import pathlib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from components.errors import SettingsError
from pipelines.cli import console
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
from pipelines.cli.options import Json, Name

if TYPE_CHECKING:
    from pipelines.kubeflow.connection import Connection
    from pipelines.kubeflow.reconcile import Done, Reconciler
    from pipelines.kubeflow.schedules import Found, Wanted
    from pipelines.use_case import UseCase

app = typer.Typer(no_args_is_help=True, help="Recurring runs: `schedules:` in a file.")

Schedule = Annotated[
    str, typer.Argument(metavar="[NAME]", help="The schedule; by default all.")
]


@app.command()
@takes_way
def apply(
    name: Name,
    way: Way,
    package: Package = None,
    image: Image = "",
    as_json: Json = False,
) -> None:
    """Bring the server to what the settings say; others' schedules stay."""
    chosen = find(name, image)
    wanted = _wanted(chosen)
    with contextlib.ExitStack() as stack:
        path = stack.enter_context(compiled(chosen, package)) if wanted else None
        if path is not None:
            _check_parameters(chosen, wanted, path)  # before anything is sent
        connection = stack.enter_context(connected(chosen, way))
        server = _reconciler(connection, chosen)
        done = _bring(server, connection, chosen, wanted, path) if path else []
        done += server.retire_others([one.name for one in wanted])
        warnings = _account_warnings(chosen, server.found())
    if as_json:
        console.data_json([{"name": one.name, "done": one.what} for one in done])
    else:
        for one in done:
            console.data(f"{one.name}: {one.what}")
    for schedule in wanted:
        _say_times(chosen, schedule)
    for schedule_name, warning in warnings.items():
        if warning:
            console.say(f"warning: {schedule_name}: {warning}")


@app.command("list")
@takes_way
def list_schedules(name: Name, way: Way, as_json: Json = False) -> None:
    """List the schedules on the server and in the settings."""
    chosen = find(name)
    told = _all(chosen, way)
    if as_json:
        console.data_json(told)
        return
    for one in told:
        following = one["next"][0] if one["next"] else "never"
        console.data(f"{one['name']:<24} {one['state']:<20} next {following}")


@app.command()
@takes_way
def show(name: Name, way: Way, schedule: Schedule = "", as_json: Json = False) -> None:
    """Show schedules in full, with their next three times."""
    told = [one for one in _all(find(name), way) if schedule in {"", one["name"]}]
    if not told:
        raise _unknown(name, schedule)
    if as_json:
        console.data_json(told)
        return
    for one in told:
        console.data(f"{one['name']}: {one['state']}")
        for key in ("written", "cron", "parameters", "next", "warning"):
            value = one[key]
            if value:
                text = ", ".join(value) if isinstance(value, list) else value
                console.data(f"  {key:<11} {text}")


@app.command()
@takes_way
def pause(name: Name, way: Way, schedule: Schedule = "") -> None:
    """Switch schedules off until `resume`, or until the settings are applied."""
    _switch(name, way, schedule, on=False)


@app.command()
@takes_way
def resume(name: Name, way: Way, schedule: Schedule = "") -> None:
    """Switch schedules on."""
    _switch(name, way, schedule, on=True)


@app.command()
@takes_way
def delete(
    name: Name,
    way: Way,
    schedule: Schedule = "",
    everything: Annotated[
        bool, typer.Option("--all", help="Delete all of this use case.")
    ] = False,
) -> None:
    """Delete a schedule; one whose run is in progress is switched off instead."""
    if not schedule and not everything:
        raise SettingsError("expected the name of a schedule, or --all")
    chosen = find(name)
    with connected(chosen, way) as connection:
        server = _reconciler(connection, chosen)
        for one in _chosen(server.found(), name, schedule):
            console.data(f"{one.name}: {server.retire(one)}")


def _switch(name: str, way: Way, schedule: str, *, on: bool) -> None:
    chosen = find(name)
    with connected(chosen, way) as connection:
        server = _reconciler(connection, chosen)
        newest: dict[str, Found] = {}
        for one in _chosen(server.found(), name, schedule):
            newest.setdefault(one.name, one)
        for one in newest.values():
            word = "on" if on else "off"
            changed = server.switch(one, on=on)
            told = f"switched {word}" if changed else f"is {word} already"
            console.data(f"{one.name}: {told}")


def _chosen(found: list[Found], name: str, schedule: str) -> list[Found]:
    chosen = [one for one in found if schedule in {"", one.name}]
    if not chosen:
        raise _unknown(name, schedule)
    return chosen


def _unknown(name: str, schedule: str) -> SettingsError:
    which = f" `{schedule}`" if schedule else ""
    return SettingsError(
        f"found no schedule{which} of `{name}` on the server",
        f"`fairsilo kubeflow schedule list {name}` lists them; `schedule apply {name}` "
        "makes those of the settings",
    )


def _wanted(chosen: UseCase) -> list[Wanted]:
    from pipelines.kubeflow import schedules

    settings = chosen.settings
    return schedules.wanted(settings.schedules, settings.kubeflow, _now())


def _check_parameters(
    chosen: UseCase, wanted: list[Wanted], path: pathlib.Path
) -> None:
    from pipelines.kubeflow import package as packages
    from pipelines.kubeflow import schedules

    content = packages.read(path)
    for one in wanted:
        check_fields(chosen, schedules.parameters(one, content))


def _bring(
    server: Reconciler,
    connection: Connection,
    chosen: UseCase,
    wanted: list[Wanted],
    path: pathlib.Path,
) -> list[Done]:
    from pipelines.kubeflow import names, versions

    name = names.pipeline_name(chosen.name)
    return server.apply(wanted, versions.ensure(connection, name, path))


def _reconciler(connection: Connection, chosen: UseCase) -> Reconciler:
    from pipelines.kubeflow import experiments, names
    from pipelines.kubeflow.reconcile import Reconciler

    place = experiments.find(connection, names.pipeline_name(chosen.name))
    account = chosen.settings.kubeflow.service_account
    return Reconciler(connection, chosen.name, place, account)


def _all(chosen: UseCase, way: Way) -> list[dict[str, Any]]:
    """Return all schedules as JSON has them: the server's, then the file's others."""
    wanted = _wanted(chosen)
    with connected(chosen, way) as connection:
        found = _reconciler(connection, chosen).found()
    zones = {one.name: one.settings.time_zone for one in wanted}
    told = [_of_server(chosen, one, zones.get(one.name, "UTC")) for one in found]
    for one in found:
        zones.pop(one.name, None)
    return told + [_of_file(chosen, one) for one in wanted if one.name in zones]


def _of_server(chosen: UseCase, found: Found, zone: str) -> dict[str, Any]:
    named = found.name in chosen.settings.schedules
    state = ("on" if found.enabled else "off") + ("" if named else ", not in settings")
    return {
        "name": found.name,
        "state": state,
        "written": found.about,
        "cron": found.cron,
        "parameters": dict(found.parameters),
        "next": _times(chosen, found.cron, zone) if found.enabled else [],
        "warning": _account_warnings(chosen, [found])[found.name],
        "id": found.job_id,
    }


def _account_warnings(chosen: UseCase, found: list[Found]) -> dict[str, str]:
    from pipelines.kubeflow import schedules

    account = chosen.settings.kubeflow.service_account
    return {
        one.name: schedules.account_warning(chosen.name, one, account) for one in found
    }


def _of_file(chosen: UseCase, wanted: Wanted) -> dict[str, Any]:
    settings = wanted.settings
    return {
        "name": wanted.name,
        "state": "not applied yet",
        "written": f"{settings.cron} {settings.time_zone}",
        "cron": wanted.cron,
        "parameters": settings.parameters,
        "next": _times(chosen, wanted.cron, settings.time_zone),
        "warning": wanted.warning,
        "id": None,
    }


def _say_times(chosen: UseCase, wanted: Wanted) -> None:
    times = _times(chosen, wanted.cron, wanted.settings.time_zone)
    console.say(f"{wanted.name}: next {', '.join(times)}")
    if wanted.warning:
        console.say(f"{wanted.name}: {wanted.warning}")


def _times(chosen: UseCase, cron_text: str, zone: str) -> list[str]:
    from pipelines.kubeflow import cron

    server_zone = chosen.settings.kubeflow.server_time_zone
    times = cron.next_times(cron_text, server_zone, zone, _now())
    return [f"{time:%a %Y-%m-%d %H:%M %Z}" for time in times]


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
