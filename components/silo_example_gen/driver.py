"""Fingerprints the silos' files when the node runs, for TFX's cache key.

Not when the pipeline is built: a compiled, recurring pipeline would then never
see new data.
"""

from __future__ import annotations

from tfx.dsl.components.base import base_driver as dsl_base_driver
from tfx.orchestration import data_types_utils, metadata
from tfx.orchestration.portable import base_driver, data_types
from tfx.proto.orchestration import driver_output_pb2

from components.silo_example_gen import discovery, generation
from components.silo_example_gen.settings import SourceSettings


class Driver(dsl_base_driver.BaseDriver, base_driver.BaseDriver):
    """Resolves the span and fingerprints what it reads."""

    def __init__(self, mlmd_connection: metadata.Metadata) -> None:
        # TFX checks a component's driver for the first parent, runs it by the second.
        dsl_base_driver.BaseDriver.__init__(self, mlmd_connection)
        base_driver.BaseDriver.__init__(self, mlmd_connection)

    def run(
        self, execution_info: data_types.ExecutionInfo
    ) -> driver_output_pb2.DriverOutput:
        """Add `span`, `fingerprint` and `generation` to the exec properties."""
        properties = dict(execution_info.exec_properties)
        source = SourceSettings.model_validate_json(properties["settings"])
        found = discovery.discover(source, properties["homes"])
        chosen = discovery.window(
            found, source, properties["span"], properties["purpose"]
        )
        fingerprint = discovery.fingerprint(found, chosen)
        properties["span"] = chosen.span
        properties["fingerprint"] = fingerprint
        properties["generation"] = generation.current(properties["homes"], fingerprint)
        output = driver_output_pb2.DriverOutput()
        for name, value in properties.items():
            if value is not None:
                data_types_utils.set_metadata_value(output.exec_properties[name], value)
        return output
