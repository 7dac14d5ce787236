"""Finds earlier statistics when the node runs.

They go into the exec properties, so TFX's cache key knows them.
"""

from __future__ import annotations

from ml_metadata import MetadataStore
from tfx.orchestration.portable import data_types
from tfx.types import artifact_utils

from components.drivers import PropertyDriver
from components.payloads.manifest import Manifest
from components.silo_validator import earlier_statistics


class Driver(PropertyDriver):
    """Adds the statistics to compare with."""

    def added(
        self, execution_info: data_types.ExecutionInfo, store: MetadataStore
    ) -> dict[str, str | int]:
        """Return `earlier_statistics`."""
        properties = execution_info.exec_properties
        examples = artifact_utils.get_single_uri(execution_info.input_dict["examples"])
        span = Manifest.read(examples).span
        found = earlier_statistics.find(store, properties["use_case"], span)
        return {"earlier_statistics": earlier_statistics.to_json(found)}
