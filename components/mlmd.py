"""What we ask of ML Metadata that its client does not answer by itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def of_use_case(store: Any, type_name: str, use_case: str) -> list[Any]:  # noqa: ANN401
    """Return all artifacts of a type that say that they are of a use case."""
    found = store.get_artifacts_by_type(type_name)
    return [it for it in found if texts(it, "use_case") == [use_case]]


def texts(artifact: Any, *names: str) -> list[str]:  # noqa: ANN401
    """Return an artifact's custom properties by name; empty texts where it has none."""
    return [artifact.custom_properties[name].string_value for name in names]


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
