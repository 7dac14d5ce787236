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
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow_federated as tff
from numpy.typing import NDArray

from components.errors import QuorumError, SiloError
from components.federation import context, dataset, tensorboard
from components.federation.algorithms import registry
from components.federation.checkpoints import Checkpoint, Checkpoints
from components.federation.context import Compilers, SiloContext
from components.federation.endpoint import Endpoint
from components.federation.model import ClientModel
from components.federation.plan import TrainingPlan
from components.federation.progress import RoundProgress
from components.federation.records import RoundRecord, SiloRecord, summarise
from components.federation.tff_types import Computation, Value
from components.federation.workers import Workers
from components.silos.silo import Silo

logger = logging.getLogger(__name__)

# A silo that hangs costs its round the time-out; for so many time-outs it is then
# passed over while it is still at it, and asked again as soon as it answers.
PATIENCE = 3
NOT_FINITE = "its update or its loss is not finite"
NO_ROWS = "has no rows to train on"


@dataclasses.dataclass(frozen=True)
class TrainingResult:
    """What a training gave.

    Attributes:
        weights: The model's trainable weights, in Keras' order.
        rounds: Records of all rounds.
        isolation: How silos' workers were kept apart.
        resumed_from: The round whose checkpoint it went on from; 0 if none.
        seconds: Duration of each round that ran now, unit: seconds.
        refusal: Why it stopped before its last round; empty if it did not.
    """

    weights: tuple[NDArray[np.float32], ...]
    rounds: tuple[RoundRecord, ...]
    isolation: str
    resumed_from: int
    seconds: tuple[float, ...]
    refusal: str = ""


def train(
    client_model: ClientModel,
    silos: Sequence[Silo],
    data_folder: str,
    plan: TrainingPlan,
    folder: str | pathlib.Path,
    tensorboard_folder: str | pathlib.Path,
    own_user_ids: bool | None = None,
) -> TrainingResult:
    """Train a model over the silos' own workers.

    A silo that fails, hangs or answers with an update that is not finite is
    dropped from the round, recorded, and asked again in the next. When fewer
    than the quorum are left, the training stops, and the result says why.

    Args:
        client_model: The model with its initial weights.
        silos: Who trains, in any order.
        data_folder: Of the training files, relative to each silo's home; see
            `dataset.py`.
        plan: How to train.
        folder: The coordinator's own for this training, named by the digest of
            all that decides it: checkpoints, workers' logs.
        tensorboard_folder: Where the TensorBoard log goes.
        own_user_ids: See `Workers`.

    Raises:
        SettingsError: There is no such algorithm.
        FairSiloError: The coordinator's own worker does not start.
    """
    silos = sorted(silos, key=lambda silo: silo.id)
    process = registry.load(plan.algorithm)(client_model, plan)
    run_round = _round(client_model, process, data_folder, plan)
    folder = pathlib.Path(folder)
    seconds: list[float] = []
    refusal = ""
    with contextlib.ExitStack() as stack:
        federation = stack.enter_context(
            _federation(silos, plan, folder / "workers", own_user_ids)
        )
        checkpoints = Checkpoints(folder / "checkpoints")
        start = checkpoints.latest(process.initialize())
        state, rounds = start.state, list(start.rounds)
        _tell_start(start, plan)
        log = stack.enter_context(tensorboard.writer(tensorboard_folder))
        for record in rounds:
            log(record)
        progress = stack.enter_context(
            RoundProgress(plan.rounds, len(silos), start.round)
        )
        for number in range(start.round + 1, plan.rounds + 1):
            began = time.monotonic()
            try:
                state, record = federation.run(run_round, state, number)
            except QuorumError as error:
                refusal = f"round {number}: {error.message}"
                logger.warning("training stops: %s", refusal)
                break
            rounds.append(record)
            checkpoints.save(state, rounds)
            seconds.append(time.monotonic() - began)
            log(record)
            progress.advance(record, seconds[-1])
        return TrainingResult(
            weights=tuple(np.asarray(w) for w in state.global_model_weights.trainable),
            rounds=tuple(rounds),
            isolation=federation.isolation,
            resumed_from=start.round,
            seconds=tuple(seconds),
            refusal=refusal,
        )


