r"""Compares a figure's interval with a bound, also where many are compared at once.

Of many silos that all lie exactly on a bound, one misses it by chance almost surely.
So where one gate compares $m$ silos, groups or pairs by intervals, these are widened
until all $m$ hold at once with 95 %: Šidák (1967), "Rectangular confidence regions for
the means of multivariate normal distributions", JASA 62,

$$z_m = \Phi^{-1}\left(\frac{1 + 0.95^{1/m}}{2}\right)$$

Each half of an interval is scaled by $z_m / z_1$; changes of the AUC by the quantiles
of Student's $t$, which made them (`scoring/roc.py`). Departure: intervals that are
neither (Wilson's, a ratio's, the AUC's own) are scaled as normal ones, which for few
rows is an approximation; README.md has the simulated error rates.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import statistics
from collections.abc import Sequence

import numpy as np

from components.fairness_evaluator.gate_settings import RefuseIf
from components.fairness_evaluator.gates import wording
from components.payloads.interval import Interval
from components.scoring import intervals

CONFIDENCE = 0.95
# Floats that differ by less are the same; no sentence shows more digits.
ROUNDING = 10.0**-wording.MOST_DIGITS


@dataclasses.dataclass(frozen=True)
class Bound:
    """A bound, and which part of the interval must miss it."""

    value: float
    is_floor: bool
    refuse_if: RefuseIf
    is_strict: bool = False  # a figure on the bound misses it

    def margin(self, interval: Interval) -> float:
        """Return how far the end that counts is on the right side of the bound."""
        if self.refuse_if == "value":
            end = interval.value
        elif self.is_floor == (self.refuse_if == "surely"):
            end = interval.high
        else:
            end = interval.low
        return end - self.value if self.is_floor else self.value - end

    def is_missed(self, interval: Interval) -> bool:
        """Return whether a figure misses the bound; NaN always does."""
        margin = self.margin(interval)
        return not (margin > ROUNDING if self.is_strict else margin >= -ROUNDING)

    @property
    def by_value(self) -> Bound:
        """The same bound for the figure alone, whatever its interval."""
        return dataclasses.replace(self, refuse_if="value")

    def __str__(self) -> str:
        """Return the bound as a sentence ends with it."""
        needed = "needed above" if self.is_strict else "needed at least"
        part = {
            "surely": "",
            "value": ", whatever the interval",
            "possibly": f", also for the {'lower' if self.is_floor else 'upper'} end",
        }[self.refuse_if]
        side = needed if self.is_floor else "allowed"
        return f"{side} {wording.bound(self.value)}{part}"


def widened(
    interval: Interval,
    number: int,
    least: float = -math.inf,
    most: float = math.inf,
    freedom: int | None = None,
) -> Interval:
    """Return a 95 % interval that holds together with others of its kind.

    Args:
        interval: A 95 % interval.
        number: How many are to hold at once, itself included.
        least: Lowest value that the figure can have.
        most: Highest value.
        freedom: Degrees of freedom of Student's t, where it made the interval.
    """
    if number == 1:
        return interval
    scale = quantile(number, freedom) / quantile(1, freedom)
    return Interval(
        interval.value,
        max(least, interval.value - scale * (interval.value - interval.low)),
        min(most, interval.value + scale * (interval.high - interval.value)),
    )


@functools.cache
def quantile(number: int, freedom: int | None = None) -> float:
    """Return the quantile with which so many intervals hold at once.

    It is the normal one, or with degrees of `freedom` that of Student's t.
    """
    # 1 - 0.95 ** (1 / m), exact where it is tiny; the upper tail is half of that.
    tail = -math.expm1(math.log(CONFIDENCE) / number) / 2
    if freedom is not None:
        return intervals.student(freedom, tail)
    return -statistics.NormalDist().inv_cdf(tail)


def farthest(
    figures: Sequence[Interval], number: int, refuse_if: RefuseIf
) -> tuple[int, int, Interval]:
    """Return the two figures that lie farthest apart by the end that counts.

    Not just the highest and the lowest: the wide interval of one with few rows would
    hide two others that surely lie apart.

    Args:
        figures: Independent figures of the range 0 to 1, at least two.
        number: For how many pairs intervals are to hold at once.
        refuse_if: Which part of the interval counts.

    Returns:
        Place of the higher one, of the lower one, and how far they lie apart whichever
        is the higher one, with its widened interval.
    """
    value, low, high = np.array(figures).T[:, :, np.newaxis]
    gaps = value - value.T
    scale = quantile(number) / quantile(1)
    if refuse_if == "surely":
        ends = gaps - scale * np.hypot(value - low, (high - value).T)
        ends[gaps < 0] = -np.inf
    elif refuse_if == "possibly":
        # Where intervals are lopsided, the lower one may possibly be farther above.
        ends = gaps + scale * np.hypot(high - value, (value - low).T)
    else:
        ends = gaps
    np.fill_diagonal(ends, -np.inf)
    one, other = (int(at) for at in np.unravel_index(np.argmax(ends), ends.shape))
    if figures[one].value < figures[other].value:
        one, other = other, one
    difference = intervals.difference(figures[one], figures[other])
    gap = intervals.absolute(widened(difference, number))
    return one, other, gap._replace(high=min(1.0, gap.high))
