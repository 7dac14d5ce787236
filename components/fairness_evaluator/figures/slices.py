"""The figures of one slice, from its cell: what our TFMA metric gives, by TFMA's names.

Rates at thresholds have the names of TFMA's FairnessIndicators, which its fairness
view looks for. `Measures` has the same figures by the tidy table's names, as they are
read from TFMA's result.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from components.fairness_evaluator.figures import (
    calibration,
    inequality,
    precision_recall,
    roc,
)
from components.fairness_evaluator.figures.inequality import Benefits
from components.fairness_evaluator.figures.roc import Auc
from components.fairness_evaluator.sketches import bins
from components.fairness_evaluator.sketches.cells import Cell, Exact
from components.fairness_evaluator.sketches.folds import CLIP
from components.scoring import intervals
from components.scoring.intervals import Interval

LARGEST_LOSS = -math.log(CLIP)

FAIRNESS = "fairness_indicators_metrics/"
RATES = {
    "tpr": f"{FAIRNESS}true_positive_rate",
    "fpr": f"{FAIRNESS}false_positive_rate",
    "fnr": f"{FAIRNESS}false_negative_rate",
    "positive_rate": f"{FAIRNESS}positive_rate",
    "precision": f"{FAIRNESS}precision",
}
AT_THRESHOLDS = {name: name for name in ("theil", "generalized_entropy")} | RATES
WITHOUT_THRESHOLD = (
    "base_rate",
    "auc",
    "pr_auc",
    "log_loss",
    "brier",
    "calibration",
    "calibration_error",
)
ROWS = "example_count"  # TFMA's name, which its views look for
ERROR = "auc_standard_error"

Value: TypeAlias = Interval | float | None


def label(threshold: float, thresholds: Sequence[float]) -> str:
    """Return a threshold as TFMA writes it in the names of its rates."""
    digits = max(1, *(len(str(each)) - 2 for each in thresholds))
    return f"{threshold:.{digits}f}"


def rates(labels: Sequence[int], hits: Sequence[int]) -> dict[str, Interval | None]:
    """Return the rates at one threshold, by TFMA's names.

    Args:
        labels: Rows of label 0 and 1.
        hits: Those of them above the threshold.
    """
    (negatives, positives), (false, true) = labels, hits
    rows, above = negatives + positives, false + true
    counted = {
        "true_positive_rate": (true, positives),
        "false_positive_rate": (false, negatives),
        "false_negative_rate": (positives - true, positives),
        "true_negative_rate": (negatives - false, negatives),
        "positive_rate": (above, rows),
        "negative_rate": (rows - above, rows),
        "precision": (true, above),
        "false_discovery_rate": (false, above),
        "false_omission_rate": (positives - true, rows - above),
    }
    return {
        f"{FAIRNESS}{name}": intervals.wilson(*each) for name, each in counted.items()
    }


def benefits(labels: Sequence[int], hits: Sequence[int]) -> Benefits:
    """Return the benefits at one threshold; arguments as those of `rates`."""
    (negatives, positives), (false, true) = labels, hits
    return Benefits(positives - true, negatives - false + true, false)


def figures(cell: Cell, exact: Exact, thresholds: Sequence[float]) -> dict[str, Value]:
    """Return the figures of a slice by the names that TFMA shows.

    Args:
        cell: The slice, not one with too few rows.
        exact: Those that a silo finished, or `of_total`.
        thresholds: The thresholds that it was folded with.
    """
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
    labels = (cell.negatives, cell.positives)
    if all(labels):
        area = roc.estimate(exact.auc, exact.auc_variance, *reversed(labels))
        found["auc"], found[ERROR] = area
        found["pr_auc"] = precision_recall.estimate(exact.pr_auc, cell.positives)
    for threshold, *hits in zip(thresholds, *cell.above.tolist(), strict=True):
        at = label(threshold, thresholds)
        spread = benefits(labels, hits)
        at_threshold = rates(labels, hits) | {
            "theil": inequality.theil(spread),
            "generalized_entropy": inequality.generalized_entropy(spread),
        }
        found |= {f"{name}@{at}": value for name, value in at_threshold.items()}
    return found


def names(thresholds: Sequence[float]) -> list[str]:
    """Return the names of all figures at these thresholds."""
    above = np.zeros((2, len(thresholds)), np.int64)
    exact = Exact(math.nan, math.nan, math.nan, math.nan, math.nan, np.zeros((4, 0)))
    return list(figures(Cell((), (), 1, above=above), exact, thresholds))


def of_total(cell: Cell, min_rows: int) -> Exact:
    """Return what no silo can finish of a total over them, from its bins.

    Args:
        cell: The total.
        min_rows: Fewest rows of a bin of its calibration curve.
    """
    negatives, positives = bins.spread(cell.bins)
    return Exact(
        *roc.area(negatives, positives),
        precision_recall.average_precision(negatives, positives),
        *calibration.error(cell.curve),
        calibration.joined(cell.curve, min_rows),
    )


@dataclasses.dataclass(frozen=True)
class Measures:
    """What is known of one slice.

    Attributes:
        rows: Its rows.
        positives: Rows of label 1.
        auc: The AUC with its error; None when a label is absent.
        above: Rows of each label above each threshold, shape `(2, thresholds)`.
        found: All figures by metric and threshold; None where there is none.
        curve: Upper end, rows, positives and sum of scores of each bin of
            calibration that is told, shape `(4, n)`.
    """

    rows: int
    positives: int
    auc: Auc | None
    above: NDArray[np.int64]
    found: dict[tuple[str, float | None], Interval | None]
    curve: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        values: Mapping[str, Interval | None],
        curve: NDArray[np.float64],
        thresholds: Sequence[float],
    ) -> Measures:
        """Return what TFMA's result says of a slice.

        Args:
            values: The figures by TFMA's names; a number without an interval is one
                of no width.
            curve: The bins of calibration.
            thresholds: The thresholds.
        """
        found: dict[tuple[str, float | None], Interval | None] = {
            (name, None): values[name] for name in WITHOUT_THRESHOLD
        }
        for threshold in thresholds:
            at = label(threshold, thresholds)
            for name, named in AT_THRESHOLDS.items():
                found[name, threshold] = values[f"{named}@{at}"]
        rows = _count(values[ROWS], 1)
        positives = _count(values["base_rate"], rows)
        above = [
            [_count(found[rate, at], of_label) for at in thresholds]
            for rate, of_label in (("fpr", rows - positives), ("tpr", positives))
        ]
        area, error = values["auc"], values[ERROR]
        return cls(
            rows,
            positives,
            Auc(area, error.value) if area and error else None,
            np.array(above, np.int64),
            found,
            curve,
        )

    def benefits(self, index: int) -> Benefits:
        """Return the benefits at one threshold, given by its place."""
        labels = (self.rows - self.positives, self.positives)
        return benefits(labels, self.above[:, index].tolist())


def _count(rate: Interval | None, rows: int) -> int:
    return round(rate.value * rows) if rate else 0


def curve_bins(curve: NDArray[np.float64]) -> Iterator[tuple[float, int, int, float]]:
    """Yield upper end, rows, positives and mean score of each bin of a curve."""
    for upper, rows, positives, scores in curve.T.tolist():
        yield upper, int(rows), int(positives), min(1.0, max(0.0, scores / rows))
