"""The schedules of a use case: as the file has them, and as the server does.

A schedule is ours by its name, `fairsilo/<use case>/<schedule>`, and by its
description, which begins with a digest of all that makes it up. Recurring runs can't be
changed but for the switch, so equal digests mean equal schedules.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

import kfp_server_api

from components.errors import SettingsError
from pipelines.kubeflow import cron, values
from pipelines.kubeflow.connection import Connection
from pipelines.kubeflow.package import Package
from pipelines.kubeflow.settings import KubeflowSettings, ScheduleSettings
from pipelines.kubeflow.values import Value
from pipelines.kubeflow.versions import Version

RESOURCE = "jobs"
ENABLED = "ENABLED"
LONGEST_DESCRIPTION = 255  # of the server's column

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
_MARK = re.compile(r"fairsilo ([0-9a-f]{16})\b ?(.*)", re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A schedule as the file has it, checked.

    Attributes:
        name: Its name in the file.
        cron: Six fields in the server's time zone.
        warning: Where that is not exact for ever, when it ends to be; else empty.
        settings: Its section of the file.
    """

    name: str
    cron: str
    warning: str
    settings: ScheduleSettings


@dataclasses.dataclass(frozen=True)
class Found:
    """A schedule of ours on the server.

    Attributes:
        name: Its name in the file.
        job_id: Id of the recurring run.
        digest: Of all that makes it up.
        about: The times in words, as they were in the file.
        cron: Six fields in the server's time zone.
        enabled: Whether it is switched on.
        created_at: When it was made.
        parameters: Parameters of its runs.
        version_id: Id of the pipeline version that it runs.
        service_account: Whose rights its runs' pods have; empty where not told.
    """

    name: str
    job_id: str
    digest: str
    about: str
    cron: str
    enabled: bool
    created_at: datetime.datetime
    parameters: Mapping[str, Any]
    version_id: str
    service_account: str


def wanted(
    schedules: Mapping[str, ScheduleSettings],
    kubeflow: KubeflowSettings,
    now: datetime.datetime,
) -> list[Wanted]:
    """Return the file's schedules, all checked, by name.

    Raises:
        SettingsError: A name or a time can't be used.
    """
    return [_wanted(name, schedules[name], kubeflow, now) for name in sorted(schedules)]


def found(connection: Connection, experiment_id: str, use_case: str) -> list[Found]:
    """Return the schedules of ours on the server, newest first."""
    listed = connection.pages(
        RESOURCE,
        connection.jobs.recurring_run_service_list_recurring_runs,
        experiment_id=experiment_id,
    )
    ours = [one for one in map(_Ours(use_case).read, listed) if one is not None]
    return sorted(ours, key=lambda one: (one.created_at, one.job_id), reverse=True)


def job(
    use_case: str,
    schedule: Wanted,
    version: Version,
    experiment_id: str,
    service_account: str,
) -> kfp_server_api.V2beta1RecurringRun:
    """Return a schedule as the server takes it.

    Args:
        use_case: Name of the use case.
        schedule: The schedule.
        version: What it runs.
        experiment_id: What its runs stand under.
        service_account: Whose rights its pods have; empty: the server's default.

    Raises:
        SettingsError: A parameter is none of the package's, or of another type.
    """
    settings = schedule.settings
    given = parameters(schedule, version.package)
    made_of = {
        "cron": schedule.cron,
        "written": [settings.cron, settings.time_zone],
        "parameters": given,
        "catch_up": settings.catch_up,
        "version": version.version_id,
        "service_account": service_account,
    }
    digest = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()
    api = kfp_server_api
    return api.V2beta1RecurringRun(
        display_name=display_name(use_case, schedule.name),
        description=_description(digest, settings),
        experiment_id=experiment_id,
        pipeline_version_reference=version.reference,
        runtime_config=api.V2beta1RuntimeConfig(parameters=given),
        service_account=service_account or None,
        max_concurrency="1",  # runs of one schedule never overlap
        no_catchup=not settings.catch_up,
        mode="ENABLE" if settings.enabled else "DISABLE",
        trigger=api.V2beta1Trigger(
            cron_schedule=api.V2beta1CronSchedule(cron=schedule.cron)
        ),
    )


def parameters(schedule: Wanted, package: Package) -> dict[str, Value]:
    """Return the parameters of a schedule's runs.

    Raises:
        SettingsError: One is none of the package's, or of another type.
    """
    return values.check(
        package.parameters,
        schedule.settings.parameters,
        f"schedule `{schedule.name}`: parameter",
    )


def account_warning(use_case: str, schedule: Found, account: str) -> str:
    """Return what is to be said where a schedule's runs have another account's rights.

    Back ends before 2.17 give a recurring run the account of their own settings, not
    the one that was asked for, and tell which it is.

    Args:
        use_case: Name of the use case.
        schedule: The schedule.
        account: The account of the settings; empty where any will do.
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


def digest_of(made: kfp_server_api.V2beta1RecurringRun) -> str:
    """Return the digest in a schedule's description."""
    match = _MARK.match(made.description or "")
    return match.group(1) if match else ""


def display_name(use_case: str, name: str) -> str:
    """Return a schedule's name in the UI."""
    return f"fairsilo/{use_case}/{name}"


def _description(digest: str, settings: ScheduleSettings) -> str:
    text = f"fairsilo {digest[:16]} {settings.cron} {settings.time_zone}"
    return text[:LONGEST_DESCRIPTION]


def _wanted(
    name: str,
    settings: ScheduleSettings,
    kubeflow: KubeflowSettings,
    now: datetime.datetime,
) -> Wanted:
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"schedule {name!r}: expected a name of small letters, digits and -, at "
            "most 40"
        )
    try:
        there = cron.for_server(
            settings.cron, settings.time_zone, kubeflow.server_time_zone, now
        )
    except ValueError as error:
        raise SettingsError(f"schedule `{name}`: `{settings.cron}`: {error}") from None
    return Wanted(name, there.cron, there.warning, settings)


class _Ours:
    """Tells our schedules from those of others."""

    def __init__(self, use_case: str) -> None:
        self._prefix = display_name(use_case, "")

    def read(self, one: Any) -> Found | None:  # noqa: ANN401  a V2beta1RecurringRun
        match = _MARK.match(one.description or "")
        name = (one.display_name or "").removeprefix(self._prefix)
        if not match or name == one.display_name:
            return None
        schedule = one.trigger and one.trigger.cron_schedule
        runtime, reference = one.runtime_config, one.pipeline_version_reference
        return Found(
            name=name,
            job_id=one.recurring_run_id,
            digest=match.group(1),
            about=match.group(2),
            cron=(schedule.cron or "") if schedule else "",
            enabled=one.status == ENABLED,
            created_at=one.created_at,
            parameters=(runtime.parameters or {}) if runtime else {},
            version_id=(reference.pipeline_version_id or "") if reference else "",
            service_account=one.service_account or "",
        )
