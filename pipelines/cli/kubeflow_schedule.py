"""`fairsilo kubeflow schedule`: recurring runs as the settings have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from components.errors import SettingsError
from pipelines.cli import console
from pipelines.cli.compile import Image, compiled, find
from pipelines.cli.kubeflow import Host, Namespace, Package, connect, upload_version
from pipelines.cli.options import Json, Name

if TYPE_CHECKING:
    from pipelines.kubeflow.client import Client
    from pipelines.kubeflow.schedules import Desired, Existing
    from pipelines.use_case import UseCase

app = typer.Typer(no_args_is_help=True, help="Recurring runs: `schedules:` in a file.")

Schedule = Annotated[
    str, typer.Argument(metavar="[NAME]", help="The schedule; by default all.")
]


@app.command()
def apply(
    name: Name,
    package: Package = None,
    image: Image = "",
    host: Host = "",
    namespace: Namespace = "",
    as_json: Json = False,
) -> None:
    """Bring the server to what the settings say; others' schedules stay."""
    from pipelines.kubeflow import schedules

    chosen = find(name, image)
    desired = _desired(chosen)  # checked before anything is sent
    account = chosen.settings.kubeflow.service_account
    if desired:
        with compiled(chosen, package) as path:
            client = connect(chosen, host, namespace)
            uploaded = upload_version(client, path)
        version = (uploaded["pipeline_id"], uploaded["version_id"])
    else:
        client, version = connect(chosen, host, namespace), ("", "")
    done = schedules.apply(client, desired, version, account)
    if as_json:
        console.data_json([{"name": name, "done": done[name]} for name in done])
    else:
        for one, what in done.items():
            console.data(f"{one}: {what}")
    for one, schedule in desired.items():
        console.say(f"{one}: next {', '.join(_times(chosen, schedule.settings.cron))}")
    for found in schedules.existing(client):
        warning = schedules.account_warning(chosen.name, found, account)
        if warning:
            console.say(f"warning: {found.name}: {warning}")


@app.command("list")
def list_schedules(
    name: Name, host: Host = "", namespace: Namespace = "", as_json: Json = False
) -> None:
    """List the schedules on the server and in the settings, with their next times."""
    from pipelines.kubeflow import schedules

    chosen = find(name)
    desired = _desired(chosen)
    account = chosen.settings.kubeflow.service_account
    listed: list[dict[str, Any]] = []
    for one in schedules.existing(connect(chosen, host, namespace)):
        is_known = desired.pop(one.name, None) or one.name in chosen.settings.schedules
        listed.append(
            {
                "name": one.name,
                "state": ("on" if one.enabled else "off")
                + ("" if is_known else ", not in settings"),
                "cron": one.cron,
                "parameters": dict(one.parameters),
                "next": _times(chosen, one.cron) if one.enabled else [],
                "warning": schedules.account_warning(chosen.name, one, account),
                "id": one.id,
            }
        )
    listed += [
        {
            "name": one,
            "state": "not applied yet",
            "cron": schedule.settings.cron,
            "parameters": dict(schedule.parameters),
            "next": _times(chosen, schedule.settings.cron),
            "warning": "",
            "id": None,
        }
        for one, schedule in desired.items()
    ]
    if as_json:
        console.data_json(listed)
        return
    for item in listed:
        following = item["next"][0] if item["next"] else "never"
        console.data(f"{item['name']:<24} {item['state']:<20} next {following}")
        if item["warning"]:
            console.say(f"warning: {item['name']}: {item['warning']}")


@app.command()
def pause(
    name: Name, schedule: Schedule = "", host: Host = "", namespace: Namespace = ""
) -> None:
    """Switch schedules off until `resume`, or until the settings are applied."""
    _switch(connect(find(name), host, namespace), schedule, on=False)


@app.command()
def resume(
    name: Name, schedule: Schedule = "", host: Host = "", namespace: Namespace = ""
) -> None:
    """Switch schedules on."""
    _switch(connect(find(name), host, namespace), schedule, on=True)


@app.command()
def delete(
    name: Name,
    schedule: Schedule = "",
    everything: Annotated[
        bool, typer.Option("--all", help="Delete all of this use case.")
    ] = False,
    host: Host = "",
    namespace: Namespace = "",
) -> None:
    """Delete a schedule; one whose run is in progress is switched off instead."""
    from pipelines.kubeflow import schedules

    if not schedule and not everything:
        raise SettingsError("expected the name of a schedule, or --all")
    client = connect(find(name), host, namespace)
    for one in _existing(client, schedule):
        console.data(f"{one.name}: {schedules.retire(client, one)}")


def _switch(client: Client, schedule: str, *, on: bool) -> None:
    from pipelines.kubeflow import schedules

    newest: dict[str, Existing] = {}
    for one in _existing(client, schedule):
        newest.setdefault(one.name, one)
    for one in newest.values():
        word = "on" if on else "off"
        changed = schedules.switch(client, one, on=on)
        what = f"switched {word}" if changed else f"is {word} already"
        console.data(f"{one.name}: {what}")


def _existing(client: Client, schedule: str) -> list[Existing]:
    from pipelines.kubeflow import schedules

    found = [one for one in schedules.existing(client) if schedule in {"", one.name}]
    if not found:
        which = f" `{schedule}`" if schedule else ""
        name = client.use_case
        raise SettingsError(
            f"found no schedule{which} of `{name}` on the server",
            f"`fairsilo kubeflow schedule list {name}` lists them; `schedule apply "
            f"{name}` makes those of the settings",
        )
    return found


def _desired(chosen: UseCase) -> dict[str, Desired]:
    """Return the settings' schedules, all checked, by name."""
    from pipelines.kubeflow import schedules
    from pipelines.runners import parameters

    desired = {}
    for name, settings in sorted(chosen.settings.schedules.items()):
        schedules.check_name(name)
        place = f"schedule `{name}`: parameter"
        fields = parameters.check_fields(chosen, settings.parameters, place)
        desired[name] = schedules.Desired(settings, fields)
    return desired


def _times(chosen: UseCase, cron: str) -> list[str]:
    from pipelines.kubeflow import schedules

    return schedules.next_times(cron, chosen.settings.kubeflow.server_time_zone)
