"""The figures of one slice, from its cell: what our TFMA metric gives.

Figures have the tidy table's names here; `tfma_name` is what TFMA calls them. Rates at
thresholds have the names of TFMA's FairnessIndicators, which its fairness view looks
for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from components.fairness_evaluator.figures import calibration, inequality
from components.fairness_evaluator.figures.inequality import Benefits
from components.fairness_evaluator.sketches import bins
from components.fairness_evaluator.sketches.cells import Cell, Exact
from components.payloads.interval import Interval
from components.scoring import intervals, roc
from components.scoring.losses import CLIP
from components.scoring.roc import Auc

LARGEST_LOSS = -math.log(CLIP)

Value: TypeAlias = Interval | float | None
Metric: TypeAlias = tuple[str, float | None]  # name and threshold

FAIRNESS = "fairness_indicators_metrics/"
TFMA_RATES = {
    "tpr": "true_positive_rate",
    "fpr": "false_positive_rate",
    "fnr": "false_negative_rate",
    "tnr": "true_negative_rate",
    "positive_rate": "positive_rate",
    "negative_rate": "negative_rate",
    "precision": "precision",
    "fdr": "false_discovery_rate",
    "for": "false_omission_rate",
}
ROWS = "example_count"  # TFMA's name, which its views look for
ERROR = "auc_standard_error"
NOT_IN_TABLE = {ROWS, ERROR, "tnr", "negative_rate", "fdr", "for"}


class Found(NamedTuple):
    """A figure before it has its place in the table."""

    metric: str
    threshold: float | None
    value: Value  # None: there is none
    about: str = ""


class Measures(NamedTuple):
    """What is known of one slice: its cell, and the figures that TFMA gives."""

    cell: Cell
    found: Mapping[Metric, Interval | None]  # empty where the slice has too few rows

    @property
    def auc(self) -> Auc | None:
        """The AUC with its error; None when a label is absent."""
        area, error = self.found["auc", None], self.found[ERROR, None]
        return Auc(area, error.value) if area and error else None

    def benefits(self, index: int) -> Benefits:
        """Return the benefits at one threshold, given by its place."""
        return benefits(self.cell, self.cell.above[:, index].tolist())


def rates(cell: Cell, hits: Sequence[int]) -> dict[str, Interval | None]:
    """Return the rates at one threshold; `hits` are the rows of each label above it."""
    negatives, positives, (false, true) = cell.negatives, cell.positives, hits
    above = false + true
    counted = {
        "tpr": (true, positives),
        "fpr": (false, negatives),
        "fnr": (positives - true, positives),
        "tnr": (negatives - false, negatives),
        "positive_rate": (above, cell.rows),
        "negative_rate": (cell.rows - above, cell.rows),
        "precision": (true, above),
        "fdr": (false, above),
        "for": (positives - true, cell.rows - above),
    }
    return {name: intervals.wilson(*each) for name, each in counted.items()}


def benefits(cell: Cell, hits: Sequence[int]) -> Benefits:
    """Return the benefits at one threshold; arguments as those of `rates`."""
    false, true = hits
    return Benefits(cell.positives - true, cell.negatives - false + true, false)


def figures(
    cell: Cell, thresholds: Sequence[float], min_rows: int
) -> dict[Metric, Value]:
    """Return the figures of a slice, finished by its silo or a total.

    Args:
        cell: The slice, not one with too few rows.
        thresholds: The thresholds that it was folded with.
        min_rows: Fewest rows of a bin of a calibration curve.
    """
    exact = cell.exact or _of_total(cell, min_rows)
    found: dict[str, Value] = {
        ROWS: float(cell.rows),
        "base_rate": intervals.wilson(cell.positives, cell.rows),
        "log_loss": intervals.mean(
            cell.log_loss, cell.log_loss_squares, cell.rows, LARGEST_LOSS
        ),
        "brier": intervals.mean(cell.brier, cell.brier_squares, cell.rows, 1.0),
        "calibration": calibration.ratio(cell.scores, cell.positives, cell.rows),
        "calibration_error": calibration.estimate(
            exact.calibration_error,
            exact.chance_error,
            cell.brier / cell.rows,
            cell.rows,
        ),
        "auc": None,
        ERROR: None,
        "pr_auc": None,
    }
    if cell.positives and cell.negatives:
        found["auc"], found[ERROR] = roc.estimate(
            exact.auc, exact.auc_variance, cell.positives, cell.negatives
        )
        found["pr_auc"] = roc.estimate_precision(exact.pr_auc, cell.positives)
    every: dict[Metric, Value] = {(name, None): found[name] for name in found}
    for threshold, *hits in zip(thresholds, *cell.above.tolist(), strict=True):
        spread = benefits(cell, hits)
        at_threshold = rates(cell, hits) | {
            "theil": inequality.theil(spread),
            "generalized_entropy": inequality.generalized_entropy(spread),
        }
        every |= {(name, threshold): value for name, value in at_threshold.items()}
    return every


def names(thresholds: Sequence[float]) -> dict[Metric, str]:
    """Return TFMA's names of all figures at these thresholds."""
    digits = max(1, *(len(str(each)) - 2 for each in thresholds))
    above = np.zeros((2, len(thresholds)), np.int64)
    exact = Exact(math.nan, math.nan, math.nan, math.nan, math.nan)
    every = figures(Cell((), (), 1, above=above, exact=exact), thresholds, 1)
    return {
        (name, threshold): name
        if threshold is None
        else f"{_tfma_name(name)}@{threshold:.{digits}f}"
        for name, threshold in every
    }


def _tfma_name(name: str) -> str:
    return FAIRNESS + TFMA_RATES[name] if name in TFMA_RATES else name


def _of_total(cell: Cell, min_rows: int) -> Exact:
    """Return what no silo can finish of a total over them, from its bins."""
    negatives, positives = bins.spread(cell.bins)
    return Exact(
        *roc.area(negatives, positives),
        roc.average_precision(negatives, positives),
        *calibration.error(cell.curve),
        curve_of(cell, min_rows),
    )


def curve_of(cell: Cell, min_rows: int) -> NDArray[np.float64]:
    """Return a slice's calibration curve; see `Exact.curve`."""
    if cell.exact:
        return cell.exact.curve
    return calibration.joined(cell.curve, min_rows)
