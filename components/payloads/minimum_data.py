"""The data that a silo, or a group in it, needs to be judged.

What gates ask and what pages lead with must agree, so both have it from here.
"""

from __future__ import annotations

from typing import Annotated

import pydantic

from components.settings import Section


class MinimumData(Section):
    """Data that a silo, or a group in it, needs to be judged."""

    rows: Annotated[int, pydantic.Field(ge=2)] = 100
    """Labelled evaluation rows that it needs; unit: rows."""

    rows_of_each_label: Annotated[int, pydantic.Field(ge=1)] = 10
    """Rows of each label that it needs; unit: rows."""

    judged_silos: Annotated[int, pydantic.Field(ge=1)] = 1
    """Judged silos without which the model is refused; unit: silos."""

    def missing(self, rows: int, positives: int | None) -> str:
        """Return what data is missing behind a figure; empty where there is enough.

        Args:
            rows: Labelled rows.
            positives: Rows of label 1; None where they are unknown, so that there
                is nothing to hold them to.
        """
        if rows < self.rows:
            return f"{rows:,} evaluation rows, {self.rows:,} are needed"
        if positives is None:
            return ""
        fewer, kind = min((positives, "positive"), (rows - positives, "negative"))
        if fewer < self.rows_of_each_label:
            return f"{fewer:,} {kind} rows, {self.rows_of_each_label:,} are needed"
        return ""

    def has_enough(self, rows: int, positives: int | None) -> bool:
        """Return whether nothing is `missing`."""
        return not self.missing(rows, positives)
