"""What a signal says of one silo."""

from __future__ import annotations

import dataclasses
from typing import Self

from components.payloads.contribution import Sign
from components.payloads.findings import Finding


@dataclasses.dataclass(frozen=True)
class Found:
    """Measures by name (`contribution.MEASURES`), hard signs and notes."""

    measures: dict[str, float] = dataclasses.field(default_factory=dict)
    signs: tuple[Sign, ...] = ()
    notes: tuple[Finding, ...] = ()

    def __add__(self, other: Self) -> Found:
        """Return what two signals say together."""
        return Found(
            self.measures | other.measures,
            self.signs + other.signs,
            self.notes + other.notes,
        )
