"""`fairsilo kubeflow schedule`: recurring runs as the settings have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from components.errors import SettingsError
from pipelines.cli import console
from pipelines.cli.compile import Image, find
from pipelines.cli.kubeflow import Host, Namespace, Package, connect, upload_package
from pipelines.cli.options import Json, Name

if TYPE_CHECKING:
    from pipelines.kubeflow.client import Client
    from pipelines.kubeflow.settings import ScheduleSettings
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
    version: dict[str, Any] = {}
    if desired:
        client, version = upload_package(chosen, package, host, namespace)
    else:
        client = connect(chosen, host, namespace)
    done = schedules.apply(client, desired, version, account)
    if as_json:
        console.data_json([{"name": name, "done": done[name]} for name in done])
    else:
        for one, what in done.items():
            console.data(f"{one}: {what}")
    for one, schedule in desired.items():
        console.say(f"{one}: next {', '.join(_times(chosen, schedule.cron))}")
    for found in schedules.existing(client):
        if warning := schedules.account_warning(client, found, account):
            console.say(f"warning: {schedules.name_of(found)}: {warning}")


@app.command("list")
def list_schedules(
    name: Name, host: Host = "", namespace: Namespace = "", as_json: Json = False
) -> None:
    """List the schedules on the server and in the settings, with their next times."""
    from pipelines.kubeflow import schedules

    chosen = find(name)
    account = chosen.settings.kubeflow.service_account
    desired = _desired(chosen)
    client = connect(chosen, host, namespace)
    listed: list[dict[str, Any]] = []
    for one in schedules.existing(client):
        label = schedules.name_of(one)
        cron = one.trigger.cron_schedule.cron.partition(" ")[2]  # seconds first
        is_on = schedules.is_on(one)
        known = "" if label in chosen.settings.schedules else ", not in settings"
        desired.pop(label, None)
        listed.append(
            {
                "name": label,
                "state": f"{'on' if is_on else 'off'}{known}",
                "cron": cron,
                "parameters": dict(one.runtime_config.parameters or {}),
                "next": _times(chosen, cron) if is_on else [],
                "warning": schedules.account_warning(client, one, account),
                "id": one.recurring_run_id,
            }
        )
    for label, schedule in desired.items():
        listed.append(
            {
                "name": label,
                "state": "not applied yet",
                "cron": schedule.cron,
                "parameters": schedule.parameters,
                "next": _times(chosen, schedule.cron),
                "warning": "",
                "id": None,
            }
        )
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
        console.data(f"{schedules.name_of(one)}: {schedules.retire(client, one)}")


def _switch(client: Client, schedule: str, *, on: bool) -> None:
    from pipelines.kubeflow import schedules

    # Oldest first, so that of two of one name the newest stays.
    newest = {schedules.name_of(one): one for one in _existing(client, schedule)[::-1]}
    word = "on" if on else "off"
    for name, one in newest.items():
        changed = schedules.switch(client, one, on=on)
        console.data(
            f"{name}: {f'switched {word}' if changed else f'is {word} already'}"
        )


def _existing(client: Client, schedule: str) -> list[Any]:
    from pipelines.kubeflow import schedules

    there = schedules.existing(client)
    found = [one for one in there if schedule in {"", schedules.name_of(one)}]
    if not found:
        which = f" `{schedule}`" if schedule else ""
        name = client.use_case
        raise SettingsError(
            f"found no schedule{which} of `{name}` on the server",
            f"`fairsilo kubeflow schedule list {name}` lists them; `schedule apply "
            f"{name}` makes those of the settings",
        )
    return found


def _desired(chosen: UseCase) -> dict[str, ScheduleSettings]:
    """Return the settings' schedules by name, with parameters as the form has them."""
    from pipelines.runners import parameters

    desired = {}
    for name, one in sorted(chosen.settings.schedules.items()):
        place = f"schedule `{name}`: parameter"
        fields = parameters.check_fields(chosen, one.parameters, place)
        desired[name] = one.model_copy(update={"parameters": fields})
    return desired


def _times(chosen: UseCase, cron: str) -> list[str]:
    from pipelines.kubeflow import schedules

    return schedules.next_times(cron, chosen.settings.kubeflow.server_time_zone)
