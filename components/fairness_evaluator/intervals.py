r"""95 % intervals from counts alone; rows are not needed again.

Rates, Wilson (1927), "Probable inference, the law of succession, and statistical
inference", JASA 22: with $z$ the normal quantile and $\hat p = k / n$,

$$\frac{1}{1 + z^2/n} \left( \hat p + \frac{z^2}{2n} \pm
  z \sqrt{\frac{\hat p (1 - \hat p)}{n} + \frac{z^2}{4 n^2}} \right)$$

AUC, DeLong et al. (1988), "Comparing the areas under two or more correlated
receiver operating characteristic curves", Biometrics 44: the variance of the
Mann-Whitney statistic is $S_{10} / m + S_{01} / n$, the sample variances of the
structural components of the $m$ positives and the $n$ negatives. Departure: rows
of one bin count as ties, so both AUC and variance follow from counts.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

Z = 1.959963984540054  # 97.5 % quantile of the normal distribution


@dataclasses.dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval, all in the value's unit."""

    value: float
    low: float
    high: float


def wilson(hits: int, rows: int) -> Interval | None:
    """Return the rate of `hits` in `rows`; None when there are no rows."""
    if not rows:
        return None
    rate, spread = hits / rows, Z * Z / rows
    centre = (rate + spread / 2) / (1 + spread)
    half = math.sqrt(rate * (1 - rate) * spread + spread * spread / 4) / (1 + spread)
    # At 0 and 1 the bound is the rate itself; rounding must not move it past.
    low = 0.0 if hits == 0 else max(0.0, centre - half)
    high = 1.0 if hits == rows else min(1.0, centre + half)
    return Interval(rate, low, high)


def auc(negatives: NDArray[np.int64], positives: NDArray[np.int64]) -> Interval | None:
    """Return the AUC from the counts of each label in rising score bins.

    Args:
        negatives: Rows of label 0 by bin, shape `(bins,)`.
        positives: Rows of label 1 by bin, shape `(bins,)`.

    Returns:
        The AUC with its interval, cut to 0 and 1; None when a label is absent.
    """
    num_negative, num_positive = int(negatives.sum()), int(positives.sum())
    if not num_negative or not num_positive:
        return None
    # Share of negatives below each positive, and of positives above each negative.
    below = (np.cumsum(negatives) - negatives / 2) / num_negative
    above = (num_positive - np.cumsum(positives) + positives / 2) / num_positive
    value = float(np.dot(positives, below) / num_positive)
    variance = _mean_variance(below, positives, num_positive) + _mean_variance(
        above, negatives, num_negative
    )
    half = Z * math.sqrt(variance)
    return Interval(value, max(0.0, value - half), min(1.0, value + half))


def _mean_variance(
    values: NDArray[np.float64], counts: NDArray[np.int64], total: int
) -> float:
    """Return the variance of the mean of `values`, each seen `counts` times."""
    if total < 2:
        return 0.25  # the largest that a share can have: one row tells nothing
    mean = np.dot(counts, values) / total
    return float(np.dot(counts, (values - mean) ** 2) / (total - 1) / total)
