"""The figures of a run that are compared: over all rows, by silo, by group.

Those of the candidate on held-out rows. Figures of groups inside silos stay on the
run's page: there are as many as silos times groups, most of them of few rows.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from components.payloads.manifest import EVAL
from components.payloads.table import CANDIDATE
from components.scoring.intervals import Interval

# Of each silo; over all silos and of groups, all metrics but the curves.
SILO_METRICS = (
    "auc",
    "pr_auc",
    "log_loss",
    "brier",
    "calibration_error",
    "base_rate",
    "tpr",
    "fpr",
    "positive_rate",
    "precision",
)
CURVES = ("calibration_observed", "calibration_predicted")  # one point a bin
COUNTS = ("rows",)  # told beside each figure


class Subject(NamedTuple):
    """Whose figures: of all rows (all empty), of a silo, of a slice or its group."""

    silo: str = ""
    slice: str = ""
    group: str = ""


class Question(NamedTuple):
    """Which figure: a metric, at a threshold where it is a rate."""

    metric: str
    threshold: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % interval, where it has one.

    Attributes:
        value: The figure.
        low: Lower end.
        high: Upper end.
        rows: Rows that it is of.
    """

    value: float
    low: float | None
    high: float | None
    rows: int

    @property
    def interval(self) -> Interval | None:
        """The value with both ends; None where there is no interval."""
        if self.low is None or self.high is None:
            return None
        return Interval(self.value, self.low, self.high)


Figures = dict[tuple[Subject, Question], Figure]


def of_table(arrow: pa.Table) -> Figures:
    """Return the figures that are compared; those with a note have no value.

    Args:
        arrow: The tidy table (`components/payloads/table.py`).
    """
    chosen = arrow.filter(_compared(arrow))
    columns = [chosen[name].to_pylist() for name in _COLUMNS]
    return {
        (Subject(*row[:3]), Question(*row[3:5])): Figure(*row[5:])
        for row in zip(*columns, strict=True)
    }


_COLUMNS = (
    *("silo", "slice", "group", "metric", "threshold"),
    *("value", "low", "high", "rows"),
)


def _compared(arrow: pa.Table) -> pa.ChunkedArray:
    metric = arrow["metric"]
    left_out = pa.array([*CURVES, *COUNTS])
    of_all = pc.and_(
        pc.equal(arrow["silo"], ""), pc.invert(pc.is_in(metric, value_set=left_out))
    )
    of_silos = pc.and_(
        pc.equal(arrow["slice"], ""),
        pc.is_in(metric, value_set=pa.array(SILO_METRICS)),
    )
    held_out = pc.and_(
        pc.equal(arrow["model"], CANDIDATE), pc.equal(arrow["split"], EVAL)
    )
    known = pc.and_(held_out, pc.is_finite(arrow["value"]))
    return pc.and_(pc.or_(of_all, of_silos), pc.fill_null(known, False))
