"""A place in the tidy table: which rows the figures to be written there are of."""

from __future__ import annotations

from typing import NamedTuple

from components.payloads import table
from components.payloads.table import Figure
from components.scoring.intervals import Interval

LONGEST_ABOUT = 200  # characters
# These can lack rows above the threshold.
OF_ROWS_ABOVE = ("precision", "demographic_parity_ratio")
# These divide by a sum of rates or of benefits, which may be zero.
OF_A_SUM = ("gini_", "theil", "generalized_entropy", "between_groups_theil")


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
            note = _why_not(metric)
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


def _why_not(metric: str) -> str:
    """Return why there is no such figure; the note of the table."""
    if metric in OF_ROWS_ABOVE:
        return table.NO_ROWS
    return table.ALL_ZERO if metric.startswith(OF_A_SUM) else table.ONE_CLASS
