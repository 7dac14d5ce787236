"""Runs TFX's nodes one by one with TFX's portable launcher, here and on a cluster.

Resolvers, custom drivers, spans and TFX's cache work: it is what LocalDagRunner does
for each node.
"""

from __future__ import annotations

import pathlib
import shutil

from google.protobuf import json_format
from ml_metadata import metadata_store
from ml_metadata.proto.metadata_store_pb2 import ConnectionConfig
from tfx.dsl.compiler import compiler, constants
from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils
from tfx.orchestration.pipeline import Pipeline
from tfx.orchestration.portable import launcher, runtime_parameter_utils
from tfx.proto.orchestration import pipeline_pb2

from components.errors import FairSiloError
from pipelines.runners import integrity, results
from pipelines.runners.job import CHAIN, Job
from pipelines.runners.results import NodeResult


def compiled(pipeline: Pipeline, run_id: str) -> pipeline_pb2.Pipeline:
    """Return a pipeline as the launcher takes it, for one run."""
    chain = compiler.Compiler().compile(pipeline)
    runtime_parameter_utils.substitute_runtime_parameter(
        chain, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run_id}
    )
    return chain


def write(job: Job, pipeline: Pipeline) -> None:
    """Write the chain of a run on a cluster, for its steps."""
    chain = compiled(pipeline, job.run_id)
    job.write(CHAIN, json_format.MessageToJson(chain))


def read(job: Job) -> pipeline_pb2.Pipeline:
    """Read the chain that the run's first step wrote."""
    return json_format.Parse(job.read(CHAIN), pipeline_pb2.Pipeline())


def launch(
    chain: pipeline_pb2.Pipeline,
    node: pipeline_pb2.PipelineNode,
    connection: ConnectionConfig,
) -> None:
    """Run one node of a chain; what it raises goes on."""
    deployment = runner_utils.extract_local_deployment_config(chain)
    name = node.node_info.id
    launcher.Launcher(
        pipeline_node=node,
        mlmd_connection=metadata.Metadata(connection),
        pipeline_info=chain.pipeline_info,
        pipeline_runtime_spec=chain.runtime_spec,
        executor_spec=runner_utils.extract_executor_spec(deployment, name),
        custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, name),
    ).launch()


def launch_once(
    job: Job, chain: pipeline_pb2.Pipeline, name: str, connection: ConnectionConfig
) -> dict[str, NodeResult]:
    """Run one node of a run on a cluster, unless it has ended in this run.

    Returns:
        What the run's nodes gave so far, this one included.

    Raises:
        FairSiloError: There is no such node, or its inputs are not there.
    """
    nodes = {one.pipeline_node.node_info.id: one.pipeline_node for one in chain.nodes}
    if name not in nodes:
        raise FairSiloError(
            f"node `{name}`: found no such node in the run's chain, expected one of "
            f"{', '.join(nodes)}",
            "compile and upload the package again: it is of another version",
        )
    folder = job.places.pipeline_root / name
    store = metadata_store.MetadataStore(connection)
    states = {
        execution.id: execution.last_known_state
        for execution in results.executions(store, job.run_id, name)
    }
    if results.DONE & {*states.values()}:
        return results.read(connection, job.run_id)
    for number in states:
        _remove_killed(name, folder, number)
    integrity.set_damaged_aside([folder])
    launch(chain, nodes[name], connection)
    found = results.read(connection, job.run_id)
    # TFX only logs that a node's inputs could not be found.
    if name not in found or not found[name].outputs:
        raise FairSiloError(
            f"node `{name}`: found no outputs of it in ML Metadata, expected those of "
            f"run {job.run_id}",
            "read the log above; the outputs of the steps before may have been removed",
        )
    integrity.record_files(found[name])
    return found


def _remove_killed(name: str, node: pathlib.Path, execution: int) -> None:
    """Remove what an attempt that was killed wrote and never published.

    TFX takes up that attempt's execution again, and with it its folders.
    """
    for folder in node.glob(f"*/{execution}"):
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise FairSiloError(
                f"node `{name}`: {folder}: found outputs of an attempt that was "
                f"killed, which can't be removed ({error.strerror})",
                "remove that folder, then retry the step; if a process still "
                "writes there, end it first",
            ) from None
