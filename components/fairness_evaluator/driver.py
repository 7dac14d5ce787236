"""Finds the baseline before the cache is asked.

What the driver puts into the execution's properties is part of the cache key: a
newly blessed model of an earlier span makes the evaluation run again.
"""

from __future__ import annotations

import pathlib

from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration.portable import data_types
from tfx.types import artifact_utils

from components import blessed_models
from components.blessed_models import BlessedModel
from components.drivers import PropertyDriver
from components.fairness_evaluator import baseline
from components.scoring import model
from components.silos import manifest


class Driver(PropertyDriver):
    """Adds `baseline_span`, `baseline_digest` and `baseline_uri`, empty for none."""

    def added(
        self, execution_info: data_types.ExecutionInfo, store: MetadataStore
    ) -> dict[str, str | int]:
        """Return the three."""
        candidate = artifact_utils.get_single_uri(execution_info.input_dict["model"])
        examples = artifact_utils.get_single_uri(execution_info.input_dict["examples"])
        use_case = execution_info.exec_properties["use_case"]
        chosen = baseline.choose(
            [
                found
                for artifact in store.get_artifacts_by_type(blessed_models.TYPE_NAME)
                if (found := _blessed(artifact, use_case))
            ],
            manifest.read(examples).span,  # `latest` has become a span there
            model.read_card(candidate).digest,
        )
        return {
            f"baseline_{name}": getattr(chosen, name) if chosen else ""
            for name in ("span", "digest", "uri")
        }


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
