"""Runs on the server: start one, find the last, see how its steps stand."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import kfp_server_api

from pipelines.kubeflow.connection import Connection
from pipelines.kubeflow.errors import NotFoundError
from pipelines.kubeflow.package import Step
from pipelines.kubeflow.values import Value
from pipelines.kubeflow.versions import Version

RESOURCE = "runs"
SUCCEEDED = "SUCCEEDED"
ENDED = frozenset({SUCCEEDED, "FAILED", "CANCELED", "SKIPPED"})
RECENT = 100

_WORDS = {
    "": "waiting",
    "RUNTIME_STATE_UNSPECIFIED": "waiting",
    "PENDING": "pending",
    "RUNNING": "running",
    SUCCEEDED: "done",
    "FAILED": "failed",
    "SKIPPED": "skipped",
    "CANCELING": "being cancelled",
    "CANCELED": "cancelled",
    "PAUSED": "paused",
}


@dataclasses.dataclass(frozen=True)
class StepState:
    """How a step stands.

    Attributes:
        task: Its task's id.
        title: Its name for people.
        state: In a word: `waiting`, `running`, `done`, `failed` ...
    """

    task: str
    title: str
    state: str


def start(
    connection: Connection,
    version: Version,
    name: str,
    experiment_id: str,
    parameters: Mapping[str, Value],
    service_account: str,
) -> Any:  # noqa: ANN401  a V2beta1Run
    """Start a run.

    Args:
        connection: The server.
        version: What to run.
        name: The run's name in the UI.
        experiment_id: What it stands under.
        parameters: Its parameters, checked.
        service_account: Whose rights its pods have; empty: the server's default.

    Raises:
        KubeflowError: The server refused.
    """
    body = kfp_server_api.V2beta1Run(
        display_name=name,
        experiment_id=experiment_id,
        pipeline_version_reference=version.reference,
        runtime_config=kfp_server_api.V2beta1RuntimeConfig(parameters=dict(parameters)),
        service_account=service_account or None,
    )
    create = connection.runs.run_service_create_run
    return connection.call("create", RESOURCE, create, body)


def get(connection: Connection, run_id: str) -> Any:  # noqa: ANN401
    """Return a run.

    Raises:
        NotFoundError: There is none of this id.
    """
    return connection.call("get", RESOURCE, connection.runs.run_service_get_run, run_id)


def recent(connection: Connection, experiment_id: str | None) -> list[Any]:
    """Return the newest runs of an experiment, newest first; none of none."""
    if experiment_id is None:
        return []
    answer = connection.call(
        "list",
        RESOURCE,
        connection.runs.run_service_list_runs,
        experiment_id=experiment_id,
        sort_by="created_at desc",
        page_size=RECENT,
    )
    return list(answer.runs or [])


def latest(connection: Connection, experiment_id: str | None, use_case: str) -> str:
    """Return the id of an experiment's newest run.

    Raises:
        NotFoundError: There is none.
    """
    found = recent(connection, experiment_id)
    if not found:
        raise NotFoundError(
            f"{connection.server.host}: found no run of `{use_case}` yet",
            f"start one with `fairsilo kubeflow run {use_case}`",
        )
    return str(found[0].run_id)


def steps(run: Any, known: list[Step]) -> list[StepState]:  # noqa: ANN401
    """Return how a run's steps stand, in the order of the package.

    Args:
        run: The run.
        known: The package's steps.
    """
    states = {one.display_name: one.state or "" for one in tasks(run)}
    return [
        StepState(step.task, step.title, word(states.get(step.task, "")))
        for step in known
    ]


def tasks(run: Any) -> list[Any]:  # noqa: ANN401
    """Return what the server tells of a run's tasks; empty before they begin."""
    return list((run.run_details and run.run_details.task_details) or [])


def word(state: str | None) -> str:
    """Return a state of Kubeflow's in a word."""
    return _WORDS.get(state or "", (state or "").lower())


def address(host: str, run_id: str) -> str:
    """Return a run's address in the UI."""
    return f"{host.rstrip('/')}/#/runs/details/{run_id}"
