r"""95 % intervals of rates and means, and of what is made from two or more of them.

Rates, Wilson (1927), "Probable inference, the law of succession, and statistical
inference", JASA 22: with $z$ the normal quantile and $\hat p = k / n$,

$$\frac{1}{1 + z^2/n} \left( \hat p + \frac{z^2}{2n} \pm
  z \sqrt{\frac{\hat p (1 - \hat p)}{n} + \frac{z^2}{4 n^2}} \right)$$

Differences and means of independent figures, by squares added: Newcombe (1998),
"Interval estimation for the difference between independent proportions", Statistics
in Medicine 17, method 10, for any figures as in Zou and Donner (2008), "Construction
of confidence limits about effect measures", Statistics in Medicine 27. For
$a - b$ with intervals $(l_a, u_a)$ and $(l_b, u_b)$,

$$a - b - \sqrt{(a - l_a)^2 + (u_b - b)^2} \quad\text{to}\quad
  a - b + \sqrt{(u_a - a)^2 + (b - l_b)^2}$$

which keeps the lopsided form of its parts, and stays narrow where one is certain.

Ratio of two rates, Katz et al. (1978), "Obtaining confidence intervals for the risk
ratio in cohort studies", Biometrics 34: normal in the logarithm. Departure: where
one rate has no hit, half a hit and half a row are added to both, or the logarithm
would not be there.

Paired rates, Bonett and Price (2012), "Adjusted Wald confidence interval for a
difference of binomial proportions based on paired data", Journal of Educational and
Behavioral Statistics 37: with $f_{12}$ and $f_{21}$ the rows that one model alone
counts as positive and $\tilde p = (f + 1) / (n + 2)$,

$$\tilde p_{12} - \tilde p_{21} \pm z \sqrt{\frac{\tilde p_{12} + \tilde p_{21} -
  (\tilde p_{12} - \tilde p_{21})^2}{n + 2}}$$
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy import special

from components.payloads.interval import Interval
from components.payloads.table import Figure

Z = 1.959963984540054  # 97.5 % quantile of the normal distribution


def of_figure(figure: Figure | None) -> Interval | None:
    """Return a figure of the tidy table; None where it has no interval."""
    if figure is None or figure.low is None or figure.high is None:
        return None
    return Interval(figure.number, figure.low, figure.high)


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


def mean(total: float, squares: float, rows: int, most: float) -> Interval:
    """Return the mean of a quantity of at least one row, normal.

    `squares` is the sum of its squares; no row has less than 0 or more than `most`.
    """
    value = total / rows
    if rows == 1:
        return Interval(value, 0.0, max(value, most))  # one row tells nothing
    spread = normal(value, max(0.0, squares / rows - value * value) / (rows - 1))
    return Interval(value, max(0.0, spread.low), min(max(value, most), spread.high))


def normal(value: float, variance: float, quantile: float = Z) -> Interval:
    """Return the interval of an estimate, `quantile` standard errors to each side."""
    half = quantile * math.sqrt(max(0.0, variance))
    return Interval(value, value - half, value + half)


def student(freedom: int, tail: float = 0.025) -> float:
    """Return what Student's t of so many degrees of freedom exceeds in `tail`."""
    return -float(special.stdtrit(freedom, tail))


def difference(one: Interval, other: Interval) -> Interval:
    """Return `one - other` of two independent estimates, by squares added."""
    below = math.hypot(one.value - one.low, other.high - other.value)
    above = math.hypot(one.high - one.value, other.value - other.low)
    value = one.value - other.value
    return Interval(value, value - below, value + above)


def absolute(signed: Interval) -> Interval:
    """Return how far two estimates lie apart, whichever of them is the higher one.

    Their difference is at least 0. Below 0 its interval holds what the other is higher
    by, which may be more where the interval is lopsided.
    """
    return Interval(signed.value, max(0.0, signed.low), max(signed.high, -signed.low))


def average(parts: Sequence[Interval]) -> Interval:
    """Return the plain mean of independent estimates, by squares added."""
    value = math.fsum(part.value for part in parts) / len(parts)
    below = math.hypot(*(part.value - part.low for part in parts)) / len(parts)
    above = math.hypot(*(part.high - part.value for part in parts)) / len(parts)
    return Interval(value, value - below, value + above)


def ratio(hits: int, rows: int, other_hits: int, other_rows: int) -> Interval | None:
    """Return the rate of `hits` in `rows` over that of `other_hits`.

    None where a side has no rows, or the other has no hits.
    """
    if not rows or not other_hits:
        return None
    value = (hits / rows) / (other_hits / other_rows)
    more = 0.0 if hits else 0.5
    parts = [(hits + more, rows + more), (other_hits + more, other_rows + more)]
    half = Z * math.sqrt(sum(1 / part - 1 / whole for part, whole in parts))
    (part, whole), (other_part, other_whole) = parts
    centre = (part / whole) / (other_part / other_whole)
    low = centre * math.exp(-half) if hits else 0.0
    return Interval(value, low, max(value, centre * math.exp(half)))


def paired_difference(only_one: int, only_other: int, rows: int) -> Interval | None:
    """Return the difference of two rates over the same rows; None without rows.

    `only_one` are those that only the one counts as hits, `only_other` the reverse.
    """
    if not rows:
        return None
    one, other = (only_one + 1) / (rows + 2), (only_other + 1) / (rows + 2)
    spread = normal(one - other, (one + other - (one - other) ** 2) / (rows + 2))
    value = (only_one - only_other) / rows
    return Interval(value, max(-1.0, spread.low), min(1.0, spread.high))
