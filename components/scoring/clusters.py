r"""Rows that are alike: by how much less they say than as many independent ones.

Rows that were split together, such as flights of one day, share more than chance. Kish
(1965), "Survey sampling", calls the ratio of the variances of an estimate with and
without that the design effect. For a mean of $v_i$ over $n$ rows in $C$ groups $c$, by
the estimator of Liang and Zeger (1986), "Longitudinal data analysis using generalized
linear models", Biometrika 73,

$$\frac{\frac{C}{C - 1} \sum_{c=1}^{C} \bigl(\sum_{i \in c} (v_i - \bar v)\bigr)^2}
  {\frac{n}{n - 1} \sum_i (v_i - \bar v)^2}$$

It is 1 where each row is a group of its own. Departure: it is never below 1, since of
few groups a small one is chance.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.payloads.interval import Interval
from components.scoring import intervals


def mean(
    values: NDArray[np.number[Any]], groups: NDArray[np.int64], quantile: float
) -> Interval:
    """Return a mean, `quantile` standard errors to each side; see `design_effect`."""
    variance = float(values.var(ddof=1)) / len(values) * design_effect(values, groups)
    return intervals.normal(float(values.mean()), variance, quantile)


def design_effect(values: NDArray[np.number[Any]], groups: NDArray[np.int64]) -> float:
    """Return by how much the variance of a mean is larger for its groups, at least 1.

    Args:
        values: What the mean is of, shape `(rows,)`, at least two.
        groups: The number of each row's group, from 0, at least two groups.
    """
    apart = values - values.mean()
    sums = np.bincount(groups, apart)
    rows, number = len(apart), len(sums)
    plain = float(np.sum(apart**2)) * rows / (rows - 1)
    grouped = float(np.sum(sums**2)) * number / (number - 1)
    return max(1.0, grouped / plain) if plain > 0.0 else 1.0
