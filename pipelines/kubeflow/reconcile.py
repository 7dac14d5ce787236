"""Brings the server's schedules to what the file says, and touches no others.

A changed schedule is made anew before the old one goes, so a fault in between leaves
one too many, which the next time sorts out, and never none. Kubeflow ends the runs of a
recurring run that is deleted: one with a run in progress is switched off instead, and
goes the next time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Sequence

import kfp_server_api

from pipelines.kubeflow import experiments, runs, schedules
from pipelines.kubeflow.connection import Connection
from pipelines.kubeflow.errors import NotFoundError
from pipelines.kubeflow.schedules import RESOURCE, Found, Wanted
from pipelines.kubeflow.versions import Version


@dataclasses.dataclass(frozen=True)
class Done:
    """What was done to a schedule.

    Attributes:
        name: Its name.
        what: In a word or two: `created`, `unchanged`, `recreated`, `deleted` ...
    """

    name: str
    what: str


class Reconciler:
    """Changes one use case's schedules on a server.

    Args:
        connection: The server.
        use_case: Name of the use case.
        experiment_id: What its runs stand under; None where it has none yet, and so
            no schedules.
        service_account: Whose rights the runs' pods have.
    """

    def __init__(
        self,
        connection: Connection,
        use_case: str,
        experiment_id: str | None,
        service_account: str,
    ) -> None:
        self._connection = connection
        self._use_case = use_case
        self._experiment_id = experiment_id
        self._service_account = service_account

    def found(self) -> list[Found]:
        """Return the schedules that are there, newest first."""
        if self._experiment_id is None:
            return []
        return schedules.found(self._connection, self._experiment_id, self._use_case)

    def apply(self, wanted: Sequence[Wanted], version: Version) -> list[Done]:
        """Bring schedules to what the file says.

        Args:
            wanted: The file's schedules.
            version: What they run.

        Raises:
            SettingsError: A parameter can't be used; nothing was changed.
            KubeflowError: The server refused; what was done before stays.
        """
        place = experiments.ensure(self._connection, version.pipeline)
        self._experiment_id = place
        jobs = {
            one.name: schedules.job(
                self._use_case, one, version, place, self._service_account
            )
            for one in wanted
        }
        there = self.found()
        return [self._bring(name, job, there) for name, job in jobs.items()]

    def retire_others(self, kept: Collection[str]) -> list[Done]:
        """Retire the schedules of ours that are not among those of some names."""
        gone = [one for one in self.found() if one.name not in kept]
        return [Done(one.name, self.retire(one)) for one in gone]

    def retire(self, schedule: Found) -> str:
        """Delete a schedule, or switch it off while a run of it is in progress."""
        running = self._running(schedule)
        if not running:
            self._delete(schedule)
            return "deleted"
        self.switch(schedule, on=False)
        return f"switched off; goes once run {running} has ended: deleting ends it"

    def switch(self, schedule: Found, *, on: bool) -> bool:
        """Switch a schedule on or off; return whether it was the other way."""
        if schedule.enabled == on:
            return False
        api = self._connection.jobs
        method = (
            api.recurring_run_service_enable_recurring_run
            if on
            else api.recurring_run_service_disable_recurring_run
        )
        verb = "enable" if on else "disable"
        self._connection.call(verb, RESOURCE, method, schedule.job_id)
        return True

    def _bring(
        self,
        name: str,
        job: kfp_server_api.V2beta1RecurringRun,
        there: Sequence[Found],
    ) -> Done:
        digest = schedules.digest_of(job)
        same = [one for one in there if one.name == name]
        equal = [one for one in same if one.digest == digest]
        if equal:
            what = self._keep(equal[0], job.mode == "ENABLE")
        else:
            self._create(job)
            what = "recreated, for it changed" if same else "created"
        older = [self.retire(one) for one in same if one not in equal[:1]]
        left = [told for told in older if told != "deleted"]
        return Done(name, "; the old one: ".join([what, *left]))

    def _keep(self, schedule: Found, on: bool) -> str:
        if not self.switch(schedule, on=on):
            return "unchanged"
        return "switched on" if on else "switched off"

    def _create(self, job: kfp_server_api.V2beta1RecurringRun) -> None:
        create: Callable[..., object] = (
            self._connection.jobs.recurring_run_service_create_recurring_run
        )
        self._connection.call("create", RESOURCE, create, job)

    def _delete(self, schedule: Found) -> None:
        delete: Callable[..., object] = (
            self._connection.jobs.recurring_run_service_delete_recurring_run
        )
        try:
            self._connection.call("delete", RESOURCE, delete, schedule.job_id)
        except NotFoundError:
            return  # somebody else was faster

    def _running(self, schedule: Found) -> str:
        """Return the id of a run of a schedule that has not ended, or nothing."""
        for run in runs.recent(self._connection, self._experiment_id):
            ours = run.recurring_run_id == schedule.job_id
            if ours and run.state not in runs.ENDED:
                return str(run.run_id)
        return ""
