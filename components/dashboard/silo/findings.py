"""What was found in one silo's data, and what its owner can do about it."""

from __future__ import annotations

import dataclasses

from components.payloads.cohort import Member
from components.payloads.findings import Group, grouped

MAX_SENTENCES = 12  # of one kind, on a page


@dataclasses.dataclass(frozen=True)
class OwnFindings:
    """Findings about a silo's data that one and the same thing mends.

    Attributes:
        keeps_out: Whether they kept the silo out of training.
        told: What was found, and the way out.
    """

    keeps_out: bool
    told: Group

    @property
    def shown(self) -> tuple[str, ...]:
        """The sentences that the page shows."""
        return self.told.sentences[:MAX_SENTENCES]


def findings(member: Member) -> tuple[OwnFindings, ...]:
    """Return all findings of a silo, those that kept it out first.

    Args:
        member: The verdict on it.
    """
    return (
        *(OwnFindings(True, group) for group in grouped(member.reasons)),
        *(OwnFindings(False, group) for group in grouped(member.notes)),
    )
