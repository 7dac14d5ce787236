"""Finds the baseline before the cache is asked.

What the driver puts into the execution's properties is part of the cache key: a
newly blessed model of an earlier span makes the evaluation run again.
"""

from __future__ import annotations

import pathlib

from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.components.base import base_driver as dsl_base_driver
from tfx.orchestration import data_types_utils, metadata
from tfx.orchestration.portable import base_driver, data_types
from tfx.proto.orchestration import driver_output_pb2
from tfx.types import artifact_utils

from components import blessed_models
from components.blessed_models import BlessedModel
from components.fairness_evaluator import baseline
from components.scoring import model
from components.silos import manifest


class Driver(dsl_base_driver.BaseDriver, base_driver.BaseDriver):
    """Adds `baseline_span`, `baseline_digest` and `baseline_uri`, empty for none.

    TFX checks a component's driver for the first parent and runs it by the second.
    """

    def __init__(self, mlmd_connection: metadata.Metadata) -> None:
        dsl_base_driver.BaseDriver.__init__(self, mlmd_connection)
        base_driver.BaseDriver.__init__(self, mlmd_connection)

    def run(
        self, execution_info: data_types.ExecutionInfo
    ) -> driver_output_pb2.DriverOutput:
        """See base class."""
        candidate = artifact_utils.get_single_uri(execution_info.input_dict["model"])
        examples = artifact_utils.get_single_uri(execution_info.input_dict["examples"])
        use_case = execution_info.exec_properties["use_case"]
        with self._mlmd_connection as connection:
            artifacts = connection.store.get_artifacts_by_type(blessed_models.TYPE_NAME)
        chosen = baseline.choose(
            [
                found
                for artifact in artifacts
                if (found := _blessed(artifact, use_case))
            ],
            manifest.read(examples).span,  # `latest` has become a span there
            model.read_card(candidate).digest,
        )
        output = driver_output_pb2.DriverOutput()
        for name in ("span", "digest", "uri"):
            value = getattr(chosen, name) if chosen else ""
            data_types_utils.set_metadata_value(
                output.exec_properties[f"baseline_{name}"], value
            )
        return output


def _blessed(
    artifact: metadata_store_pb2.Artifact, use_case: str
) -> BlessedModel | None:
    """Return what a blessing blessed, if it is ours and still there."""
    properties = artifact.custom_properties
    uri = properties[blessed_models.MODEL_URI].string_value
    if (
        artifact.state != metadata_store_pb2.Artifact.LIVE
        or properties[blessed_models.BLESSED].int_value != 1
        or properties[blessed_models.USE_CASE].string_value != use_case
        or not uri
        or not pathlib.Path(uri, model.CARD).exists()
    ):
        return None
    return BlessedModel(
        uri=uri,
        digest=properties[blessed_models.MODEL_DIGEST].string_value,
        span=properties[blessed_models.SPAN].string_value,
        blessing_id=artifact.id,
    )
