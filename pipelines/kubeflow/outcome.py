"""How a run ended, as a local run would tell it.

Kubeflow knows success and failure only; that a model was not blessed, or that too few
silos were left, stands in the operator's store.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from components.errors import FairSiloError
from pipelines.kubeflow import runs

if TYPE_CHECKING:
    from pipelines.summary import Summary


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        status: `blessed`, `incomplete`, `not_blessed`, `below_quorum` or `failed`; as
            Kubeflow has it, `succeeded` or `failed`, where the store doesn't tell.
        exit_status: What the program exits with.
        summary: The run's summary; None where the store doesn't tell.
        note: Why it doesn't; empty where it does.
    """

    status: str
    exit_status: int
    summary: Summary | None
    note: str


def of(state: str, store: str, use_case: str, run_id: str) -> Outcome:
    """Return how a run ended.

    Args:
        state: Kubeflow's state of it.
        store: Address of the operator's store, or a reference to it; may be empty.
        use_case: Name of the use case.
        run_id: The run.
    """
    succeeded = state == runs.SUCCEEDED
    if not store:
        return _untold(
            succeeded,
            "Kubeflow's state decides: give --store to learn whether the model was "
            "blessed",
        )
    from pipelines.runs.store import RunStore
    from pipelines.summary import EXIT_STATUS

    try:
        summary = RunStore(store, use_case).summary(run_id)
    except FairSiloError as error:
        return _untold(succeeded, f"Kubeflow's state decides: {error.message}")
    if summary is None or summary.status not in EXIT_STATUS:
        return _untold(
            succeeded, f"Kubeflow's state decides: the store has no end of run {run_id}"
        )
    return Outcome(summary.status, summary.exit_status, summary, "")


def _untold(succeeded: bool, note: str) -> Outcome:
    status = "succeeded" if succeeded else "failed"
    return Outcome(status, 0 if succeeded else 1, None, note)
