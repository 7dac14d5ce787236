"""The figures of one slice, from its cell: the one place where they are computed.

TFMA's metric and the tidy table both call it, so they can't disagree.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from components.fairness_evaluator.figures import (
    calibration,
    inequality,
    precision_recall,
    roc,
)
from components.fairness_evaluator.figures.calibration import Bin
from components.fairness_evaluator.figures.inequality import Benefits
from components.fairness_evaluator.figures.roc import Auc
from components.fairness_evaluator.sketches.cells import Cell
from components.fairness_evaluator.sketches.folds import CLIP
from components.scoring import intervals
from components.scoring.intervals import Interval

RATES = ("tpr", "fpr", "fnr", "positive_rate", "precision")
LARGEST_LOSS = -math.log(CLIP)

Name = tuple[str, float | None]  # metric and threshold


@dataclasses.dataclass(frozen=True)
class Measures:
    """What is known of one slice.

    Attributes:
        cell: The slice.
        above: Rows of each label above each threshold, shape `(2, thresholds)`.
        auc: The AUC; None when a label is absent.
        unresolved: By how much the AUC may be off, see `roc.unresolved`.
        curve: The calibration curve.
        found: All figures by metric and threshold; None where there is none.
    """

    cell: Cell
    above: NDArray[np.int64]
    auc: Auc | None
    unresolved: float
    curve: list[Bin]
    found: dict[Name, Interval | None]

    def benefits(self, index: int) -> Benefits:
        """Return the benefits at one threshold, given by its place."""
        labels = (self.cell.negatives, self.cell.positives)
        return benefits(labels, self.above[:, index].tolist())


def measure(
    cell: Cell, edges: NDArray[np.float64], thresholds: Sequence[float]
) -> Measures:
    """Return the figures of a slice.

    Args:
        cell: The slice, not one with too few rows.
        edges: Edges between the score bins; must hold the thresholds.
        thresholds: Scores above one count as positive.
    """
    area = roc.auc(*cell.counts)
    curve = calibration.curve(cell, edges)
    brier = intervals.mean(cell.brier, cell.brier_squares, cell.rows, 1.0)
    found: dict[Name, Interval | None] = {
        ("base_rate", None): intervals.wilson(cell.positives, cell.rows),
        ("auc", None): area and area.interval,
        ("pr_auc", None): precision_recall.average_precision(*cell.counts),
        ("log_loss", None): intervals.mean(
            cell.log_loss, cell.log_loss_squares, cell.rows, LARGEST_LOSS
        ),
        ("brier", None): brier,
        ("calibration", None): calibration.ratio(cell),
        ("calibration_error", None): calibration.error(curve, brier.value),
    }
    above = _above(cell, edges, thresholds)
    labels = (cell.negatives, cell.positives)
    for threshold, *hits in zip(thresholds, *above.tolist(), strict=True):
        spread = benefits(labels, hits)
        for metric, value in rates(labels, hits).items():
            found[metric, threshold] = value
        found["theil", threshold] = inequality.theil(spread)
        found["generalized_entropy", threshold] = inequality.generalized_entropy(spread)
    unresolved = roc.unresolved(cell.counts[0], cell.counts[1], cell.scores)
    return Measures(cell, above, area, unresolved, curve, found)


def _above(
    cell: Cell, edges: NDArray[np.float64], thresholds: Sequence[float]
) -> NDArray[np.int64]:
    places = np.searchsorted(cell.bins, np.searchsorted(edges, thresholds), "right")
    up_to = np.zeros((2, len(cell.bins) + 1), np.int64)
    np.cumsum(cell.counts, axis=1, out=up_to[:, 1:])
    above: NDArray[np.int64] = up_to[:, -1:] - up_to[:, places]
    return above


def rates(labels: Sequence[int], hits: Sequence[int]) -> dict[str, Interval | None]:
    """Return the rates at one threshold.

    Args:
        labels: Rows of label 0 and 1.
        hits: Those of them above the threshold.
    """
    (negatives, positives), (false, true) = labels, hits
    return {
        "tpr": intervals.wilson(true, positives),
        "fpr": intervals.wilson(false, negatives),
        "fnr": intervals.wilson(positives - true, positives),
        "positive_rate": intervals.wilson(false + true, negatives + positives),
        "precision": intervals.wilson(true, false + true),
    }


def benefits(labels: Sequence[int], hits: Sequence[int]) -> Benefits:
    """Return the benefits at one threshold; arguments as those of `rates`."""
    (negatives, positives), (false, true) = labels, hits
    return Benefits(positives - true, negatives - false + true, false)
