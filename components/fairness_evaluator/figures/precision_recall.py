r"""Average precision, the area under the precision-recall curve.

$$AP = \sum_k (R_k - R_{k-1}) P_k$$

over falling thresholds, with precision $P_k$ and recall $R_k$, as scikit-learn's
`average_precision_score`: no interpolation.

Interval: the logit interval of Boyd, Eng and Page (2013), "Area under the
precision-recall curve: point estimates and confidence intervals", ECML PKDD: with
$n$ positives, $\hat\eta = \log(AP / (1 - AP))$ and
$\hat\tau = (n\,AP (1 - AP))^{-1/2}$, the inverse logit of
$\hat\eta \pm z \hat\tau$. Departure: at an AP of 1 the logit is
not there; then Wilson's interval of $n$ hits in $n$ stands for it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.scoring import intervals
from components.scoring.intervals import Interval, Z


def average_precision(
    negatives: NDArray[np.number[Any]], positives: NDArray[np.number[Any]]
) -> float:
    """Return the average precision; NaN when a label is absent.

    Args:
        negatives: Rows of label 0 by rising score, shape `(n,)`.
        positives: Rows of label 1 by the same scores.
    """
    total = positives.sum()
    if not total or not negatives.sum():
        return math.nan
    hits = np.cumsum(positives[::-1])
    rows = hits + np.cumsum(negatives[::-1])
    precision = np.divide(hits, rows, out=np.zeros(len(rows)), where=rows > 0)
    return min(1.0, float((positives[::-1] * precision).sum() / total))


def estimate(value: float, positives: int) -> Interval | None:
    """Return an average precision with its interval.

    Args:
        value: The average precision.
        positives: Rows of label 1, at least 1.
    """
    if value >= 1.0:
        return intervals.wilson(positives, positives)
    logit = math.log(value / (1.0 - value))
    half = Z / math.sqrt(positives * value * (1.0 - value))
    return Interval(value, _inverse(logit - half), _inverse(logit + half))


def _inverse(logit: float) -> float:
    return 0.5 * (1.0 + math.tanh(logit / 2.0))
