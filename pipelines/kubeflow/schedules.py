"""Brings a use case's recurring runs to what the settings say, and touches no others.

A schedule is ours by its name, `fairsilo/<use case>/<schedule>`, and by its
description, which begins with a digest of all that makes it up. Recurring runs can't be
changed but for the switch: a changed one is made anew before the old one goes. Kubeflow
ends the runs of a recurring run that is deleted, so one with a run in progress is
switched off instead, and goes the next time.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
import zoneinfo
from collections.abc import Mapping
from typing import Any

from pipelines.kubeflow.client import ENDED, PAGE_SIZE, Client
from pipelines.kubeflow.settings import ScheduleSettings

_MARK = re.compile(r"fairsilo [0-9a-f]{16}\b")
_NUM_TIMES = 3


def existing(client: Client) -> list[Any]:
    """Return the recurring runs of ours on the server, newest first."""
    place = client.experiment_id()
    listed: list[Any] = []
    token = ""
    while place is not None:
        answer = client.list_recurring_runs(token, PAGE_SIZE, experiment_id=place)
        listed += answer.recurring_runs or []
        if not (token := answer.next_page_token):
            break
    return [
        one
        for one in sorted(listed, key=lambda one: one.created_at, reverse=True)
        if one.display_name.startswith(_display_name(client, ""))
        and _MARK.match(one.description or "")
    ]


def name_of(run: Any) -> str:  # noqa: ANN401  a V2beta1RecurringRun, as below
    """Return a schedule's name in the settings."""
    return str(run.display_name.rpartition("/")[2])


def is_on(run: Any) -> bool:  # noqa: ANN401
    """Return whether a schedule is switched on."""
    return bool(run.status == "ENABLED")


def apply(
    client: Client,
    desired: Mapping[str, ScheduleSettings],
    version: Mapping[str, Any],
    service_account: str,
) -> dict[str, str]:
    """Bring schedules to what the settings say; return what was done, by name.

    Args:
        client: The server.
        desired: The settings' schedules by name, their parameters as the form has them;
            those of ours that are not among them go.
        version: What they run, from `Client.upload`; empty where none is desired.
        service_account: Whose rights the runs' pods have; empty: the server's default.
    """
    there = existing(client)
    done = {}
    for name, one in sorted(desired.items()):
        body = _body(client, name, one, version, service_account)
        same = [found for found in there if name_of(found) == name]
        equal = next((f for f in same if f.description == body["description"]), None)
        if equal is None:
            client.create_recurring_run(**body)
            done[name] = "recreated, for it changed" if same else "created"
        elif switch(client, equal, on=one.enabled):
            done[name] = f"switched {'on' if one.enabled else 'off'}"
        else:
            done[name] = "unchanged"
        for old in same:
            if old is not equal and (what := retire(client, old)) != "deleted":
                done[name] += f"; the old one: {what}"
    for old in there:
        if name_of(old) not in desired:
            done[name_of(old)] = retire(client, old)
    return done


def switch(client: Client, schedule: Any, *, on: bool) -> bool:  # noqa: ANN401
    """Switch a schedule on or off; return whether it was the other way."""
    if is_on(schedule) == on:
        return False
    change = client.enable_recurring_run if on else client.disable_recurring_run
    change(schedule.recurring_run_id)
    return True


def retire(client: Client, schedule: Any) -> str:  # noqa: ANN401
    """Delete a schedule, or switch it off while a run of it is in progress."""
    for run in client.newest_runs():
        if run.recurring_run_id == schedule.recurring_run_id and run.state not in ENDED:
            switch(client, schedule, on=False)
            return (
                f"switched off; goes once run {run.run_id} has ended: deleting ends it"
            )
    client.delete_recurring_run(schedule.recurring_run_id)
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


def account_warning(client: Client, schedule: Any, account: str) -> str:  # noqa: ANN401
    """Return a warning where a schedule's runs have another account's rights, or none.

    Back ends before 2.17 give a recurring run the account of their own settings, not
    the one that was asked for, and say which it is.
    """
    found = schedule.service_account
    if not account or not found or found == account:
        return ""
    return (
        f"its runs use service account `{found}`, expected `{account}` "
        "(`kubeflow.service_account`): this server gives schedules its own account; "
        f"set DEFAULTPIPELINERUNNERSERVICEACCOUNT={account} on its deployment "
        "ml-pipeline, then `fairsilo kubeflow schedule delete "
        f"{client.use_case} {name_of(schedule)}` and `schedule apply "
        f"{client.use_case}`"
    )


def _body(
    client: Client,
    name: str,
    one: ScheduleSettings,
    version: Mapping[str, Any],
    service_account: str,
) -> dict[str, Any]:
    content = [
        one.cron,
        one.catch_up,
        one.parameters,
        version["version_id"],
        service_account,
    ]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return {
        "experiment_id": client.create_experiment(client.name).experiment_id,
        "pipeline_id": version["pipeline_id"],
        "version_id": version["version_id"],
        "job_name": _display_name(client, name),
        "description": f"fairsilo {digest[:16]} {one.cron}"[:255],
        "cron_expression": f"0 {one.cron}",
        "max_concurrency": "1",  # runs of one schedule never overlap
        "no_catchup": not one.catch_up,
        "params": one.parameters,
        "enabled": one.enabled,
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
