"""The form of our drivers: what the cache must know is added when a node runs.

TFX's cache key is made of a node's inputs and exec properties. A driver adds the
digests of what the node reads besides: files, baselines, what is in service. And
it counts the attempts whose outputs came about under a temporary fault
(`components/executors.py`), so that no such output is ever reused from the cache.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from ml_metadata import ListOptions, MetadataStore
from tfx.dsl.components.base import base_driver as dsl_base_driver
from tfx.orchestration import data_types_utils, metadata
from tfx.orchestration.portable import base_driver, data_types
from tfx.proto.orchestration import driver_output_pb2

from components import digests
from components.executors import ATTEMPT


class PropertyDriver(
    dsl_base_driver.BaseDriver,  # type: ignore[misc]  # TFX has no types
    base_driver.BaseDriver,  # type: ignore[misc]
):
    """Adds exec properties; TFX checks it by one parent and runs it by the other.

    It adds `attempt` in any case, which no node's spec has to declare.
    """

    def __init__(self, mlmd_connection: metadata.Metadata) -> None:
        dsl_base_driver.BaseDriver.__init__(self, mlmd_connection)
        base_driver.BaseDriver.__init__(self, mlmd_connection)

    def added(
        self,
        execution_info: data_types.ExecutionInfo,  # noqa: ARG002
        store: MetadataStore,  # noqa: ARG002
    ) -> Mapping[str, str | int]:
        """Return the exec properties to add; none where a node needs no more."""
        return {}

    def run(
        self, execution_info: data_types.ExecutionInfo
    ) -> driver_output_pb2.DriverOutput:
        """Return the added exec properties in TFX's form."""
        with self._mlmd_connection as connection:
            properties = dict(self.added(execution_info, connection.store))
            key = _key(execution_info, properties)
            properties[ATTEMPT] = _attempt(connection.store, key)
        output = driver_output_pb2.DriverOutput()
        for name, value in properties.items():
            data_types_utils.set_metadata_value(output.exec_properties[name], value)
        return output


def _key(info: data_types.ExecutionInfo, added: Mapping[str, str | int]) -> str:
    """Return a digest of the parts of the cache key that tell executions apart."""
    inputs = {
        name: [artifact.id for artifact in artifacts]
        for name, artifacts in info.input_dict.items()
    }
    properties = {**info.exec_properties, **added}
    node = info.pipeline_node.node_info.id if info.pipeline_node else ""
    return digests.of_json([node, inputs, {k: str(v) for k, v in properties.items()}])


def _attempt(store: MetadataStore, key: str) -> str:
    """Return the first attempt under which no output was marked.

    Attempts that were marked are never run again under their own number, since the
    marks stay; one that was not marked is what the cache may give.
    """
    query = f'custom_properties.{ATTEMPT}.string_value LIKE "{key}/%"'
    marked = {
        artifact.custom_properties[ATTEMPT].string_value
        for artifact in store.get_artifacts(ListOptions(filter_query=query))
    }
    attempts = (f"{key}/{number}" for number in itertools.count())
    return next(attempt for attempt in attempts if attempt not in marked)
