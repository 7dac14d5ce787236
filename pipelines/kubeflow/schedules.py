"""Brings a use case's recurring runs to what the settings say, and touches no others.

A schedule is ours by its name, `fairsilo/<use case>/<schedule>`, and by its
description, which begins with a digest of all that makes it up. Recurring runs can't be
changed but for the switch: a changed one is made anew before the old one goes. Kubeflow
ends the runs of a recurring run that is deleted, so one with a run in progress is
switched off instead, and goes the next time.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import re
import zoneinfo
from collections.abc import Mapping
from typing import Any

from components.errors import SettingsError
from pipelines.kubeflow.client import ENDED, PAGE_SIZE, Client
from pipelines.kubeflow.settings import ScheduleSettings

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
_MARK = re.compile(r"fairsilo ([0-9a-f]{16})\b")
_NUM_TIMES = 3


@dataclasses.dataclass(frozen=True)
class Desired:
    """A schedule of the settings, checked.

    Attributes:
        settings: Its section.
        parameters: Parameters of its runs, with the form's types.
    """

    settings: ScheduleSettings
    parameters: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Existing:
    """A schedule of ours on the server.

    Attributes:
        name: Its name in the settings.
        id: Id of the recurring run.
        digest: Of all that makes it up.
        cron: Five fields in the server's time zone.
        enabled: Whether it is switched on.
        parameters: Parameters of its runs.
        service_account: Whose rights its runs' pods have; empty where not texts.
    """

    name: str
    id: str
    digest: str
    cron: str
    enabled: bool
    parameters: Mapping[str, Any]
    service_account: str


def check_name(name: str) -> None:
    """Check that a schedule's name can be part of a recurring run's.

    Raises:
        SettingsError: It can't.
    """
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"schedule {name!r}: expected a name of small letters, digits and -, at "
            "most 40"
        )


def existing(client: Client) -> list[Existing]:
    """Return the schedules of ours on the server, newest first."""
    return [
        Existing(
            name=one.display_name.removeprefix(_display_name(client, "")),
            id=one.recurring_run_id,
            digest=mark.group(1),
            cron=one.trigger.cron_schedule.cron.partition(" ")[2],  # seconds first
            enabled=one.status == "ENABLED",
            parameters=one.runtime_config.parameters or {},
            service_account=one.service_account or "",
        )
        for one in _listed(client)
        if one.display_name.startswith(_display_name(client, ""))
        and (mark := _MARK.match(one.description or ""))
    ]


def apply(
    client: Client,
    desired: Mapping[str, Desired],
    version: tuple[str, str],
    service_account: str,
) -> dict[str, str]:
    """Bring schedules to what the settings say; return what was done, by name.

    Args:
        client: The server.
        desired: The settings' schedules by name; those of ours that are not among them
            go.
        version: Ids of pipeline and version that they run; of no account where none is
            desired.
        service_account: Whose rights the runs' pods have; empty: the server's default.
    """
    there = existing(client)
    done = {}
    for name, one in sorted(desired.items()):
        body = _body(client, name, one, version, service_account)
        same = [found for found in there if found.name == name]
        equal = next((f for f in same if f.digest in body["description"]), None)
        if equal is None:
            client.create_recurring_run(**body)
            done[name] = "recreated, for it changed" if same else "created"
        elif switch(client, equal, on=one.settings.enabled):
            done[name] = f"switched {'on' if one.settings.enabled else 'off'}"
        else:
            done[name] = "unchanged"
        for old in same:
            if old is not equal and (what := retire(client, old)) != "deleted":
                done[name] += f"; the old one: {what}"
    for old in there:
        if old.name not in desired:
            done[old.name] = retire(client, old)
    return done


def switch(client: Client, schedule: Existing, *, on: bool) -> bool:
    """Switch a schedule on or off; return whether it was the other way."""
    if schedule.enabled != on:
        change = client.enable_recurring_run if on else client.disable_recurring_run
        change(schedule.id)
    return schedule.enabled != on


def retire(client: Client, schedule: Existing) -> str:
    """Delete a schedule, or switch it off while a run of it is in progress."""
    for run in client.newest_runs():
        if run.recurring_run_id == schedule.id and run.state not in ENDED:
            switch(client, schedule, on=False)
            return (
                f"switched off; goes once run {run.run_id} has ended: deleting ends it"
            )
    client.delete_recurring_run(schedule.id)
    return "deleted"


def next_times(cron: str, server_zone: str) -> list[str]:
    """Return when the server starts next: in its zone, in UTC and by the clock here.

    Args:
        cron: Five fields in the server's zone.
        server_zone: IANA name of that zone.
    """
    from cronsim import CronSim

    times = CronSim(cron, datetime.datetime.now(zoneinfo.ZoneInfo(server_zone)))
    return [_format(next(times)) for _ in range(_NUM_TIMES)]


def account_warning(use_case: str, schedule: Existing, account: str) -> str:
    """Return what is to be said where a schedule's runs have another account's rights.

    Back ends before 2.17 give a recurring run the account of their own settings, not
    the one that was asked for, and tell which it is.
    """
    found = schedule.service_account
    if not account or not found or found == account:
        return ""
    return (
        f"its runs use service account `{found}`, expected `{account}` "
        "(`kubeflow.service_account`): this server gives schedules its own account; "
        f"set DEFAULTPIPELINERUNNERSERVICEACCOUNT={account} on its deployment "
        "ml-pipeline, then `fairsilo kubeflow schedule delete "
        f"{use_case} {schedule.name}` and `schedule apply {use_case}`"
    )


def _listed(client: Client) -> list[Any]:
    """Return the recurring runs of the use case's experiment, newest first."""
    place = client.experiment_id()
    found: list[Any] = []
    token = ""
    while place is not None:
        answer = client.list_recurring_runs(token, PAGE_SIZE, experiment_id=place)
        found += answer.recurring_runs or []
        token = answer.next_page_token
        if not token:
            break
    return sorted(found, key=lambda one: one.created_at, reverse=True)


def _body(
    client: Client,
    name: str,
    one: Desired,
    version: tuple[str, str],
    service_account: str,
) -> dict[str, Any]:
    settings = one.settings
    content = [
        *(settings.cron, settings.catch_up, one.parameters),
        *(version[1], service_account),
    ]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return {
        "experiment_id": client.create_experiment(client.name).experiment_id,
        "pipeline_id": version[0],
        "version_id": version[1],
        "job_name": _display_name(client, name),
        "description": f"fairsilo {digest[:16]} {settings.cron}"[:255],
        "cron_expression": f"0 {settings.cron}",
        "max_concurrency": "1",  # runs of one schedule never overlap
        "no_catchup": not settings.catch_up,
        "params": dict(one.parameters),
        "enabled": settings.enabled,
        "service_account": service_account or None,
    }


def _display_name(client: Client, name: str) -> str:
    return f"fairsilo/{client.use_case}/{name}"


def _format(time: datetime.datetime) -> str:
    texts = [f"{time:%a %Y-%m-%d %H:%M %Z}"]
    for other in (time.astimezone(datetime.UTC), time.astimezone()):
        text = f"{other:%a %H:%M %Z}"
        if not texts[0].endswith(f"{other:%Z}") and text not in texts:
            texts.append(text)
    return " = ".join(texts)
