"""What we ask of ML Metadata that its client does not answer by itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def last_runs(store: Any, artifacts: Iterable[Any]) -> dict[int, int]:  # noqa: ANN401
    """Return the last execution that produced each artifact or reused it from cache.

    A run that finds an earlier artifact in the cache has come to it again, so the
    order of artifacts' ids is not that of the runs. Ids of executions by id of
    artifact; none for one that nothing produced.
    """
    from ml_metadata.proto.metadata_store_pb2 import Event  # slow

    ids = [artifact.id for artifact in artifacts]
    events = store.get_events_by_artifact_ids(ids) if ids else []
    return {
        event.artifact_id: event.execution_id
        for event in sorted(events, key=lambda event: event.execution_id)
        if event.type == Event.OUTPUT
    }
