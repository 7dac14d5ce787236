"""Silos with their workers, ready to run rounds.

The workers are started here, or they are the silos' own and the registry says
where they listen: what follows is the same.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import pathlib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import tensorflow_federated as tff

from components.errors import QuorumError, SiloError
from components.federation import aggregation, context, dataset
from components.federation.context import SiloContext
from components.federation.endpoint import Endpoint
from components.federation.plan import TrainingPlan
from components.federation.silo_registry import SiloRegistry
from components.federation.tff_types import Computation, Value
from components.federation.workers import ONE_USER_ID, START_TIMEOUT_S, Workers
from components.payloads.model_run import RoundRecord, SiloRecord, summarise
from components.payloads.silo import Silo

logger = logging.getLogger(__name__)

# A silo that hangs costs its round the time-out; for so many time-outs it is then
# passed over while it is still at it, and asked again as soon as it answers.
PATIENCE = 3
NOT_FINITE = "its update or its loss is not finite"
NO_ROWS = "has no rows to train on"
# These follow from the silo's data; any other reason need not be met again.
OF_THE_DATA = frozenset({NOT_FINITE, NO_ROWS})


@dataclasses.dataclass(frozen=True)
class Federation:
    """Silos with their workers; made by `federation`."""

    silos: Sequence[Silo]
    plan: TrainingPlan
    workers: Workers | SiloRegistry
    context: SiloContext

    def run(
        self, run_round: Computation, state: Value, number: int
    ) -> tuple[Value, RoundRecord]:
        """Run a round with all silos whose workers are, or come, up.

        Raises:
            QuorumError: Too few of them could be merged.
        """
        dropped: dict[str, str] = {}
        cohort = []
        for silo in self.silos:
            try:
                self.context.silos[silo.id].connect(self.workers.address(silo))
            except SiloError as error:
                dropped[silo.id] = f"has {error.found}"
            else:
                cohort.append(silo.id)
        self._check_quorum(len(cohort), dropped)
        self.context.cohort = tuple(cohort)
        seeds = [dataset.seed_of(self.plan.seed, number, silo) for silo in cohort]
        try:
            output = run_round(state, seeds)
        except QuorumError:
            dropped |= self.context.dropped
            self._check_quorum(len(self.context.aggregates), dropped)
            raise
        weights = state.global_model_weights.trainable
        merged, empty = _silo_records(self.context.aggregates, output.metrics, weights)
        dropped |= self.context.dropped | empty
        self._check_quorum(len(merged), dropped)
        return output.state, summarise(number, merged, dropped)

    def _check_quorum(self, found: int, dropped: dict[str, str]) -> None:
        quorum = self.plan.quorum_per_round
        if found >= quorum:
            return
        error = context.below_quorum(found, len(self.silos), quorum, dropped)
        could = sum(reason not in OF_THE_DATA for reason in dropped.values())
        error.is_temporary = found + could >= quorum
        raise error


@contextlib.contextmanager
def federation(
    silos: Sequence[Silo],
    plan: TrainingPlan,
    folder: pathlib.Path,
    own_user_ids: bool | None = None,
    silo_registry: SiloRegistry | None = None,
) -> Iterator[Federation]:
    """Yield the silos with their workers; those started here end with the block.

    Args:
        silos: Who trains, in the order of merging.
        plan: How to train.
        folder: See `Workers`.
        own_user_ids: See `Workers`.
        silo_registry: Where the silos' workers listen; without it they are
            started here. The coordinator's own is started in any case.

    Raises:
        FairSiloError: The coordinator's own worker does not start.
    """
    tff.framework.set_default_context(context.NoContext())
    timeout_s = plan.round_timeout_s
    # Ours listen when they are called; the silos' own may still be on their way.
    patience_s = min(START_TIMEOUT_S, timeout_s / 2) if silo_registry else 0.0
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(Workers(folder, own_user_ids))
        workers = silo_registry or ours
        if workers.isolation == ONE_USER_ID:
            logger.warning("isolation=%s", workers.isolation)

        def connection(patience_s: float) -> Endpoint:
            made = Endpoint(timeout_s * PATIENCE, patience_s)
            stack.callback(made.close)
            return made

        server = connection(0.0)
        server.connect(ours.start_server().address)
        endpoints = {silo.id: connection(patience_s) for silo in silos}
        silo_context = SiloContext(endpoints, server, timeout_s, plan.quorum_per_round)
        stack.enter_context(tff.framework.get_context_stack().install(silo_context))
        yield Federation(silos, plan, workers, silo_context)


def _silo_records(
    aggregates: Mapping[str, Value], metrics: Value, weights: Value
) -> tuple[list[SiloRecord], dict[str, str]]:
    """Return the records of the silos that were merged, and why others were not."""
    work = metrics["client_work"]
    norms, cosines = aggregation.measure(
        list(aggregates.values()),
        [np.asarray(weight) for weight in weights],
    )
    merged: list[SiloRecord] = []
    empty: dict[str, str] = {}
    for index, silo in enumerate(aggregates):
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
                    update_norm=float(norms[index]),
                    cosine=float(cosines[index]),
                )
            )
    return merged, empty
