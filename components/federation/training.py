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
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from components import atomic, locks
from components.errors import QuorumError
from components.federation import audited_rounds, echo, ghost, model, progress, rounds
from components.federation.aggregators import SiloLevel
from components.federation.algorithms import process, registry
from components.federation.algorithms.coordinator import Coordinator
from components.federation.algorithms.process import Process
from components.federation.checkpoints import KEEP, Checkpoints
from components.federation.model import ClientModel
from components.federation.noise_seeds import of_round
from components.federation.plan import TrainingPlan
from components.federation.private import PrivateSilo, PrivateTraining
from components.federation.silo_registry import SiloRegistry
from components.federation.workers import SERVER_FOLDER
from components.payloads.model_run import RoundRecord
from components.payloads.silo import Silo

logger = logging.getLogger(__name__)

LOCK = "lock"
BEGUN = "rounds_begun"  # how many, with those that failed; in the training's folder


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
    # Of the rounds that ran now, in how many each silo was asked, answered or not.
    asked: Mapping[str, int]
    # Of protected rows, over all rounds, by silo: see `private_steps.py`.
    canary_sums: Mapping[str, NDArray[np.float64]]
    refusal: str = ""
    temporary_fault: str = ""
    # Uniform mean of what the last round's silos had trained, like `weights`; none
    # where only the coordinator adds noise.
    mean_of_silos: tuple[NDArray[np.float32], ...] = ()
    # Rounds that were begun before this one went on: those it went on from, and, where
    # there is noise, each attempt that came to nothing, whose updates were sent too.
    begun_before: int = 0


@dataclasses.dataclass(frozen=True)
class Program:
    """An algorithm for one model."""

    process: Process
    client_model: ClientModel
    data_folder: str  # of tensors, in each silo's home
    private: PrivateTraining | None = None  # how rows are protected, if they are
    silo_level: SiloLevel | None = None  # how silos are, as a whole

    @property
    def is_noisy(self) -> bool:
        """Whether noise is added, so that each attempt of a round costs budget."""
        return bool(self.private or self.silo_level)


def program(
    client_model: ClientModel,
    data_folder: str,
    plan: TrainingPlan,
    private: PrivateTraining | None = None,
    silo_level: SiloLevel | None = None,
) -> Program:
    """Return the plan's algorithm for a model; arguments as of `Program`.

    Raises:
        ValueError: See `process.build`.
        SettingsError: Rows are to be protected, and the gradients of this model's rows
            can't be cut one by one; see `ghost.check`.
    """
    if private:
        ghost.check(client_model)
    built = process.build(client_model, plan, data_folder, private, silo_level)
    return Program(built, client_model, data_folder, private, silo_level)


