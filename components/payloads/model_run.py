"""What is kept of a training: its rounds, and in each what every silo did.

`run.json` in a `ModelRun` artifact's folder, as `RunRecord` says. It holds no
time of day and no duration: those are in `timings.json` beside it, which nobody
digests.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from components.payloads.payload import Payload

TIMINGS_FILE_NAME = "timings.json"
TENSORBOARD = "tensorboard"
MEAN_OF_SILOS = "mean_of_silos.npz"  # uniform, of the last round's local models


@dataclasses.dataclass(frozen=True)
class SiloRecord:
    """One silo in one round.

    Losses are mean cross-entropies over its training rows, unit: nats, of the round's
    model before and after local training; None where rows are protected.
    """

    silo: str
    examples: int  # rows that it trained on; its weight in the mean
    loss_before: float | None
    loss_after: float | None
    update_norm: float  # Euclidean
    cosine: float  # of its update to the weighted mean update, -1 to 1
    # Of its update, -1 to 1; None where there is nothing to compare with.
    echo: float | None = (
        None  # to what the other silos moved the model the round before
    )
    repeat: float | None = None  # to its own of the round before
    twin: float | None = None  # to the nearest of another silo in this round
    digest: str = ""  # of its update's bytes, for `fairsilo audit replay`


@dataclasses.dataclass(frozen=True)
class Dropped:
    """A silo that did not take part, and why, in words."""

    silo: str
    reason: str


@dataclasses.dataclass(frozen=True)
class RoundRecord:
    """One round; its losses are the silos' means, weighted by rows, or None."""

    round: int  # from 1
    loss_before: float | None
    loss_after: float | None
    silos: tuple[SiloRecord, ...]  # who was merged, sorted by id
    dropped: tuple[Dropped, ...] = ()  # who was not, sorted by id


@dataclasses.dataclass(frozen=True)
class RunRecord(Payload):
    """A training."""

    FILE_NAME: ClassVar[str] = "run.json"
    NODE: ClassVar[str] = "FederatedTrainer"

    algorithm: str  # its name in the registry
    isolation: str = ""  # how silos' workers were kept apart; empty if none ran
    refusal: str = ""  # why there is no model, in a sentence; empty if there is one
    rounds: tuple[RoundRecord, ...] = ()  # those that were finished
    left_out: tuple[Dropped, ...] = ()  # silos that could not train at all
    resumed_from: int = 0  # the round whose checkpoint it went on from; 0 if none
    tensors: str = ""  # key of the folder of training tensors in each silo's home
    audited: tuple[int, ...] = ()  # rounds kept for the audit (`audited_rounds.py`)

    def untrained(self, admitted: Iterable[str]) -> tuple[Dropped, ...]:
        """Return the admitted silos that the model learned nothing from.

        Those that could not train at all, and those that dropped out of every round
        with the last reason; sorted by id and named in the reason. None where nothing
        was trained.
        """
        if self.refusal:
            return ()
        reasons: dict[str, str] = {}
        for drops in (*(record.dropped for record in self.rounds), self.left_out):
            reasons |= {drop.silo: drop.reason for drop in drops}
        trained = {one.silo for record in self.rounds for one in record.silos}
        found = []
        for silo in sorted(set(admitted) - trained):
            reason = reasons.get(silo, "took part in no round")
            named = f"silo `{silo}`: "
            found.append(Dropped(silo, reason if named in reason else named + reason))
        return tuple(found)


def summarise(
    number: int, silos: Sequence[SiloRecord], dropped: Mapping[str, str]
) -> RoundRecord:
    """Return a round's record with its means.

    At least one silo was merged with at least one example; `dropped` says why the
    others were not.
    """
    examples = sum(silo.examples for silo in silos)

    def mean(name: str) -> float | None:
        losses = [(silo.examples, getattr(silo, name)) for silo in silos]
        told = [(rows, loss) for rows, loss in losses if loss is not None]
        return sum(rows * loss for rows, loss in told) / examples if told else None

    return RoundRecord(
        round=number,
        loss_before=mean("loss_before"),
        loss_after=mean("loss_after"),
        silos=tuple(sorted(silos, key=lambda silo: silo.silo)),
        dropped=tuple(Dropped(*item) for item in sorted(dropped.items())),
    )
