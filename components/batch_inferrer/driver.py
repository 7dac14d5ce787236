"""The driver of BatchInferrer: finds a model if none is given, keeps the cache true.

Two things that TFX can't see: which model is blessed by now, and whether the
predictions that a cached ledger speaks of still lie in the silos' places.
"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import Any

from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.components.base import base_driver as dsl_base_driver
from tfx.orchestration import metadata
from tfx.orchestration.portable import base_driver, data_types
from tfx.proto.orchestration import driver_output_pb2
from tfx.types import artifact_utils, standard_artifacts

from components import blessed_models
from components.batch_inferrer import ledger
from components.silos import manifest
from components.silos.spans import span_order

LIVE = metadata_store_pb2.Artifact.State.LIVE


class Driver(dsl_base_driver.BaseDriver, base_driver.BaseDriver):
    """Sets the exec properties `span`, `model_uri`, `model_digest`, `unsettled`.

    TFX checks a component's driver for the first parent and runs it by the second.
    """

    def __init__(self, mlmd_connection: metadata.Metadata) -> None:
        dsl_base_driver.BaseDriver.__init__(self, mlmd_connection)
        base_driver.BaseDriver.__init__(self, mlmd_connection)

    def run(
        self, execution_info: data_types.ExecutionInfo
    ) -> driver_output_pb2.DriverOutput:
        """Return the exec properties with those set."""
        properties = dict(execution_info.exec_properties)
        examples = artifact_utils.get_single_uri(execution_info.input_dict["examples"])
        properties["span"] = manifest.read(examples).span
        has_model = bool(execution_info.input_dict.get("model"))
        with self._mlmd_connection as connection:
            store = connection.store
            if not has_model:
                properties.update(_newest_model(store, properties))
            properties["unsettled"] = unsettled(store, properties)
        output = driver_output_pb2.DriverOutput()
        for key, value in properties.items():
            output.exec_properties[key].string_value = value
        return output


def unsettled(store: MetadataStore, properties: Mapping[str, Any]) -> str:
    """Return the ids of the span's ledgers that no longer tell the truth.

    A ledger is unsettled once an item of it has failed or its predictions are
    gone. As part of the cache's key the ids let a node hit the cache while its
    outputs are there, and make it run again when they are not. It can't hit an
    unsettled ledger: the id of a ledger is never in the key that it was written
    under, since it did not exist when that key was taken, but the id of every
    unsettled one is in the key now.
    """
    ids = [
        artifact.id
        for artifact in store.get_artifacts_by_type(
            standard_artifacts.InferenceResult.TYPE_NAME
        )
        if artifact.state == LIVE
        and all(
            artifact.custom_properties[key].string_value == properties[key]
            for key in ("use_case", "span")
        )
        and not _is_settled(artifact.uri)
    ]
    return ",".join(str(id_) for id_ in sorted(ids))


def _is_settled(uri: str) -> bool:
    if not pathlib.Path(uri, ledger.FILE_NAME).exists():
        return True  # TFX itself checks that an artifact it would reuse is there
    return ledger.read(uri).is_settled


def _newest_model(
    store: MetadataStore, properties: Mapping[str, Any]
) -> dict[str, str]:
    """Return the newest blessed model of a span not later than the node's."""
    latest = span_order(properties["span"])
    model = blessed_models.find(
        store, properties["use_case"], lambda span: span_order(span) <= latest
    )
    if model is None:
        return {"model_uri": "", "model_digest": ""}
    return {"model_uri": model.uri, "model_digest": model.digest}
