r"""Bounds, which part of an interval must keep them, and intervals for many at once.

Of many silos that all lie exactly on a bound, one is beyond it by chance almost
surely: the lowest of 51 plain 95 % intervals lies wholly below in seven runs of ten.
So where one gate judges $m$ silos or groups by intervals, these are widened until
all $m$ hold at once with 95 %: Šidák (1967), "Rectangular confidence regions for the
means of multivariate normal distributions", JASA 62,

$$z_m = \Phi^{-1}\left(\frac{1 + 0.95^{1/m}}{2}\right)$$

Each half of the interval is scaled by $z_m / z_1$. Changes of the AUC have intervals of
Student's $t$, whose tails few rows make far heavier, and are scaled by its quantiles
(`figures/roc.py`). Departure: intervals that are neither (Wilson's, a ratio's, the
AUC's own) are scaled as normal ones, which for few rows is an approximation.

A gate looks at one end alone, so it errs in 2.5 % of all runs where the intervals are
right; README.md says how often where they rest on few rows.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import statistics

from components.fairness_evaluator.gate_settings import RefuseIf
from components.fairness_evaluator.gates import words
from components.fairness_evaluator.gates.finding import CannotJudge
from components.payloads.table import Figure
from components.scoring import intervals
from components.scoring.intervals import Interval

CONFIDENCE = 0.95
# What lies on the bound is within it, whatever floats say; no sentence tells closer.
ROUNDING = 10.0**-words.MOST_DIGITS


@dataclasses.dataclass(frozen=True)
class Bound:
    """A bound and when it is missed.

    Attributes:
        value: The bound; unit: the metric's.
        is_floor: Whether figures must be at least it, else at most.
        refuse_if: Which part of the interval must miss it.
    """

    value: float
    is_floor: bool
    refuse_if: RefuseIf

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
        """Return whether a figure misses the bound; what is no number does."""
        return not self.margin(interval) >= -ROUNDING

    def is_missed_by_chance(self, interval: Interval) -> bool:
        """Return whether a figure is beyond the bound, but its interval isn't."""
        by_value = dataclasses.replace(self, refuse_if="value")
        return by_value.is_missed(interval) and not self.is_missed(interval)

    def __str__(self) -> str:
        """Return the bound as a sentence ends with it."""
        side = "needed at least" if self.is_floor else "allowed"
        worse = "lower" if self.is_floor else "upper"
        part = {
            "surely": "",
            "value": ", whatever the interval",
            "possibly": f", also for the {worse} end",
        }[self.refuse_if]
        return f"{side} {words.bound(self.value)}{part}"


def comparisons(number: int, refuse_if: RefuseIf) -> int:
    """Return for how many at once intervals are to hold: 1 where none is asked."""
    return 1 if refuse_if == "value" else max(1, number)


def interval_of(figure: Figure, name: str, refuse_if: RefuseIf) -> Interval:
    """Return a figure with its 95 % interval; where none is asked, it may have none.

    Args:
        figure: The figure.
        name: What it is called.
        refuse_if: Which part of the interval is judged.

    Raises:
        CannotJudge: It has no value, or the interval is to be judged and there is none.
    """
    if figure.value is None or math.isnan(figure.value):
        raise CannotJudge(
            f"{name} has no value{figure.note and f' ({figure.note})'}",
            "see why on the run's page; choose another metric or threshold, or raise "
            "`gates.minimum_data`",
        )
    if figure.low is not None and figure.high is not None:
        return Interval(figure.value, figure.low, figure.high)
    if refuse_if != "value":
        raise CannotJudge(
            f"{name} has no interval to judge by",
            "set `refuse_if: value` for this gate: it then judges the figure alone",
        )
    return Interval(figure.value, figure.value, figure.value)


def widened(
    interval: Interval,
    number: int,
    least: float = -math.inf,
    most: float = math.inf,
    freedom: int | None = None,
) -> Interval:
    """Return an interval that holds with 95 % together with others of its kind.

    Args:
        interval: A 95 % interval.
        number: How many are to hold at once, itself included.
        least: Lowest value that the figure can have.
        most: Highest value.
        freedom: Degrees of freedom of Student's t, where it made the interval.
    """
    scale = quantile(number, freedom) / quantile(1, freedom)
    return Interval(
        interval.value,
        max(least, interval.value - scale * (interval.value - interval.low)),
        min(most, interval.value + scale * (interval.high - interval.value)),
    )


@functools.cache
def quantile(number: int, freedom: int | None = None) -> float:
    """Return the quantile with which so many intervals hold at once.

    Args:
        number: How many.
        freedom: Degrees of freedom of Student's t; None for the normal one.
    """
    # 1 - 0.95 ** (1 / m), exact where it is tiny; the upper tail is half of that.
    tail = -math.expm1(math.log(CONFIDENCE) / number) / 2
    if freedom is not None:
        return intervals.student(freedom, tail)
    return -statistics.NormalDist().inv_cdf(tail)
