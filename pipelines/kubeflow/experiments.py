"""The experiment of a use case: what its runs and schedules stand under in the UI."""

from __future__ import annotations

import kfp_server_api

from pipelines.kubeflow.connection import Connection
from pipelines.kubeflow.versions import found_or_made, named

RESOURCE = "experiments"


def find(connection: Connection, name: str) -> str | None:
    """Return the id of the experiment of a name, if there is one."""
    listed = connection.pages(
        RESOURCE,
        connection.experiments.experiment_service_list_experiments,
        namespace=connection.server.namespace,
        filter=named(name),
    )
    return next((one.experiment_id for one in listed if one.display_name == name), None)


def ensure(connection: Connection, name: str) -> str:
    """Return the id of the experiment of a name, made if there is none.

    Raises:
        KubeflowError: The server refused.
    """
    body = kfp_server_api.V2beta1Experiment(
        display_name=name, namespace=connection.server.namespace
    )
    create = connection.experiments.experiment_service_create_experiment
    return found_or_made(
        lambda: find(connection, name),
        lambda: str(connection.call("create", RESOURCE, create, body).experiment_id),
    )