def _tell_start(start: Checkpoint, plan: TrainingPlan) -> None:
    if start.round:
        logger.info("resumes after round=%d of %d", start.round, plan.rounds)


def _round(
    client_model: ClientModel,
    process: Computation,
    data_folder: str,
    plan: TrainingPlan,
) -> Computation:
    """Return a round as one computation, of server state and the silos' seeds."""
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

    return run_round


class _Federation:
    """Silos with their workers, ready to run rounds."""

    def __init__(
        self,
        silos: Sequence[Silo],
        plan: TrainingPlan,
        workers: Workers,
        endpoints: dict[str, Endpoint],
        silo_context: SiloContext,
    ) -> None:
        self._silos = silos
        self._plan = plan
        self._workers = workers
        self._endpoints = endpoints
        self._context = silo_context
        self.isolation = workers.isolation

    def run(
        self, run_round: Computation, state: Value, number: int
    ) -> tuple[Value, RoundRecord]:
        """Run a round with all silos whose workers are, or come, up.

        Raises:
            QuorumError: Too few of them could be merged.
        """
        dropped: dict[str, str] = {}
        cohort = []
        for silo in self._silos:
            try:
                worker = self._workers.start(silo)
            except SiloError as error:
                dropped[silo.id] = f"has {error.found}"
            else:
                self._endpoints[silo.id].connect(worker.port)
                cohort.append(silo.id)
        self._check_quorum(len(cohort), dropped)
        self._context.cohort = tuple(cohort)
        seeds = [dataset.seed_of(self._plan.seed, number, silo) for silo in cohort]
        output = run_round(state, seeds)
        answered = self._context.attendance.answered
        dropped |= self._context.attendance.dropped
        merged, empty = _silo_records(answered, output.metrics)
        dropped |= empty
        self._check_quorum(len(merged), dropped)
        return output.state, summarise(number, merged, dropped)

    def _check_quorum(self, found: int, dropped: dict[str, str]) -> None:
        if found < self._plan.quorum:
            raise context.below_quorum(
                found, len(self._silos), self._plan.quorum, dropped
            )


@contextlib.contextmanager
def _federation(
    silos: Sequence[Silo],
    plan: TrainingPlan,
    folder: pathlib.Path,
    own_user_ids: bool | None,
) -> Iterator[_Federation]:
    tff.framework.set_default_context(context.NoContext())
    compilers = Compilers()
    timeout_s = plan.round_timeout_s
    with contextlib.ExitStack() as stack:
        workers = stack.enter_context(Workers(folder, own_user_ids))

        def endpoint() -> Endpoint:
            made = Endpoint(timeout_s * PATIENCE, compilers.native)
            stack.callback(made.close)
            return made

        server = endpoint()
        server.connect(workers.start_server().port)
        endpoints = {silo.id: endpoint() for silo in silos}
        silo_context = SiloContext(endpoints, server, compilers, timeout_s, plan.quorum)
        stack.enter_context(tff.framework.get_context_stack().install(silo_context))
        yield _Federation(silos, plan, workers, endpoints, silo_context)


def _silo_records(
    answered: Sequence[str], metrics: Value
) -> tuple[list[SiloRecord], dict[str, str]]:
    """Return the records of the silos that were merged, and why others were not."""
    work = metrics["client_work"]
    audit = metrics["aggregator"]["audit"]
    merged: list[SiloRecord] = []
    empty: dict[str, str] = {}
    for index, silo in enumerate(answered):
        if not work["finite"][index]:
            empty[silo] = NOT_FINITE
        elif not work["examples"][index]:
            empty[silo] = NO_ROWS
        else:
            merged.append(
                SiloRecord(
                    silo=silo,
                    examples=int(work["examples"][index]),
                    loss_before=float(work["loss_before"][index]),
                    loss_after=float(work["loss_after"][index]),
                    update_norm=float(audit["norm"][index]),
                    cosine=float(audit["cosine"][index]),
                )
            )
    return merged, empty
