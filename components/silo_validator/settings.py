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

    shared_rows: Consequence = "note"
    """What it leads to if another silo holds a tenth of the training rows too, or
    more; a silo that others copied from is concerned as well."""

    row_key_file: str = ""
    """File with the key of the row sketches, the same in all silos: 32 characters or
    more. Empty where one operator holds the silos' data: a file that is made beside
    their homes."""

    column_faults: Consequence = "note"
    """What a column leads to that is unlike the other silos' by a known fault: another
    unit or code list, swapped, constant, filled."""

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
    ignored: tuple[str, ...] = ()  # measured or not, but no model sees them

    @property
    def hidden(self) -> frozenset[str]:
        """What is neither measured nor disclosed."""
        return frozenset({*self.key, *self.unmeasured})
