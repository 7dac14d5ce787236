"""The cohort: which silos take part in training, and why the others don't.

A quarantined silo does not train; it is still evaluated and scored unless its
data can't be read.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from components.payloads.findings import Finding
from components.payloads.payload import Payload


@dataclasses.dataclass(frozen=True)
class Member:
    """The verdict on one silo.

    Attributes:
        silo: The silo's id.
        admitted: Whether it trains.
        reasons: Why not; empty when admitted.
        notes: Findings that did not cost the admission.
        rows: Rows by split.
        share: Share of the federation's training rows, 0 to 1.
        heterogeneity: Distance to the federation by column, 0 (alike) to 1.
    """

    silo: str
    admitted: bool
    reasons: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = ()
    rows: dict[str, int] = dataclasses.field(default_factory=dict)
    share: float = 0.0
    heterogeneity: dict[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Cohort(Payload):
    """The verdicts on all silos, sorted by id.

    Attributes:
        members: One for each silo.
        quorum: Admitted silos needed to train.
    """

    FILE_NAME: ClassVar[str] = "cohort.json"
    NODE: ClassVar[str] = "SiloValidator"

    members: tuple[Member, ...]
    quorum: int

    @property
    def admitted(self) -> list[str]:
        """Ids of the silos that train, sorted."""
        return [member.silo for member in self.members if member.admitted]

    @property
    def refusal(self) -> str:
        """Why nothing may train, in a sentence; empty when the quorum is met."""
        if len(self.admitted) >= self.quorum:
            return ""
        return (
            f"{len(self.admitted)} of {len(self.members)} silos were admitted; "
            f"the quorum is {self.quorum}"
        )
