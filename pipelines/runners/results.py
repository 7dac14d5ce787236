"""What the nodes of a run gave, read from ML Metadata, cached ones beside the rest."""

from __future__ import annotations

import dataclasses
import pathlib

from ml_metadata import metadata_store
from ml_metadata.proto.metadata_store_pb2 import ConnectionConfig, Event, Execution

DONE = frozenset({Execution.COMPLETE, Execution.CACHED})


@dataclasses.dataclass(frozen=True)
class NodeResult:
    """What one node of a run gave: seconds, and the folder of each output by key."""

    node: str
    seconds: float
    cached: bool
    outputs: dict[str, pathlib.Path]


def read(connection: ConnectionConfig, run_id: str) -> dict[str, NodeResult]:
    """Read what the nodes of a run gave, also of one that failed."""
    store = metadata_store.MetadataStore(connection)
    found = {}
    for execution in executions(store, run_id):
        node = _node_id(store, execution)
        lasted = (
            execution.last_update_time_since_epoch - execution.create_time_since_epoch
        )
        found[node] = NodeResult(
            node,
            lasted / 1000,
            execution.last_known_state == Execution.CACHED,
            folders(store, execution),
        )
    return found


def executions(
    store: metadata_store.MetadataStore, run_id: str, node: str = ""
) -> list[Execution]:
    """Return a run's executions, or those of one of its nodes, in their order."""
    context = store.get_context_by_type_and_name("pipeline_run", run_id)
    if context is None:
        return []
    return [
        execution
        for execution in sorted(
            store.get_executions_by_context(context.id), key=lambda item: item.id
        )
        if not node or _node_id(store, execution) == node
    ]


def end_all(connection: ConnectionConfig, run_id: str) -> None:
    """Mark as failed what a step that was killed left running in ML Metadata."""
    store = metadata_store.MetadataStore(connection)
    left = [
        execution
        for execution in executions(store, run_id)
        if execution.last_known_state not in {*DONE, Execution.FAILED}
    ]
    for execution in left:
        execution.last_known_state = Execution.FAILED
    if left:
        store.put_executions(left)


def _node_id(store: metadata_store.MetadataStore, execution: Execution) -> str:
    for context in store.get_contexts_by_execution(execution.id):
        if context.type == "node":
            return str(context.name).rsplit(".", 1)[-1]
    return str(execution.type)


def folders(
    store: metadata_store.MetadataStore, execution: Execution, kind: int = Event.OUTPUT
) -> dict[str, pathlib.Path]:
    """Return the folder of each artifact that an execution gave, or read, by key."""
    events = [
        event
        for event in store.get_events_by_execution_ids([execution.id])
        if event.type == kind
    ]
    artifacts = store.get_artifacts_by_id([event.artifact_id for event in events])
    at = {artifact.id: pathlib.Path(artifact.uri) for artifact in artifacts}
    return {event.path.steps[0].key: at[event.artifact_id] for event in events}
