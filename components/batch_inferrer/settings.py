"""The settings of BatchInferrer."""

from __future__ import annotations

import pydantic

from components.settings import Section


class InferenceSettings(Section):
    """How rows are scored, and when a run counts as failed."""

    batch_rows: int = pydantic.Field(default=32_768, ge=1, le=1_000_000)
    """Rows that go through the model at a time, unit: rows."""

    rows_per_item: int = pydantic.Field(default=1_000_000, ge=1)
    """Most rows in one work item and one file of predictions, unit: rows. A
    larger split is cut between its row groups; a row group is never cut."""

    max_failed_share: float = pydantic.Field(default=0.5, ge=0, le=1)
    """Share of all rows, 0 to 1, that may be dead letters or lie in failed work
    items. Above it the fault is not the data's, and the run counts as failed."""

    force: bool = False
    """Whether to score with a model that was not blessed."""
