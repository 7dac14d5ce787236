"""Reads from ML Metadata what the nodes of a run gave, cached ones beside the rest."""

from __future__ import annotations

import pathlib

from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2

from pipelines.runners.result import NodeResult

CACHED = metadata_store_pb2.Execution.CACHED
DONE = frozenset({metadata_store_pb2.Execution.COMPLETE, CACHED})


def read(
    connection: metadata_store_pb2.ConnectionConfig, run_id: str
) -> dict[str, NodeResult]:
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
            execution.last_known_state == CACHED,
            _outputs(store, execution),
        )
    return found


def executions(
    store: metadata_store.MetadataStore, run_id: str, node: str = ""
) -> list[metadata_store_pb2.Execution]:
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


def _node_id(
    store: metadata_store.MetadataStore, execution: metadata_store_pb2.Execution
) -> str:
    for context in store.get_contexts_by_execution(execution.id):
        if context.type == "node":
            return str(context.name).rsplit(".", 1)[-1]
    return str(execution.type)


def _outputs(
    store: metadata_store.MetadataStore, execution: metadata_store_pb2.Execution
) -> dict[str, pathlib.Path]:
    events = [
        event
        for event in store.get_events_by_execution_ids([execution.id])
        if event.type == metadata_store_pb2.Event.OUTPUT
    ]
    artifacts = {
        artifact.id: artifact
        for artifact in store.get_artifacts_by_id([e.artifact_id for e in events])
    }
    return {
        event.path.steps[0].key: pathlib.Path(artifacts[event.artifact_id].uri)
        for event in events
    }
