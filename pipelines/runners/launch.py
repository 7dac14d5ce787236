"""Runs one TFX node of a compiled chain with TFX's portable launcher.

Resolvers, custom drivers, spans and TFX's cache work as they do locally: it is what
LocalDagRunner does for each node, in a process of the node's own.
"""

from __future__ import annotations

import pathlib
import shutil

from google.protobuf import json_format
from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import launcher
from tfx.proto.orchestration import pipeline_pb2

from components.errors import FairSiloError
from pipelines.runners import integrity, results
from pipelines.runners.job import Job
from pipelines.runners.result import NodeResult


def read_chain(job: Job) -> pipeline_pb2.Pipeline:
    """Read the chain that the run's first step compiled.

    Raises:
        FairSiloError: It is not there.
    """
    return json_format.Parse(job.read(job.ir_file, "chain"), pipeline_pb2.Pipeline())


def launch(
    job: Job, node: str, connection: metadata_store_pb2.ConnectionConfig
) -> dict[str, NodeResult]:
    """Run one node, once: one that has ended in this run is not run again.

    Args:
        job: The run.
        node: Id of the node.
        connection: ML Metadata.

    Returns:
        What the run's nodes gave so far, this one included.

    Raises:
        FairSiloError: There is no such node, or its inputs are not there.
        Exception: What the node raised.
    """
    chain = read_chain(job)
    nodes = {item.pipeline_node.node_info.id: item for item in chain.nodes}
    if node not in nodes:
        raise FairSiloError(
            f"node `{node}`: found no such node in {job.ir_file}, expected one of "
            f"{', '.join(nodes)}",
            "compile and upload the package again: it is of another version",
        )
    if _has_ended(job, node, connection):
        return results.read(connection, job.run_id)
    remove_stale_files(job, node, connection)
    integrity.set_damaged_aside([job.places.pipeline_root / node])
    deployment = runner_utils.extract_local_deployment_config(chain)
    launcher.Launcher(
        pipeline_node=nodes[node].pipeline_node,
        mlmd_connection=metadata.Metadata(connection),
        pipeline_info=chain.pipeline_info,
        pipeline_runtime_spec=chain.runtime_spec,
        executor_spec=runner_utils.extract_executor_spec(deployment, node),
        custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, node),
    ).launch()
    found = results.read(connection, job.run_id)
    # TFX only logs that a node's inputs could not be found.
    if node not in found or not found[node].outputs:
        raise FairSiloError(
            f"node `{node}`: found no outputs of it in ML Metadata, expected those of "
            f"run {job.run_id}",
            "read the log above; the outputs of the steps before may have been removed",
        )
    integrity.record_files(found[node])
    return found


def _has_ended(
    job: Job, node: str, connection: metadata_store_pb2.ConnectionConfig
) -> bool:
    store = metadata_store.MetadataStore(connection)
    return any(
        execution.last_known_state in results.DONE
        for execution in results.executions(store, job.run_id, node)
    )


def remove_stale_files(
    job: Job, node: str, connection: metadata_store_pb2.ConnectionConfig
) -> None:
    """Remove what an attempt that was killed wrote and never published.

    TFX takes up that attempt's execution again, and with it its folders.

    Raises:
        FairSiloError: Something can't be removed, and would mix with new outputs.
    """
    store = metadata_store.MetadataStore(connection)
    root = pathlib.Path(job.places.pipeline_root, node)
    for execution in results.executions(store, job.run_id, node):
        if execution.last_known_state in results.DONE:
            continue
        for folder in root.glob(f"*/{execution.id}"):
            try:
                shutil.rmtree(folder)
            except OSError as error:
                raise FairSiloError(
                    f"node `{node}`: {folder}: found outputs of an attempt that was "
                    f"killed, which can't be removed ({error.strerror})",
                    "remove that folder, then retry the step; if a process still "
                    "writes there, end it first",
                ) from None
