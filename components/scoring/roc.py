r"""Areas under the ROC and the precision-recall curve, with their intervals.

AUC: DeLong et al. (1988), "Comparing the areas under two or more correlated receiver
operating characteristic curves", Biometrics 44: the variance of the Mann-Whitney
statistic is $S_{10} / m + S_{01} / n$, the sample variances of the structural
components of the $m$ positives and the $n$ negatives: for a positive the share of
negatives below it, ties counting half, and the reverse. Of two models on the same rows
the components' covariances give that of the two AUC in the same way.

With few rows, or near 1, a normal interval with that variance is far too narrow (45
rows and an AUC of 0.98: 58 to 77 % of such intervals hold the truth, not 95 %). So the
interval is a score interval, as method 5 of Newcombe (2006), "Confidence intervals
for an effect size measure based on the Mann-Whitney statistic. Part 2", Statistics in
Medicine 25: all $\theta$ with $|\hat\theta - \theta| \le z \sqrt{c\,V(\theta)}$, where

$$V(\theta) = \frac{\theta (1 - \theta)}{mn} \left(1 + N \frac{1 - \theta}{2 - \theta}
  + N \frac{\theta}{1 + \theta}\right), \quad N = \frac{m + n}{2} - 1$$

Departure: his $c$ is 1, right where positives and negatives are spread alike and
too narrow, with any number of rows, where the rarer label is spread wider. Here
$c$ is what DeLong finds, $r = V_{DeLong} / V(\hat\theta)$, and where $r < 1$ it is
drawn towards 1 while few rows stand in disorder, $e = \min(m, n) (1 - \hat\theta)$:
$c = \max(r, (r e + K) / (e + K))$. Of such intervals 92 to 99 % held the truth in
simulations (README.md), of plain DeLong 43 to 97 %, of method 5 alone 87 to 100 %.

A change between two models on the same rows has DeLong's variance of a difference.
Few rows of the rarer label leave the variance itself unsure, so Student's $t$ is taken,
as in Brunner and Munzel (2000), "The nonparametric Behrens-Fisher problem", Biometrical
Journal 42. Departure: they estimate its degrees of freedom, which lie between
$\min(m, n) - 1$ and $m + n - 2$; here they are $\min(m, n) - 1$, for which the counts
are enough. 95 to 100 % of such intervals held the change, of normal ones 92 to 100 %.
Many that are to hold at once: see `gates/README.md`.

Average precision: $AP = \sum_k (R_k - R_{k-1}) P_k$ over falling thresholds, with
precision $P_k$ and recall $R_k$, not interpolated, as scikit-learn's
`average_precision_score`. Its interval is the logit one of Boyd, Eng and Page (2013),
"Area under the precision-recall curve: point estimates and confidence intervals", ECML
PKDD: with $n$ positives, $\hat\eta = \log(AP / (1 - AP))$ and
$\hat\tau = (n\,AP (1 - AP))^{-1/2}$, the inverse logit of
$\hat\eta \pm z \hat\tau$. Departure: at an AP of 1 the logit is not there; then
Wilson's interval of $n$ hits in $n$ stands for it.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from components.payloads.interval import Interval
from components.scoring import intervals
from components.scoring.intervals import Z

K = 4.0  # rows in disorder that weigh as much as the formula
STEPS = 30  # of bisection: to 1e-9


class Auc(NamedTuple):
    """An AUC with its standard error, for changes."""

    interval: Interval
    error: float


def area(
    negatives: NDArray[np.number[Any]], positives: NDArray[np.number[Any]]
) -> tuple[float, float]:
    """Return the AUC and its variance after DeLong, from rows by rising score.

    NaN both where a label is absent; no variance with one row of a label.
    """
    num_negative, num_positive = float(negatives.sum()), float(positives.sum())
    if not num_negative or not num_positive:
        return math.nan, math.nan
    # Share of negatives below each positive, and of positives above each negative.
    below = (np.cumsum(negatives) - negatives / 2) / num_negative
    above = (num_positive - np.cumsum(positives) + positives / 2) / num_positive
    value = min(1.0, float((positives * below).sum() / num_positive))
    return value, _mean_variance(below, positives, num_positive) + _mean_variance(
        above, negatives, num_negative
    )


def estimate(value: float, variance: float, positives: int, negatives: int) -> Auc:
    """Return an AUC with its interval and error, from its variance after DeLong.

    Of each label there is a row at least.
    """
    wider = _widening(value, variance, positives, negatives)
    low = _bound(value, 0.0, wider, positives, negatives)
    high = _bound(value, 1.0, wider, positives, negatives)
    error = math.sqrt(wider * _variance(value, positives, negatives))
    # At 0 and 1 no row stands in disorder, yet the next one may.
    error = error or max(value - low, high - value) / Z
    return Auc(Interval(value, low, high), error)


def correlation(
    first: NDArray[np.number[Any]],
    second: NDArray[np.number[Any]],
    labels: NDArray[np.int64],
) -> float:
    """Return the correlation of two models' AUC estimates on the same rows.

    NaN where a label has fewer than two rows, or an AUC no variance.
    """
    components = np.stack([_components(scores, labels) for scores in (first, second)])
    covariance = np.zeros((2, 2))
    for label in (0, 1):
        values = components[:, labels == label]
        rows = values.shape[1]
        if rows < 2:
            return math.nan
        # Not as products of matrices, whose last digit depends on BLAS's threads.
        centred = values - values.sum(axis=1, keepdims=True) / rows
        covariance += np.einsum("in,jn->ij", centred, centred) / (rows - 1) / rows
    (one, both), (_, other) = covariance
    if one <= 0.0 or other <= 0.0:
        return math.nan
    return float(np.clip(both / math.sqrt(one * other), -1.0, 1.0))


def _components(
    scores: NDArray[np.number[Any]], labels: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return each row's share of rows of the other label that it is ranked right."""
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    hits = np.bincount(place, labels, len(counts))
    below = [
        ((np.cumsum(rows) - rows / 2) / max(1.0, rows.sum()))[place]
        for rows in (counts - hits, hits)
    ]
    return np.where(labels == 1, below[0], 1.0 - below[1])


