"""The last steps of a run on a cluster: the decision, and the end whatever came.

`decide` is the only step that may turn a run red for its model: all before it are
green and show the reasons. `close_run` is Kubeflow's exit handler.
"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping

from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2

from components.dashboard.silo.page import FOLDER
from components.errors import FairSiloError
from components.payloads import table
from components.payloads.decision import Decision
from components.store_url import FROM_ENVIRONMENT
from pipelines import summary
from pipelines.past_runs import silo_pages
from pipelines.run_store import RUNNING, RunStore
from pipelines.runners import results
from pipelines.runners.job import Job
from pipelines.runners.result import NodeResult

_ENDED = metadata_store_pb2.Execution.FAILED


def decide(
    job: Job, connection: metadata_store_pb2.ConnectionConfig
) -> summary.Summary:
    """Write the run's summary into its folder and into the store, and return it."""
    nodes = results.read(connection, job.run_id)
    told = summary.of_run(job.run_id, job.use_case, job.places, nodes)
    summary.write(told, job.places)
    page = pathlib.Path(told["dashboard"])
    RunStore(FROM_ENVIRONMENT, job.use_case).finish(
        told,
        page=page.read_bytes(),
        table=pathlib.Path(told["evaluation"], table.PARQUET).read_bytes(),
        decision=pathlib.Path(told["blessing"], Decision.FILE_NAME).read_bytes(),
        silo_pages=silo_pages.pack(page.parent / FOLDER),
    )
    return told


def close_run(
    job: Job, connection: metadata_store_pb2.ConnectionConfig
) -> summary.Summary:
    """End the run in the store, where no decision did, and return its summary.

    Steps that were killed leave their executions running in ML Metadata: those are
    ended here, so that nothing waits for them.
    """
    store = metadata_store.MetadataStore(connection)
    left = [
        execution
        for execution in results.executions(store, job.run_id)
        if execution.last_known_state not in {*results.DONE, _ENDED}
    ]
    for execution in left:
        execution.last_known_state = _ENDED
    if left:
        store.put_executions(left)
    runs = RunStore(FROM_ENVIRONMENT, job.use_case)
    told = runs.summary(job.run_id)
    if told is None or told["status"] == RUNNING:
        nodes = results.read(connection, job.run_id)
        span = told["span"] if told else ""
        told = summary.of_failure(
            job.run_id, job.use_case, span, _why(job, nodes), nodes
        )
        runs.finish(told, None)
        summary.write(told, job.places)  # the volume may be why the run failed
    return told


def _why(job: Job, nodes: Mapping[str, NodeResult]) -> FairSiloError:
    """Return what the steps that failed took down; a killed one took down nothing."""
    failures = job.failures()
    if failures:
        return FairSiloError(
            "; ".join(f"step {step}: {one}" for step, one in failures.items())
        )
    done = [name for name, node in nodes.items() if node.outputs]
    reached = f"after {done[-1]}" if done else "before its first node"
    return FairSiloError(
        f"run {job.run_id} ended {reached}, without a decision",
        "read the log of the red step",
    )
