"""Runs a pipeline in this process with TFX's LocalDagRunner, and reads its results.

TFX tells nothing but its log: the nodes' progress is taken from there, the
results from ML Metadata, where cached nodes stand beside those that ran.
"""

from __future__ import annotations

import contextlib
import logging
import pathlib
import sys
import time
from collections.abc import Callable, Iterator

from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.compiler import compiler, constants
from tfx.orchestration.local import local_dag_runner
from tfx.orchestration.pipeline import Pipeline
from tfx.orchestration.portable import runtime_parameter_utils

from pipelines.runners.result import NodeResult

CACHED = metadata_store_pb2.Execution.CACHED


def run(
    pipeline: Pipeline, run_id: str, on_node: Callable[[str], None]
) -> dict[str, NodeResult]:
    """Run a pipeline to its end.

    Args:
        pipeline: The pipeline; its metadata must be an sqlite file.
        run_id: Name of the run, unique in its metadata.
        on_node: Called with a node's id when it starts.

    Returns:
        The nodes' results by id, in their order.

    Raises:
        Exception: What a node raised; results of the nodes before are kept by TFX.
    """
    ir = compiler.Compiler().compile(pipeline)
    runtime_parameter_utils.substitute_runtime_parameter(
        ir, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run_id}
    )
    pathlib.Path(pipeline.pipeline_info.pipeline_root).mkdir(
        parents=True, exist_ok=True
    )
    with _own_arguments(), _node_log(on_node):
        local_dag_runner.LocalDagRunner().run_with_ir(ir)
    return results(pipeline.metadata_connection_config, run_id)


def results(
    connection: metadata_store_pb2.ConnectionConfig, run_id: str
) -> dict[str, NodeResult]:
    """Read what the nodes of a run gave, also of one that failed."""
    store = metadata_store.MetadataStore(connection)
    context = store.get_context_by_type_and_name("pipeline_run", run_id)
    if context is None:
        return {}
    found = {}
    for execution in sorted(
        store.get_executions_by_context(context.id), key=lambda item: item.id
    ):
        node = _node_id(store, execution)
        lasted = (
            execution.last_update_time_since_epoch - execution.create_time_since_epoch
        )
        found[node] = NodeResult(
            node,
            lasted / 1000,
            execution.last_known_state == CACHED,
            _outputs(store, execution),
        )
    return found


def _node_id(
    store: metadata_store.MetadataStore, execution: metadata_store_pb2.Execution
) -> str:
    for context in store.get_contexts_by_execution(execution.id):
        if context.type == "node":
            return str(context.name).rsplit(".", 1)[-1]
    return str(execution.type)


def _outputs(
    store: metadata_store.MetadataStore, execution: metadata_store_pb2.Execution
) -> dict[str, pathlib.Path]:
    events = [
        event
        for event in store.get_events_by_execution_ids([execution.id])
        if event.type == metadata_store_pb2.Event.OUTPUT
    ]
    artifacts = {
        artifact.id: artifact
        for artifact in store.get_artifacts_by_id([e.artifact_id for e in events])
    }
    return {
        event.path.steps[0].key: pathlib.Path(artifacts[event.artifact_id].uri)
        for event in events
    }


@contextlib.contextmanager
def _own_arguments() -> Iterator[None]:
    """Hide our arguments: TFX hands `sys.argv` to Beam as flags."""
    kept, sys.argv = sys.argv, sys.argv[:1]
    try:
        yield
    finally:
        sys.argv = kept


@contextlib.contextmanager
def _node_log(on_node: Callable[[str], None]) -> Iterator[None]:
    """Call `on_node` for each node that TFX's log says is running."""

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.msg == "Component %s is running." and record.args:
                on_node(str(record.args[0]))  # type: ignore[index]

    logger = logging.getLogger("absl")
    listener, level, propagate = Listener(), logger.level, logger.propagate
    others = list(logger.handlers)
    logger.addHandler(listener)
    for handler in others:
        logger.removeHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(listener)
        for handler in others:
            logger.addHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate


def new_run_id(runs: pathlib.Path, span: str) -> str:
    """Return a name for a run: when it started, and its span.

    Args:
        runs: Folder of all runs' folders.
        span: The span as asked for; may be empty.
    """
    while True:
        started = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        run_id = f"{started}-{span}" if span else started
        if not (runs / run_id).exists():
            return run_id
        time.sleep(0.2)
