"""Finds the baseline before the cache is asked.

What the driver puts into the execution's properties is part of the cache key: a
newly blessed model of an earlier span makes the evaluation run again.
"""

from __future__ import annotations

import pathlib

from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import data_types_utils
from tfx.orchestration.portable import base_driver, data_types
from tfx.proto.orchestration import driver_output_pb2
from tfx.types import artifact_utils, standard_artifacts

from components.fairness_evaluator import baseline
from components.fairness_evaluator.baseline import Blessed
from components.scoring import model

BLESSING_TYPE = standard_artifacts.ModelBlessing.TYPE_NAME


class Driver(base_driver.BaseDriver):
    """Adds `baseline_span`, `baseline_digest` and `baseline_uri`, empty for none."""

    def run(
        self, execution_info: data_types.ExecutionInfo
    ) -> driver_output_pb2.DriverOutput:
        """See base class."""
        candidate = artifact_utils.get_single_uri(execution_info.input_dict["model"])
        with self._mlmd_connection as metadata:
            artifacts = metadata.store.get_artifacts_by_type(BLESSING_TYPE)
        chosen = baseline.choose(
            [found for found in map(_blessed, artifacts) if found],
            execution_info.exec_properties["use_case"],
            execution_info.exec_properties["span"],
            model.read_card(candidate).digest,
        )
        output = driver_output_pb2.DriverOutput()
        for name in ("span", "digest", "uri"):
            value = getattr(chosen, name) if chosen else ""
            data_types_utils.set_metadata_value(
                output.exec_properties[f"baseline_{name}"], value
            )
        return output


def _blessed(artifact: metadata_store_pb2.Artifact) -> Blessed | None:
    """Return what a blessing blessed, if its model is still there."""
    properties = artifact.custom_properties
    uri = properties["model_uri"].string_value
    if (
        artifact.state != metadata_store_pb2.Artifact.LIVE
        or properties["blessed"].int_value != 1
        or not uri
        or not pathlib.Path(uri, model.CARD).exists()
    ):
        return None
    return Blessed(
        artifact.id,
        properties["use_case"].string_value,
        properties["span"].string_value,
        uri,
        properties["model_digest"].string_value,
    )
