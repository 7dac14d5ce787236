"""The form of our drivers: what the cache must know is added when a node runs.

TFX's cache key is made of a node's inputs and exec properties. A driver adds the
digests of what the node reads besides: files, baselines, the operator's state.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping

from ml_metadata import MetadataStore
from tfx.dsl.components.base import base_driver as dsl_base_driver
from tfx.orchestration import data_types_utils, metadata
from tfx.orchestration.portable import base_driver, data_types
from tfx.proto.orchestration import driver_output_pb2


class PropertyDriver(
    dsl_base_driver.BaseDriver,  # type: ignore[misc]  # TFX has no types
    base_driver.BaseDriver,  # type: ignore[misc]
):
    """Adds exec properties; TFX checks it by one parent and runs it by the other."""

    def __init__(self, mlmd_connection: metadata.Metadata) -> None:
        dsl_base_driver.BaseDriver.__init__(self, mlmd_connection)
        base_driver.BaseDriver.__init__(self, mlmd_connection)

    @abc.abstractmethod
    def added(
        self, execution_info: data_types.ExecutionInfo, store: MetadataStore
    ) -> Mapping[str, str | int]:
        """Return the exec properties to add.

        Args:
            execution_info: The node's inputs and exec properties.
            store: ML Metadata.
        """

    def run(
        self, execution_info: data_types.ExecutionInfo
    ) -> driver_output_pb2.DriverOutput:
        """Return the added exec properties in TFX's form."""
        with self._mlmd_connection as connection:
            properties = self.added(execution_info, connection.store)
        output = driver_output_pb2.DriverOutput()
        for name, value in properties.items():
            data_types_utils.set_metadata_value(output.exec_properties[name], value)
        return output