def train(
    program: Program,
    silos: Mapping[Silo, int],
    plan: TrainingPlan,
    folder: str | pathlib.Path,
    tensorboard_folder: str | pathlib.Path,
    own_user_ids: bool | None = None,
    silo_registry: SiloRegistry | None = None,
    references: Mapping[str, float] | None = None,
    factors: Mapping[str, float] | None = None,
    audited: int = 0,
    start_from: pathlib.Path | None = None,
    private_silos: Mapping[str, PrivateSilo] | None = None,
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
        silos: Who trains, in any order, with its training rows.
        plan: How to train; the one that the program was made for.
        folder: The coordinator's own for this training, named by the digest of
            all that decides it: checkpoints, workers' logs.
        tensorboard_folder: Where the TensorBoard log goes.
        own_user_ids: See `Workers`.
        silo_registry: See `rounds.federation`.
        references: See `Coordinator`.
        factors: See `Coordinator`.
        audited: How many rounds are kept in `folder`, see `audited_rounds.py`.
        start_from: Folder of an audited round of another training, with these silos
            and more, which this one begins before.
        private_silos: How each silo protects its rows, by id, if the program does.

    Raises:
        ValueError: These are other silos, or those to protect don't count alike.
        FairSiloError: The coordinator's own worker does not start, or failed; or what
            the training starts from is not there.
    """
    rows = {silo.id: num_rows for silo, num_rows in silos.items()}
    references, factors, told = references or {}, factors or {}, private_silos or {}
    if told.keys() != (rows.keys() if program.private else set()):
        raise ValueError(f"found numbers of {[*told]}, expected all silos or none")
    if program.silo_level and any(by != 1 for by in factors.values()):
        raise ValueError("found weight factors, expected silos that count alike")
    algorithm = registry.load(plan.algorithm.name)
    coordinator: Coordinator = algorithm.COORDINATOR(
        program.client_model, plan, rows, references, factors=factors, private=told
    )
    folder = pathlib.Path(folder)
    kept_rounds = audited_rounds.spread(plan.rounds, audited)
    seconds: list[float] = []
    refusal = temporary_fault = ""
    with contextlib.ExitStack() as stack:
        stack.enter_context(locks.exclusive(folder / LOCK, "this very training"))
        federation = stack.enter_context(
            rounds.federation(
                sorted(silos, key=lambda silo: silo.id),
                plan,
                folder / "workers",
                own_user_ids,
                silo_registry,
                weighted=program.silo_level is None,
            )
        )
        noisy = federation.silos if program.private else ()
        place = folder / "workers" / SERVER_FOLDER if program.silo_level else None
        secrets = (noisy, program.data_folder, place)
        checkpoints = Checkpoints(folder / "checkpoints")
        mean = np.zeros(program.client_model.num_parameters)
        server, run_round = program.process.initialize(), program.process.run_round
        earlier: tuple[RoundRecord, ...] = ()
        if start_from:
            begun, other = audited_rounds.read_start(
                start_from, server, program.client_model, plan
            )
            (server, mean), earlier = begun.state, begun.rounds
            coordinator.take_over(other)
        sums = {silo: np.zeros(len(one.coins)) for silo, one in told.items()}
        initial = (server, coordinator.state, mean, echo.NONE, sums)
        start = checkpoints.latest(initial, earlier)
        if audited_rounds.missing(folder, [n for n in kept_rounds if n <= start.round]):
            checkpoints.set_aside()  # an audit has deleted what is to be given again
            start = checkpoints.latest(initial, earlier)
        count = folder / BEGUN
        begun_before = max(start.round, _number(count)) if start.round else 0
        if start.round:
            logger.info("resumes after round=%d of %d", start.round, plan.rounds)
        state, coordinator.state, mean, before, sums = start.state
        records = list(start.rounds)
        log = stack.enter_context(progress.tensorboard(tensorboard_folder))
        for record in records:
            log(record)
        tell = stack.enter_context(progress.shown(plan.rounds, len(silos), start.round))
        for number in range(start.round + 1, plan.rounds + 1):
            began = time.monotonic()
            if program.is_noisy:
                with atomic.written(count) as unfinished:
                    unfinished.write_text(f"{begun_before + number - start.round}")
            try:
                with of_round(*secrets) as failed:
                    done = federation.run(
                        run_round, state, records, coordinator, before, failed=failed
                    )
            except QuorumError as error:
                refusal = f"round {number}: {error.message}; {error.hint}"
                temporary_fault = refusal if error.is_temporary else ""
                logger.warning("training stops: %s", refusal)
                break
            if number in kept_rounds:
                audited_rounds.write(folder, (state, mean), records, coordinator, done)
            coordinator.merged(done.updates)
            mean = model.flat(state.global_model_weights.trainable)
            mean -= np.mean([*done.updates.values()], axis=0)
            for silo, more in done.canary_sums.items():
                sums[silo] = sums[silo] + more
            state = done.state
            records.append(record := done.record)
            is_last = number == plan.rounds
            # Single silos' updates are kept no longer than the next round needs them.
            before = echo.NONE if is_last else done.merged
            kept = (state, coordinator.state, mean, before, sums)
            checkpoints.save(kept, records, keep=1 if is_last else KEEP)
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
            mean_of_silos=(
                () if program.silo_level else program.client_model.shaped(mean)
            ),
            asked=dict(federation.asked),
            canary_sums=sums,
            begun_before=begun_before,
        )


def _number(path: pathlib.Path) -> int:
    """Return the number in a file; 0 where there is none."""
    return int(path.read_text(encoding="utf-8")) if path.exists() else 0


def _absent(records: Sequence[RoundRecord]) -> list[str]:
    """Return the silos that were in no round though their data can be learned from."""
    present = {silo.silo for record in records for silo in record.silos}
    reasons = {drop.silo: drop.reason for record in records for drop in record.dropped}
    return [
        f"`{silo}`: {reason}"
        for silo, reason in sorted(reasons.items())
        if silo not in present and reason not in rounds.OF_THE_DATA
    ]
