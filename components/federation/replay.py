"""A silo's update of a past round, computed once more by its own worker.

A round is a pure function of the model, the message and the silo's rows, down to the
bytes (`workers.py`: one thread, sums in one order), on processors of one kind. So an
update of another digest comes from other rows, or from a worker that did something
else. What the silo's own machine computes it can also forge: equal digests convince
people who trust it now.
"""

from __future__ import annotations

import pathlib
from typing import NamedTuple

from components.federation import audited_rounds, rounds
from components.federation.plan import TrainingPlan
from components.federation.silo_registry import SiloRegistry
from components.federation.training import Program
from components.payloads.silo import Silo


class Replay(NamedTuple):
    """The digest of an update in the records, and that of the one computed now."""

    recorded: str
    recomputed: str

    @property
    def is_equal(self) -> bool:
        """Whether both are the same."""
        return self.recorded == self.recomputed


def recompute(
    program: Program,
    plan: TrainingPlan,
    silo: Silo,
    kept: pathlib.Path,
    folder: pathlib.Path,
    silo_registry: SiloRegistry | None = None,
) -> str:
    """Return the digest of what a silo sends if it alone is asked as in a round.

    Args:
        program: The training's, over the silo's tensors.
        plan: The training's.
        silo: Who is asked.
        kept: The round's folder, see `audited_rounds.path`.
        folder: For the logs of the silo's worker.
        silo_registry: See `rounds.federation`.

    Raises:
        FairSiloError: The round's state is not there, or a worker failed.
    """
    alone = plan.model_copy(update={"quorum_per_round": 1})
    federation = rounds.federation([silo], alone, folder, silo_registry=silo_registry)
    asked = audited_rounds.read_told(kept).asked
    with federation as asking:
        start, coordinator = audited_rounds.read_start(
            kept, program.process.initialize(), program.client_model, plan
        )
        run_round, server = program.process.run_round, start.state[0]
        done = asking.run(run_round, server, start.rounds, coordinator, asked=asked)
    (record,) = done.record.silos
    return record.digest
