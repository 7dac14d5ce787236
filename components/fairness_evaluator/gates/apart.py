"""Which two of many lie farthest apart, by the end of the interval that counts.

Not just the highest and the lowest: where one of them has few rows, its wide interval
would hide two others that surely lie apart. Intervals are widened for all pairs, so
any of them may be chosen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from components.fairness_evaluator.gate_settings import RefuseIf
from components.fairness_evaluator.gates.bounds import quantile, widened
from components.scoring.intervals import (
    Interval,
    absolute,
    difference,
)


class Apart(NamedTuple):
    """Two figures and their difference.

    Attributes:
        high: Name of the higher one.
        low: Name of the lower one.
        gap: How far they lie apart, whichever is the higher one, with its interval.
    """

    high: str
    low: str
    gap: Interval


def num_pairs(number: int) -> int:
    """Return the number of pairs of so many."""
    return math.comb(number, 2)


def farthest(
    figures: Mapping[str, Interval], number: int, refuse_if: RefuseIf
) -> Apart:
    """Return the two that lie farthest apart.

    Args:
        figures: Independent figures of the range 0 to 1 by name, at least two.
        number: For how many pairs intervals are to hold at once.
        refuse_if: Which part of the interval counts.
    """
    names = sorted(figures)
    value, low, high = np.array([figures[name] for name in names]).T[:, :, np.newaxis]
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
    pair = [names[at] for at in np.unravel_index(np.argmax(ends), ends.shape)]
    one, other = sorted(pair, key=lambda name: figures[name].value, reverse=True)
    gap = absolute(widened(difference(figures[one], figures[other]), number))
    return Apart(one, other, gap._replace(high=min(1.0, gap.high)))
