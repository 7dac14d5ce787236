"""Settings of the checks that decide which silos train."""

from __future__ import annotations

import dataclasses
from typing import Literal

import pydantic

from components.settings import Section

Consequence = Literal["quarantine", "note"]


class ValidationSettings(Section):
    """What a silo must hold to train, and how much it may differ."""

    quorum: int = pydantic.Field(default=2, ge=1)
    """Admitted silos needed to train at all."""

    min_rows: int = pydantic.Field(default=50, ge=1)
    """Training rows that a silo needs."""

    min_rows_per_class: int = pydantic.Field(default=5, ge=1)
    """Training rows that a silo needs of each label value."""

    max_duplicate_share: float = pydantic.Field(default=0.01, ge=0, le=1)
    """Share of eval rows, 0 to 1, that may also stand in the training rows."""

    max_non_finite_share: float = pydantic.Field(default=0.05, ge=0, le=1)
    """Share of a number column's rows, 0 to 1, that may be NaN or infinite."""

    skew: Consequence = "note"
    """What a difference between training and scored rows leads to; the bounds are
    the schema's skew_comparator."""

    drift: Consequence = "quarantine"
    """What a difference to the silo's last admitted span leads to; the bounds are
    the schema's drift_comparator."""

    disclosure_rows: int = pydantic.Field(default=10, ge=1)
    """Rows that a value or histogram bucket needs to leave the silo."""


@dataclasses.dataclass(frozen=True)
class Columns:
    """Which columns are not features.

    Neither the key is measured or disclosed, nor what only sends a row to train or
    eval, such as the day.
    """

    label: str
    key: tuple[str, ...] = ()
    unmeasured: tuple[str, ...] = ()

    @property
    def hidden(self) -> frozenset[str]:
        """What is neither measured nor disclosed."""
        return frozenset({*self.key, *self.unmeasured})
