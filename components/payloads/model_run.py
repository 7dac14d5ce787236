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


@dataclasses.dataclass(frozen=True)
class SiloRecord:
    """One silo in one round.

    Attributes:
        silo: Its id.
        examples: Rows that it trained on; its weight in the mean.
        loss_before: Mean cross-entropy of the round's model over its training
            rows, before local training, unit: nats.
        loss_after: The same after local training.
        update_norm: Euclidean norm of its update.
        cosine: Of its update to the weighted mean update, -1 to 1.
    """

    silo: str
    examples: int
    loss_before: float
    loss_after: float
    update_norm: float
    cosine: float


@dataclasses.dataclass(frozen=True)
class Dropped:
    """A silo that did not take part.

    Attributes:
        silo: Its id.
        reason: Why, in words.
    """

    silo: str
    reason: str


@dataclasses.dataclass(frozen=True)
class RoundRecord:
    """One round.

    Attributes:
        round: Its number, from 1.
        loss_before: The silos' mean, weighted by rows, unit: nats.
        loss_after: The same after their local training.
        silos: Who was merged, sorted by id.
        dropped: Who was not, sorted by id.
    """

    round: int
    loss_before: float
    loss_after: float
    silos: tuple[SiloRecord, ...]
    dropped: tuple[Dropped, ...] = ()


@dataclasses.dataclass(frozen=True)
class RunRecord(Payload):
    """A training.

    Attributes:
        algorithm: Its name in the registry.
        isolation: How silos' workers were kept apart; empty if none ran.
        refusal: Why there is no model, in a sentence; empty if there is one.
        rounds: The rounds that were finished.
        left_out: Silos of the cohort that could not train at all.
        resumed_from: The round whose checkpoint it went on from; 0 if none.
    """

    FILE_NAME: ClassVar[str] = "run.json"
    NODE: ClassVar[str] = "FederatedTrainer"

    algorithm: str
    isolation: str = ""
    refusal: str = ""
    rounds: tuple[RoundRecord, ...] = ()
    left_out: tuple[Dropped, ...] = ()
    resumed_from: int = 0

    def untrained(self, admitted: Iterable[str]) -> tuple[Dropped, ...]:
        """Return the admitted silos that the model learned nothing from.

        Args:
            admitted: Ids of the admitted silos.

        Returns:
            Those that could not train at all, and those that dropped out of every
            round with the last reason; sorted by id and named in the reason. None
            where nothing was trained.
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

    Args:
        number: The round, from 1.
        silos: Who was merged, at least one silo and one example.
        dropped: Why the others were not, by silo.
    """
    examples = sum(silo.examples for silo in silos)
    return RoundRecord(
        round=number,
        loss_before=sum(s.examples * s.loss_before for s in silos) / examples,
        loss_after=sum(s.examples * s.loss_after for s in silos) / examples,
        silos=tuple(sorted(silos, key=lambda silo: silo.silo)),
        dropped=tuple(Dropped(*item) for item in sorted(dropped.items())),
    )
