"""The end of a run on a cluster: the decision, and what is recorded whatever came.

`decide` ends the last step of the chain, the only one that may turn a run red for its
model. `close` is Kubeflow's exit handler.
"""

from __future__ import annotations

from collections.abc import Mapping

from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2

from components.errors import FairSiloError
from pipelines import summary
from pipelines.runners import results
from pipelines.runners.job import Job
from pipelines.runners.result import NodeResult
from pipelines.summary import RUNNING, Summary

_ENDED = metadata_store_pb2.Execution.FAILED


def decide(job: Job, nodes: Mapping[str, NodeResult]) -> Summary:
    """Write the run's summary into its folder and into the store, and return it.

    Args:
        job: The run.
        nodes: What all its nodes gave.
    """
    ended = summary.of_run(job.run_id, job.use_case, job.places, nodes)
    job.runs.finish(ended)
    return ended


def close(job: Job, connection: metadata_store_pb2.ConnectionConfig) -> Summary:
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
    found = job.runs.summary(job.run_id)
    if found is not None and found.status != RUNNING:
        return found
    nodes = results.read(connection, job.run_id)
    started = found or summary.of_start(job.run_id, job.use_case, "")
    ended = summary.of_failure(started, _why_failed(job, nodes), nodes)
    job.runs.finish(ended)
    return ended


def _why_failed(job: Job, nodes: Mapping[str, NodeResult]) -> FairSiloError:
    """Return what the failed steps recorded; one that was killed recorded nothing."""
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
