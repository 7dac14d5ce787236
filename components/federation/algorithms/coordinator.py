"""What the coordinator tells each silo in a round, and keeps of what came back.

Beside the server state of TFF, which all silos may see. What is kept here is of single
silos and goes back to that silo alone; it is saved with the checkpoints.
"""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from components.federation import messages, weighting
from components.federation.messages import Message
from components.federation.model import ClientModel
from components.federation.plan import TrainingPlan
from components.federation.private import PrivateSilo
from components.federation.tff_types import Value
from components.payloads.model_run import RoundRecord


@dataclasses.dataclass(eq=False)
class Coordinator:
    """The coordinator's part of an algorithm; this one weighs as the plan says."""

    client_model: ClientModel
    plan: TrainingPlan
    rows: Mapping[str, int]  # training rows of each silo that may take part, by id
    references: Mapping[str, float]  # losses that silos' own are compared with, by id
    state: Value = ()
    """What is kept, as nested arrays whose structure does not change."""

    factors: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """By what the operator multiplies weights of silos, by id; by 1 if not here."""

    private: Mapping[str, PrivateSilo] = dataclasses.field(default_factory=dict)
    """How silos protect their rows, by id; all of them, or none."""

    def __post_init__(self) -> None:
        """Sort the silos."""
        self.rows = dict(sorted(self.rows.items()))

    def messages(
        self, cohort: Sequence[str], records: Sequence[RoundRecord]
    ) -> list[Message]:
        """Return what each silo of the next round is sent.

        Args:
            cohort: The silos, in their order.
            records: The rounds so far.
        """
        weights = self.scaled_weights(cohort, records)
        number = len(records) + 1
        return [
            Message(
                self._seed(number, silo),
                weights[silo],
                self.reference(silo, records),
                self.shift(silo),
                self.private.get(silo),
            )
            for silo in cohort
        ]

    def _seed(self, number: int, silo: str) -> int:
        if self.private:  # noise must never come twice, also when a round is run again
            return int.from_bytes(os.urandom(8), "little") >> 1
        return messages.seed_of(self.plan.seed, number, silo)

    def scaled_weights(
        self, cohort: Iterable[str], records: Sequence[RoundRecord]
    ) -> dict[str, float]:
        """Return the weights with the operator's factors, which are what counts."""
        weights = self.weights(cohort, records)
        return {one: by * self.factors.get(one, 1.0) for one, by in weights.items()}

    def weights(
        self, cohort: Iterable[str], records: Sequence[RoundRecord]
    ) -> dict[str, float]:
        """Return the weight of each silo of the next round, as the algorithm has it."""
        del records
        rows = {silo: self.rows[silo] for silo in cohort}
        found = weighting.weights(self.plan.weighting, [*rows.values()])
        return dict(zip(rows, found.tolist(), strict=True))

    def reference(self, silo: str, records: Sequence[RoundRecord]) -> float:
        """Return a loss that a silo's own is compared with in the next round."""
        del records
        return self.references.get(silo, 0.0)

    def shift(self, silo: str) -> tuple[NDArray[np.float32], ...]:
        """Return what is added to a silo's gradients; nothing."""
        del silo
        return ()

    def merged(self, updates: Mapping[str, NDArray[np.float64]]) -> None:
        """Take note of the merged silos' updates, each a vector of all weights."""

    def take_over(self, other: Coordinator) -> None:
        """Keep what another coordinator does, which has all our silos and more."""
        self.state = other.state


class ToMeanLoss(Coordinator):
    """Compares silos' losses with their mean in the round before.

    It is the same for all silos and cancels out in their weighted mean; it keeps
    weights near 1, where they neither overflow nor vanish.
    """

    def reference(self, silo: str, records: Sequence[RoundRecord]) -> float:
        """Return the mean; before the first round the loss of an even guess."""
        del silo
        told = records[-1].loss_before if records else None
        return math.log(2) if told is None else told
