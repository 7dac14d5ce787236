r"""How unevenly a benefit is spread: generalised entropy, Theil, Gini.

Over people, as LiFT and Speicher et al. (2018), "A unified approach to quantifying
algorithmic unfairness", KDD, eq. (2): the benefit of a decision is
$b = \hat y - y + 1$, so 0 for a positive who is missed, 1 for who is judged right,
2 for a negative who gets the good outcome; with the mean benefit $\mu$

$$GE_2 = \frac{1}{2n} \sum_i \left[ \left( \frac{b_i}{\mu} \right)^2 - 1 \right], \quad
  T = \frac{1}{n} \sum_i \frac{b_i}{\mu} \ln \frac{b_i}{\mu}$$

Both follow from three counts. Their intervals are normal by the delta method, with
the variance of the influence of each benefit; where all benefits are alike, they
have no width. Theil's part between groups is that of group means in place of people.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from components.payloads.interval import Interval
from components.scoring import intervals


class Benefits(NamedTuple):
    """How many rows have each benefit, 0, 1 and 2."""

    none: int  # positives below the threshold
    one: int  # judged right
    two: int  # negatives above the threshold

    @property
    def rows(self) -> int:
        """All rows."""
        return self.none + self.one + self.two

    @property
    def total(self) -> int:
        """The benefits of all rows together."""
        return self.one + 2 * self.two


def theil(benefits: Benefits) -> Interval | None:
    """Return the Theil index; None where nobody has a benefit."""
    if not benefits.total:
        return None
    mean = benefits.total / benefits.rows
    # E[b ln b], as only a benefit of 2 has a logarithm that counts.
    mixed = 2 * math.log(2) * benefits.two / benefits.rows
    value = mixed / mean - math.log(mean)
    influence = [
        (own - mixed) / mean - (mixed / mean + 1) / mean * (benefit - mean)
        for benefit, own in ((0, 0.0), (1, 0.0), (2, 2 * math.log(2)))
    ]
    return _interval(value, influence, benefits)


def generalized_entropy(benefits: Benefits) -> Interval | None:
    """Return the generalised entropy of order 2; None where nobody has a benefit."""
    if not benefits.total:
        return None
    mean = benefits.total / benefits.rows
    square = (benefits.one + 4 * benefits.two) / benefits.rows
    value = (square / mean**2 - 1) / 2
    influence = [
        (benefit**2 - square) / (2 * mean**2) - square / mean**3 * (benefit - mean)
        for benefit in (0, 1, 2)
    ]
    return _interval(value, influence, benefits)


def _interval(value: float, influence: list[float], benefits: Benefits) -> Interval:
    value = max(0.0, value)  # rounding
    squares = zip(benefits, influence, strict=True)
    variance = sum(count * each**2 for count, each in squares) / benefits.rows**2
    found = intervals.normal(value, variance)
    return Interval(value, max(0.0, found.low), found.high)


def between_groups_theil(groups: Sequence[Benefits]) -> float | None:
    """Return the part of the Theil index between groups, unit: nats.

    That is the index with everybody's benefit replaced by the group's mean; None where
    nobody has a benefit.
    """
    rows = sum(group.rows for group in groups)
    mean = sum(group.total for group in groups) / rows
    if not mean:
        return None
    shares = [(group.rows, group.total / group.rows / mean) for group in groups]
    return max(0.0, sum(n * s * math.log(s) for n, s in shares if s) / rows)


def gini(values: Sequence[float]) -> float | None:
    """Return the Gini coefficient of values that are not negative, 0 to 1.

    Half the mean absolute difference of two values over their mean; None where all
    values are 0.
    """
    total, n = math.fsum(values), len(values)
    if not total:
        return None
    ranked = enumerate(sorted(values), start=1)
    return max(0.0, sum((2 * i - n - 1) * value for i, value in ranked) / (n * total))
