"""Looks at what is blessed and what is in service before the cache is asked.

What it adds is part of the cache's key. So a run that is in the cache never says that
its model is in service when a newer one has followed, when another one of the same
span was pushed since, or when files of it were deleted.
"""

from __future__ import annotations

from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration.portable import data_types
from tfx.types import artifact_utils, standard_artifacts

from components import blessed_models
from components.drivers import PropertyDriver
from components.payloads import pushed_model
from components.pusher import service
from components.silos.spans import span_order

LIVE = metadata_store_pb2.Artifact.State.LIVE


class Driver(PropertyDriver):
    """Adds `newer` and `stale_push_ids`."""

    def added(
        self, execution_info: data_types.ExecutionInfo, store: MetadataStore
    ) -> dict[str, str | int]:
        """Return `newer` and `stale_push_ids`.

        `newer` is the latest span after the model's own with a blessed model, empty
        where there is none: of models of one span, and of data without spans, the one
        that was blessed last goes into service.
        """
        blessing = artifact_utils.get_single_instance(
            execution_info.input_dict["model_blessing"]
        )
        use_case = blessing.get_string_custom_property(blessed_models.USE_CASE)
        span = blessing.get_string_custom_property(blessed_models.SPAN)
        digest = blessing.get_string_custom_property(blessed_models.MODEL_DIGEST)
        later = blessed_models.find(
            store,
            use_case,
            lambda other: bool(span) and span_order(other) > span_order(span),
        )
        destination = execution_info.exec_properties["push_destination"]
        return {
            "newer": later.span if later else "",
            "stale_push_ids": _stale_push_ids(store, digest, destination),
        }


def _stale_push_ids(store: MetadataStore, digest: str, push_destination: str) -> str:
    """Return the ids of the earlier pushes of a model that is not in service now.

    Empty where it is. An id can't be in the key that its own artifact was written
    under, so no earlier push is taken from the cache as long as it is untrue.
    """
    served = service.current(pushed_model.destination(push_destination))
    if served and served.digest == digest:
        return ""
    pushes = store.get_artifacts_by_type(standard_artifacts.PushedModel.TYPE_NAME)
    name = blessed_models.MODEL_DIGEST
    ids = [
        push.id
        for push in pushes
        if push.state == LIVE and push.custom_properties[name].string_value == digest
    ]
    return ",".join(map(str, sorted(ids)))
