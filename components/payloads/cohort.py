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
    """The verdict on one silo."""

    silo: str  # its id
    admitted: bool  # whether it trains
    reasons: tuple[Finding, ...] = ()  # why not; empty when admitted
    notes: tuple[Finding, ...] = ()  # findings that did not cost the admission
    rows: dict[str, int] = dataclasses.field(default_factory=dict)  # by split
    share: float = 0.0  # of the federation's training rows, 0 to 1
    heterogeneity: dict[str, float] = dataclasses.field(default_factory=dict)
    """Distance to the federation by column, 0 (alike) to 1."""

    distinct: float | None = None
    """Share of its training rows that differ from one another, 0 to 1; an estimate."""

    shared_rows: dict[str, float] = dataclasses.field(default_factory=dict)
    """Share of its training rows that another silo holds too, by that silo, where it
    is more than chance; an estimate."""


@dataclasses.dataclass(frozen=True)
class Cohort(Payload):
    """The verdicts on all silos, sorted by id."""

    FILE_NAME: ClassVar[str] = "cohort.json"
    NODE: ClassVar[str] = "SiloValidator"

    members: tuple[Member, ...]
    quorum: int  # admitted silos needed to train

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
