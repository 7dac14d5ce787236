"""Finds earlier statistics, and what the last audit found, when the node runs.

They go into the exec properties, so TFX's cache key knows them.
"""

from __future__ import annotations

from ml_metadata import MetadataStore
from tfx.orchestration.portable import data_types
from tfx.types import artifact_utils

from components.drivers import PropertyDriver
from components.payloads.manifest import Manifest
from components.silo_validator import earlier_statistics, reminders


class Driver(PropertyDriver):
    """Adds the statistics to compare with, and the reminders."""

    def added(
        self, execution_info: data_types.ExecutionInfo, store: MetadataStore
    ) -> dict[str, str | int]:
        """Return `earlier_statistics` and `reminders`."""
        properties = execution_info.exec_properties
        use_case = str(properties["use_case"])
        examples = artifact_utils.get_single_uri(execution_info.input_dict["examples"])
        span = Manifest.read(examples).span
        found = earlier_statistics.find(store, use_case, span)
        return {
            "earlier_statistics": earlier_statistics.to_json(found),
            "reminders": reminders.find(store, use_case, span),
        }
