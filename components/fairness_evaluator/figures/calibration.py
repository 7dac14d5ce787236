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

import numpy as np
from numpy.typing import NDArray

from components.payloads.interval import Interval
from components.scoring import intervals

UPPER = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])  # ends of the bins

Curve = NDArray[np.float64]
"""Rows, positives and sum of scores in each bin, shape `(3, 10)`."""


def curve(scores: NDArray[np.float64], labels: NDArray[np.int64]) -> Curve:
    """Return the curve of rows; a score equal to a bin's end falls into the bin."""
    place = np.searchsorted(UPPER[:-1], scores, side="left")
    columns = (None, labels, scores)
    return np.stack([np.bincount(place, each, len(UPPER)) for each in columns])


def blurred(curve: Curve, least: int) -> Curve:
    """Return a curve in which no bin with fewer than `least` rows tells its mean score.

    They get the score in their middle, moved by as much in all as makes the sum of
    their scores right.
    """
    rows, positives, scores = curve
    few = rows < least
    middles = rows * (UPPER - 0.05)
    moved = (scores - middles)[few].sum() / max(1.0, rows[few].sum())
    return np.stack([rows, positives, np.where(few, middles + rows * moved, scores)])


def joined(curve: Curve, least: int) -> NDArray[np.float64]:
    """Return a curve in which bins with fewer than `least` rows are joined.

    Each with the next higher one, or at the end with the one below. It has the upper
    end, rows, positives and sum of scores of each bin, shape `(4, n)`.
    """
    found: list[NDArray[np.float64]] = []
    for upper, *sums in zip(UPPER, *curve, strict=True):
        if sums[0]:
            if found and found[-1][1] < least:
                sums = (found.pop()[1:] + sums).tolist()
            found.append(np.array([upper, *sums]))
    if len(found) > 1 and found[-1][1] < least:
        last = found.pop()
        found[-1] = np.array([last[0], *(found[-1][1:] + last[1:])])
    return np.stack(found, axis=1) if found else np.zeros((4, 0))


def error(curve: Curve) -> tuple[float, float]:
    """Return the calibration error, and that of a model without fault, `B`."""
    rows, positives, scores = curve[:, curve[0] > 0]
    total = rows.sum()
    mean = np.clip(scores / rows, 0.0, 1.0)
    value = np.abs(mean * rows - positives).sum() / total
    chance = np.sqrt(rows * mean * (1.0 - mean)).sum() / total
    return float(value), float(math.sqrt(2 / math.pi) * chance)


def estimate(value: float, chance: float, brier: float, rows: int) -> Interval:
    """Return a calibration error with its interval.

    `chance` is `B`, `brier` the mean squared error of the same rows, at least one.
    """
    if rows == 1:
        return Interval(value, 0.0, 1.0)  # one row tells nothing
    spread = intervals.normal(value, (brier - value * value) / (rows - 1))
    return Interval(value, max(0.0, spread.low - chance), min(1.0, spread.high))


def ratio(scores: float, positives: int, rows: int) -> Interval | None:
    """Return the sum of scores over the positives; None where no row is positive.

    The interval is that of the base rate alone, after Wilson. Scores vary with the
    labels that they predict, so it rather is too wide.
    """
    rate = intervals.wilson(positives, rows)
    if rate is None or not rate.value:
        return None
    mean = scores / rows
    return Interval(mean / rate.value, mean / rate.high, mean / rate.low)
