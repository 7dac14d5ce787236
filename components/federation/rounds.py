"""Silos with their workers, ready to run rounds.

The workers are started here, or they are the silos' own and the registry says
where they listen: what follows is the same.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import pathlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_federated as tff
from numpy.typing import NDArray

from components.errors import QuorumError, SiloError
from components.federation import aggregation, context, echo
from components.federation.algorithms import registry
from components.federation.algorithms.coordinator import Coordinator
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
NO_ROWS = "has no rows to train on"
NO_UPDATE = "sent something else than one update with its weight"
OTHER_WEIGHT = "sent another weight than it was told"
# These follow from the silo's data; any other reason need not be met again.
OF_THE_DATA = frozenset({context.NOT_FINITE, NO_ROWS})


class Round(NamedTuple):
    """What came of a round."""

    state: Value  # TFF's server state
    record: RoundRecord
    updates: dict[str, NDArray[np.float64]]  # of the merged silos, as vectors
    merged: echo.Updates  # the same with their weights, as they are compared and kept
    cohort: tuple[str, ...]  # all silos that were asked
    canary_sums: dict[str, NDArray[np.float64]]  # of the merged, if rows are protected


@dataclasses.dataclass(frozen=True)
class Federation:
    """Silos with their workers; made by `federation`."""

    silos: Sequence[Silo]
    plan: TrainingPlan
    workers: Workers | SiloRegistry
    context: SiloContext
    weighted: bool = True  # whether updates are sent with their weights
    asked: Counter[str] = dataclasses.field(default_factory=Counter)
    """In how many rounds each silo was asked, answered or not."""

    def run(
        self,
        run_round: Computation,
        state: Value,
        records: Sequence[RoundRecord],
        coordinator: Coordinator,
        before: echo.Updates = echo.NONE,
        asked: Sequence[str] = (),
        failed: Mapping[str, str] | None = None,
    ) -> Round:
        """Run the round after `records` with all silos whose workers are, or come, up.

        Args:
            run_round: The algorithm's round.
            state: TFF's server state.
            records: The rounds so far.
            coordinator: Its part of the algorithm.
            before: What the last of `records` merged.
            asked: The round's silos, where only some of them are asked once more;
                each is sent what it was then.
            failed: Silos that can't be asked, by id, and why.

        Raises:
            QuorumError: Too few of them could be merged, or what came of it is not
                finite.
        """
        dropped = dict(failed or {})
        cohort = []
        for silo in self.silos:
            if silo.id in dropped:
                continue
            try:
                self.context.silos[silo.id].connect(self.workers.address(silo))
            except SiloError as error:
                dropped[silo.id] = f"has {error.found}"
            else:
                cohort.append(silo.id)
        self._check_quorum(len(cohort), dropped)
        self.context.cohort = tuple(cohort)
        asked = asked or cohort
        told = dict(zip(asked, coordinator.messages(asked, records), strict=True))
        messages = [told[silo] for silo in cohort]
        weights = [np.asarray(w) for w in state.global_model_weights.trainable]
        self.context.fault = self._fault_finder(
            weights, {s: m.weight for s, m in zip(cohort, messages, strict=True)}
        )
        self.asked.update(cohort)
        try:
            output = run_round(state, [message.to_value() for message in messages])
        except QuorumError:
            dropped |= self.context.dropped
            self._check_quorum(len(self.context.aggregates), dropped)
            raise
        aggregates = self.context.aggregates
        updates, shares = aggregation.updates_of(
            [*aggregates.values()], weights, self.weighted
        )
        measures = aggregation.measure(updates, shares)
        none = [None] * len(aggregates)  # losses, where rows are protected
        counts = [coordinator.rows[silo] for silo in aggregates]
        work: Value = {"examples": counts, "loss_before": none, "loss_after": none}
        work |= output.metrics["client_work"]
        merged, empty = _silo_records(aggregates, work, *measures)
        dropped |= self.context.dropped | empty
        self._check_quorum(len(merged), dropped)
        _check_finite(output, merged)
        names = [record.silo for record in merged]
        has_rows = [silo not in empty for silo in aggregates]
        updates, shares = updates[has_rows], shares[has_rows]
        kept = echo.Updates(np.array(names), updates.astype(np.float32), shares)
        repeats = echo.compare(kept, before)
        merged = [
            dataclasses.replace(record, **each._asdict())
            for record, each in zip(merged, repeats, strict=True)
        ]
        return Round(
            output.state,
            summarise(len(records) + 1, merged, dropped),
            dict(zip(names, updates, strict=True)),
            kept,
            tuple(cohort),
            dict(zip(aggregates, work.get("canary_sums", ()), strict=False)),
        )

    def _fault_finder(
        self, weights: Sequence[NDArray[np.float32]], assigned: Mapping[str, float]
    ) -> Callable[[str, Value], str]:
        """Return a function that says what is wrong with what a silo sent.

        Args:
            weights: The round's model.
            assigned: The weight that each silo was told; one without rows counts 0.
        """
        name = self.plan.algorithm.name
        weighs_itself = registry.load(name).local(self.plan).rescale is not None

        def fault(silo: str, aggregate: Value) -> str:
            try:
                _, [weight] = aggregation.updates_of(
                    [aggregate], weights, self.weighted
                )
            except ValueError:
                return NO_UPDATE
            if weighs_itself or weight in {0.0, float(np.float32(assigned[silo]))}:
                return ""
            return OTHER_WEIGHT

        return fault

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
    weighted: bool = True,
) -> Iterator[Federation]:
    """Yield the silos with their workers; those started here end with the block.

    Args:
        silos: Who trains, in the order of merging.
        plan: How to train.
        folder: See `Workers`.
        own_user_ids: See `Workers`.
        silo_registry: Where the silos' workers listen; without it they are
            started here. The coordinator's own is started in any case.
        weighted: See `aggregation.updates_of`.

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
        if workers is ours:
            ours.launch(silos)
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
        yield Federation(silos, plan, workers, silo_context, weighted)


def _check_finite(output: Value, merged: Sequence[SiloRecord]) -> None:
    """Refuse a round whose silos' finite updates gave NaN or infinity.

    TFF leaves the model as it was where the merged update is not finite, and says so
    in the metrics alone; the server optimizer's state may overflow by itself.
    """
    state = tf.nest.flatten(output.state)
    rejected = output.metrics["finalizer"]["update_non_finite"]
    if not rejected and all(np.isfinite(leaf).all() for leaf in state):
        return
    largest = max(merged, key=lambda record: record.update_norm)
    raise QuorumError(
        f"what the updates of {len(merged)} silos gave is not finite; the largest, "
        f"with norm {largest.update_norm:.3g}, is that of `{largest.silo}`",
        "leave this silo out, or set the trainer's `aggregation` to one that bad silos "
        "can't lead astray",
    )


def _silo_records(
    silos: Iterable[str],
    work: Value,
    norms: NDArray[np.float64],
    cosines: NDArray[np.float64],
) -> tuple[list[SiloRecord], dict[str, str]]:
    """Return the records of the silos that were merged, and why others were not."""
    merged: list[SiloRecord] = []
    empty: dict[str, str] = {}
    for index, silo in enumerate(silos):
        if not work["examples"][index]:
            empty[silo] = NO_ROWS
        else:
            merged.append(
                SiloRecord(
                    silo=silo,
                    examples=int(work["examples"][index]),
                    loss_before=work["loss_before"][index],
                    loss_after=work["loss_after"][index],
                    update_norm=float(norms[index]),
                    cosine=float(cosines[index]),
                )
            )
    return merged, empty
