r"""Average precision, the area under the precision-recall curve, from score bins.

$$AP = \sum_k (R_k - R_{k-1}) P_k$$

over falling thresholds, with precision $P_k$ and recall $R_k$, as scikit-learn's
`average_precision_score`: no interpolation. Rows of one bin count as ties.

Interval: the logit interval of Boyd, Eng and Page (2013), "Area under the
precision-recall curve: point estimates and confidence intervals", ECML PKDD: with
$n$ positives, $\hat\eta = \log(AP / (1 - AP))$ and
$\hat\tau = (n\,AP (1 - AP))^{-1/2}$, the inverse logit of
$\hat\eta \pm z \hat\tau$. Departure: at an AP of 1 the logit is
not there; then Wilson's interval of $n$ hits in $n$ stands for it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from components.scoring import intervals
from components.scoring.intervals import Interval, Z


def average_precision(
    negatives: NDArray[np.int64], positives: NDArray[np.int64]
) -> Interval | None:
    """Return the average precision from the counts in rising score bins.

    Args:
        negatives: Rows of label 0 by bin, shape `(bins,)`.
        positives: Rows of label 1 by bin, shape `(bins,)`.

    Returns:
        The average precision with its interval; None when a label is absent.
    """
    total = int(positives.sum())
    if not total or not negatives.sum():
        return None
    hits = np.cumsum(positives[::-1])
    rows = hits + np.cumsum(negatives[::-1])
    value = float((positives[::-1] * (hits / np.maximum(rows, 1))).sum() / total)
    if value >= 1.0:
        return intervals.wilson(total, total)
    logit = math.log(value / (1.0 - value))
    half = Z / math.sqrt(total * value * (1.0 - value))
    return Interval(value, _inverse(logit - half), _inverse(logit + half))


def _inverse(logit: float) -> float:
    return 0.5 * (1.0 + math.tanh(logit / 2.0))
