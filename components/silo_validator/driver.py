"""Reads the operator's state and earlier statistics when the node runs.

Both go into the exec properties, so TFX's cache key knows them: a silo that is
quarantined by hand takes effect in the next run, cached or not.
"""

from __future__ import annotations

import json

from ml_metadata import MetadataStore
from tfx.orchestration.portable import data_types
from tfx.types import artifact_utils

from components.drivers import PropertyDriver
from components.operator_state import OperatorState
from components.silo_validator import baselines
from components.silos import manifest


class Driver(PropertyDriver):
    """Adds what was decided by hand, and the statistics to compare with."""

    def added(
        self, execution_info: data_types.ExecutionInfo, store: MetadataStore
    ) -> dict[str, str | int]:
        """Return `by_hand` and `baselines`."""
        properties = execution_info.exec_properties
        use_case = properties["use_case"]
        state = OperatorState(properties["operator_store"], use_case)
        examples = artifact_utils.get_single_uri(execution_info.input_dict["examples"])
        found = baselines.find(store, use_case, manifest.read(examples).span)
        return {
            "by_hand": json.dumps(state.quarantined(), ensure_ascii=False),
            "baselines": baselines.to_json(found),
        }
