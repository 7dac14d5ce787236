"""The log of a step, for which Kubeflow wants the name of an Argo node or pod.

The API tells neither of a step, only the nodes that stand below it. A step's node has
one node below: its executor. One that may be tried again is no pod itself; its attempts
are, named after it with `(0)`, `(1)` ... behind. Argo numbers nodes by the FNV-1a hash
of their names, which can be carried on, so the attempts' numbers follow from its own.

Once a pod has ended, Argo keeps its log as the node's artifact `main-logs`; before, it
is read from the pod, whose name has the template's in it.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator
from typing import Any

from pipelines.kubeflow import runs
from pipelines.kubeflow.connection import Connection
from pipelines.kubeflow.errors import (
    BadRequestError,
    KubeflowError,
    NotFoundError,
    ServerFaultError,
)
from pipelines.kubeflow.package import Step

ARCHIVED = "main-logs"

# The log's path answers 500 for all that is amiss, a pod of another name as well.
_NOT_HERE = (NotFoundError, BadRequestError, ServerFaultError)
_FNV_PRIME = 0x01000193
_TEMPLATE = "system-container-impl"


def read(
    connection: Connection,
    run: Any,  # noqa: ANN401  a V2beta1Run
    step: Step,
) -> Iterator[bytes]:
    """Yield a step's log, that of its last attempt.

    Args:
        connection: The server.
        run: The run.
        step: The step.

    Raises:
        KubeflowError: It has not begun, or its log is nowhere to be had.
    """
    node = _last_attempt(run, step)
    if node is None:
        raise KubeflowError(
            f"step `{step.task}` of run {run.run_id}: has no log, for it has not begun"
            f" (the run is {runs.word(run.state)})",
            "wait for it: `fairsilo kubeflow status` tells how the steps stand",
        )
    archived = _archived(connection, run.run_id, node)
    if archived is not None:
        yield archived
        return
    for pod in pods(node, step):
        pieces = _live(connection, run.run_id, pod)
        first = next(pieces, None)
        if first is not None:
            yield from itertools.chain([first], pieces)
            return
    raise KubeflowError(
        f"step `{step.task}` of run {run.run_id}: found no log of {node}, neither "
        "archived nor of a pod: it starts just now, or its pod is gone and the "
        "cluster's Argo keeps no logs",
        f"try `kubectl logs --namespace {connection.server.namespace} --selector "
        f"pipeline/runid={run.run_id} --container main --prefix`",
    )


def pods(node: str, step: Step) -> list[str]:
    """Return the names that a node's pod may have, by the server's version.

    Args:
        node: The node's id, such as `flights-x2x4c-2018360503`.
        step: Its step.
    """
    workflow, number = node.rsplit("-", 1)
    template = ("retry-" if step.retried else "") + _TEMPLATE
    templates = [template]
    if step.annotations is not None:  # from 2.15 on
        templates.insert(0, f"metadata-{step.annotations}-{step.labels}-{template}")
    return [*(f"{workflow}-{name}-{number}" for name in templates), node]


def attempt(node: str, number: int) -> str:
    """Return the id of an attempt's node.

    Args:
        node: Id of the node that is tried again.
        number: Which attempt, from 0.
    """
    workflow, text = node.rsplit("-", 1)
    state = int(text)
    for byte in f"({number})".encode():
        state = ((state ^ byte) * _FNV_PRIME) & 0xFFFFFFFF
    return f"{workflow}-{state}"


def _last_attempt(run: Any, step: Step) -> str | None:  # noqa: ANN401
    told = runs.tasks(run)
    below = {child.pod_name for task in told for child in task.child_tasks or []}
    for task in told:
        if task.display_name == step.task and task.child_tasks:
            executor = str(task.child_tasks[0].pod_name)
            tried = (attempt(executor, number) for number in itertools.count())
            found = list(itertools.takewhile(below.__contains__, tried))
            return found[-1] if found else executor
    return None


def _archived(connection: Connection, run_id: str, node: str) -> bytes | None:
    try:
        answer = connection.call(
            "readArtifact",
            runs.RESOURCE,
            connection.runs.run_service_read_artifact,
            run_id,
            node,
            ARCHIVED,
        )
    except _NOT_HERE:
        return None  # not there yet, or never: the pod may have it
    return base64.b64decode(answer.data or "")


def _live(connection: Connection, run_id: str, pod: str) -> Iterator[bytes]:
    path = "/apis/v1alpha1/runs/{run_id}/nodes/{node_id}/log"
    try:
        yield from connection.stream("runs", path, run_id=run_id, node_id=pod)
    except _NOT_HERE:
        return  # it is called otherwise
