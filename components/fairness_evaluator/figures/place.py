"""A place in the tidy table: which rows the figures to be written there are of."""

from __future__ import annotations

from typing import NamedTuple

from components.fairness_evaluator.figures.intervals import Interval
from components.scoring import table
from components.scoring.table import Figure

LONGEST_ABOUT = 200  # characters


class Place(NamedTuple):
    """Which rows figures are of; see `Figure`."""

    model: str
    split: str
    silo: str
    slice: str
    group: str
    rows: int
    positives: int | None

    def figure(
        self,
        metric: str,
        threshold: float | None,
        value: Interval | float | None,
        about: str = "",
    ) -> Figure:
        """Return a figure of the place; one without a value says why."""
        low = high = None
        note = ""
        if isinstance(value, Interval):
            value, low, high = value
        elif value is None:
            # Only these can lack rows above the threshold: the others lack a label.
            bare = metric in ("precision", "demographic_parity_ratio")
            note = table.NO_ROWS if bare else table.ONE_CLASS
        return Figure(
            self.model,
            self.split,
            self.silo,
            self.slice,
            self.group,
            metric,
            threshold,
            value,
            low,
            high,
            self.rows,
            self.positives,
            note,
            about if len(about) <= LONGEST_ABOUT else about[: LONGEST_ABOUT - 1] + "…",
        )
