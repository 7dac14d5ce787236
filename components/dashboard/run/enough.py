"""From when on a group has enough data for the head of the page.

The run's settings say from when on gates judge a silo or a group. They are read
here, since nodes don't import each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pydantic

from components.dashboard.scores import Cell


class MinimumData(pydantic.BaseModel):
    """What a group needs; unless settings say otherwise, what gates ask by default.

    Where there are no gates, the evaluation takes the same for its own figures over
    the silos.
    """

    model_config = pydantic.ConfigDict(frozen=True)

    rows: int = 100
    """Evaluation rows."""
    rows_of_each_label: int = 10
    """Rows of each label."""

    @classmethod
    def of_settings(cls, settings: Mapping[str, Any]) -> MinimumData:
        """Return what a run's settings ask for; the default where they don't."""
        gates = settings.get("gates") or {}
        return cls.model_validate(gates.get("minimum_data") or {})

    def has_enough(self, content: Cell) -> bool:
        """Return whether there is enough data behind a figure."""
        if content.rows < self.rows:
            return False
        if content.positives is None:  # not told, so there is nothing to hold it to
            return True
        fewest = min(content.positives, content.rows - content.positives)
        return fewest >= self.rows_of_each_label
