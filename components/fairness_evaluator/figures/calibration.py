r"""Calibration: whether a score of 0.3 comes true three times in ten.

The curve compares mean score and rate in ten equal bins of the score. The
calibration error, known as ECE (Naeini et al. 2015, "Obtaining well calibrated
probabilities using Bayesian binning", AAAI), is their mean distance by rows:

$$ECE = \sum_k \frac{n_k}{n} \left| \bar s_k - \bar y_k \right|$$

With $\sigma_k$ the sign of $\bar s_k - \bar y_k$ it is the mean over rows of
$\sigma_k (s_i - y_i)$, whose square is the row's squared error; so by the delta
method its variance is $(Brier - ECE^2) / (n - 1)$, exact sums again. Chance alone
makes it positive: a model without fault shows about
$B = \sqrt{2 / \pi} \sum_k (n_k / n) \sqrt{\bar s_k (1 - \bar s_k) / n_k}$, 0.08 at 100
rows of ten full bins. The lower end lies below by $B$ too, so a calibrated model with
few rows is not told to be at fault; the value itself keeps that bias.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from components.fairness_evaluator.sketches.cells import Cell
from components.scoring import intervals
from components.scoring.intervals import Interval

UPPER = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)  # ends of the bins


class Bin(NamedTuple):
    """One bin of the curve.

    Attributes:
        upper: Its upper end; a score equal to it falls into the bin.
        rows: Rows in it, at least 1.
        positives: Rows of label 1 among them.
        predicted: Their mean score.
    """

    upper: float
    rows: int
    positives: int
    predicted: float


def curve(cell: Cell, edges: NDArray[np.float64]) -> list[Bin]:
    """Return the bins that hold rows.

    Args:
        cell: The slice.
        edges: Edges between the score bins; must hold 0.1 to 0.9.
    """
    ends = np.searchsorted(cell.bins, np.searchsorted(edges, UPPER[:-1]), "right")
    up_to = np.zeros((3, len(cell.bins) + 1))  # positives, rows, scores
    np.cumsum(cell.counts[1], out=up_to[0, 1:])
    np.cumsum(cell.counts.sum(axis=0), out=up_to[1, 1:])
    np.cumsum(cell.scores.sum(axis=0), out=up_to[2, 1:])
    inside = np.diff(up_to[:, [0, *ends, -1]], axis=1).tolist()
    return [
        Bin(upper, int(rows), int(positives), min(1.0, max(0.0, scores / rows)))
        for upper, positives, rows, scores in zip(UPPER, *inside, strict=True)
        if rows
    ]


def joined(bins: list[Bin], least: int) -> list[Bin]:
    """Return a curve with fewer bins, so that none tells of a few people.

    Args:
        bins: The curve.
        least: Rows that a bin needs; one with fewer is joined with the next higher,
            or at the end with the one below.
    """
    found: list[Bin] = []
    for each in bins:
        if found and found[-1].rows < least:
            each = _join(found.pop(), each)
        found.append(each)
    if len(found) > 1 and found[-1].rows < least:
        last = found.pop()
        found.append(_join(found.pop(), last))
    return found


def _join(low: Bin, high: Bin) -> Bin:
    rows = low.rows + high.rows
    predicted = (low.predicted * low.rows + high.predicted * high.rows) / rows
    return Bin(high.upper, rows, low.positives + high.positives, predicted)


def error(bins: list[Bin], brier: float) -> Interval:
    """Return the calibration error.

    Args:
        bins: The curve.
        brier: The exact mean squared error of the same rows.
    """
    rows = sum(each.rows for each in bins)
    value = (
        math.fsum(abs(each.predicted * each.rows - each.positives) for each in bins)
        / rows
    )
    if rows == 1:
        return Interval(value, 0.0, 1.0)  # one row tells nothing
    spread = intervals.normal(value, (brier - value * value) / (rows - 1))
    low = spread.low - _by_chance(bins, rows)
    return Interval(value, max(0.0, low), min(1.0, spread.high))


def _by_chance(bins: list[Bin], rows: int) -> float:
    """Return the error that a model without fault shows: `B` of the module's text."""
    return math.sqrt(2 / math.pi) * sum(
        math.sqrt(each.rows * each.predicted * (1.0 - each.predicted)) / rows
        for each in bins
    )


def ratio(cell: Cell) -> Interval | None:
    """Return the mean score over the base rate; None where no row is positive.

    The interval is that of the base rate alone, after Wilson. Scores vary with the
    labels that they predict, so it rather is too wide.
    """
    rate = intervals.wilson(cell.positives, cell.rows)
    if rate is None or not rate.value:
        return None
    score = float(cell.scores.sum()) / cell.rows
    return Interval(score / rate.value, score / rate.high, score / rate.low)