def influence(
    scores: NDArray[np.number[Any]], labels: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return what each row adds to the AUC's error, whose mean is 0.

    Of each label there is a row at least.
    """
    components = _components(scores, labels)
    found = np.zeros(len(labels))
    for label in (0, 1):
        rows = labels == label
        found[rows] = (components[rows] - components[rows].mean()) / rows.mean()
    return found


def freedom(positives: int, negatives: int) -> int:
    """Return the degrees of freedom of a change, at least 1."""
    return max(1, min(positives, negatives) - 1)


def difference(
    candidate: Auc, baseline: Auc, correlation: float, freedom: int
) -> Interval:
    """Return the candidate's AUC minus the baseline's, of the same rows.

    A correlation of the two estimates that is not known, NaN, counts as none.
    """
    shared = 0.0 if math.isnan(correlation) else correlation
    return intervals.normal(
        candidate.interval.value - baseline.interval.value,
        candidate.error**2
        + baseline.error**2
        - 2.0 * shared * candidate.error * baseline.error,
        intervals.student(freedom),
    )


def _mean_variance(
    values: NDArray[np.number[Any]], counts: NDArray[np.number[Any]], total: float
) -> float:
    """Return the variance of the mean of `values`, each seen `counts` times."""
    if total < 2:
        return math.nan  # one row tells nothing
    # Not np.dot, whose last digit depends on BLAS's threads.
    mean = (counts * values).sum() / total
    return float((counts * (values - mean) ** 2).sum() / (total - 1) / total)


def _variance(theta: float, positives: int, negatives: int) -> float:
    """Return the variance of an AUC of `theta` by Newcombe's formula."""
    n = (positives + negatives) / 2 - 1
    spread = 1 + n * (1 - theta) / (2 - theta) + n * theta / (1 + theta)
    return theta * (1 - theta) * spread / (positives * negatives)


def _widening(value: float, variance: float, positives: int, negatives: int) -> float:
    """Return `c` of the module's text."""
    formula = _variance(value, positives, negatives)
    if math.isnan(variance) or formula <= 0.0:
        return 1.0
    found = variance / formula
    disorder = min(positives, negatives) * (1 - value)
    return max(found, (found * disorder + K) / (disorder + K))


def _bound(
    value: float, end: float, wider: float, positives: int, negatives: int
) -> float:
    """Return the last `theta` towards `end` that the value does not contradict."""
    held, beyond = value, end
    for _ in range(STEPS):
        theta = (held + beyond) / 2
        half = Z * math.sqrt(wider * _variance(theta, positives, negatives))
        if abs(value - theta) <= half:
            held = theta
        else:
            beyond = theta
    return held


def average_precision(
    negatives: NDArray[np.number[Any]], positives: NDArray[np.number[Any]]
) -> float:
    """Return the average precision; NaN when a label is absent. Arguments as `area`."""
    total = positives.sum()
    if not total or not negatives.sum():
        return math.nan
    hits = np.cumsum(positives[::-1])
    rows = hits + np.cumsum(negatives[::-1])
    precision = np.divide(hits, rows, out=np.zeros(len(rows)), where=rows > 0)
    return min(1.0, float((positives[::-1] * precision).sum() / total))


def estimate_precision(value: float, positives: int) -> Interval | None:
    """Return an average precision of at least one positive row, with its interval."""
    if value >= 1.0:
        return intervals.wilson(positives, positives)
    logit = math.log(value / (1.0 - value))
    half = Z / math.sqrt(positives * value * (1.0 - value))
    low, high = (0.5 + 0.5 * math.tanh((logit + side) / 2) for side in (-half, half))
    return Interval(value, low, high)
