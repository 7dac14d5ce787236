"""The training loop: workers up, rounds with their records, workers down.

Every ending ends the workers: success and errors here, a killed coordinator by
the kernel (`workers.py`).
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import pathlib
import time
from collections.abc import Sequence

import numpy as np
import tensorflow_federated as tff
from numpy.typing import NDArray

from components import locks
from components.errors import QuorumError
from components.federation import dataset, progress, rounds
from components.federation.algorithms import registry
from components.federation.checkpoints import Checkpoints
from components.federation.model import ClientModel
from components.federation.plan import TrainingPlan
from components.federation.silo_registry import SiloRegistry
from components.federation.tff_types import Computation, Value
from components.payloads.model_run import RoundRecord
from components.payloads.silo import Silo

logger = logging.getLogger(__name__)

LOCK = "lock"


@dataclasses.dataclass(frozen=True)
class TrainingResult:
    """What a training gave; see also `payloads.model_run.RunRecord`.

    `temporary_fault` says why the next run must try again: the refusal, or the silos
    that were in no round; it is empty where all follows from the data.
    """

    weights: tuple[NDArray[np.float32], ...]  # trainable ones, in Keras' order
    rounds: tuple[RoundRecord, ...]
    isolation: str
    resumed_from: int
    seconds: tuple[float, ...]  # that each round took which ran now
    refusal: str = ""
    temporary_fault: str = ""


@dataclasses.dataclass(frozen=True)
class Program:
    """An algorithm for one model: `run_round` takes its server state and seeds."""

    process: Computation  # a `tff.learning.templates.LearningProcess`
    run_round: Computation


def program(client_model: ClientModel, data_folder: str, plan: TrainingPlan) -> Program:
    """Return the plan's algorithm over the silos' data, see `dataset.build`."""
    process = registry.load(plan.algorithm)(client_model, plan)
    silo_data = dataset.build(
        data_folder,
        client_model.num_floats,
        client_model.num_ids,
        plan.batch_size,
        plan.local_epochs,
    )

    @tff.federated_computation(  # type: ignore[untyped-decorator]
        process.initialize.type_signature.result,
        tff.FederatedType(np.int64, tff.CLIENTS),
    )
    def run_round(state: Value, seeds: Value) -> Value:
        return process.next(state, tff.federated_map(silo_data, seeds))

    return Program(process, run_round)


def train(
    program: Program,
    silos: Sequence[Silo],
    plan: TrainingPlan,
    folder: str | pathlib.Path,
    tensorboard_folder: str | pathlib.Path,
    own_user_ids: bool | None = None,
    silo_registry: SiloRegistry | None = None,
) -> TrainingResult:
    """Train a model over the silos' own workers.

    A silo that fails, hangs or answers with an update that is not finite is dropped
    from the round, recorded, and asked again in the next. When fewer than the quorum
    are left, the training stops, and the result says why. The next training goes on
    from there; where a silo was in no round at all for a temporary fault, it
    begins again. While another process is at the same training this one waits, and
    goes on from its checkpoints.

    Args:
        program: The algorithm with the model's initial weights.
        silos: Who trains, in any order.
        plan: How to train; the one that the program was made for.
        folder: The coordinator's own for this training, named by the digest of
            all that decides it: checkpoints, workers' logs.
        tensorboard_folder: Where the TensorBoard log goes.
        own_user_ids: See `Workers`.
        silo_registry: See `rounds.federation`.

    Raises:
        FairSiloError: The coordinator's own worker does not start, or failed.
    """
    silos = sorted(silos, key=lambda silo: silo.id)
    folder = pathlib.Path(folder)
    seconds: list[float] = []
    refusal = temporary_fault = ""
    with contextlib.ExitStack() as stack:
        stack.enter_context(locks.exclusive(folder / LOCK, "this very training"))
        federation = stack.enter_context(
            rounds.federation(
                silos, plan, folder / "workers", own_user_ids, silo_registry
            )
        )
        checkpoints = Checkpoints(folder / "checkpoints")
        start = checkpoints.latest(program.process.initialize())
        if start.round:
            logger.info("resumes after round=%d of %d", start.round, plan.rounds)
        state, records = start.state, list(start.rounds)
        log = stack.enter_context(progress.tensorboard(tensorboard_folder))
        for record in records:
            log(record)
        tell = stack.enter_context(progress.shown(plan.rounds, len(silos), start.round))
        for number in range(start.round + 1, plan.rounds + 1):
            began = time.monotonic()
            try:
                state, record = federation.run(program.run_round, state, number)
            except QuorumError as error:
                refusal = f"round {number}: {error.message}; {error.hint}"
                temporary_fault = refusal if error.is_temporary else ""
                logger.warning("training stops: %s", refusal)
                break
            records.append(record)
            checkpoints.save(state, records)
            seconds.append(time.monotonic() - began)
            log(record)
            tell(record, seconds[-1])
        if absent := [] if refusal else _absent(records):
            temporary_fault = f"in no round: {'; '.join(absent)}"
            checkpoints.set_aside()  # they would give this very model again
        return TrainingResult(
            weights=tuple(np.asarray(w) for w in state.global_model_weights.trainable),
            rounds=tuple(records),
            isolation=federation.workers.isolation,
            resumed_from=start.round,
            seconds=tuple(seconds),
            refusal=refusal,
            temporary_fault=temporary_fault,
        )


def _absent(records: Sequence[RoundRecord]) -> list[str]:
    """Return the silos that were in no round though their data can be learned from."""
    present = {silo.silo for record in records for silo in record.silos}
    reasons = {drop.silo: drop.reason for record in records for drop in record.dropped}
    return [
        f"`{silo}`: {reason}"
        for silo, reason in sorted(reasons.items())
        if silo not in present and reason not in rounds.OF_THE_DATA
    ]
