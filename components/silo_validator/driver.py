"""Reads the operator's state and earlier statistics when the node runs.

Both go into the exec properties, so TFX's cache key knows them: a silo that is
quarantined by hand takes effect in the next run, cached or not.
"""

from __future__ import annotations

import json

from tfx.dsl.components.base import base_driver as dsl_base_driver
from tfx.orchestration import data_types_utils, metadata
from tfx.orchestration.portable import base_driver, data_types
from tfx.proto.orchestration import driver_output_pb2

from components.operator_state import OperatorState
from components.silo_validator import baselines
from components.silos import manifest


class Driver(dsl_base_driver.BaseDriver, base_driver.BaseDriver):
    """Adds what was decided by hand, and the statistics to compare with."""

    def __init__(self, mlmd_connection: metadata.Metadata) -> None:
        # TFX checks a component's driver for the first parent, runs it by the second.
        dsl_base_driver.BaseDriver.__init__(self, mlmd_connection)
        base_driver.BaseDriver.__init__(self, mlmd_connection)

    def run(
        self, execution_info: data_types.ExecutionInfo
    ) -> driver_output_pb2.DriverOutput:
        """Add `by_hand` and `baselines` to the exec properties."""
        properties = dict(execution_info.exec_properties)
        use_case = properties["use_case"]
        state = OperatorState(properties["operator_store"], use_case)
        span = manifest.read(execution_info.input_dict["examples"][0].uri).span
        with self._mlmd_connection as handle:
            found = baselines.find(handle.store, use_case, span)
        properties["by_hand"] = json.dumps(state.quarantined(), ensure_ascii=False)
        properties["baselines"] = baselines.to_json(found)
        output = driver_output_pb2.DriverOutput()
        for name, value in properties.items():
            if value is not None:
                data_types_utils.set_metadata_value(output.exec_properties[name], value)
        return output
