r"""Columns of numbers: fillers, another unit, scale, epoch or time zone.

A filler $f$ in a share $p$ of a silo's rows shows in its disclosed mean and deviation:
with the others' $m$ and $s$ they are $m + p(f - m)$ and the root of
$(1 - p) s^2 + p (1 - p) (f - m)^2$. Another unit, $x \mapsto ax + b$, holds where a
silo's quantiles lie far outside of the others', and not after it; the one that brings
them nearest counts. For times of day it is whole hours, and rows by hour are compared.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.silo_validator import units, usual
from components.silo_validator.usual import Faults, farthest

LEVELS = np.linspace(0.05, 0.95, 19)
BUCKETS = 4  # of most others, at least: 0 and 1 can't tell a unit
OUTSIDE = 5.0  # excess from which numbers are unlike those of all others
INSIDE = 1.5  # excess up to which they are like those of others
# Added to the usual distance, since silos need not be nearer than this.
FLOORS = (0.2, 0.1, 0.1)  # unit: deviations, and twice natural logarithms
SMALLEST = 1e-12  # deviation, in those of the others, that a logarithm takes
FINEST = 0.25  # deviations: no disclosed histogram is finer
FLAT = 0.1  # of the others' deviation, at most, in a constant column
FILLERS = (0, -1, -9, -99, -999, -9999, 99, 999, 9999, 99999, 999999)
MOST_FILLED = 0.9  # share of rows with a filler
TOLERANCE = 0.1  # of the deviation that a filler explains
FAR = 0.1  # of a filler's distance to the mean is a deviation, at most
WIDER = 1.3  # times the largest of the others' deviations, at least
MOST = 2  # explanations that a finding names, the best first
DAYS = (24.0, 1440.0)  # hours, minutes
DAY_OUTSIDE = 2.0  # times the usual distance between days, for another zone
DAY_FLOOR = 0.1  # added to the usual distance between days, unit: share of rows
UNIT = (
    "look up in the source which unit, scale or time zone the column has, and export "
    "it as the other silos do; the operator tells which that is"
)


class Numbers:
    """A silo's column; shares are of the rows with a value, 0 to 1."""

    def __init__(self, stats: statistics_pb2.NumericStatistics, rows: int) -> None:
        self.mean, self.deviation = stats.mean, stats.std_dev
        self.zero_share = stats.num_zeros / rows  # 0 where it was not disclosed
        buckets = stats.histograms[0].buckets
        counts = np.array([one.sample_count for one in buckets])
        self.shares = counts / counts.sum()  # by bucket
        self.below = np.cumsum([0.0, *self.shares])  # by end
        self.ends = [buckets[0].low_value, *(one.high_value for one in buckets)]
        self.quantiles = np.interp(LEVELS, self.below, self.ends)
        self.largest = float(self.shares.max())
        self.is_constant = self.deviation == 0


class UsualNumbers:
    """Where the others' numbers lie, and how far apart.

    Three figures of a column are compared: its quantiles in deviations, their
    logarithms (linear near 0), and the logarithm of its own deviation.
    """

    def __init__(self, others: Sequence[Numbers]) -> None:
        self.others = others
        self.is_varied = np.median([len(one.shares) for one in others]) >= BUCKETS
        self.deviation = float(np.median([one.deviation for one in others]))
        figures = np.array([self._figures(one, 1.0, 0.0) for one in others])
        self._centre = np.median(figures, axis=0)
        apart = np.abs(figures - self._centre).mean(axis=2)  # (others, 3)
        self._reaches = np.add(FLOORS, [farthest(one) for one in apart.T.tolist()])

    def _figures(
        self, column: Numbers, slope: float, offset: float
    ) -> NDArray[np.float64]:
        unit = slope * (self.deviation or 1.0)
        linear = (column.quantiles - offset) / unit
        width = np.full_like(linear, np.log(max(column.deviation / unit, SMALLEST)))
        return np.array([linear, np.arcsinh(linear / FINEST), width])

    def excess(self, column: Numbers, slope: float = 1.0, offset: float = 0.0) -> float:
        """Return how far a column lies off in the worst figure; others reach 1, too.

        Its values are `slope` times what they should be, plus `offset`.
        """
        apart = np.abs(self._figures(column, slope, offset) - self._centre)
        return float((apart.mean(axis=1) / self._reaches).max())

    def is_foreign(self, column: Numbers) -> bool:
        """Return whether a column lies far outside of all others."""
        return self.deviation > 0 and self.excess(column) >= OUTSIDE

    def is_usual(self, column: Numbers) -> bool:
        """Return whether a column lies where the others do."""
        return self.excess(column) <= INSIDE

    def faults(self, own: Numbers, narrow: bool) -> Faults:
        """Yield what explains how a column differs; nothing constant if `narrow`."""
        if not narrow and own.deviation <= self.deviation * FLAT:
            yield from usual.constant(own.largest, [one.largest for one in self.others])
        if not self.is_varied:
            return
        for filler, share in self._fillers(own):
            yield usual.filler(f"{filler}", share)
        if found := self._zone(own) or (self.is_foreign(own) and self._unit(own)):
            means = [one.mean for one in self.others]  # two digits: more tells of one
            sentence = (
                f"a mean of {own.mean:.3g}, expected one as other silos have, "
                f"{min(means):.2g} to {max(means):.2g}: {found}"
            )
            yield sentence, UNIT

    def _fillers(self, own: Numbers) -> Iterator[tuple[int, float]]:
        """Yield fillers with the share of rows."""
        mean = float(np.median([one.mean for one in self.others]))
        low = min(one.ends[0] for one in self.others)
        high = max(
            max(one.ends[-1] for one in self.others), mean + self.deviation / FAR
        )
        zeros = farthest([one.zero_share for one in self.others])
        widest = farthest([one.deviation for one in self.others])
        for filler in FILLERS if own.deviation >= WIDER * widest else ():
            is_rare_zero = filler == 0 and zeros <= usual.RARE
            if not is_rare_zero and low <= filler <= high:
                continue
            place = np.searchsorted(own.ends[1:-1], filler, "right")
            held = own.zero_share if is_rare_zero else own.shares[place]
            if filler < 0 < own.ends[place + 1]:
                held = 0.0  # the bucket holds positive numbers as well
            # Counts are rounded, while the mean of the rest is known roughly.
            away = filler - mean or self.deviation
            by_mean, blur = (own.mean - mean) / away, self.deviation / abs(away)
            share = by_mean if blur < FAR else held
            agree = abs(held - by_mean) <= held / 2 + blur / 2
            if agree and usual.FILLED <= share <= MOST_FILLED:
                rest = self.deviation * math.sqrt(1 - share)
                wide = math.hypot(rest, away * math.sqrt(share * (1 - share)))
                if abs(own.deviation - wide) <= TOLERANCE * wide:
                    yield filler, share

    def _unit(self, own: Numbers) -> str:
        found = sorted(
            (excess, words)
            for slope, offset, words in units.explanations()
            if (excess := self.excess(own, slope, offset)) <= INSIDE
        )
        return " or ".join(words for _, words in found[:MOST])

    def _zone(self, own: Numbers) -> str:
        first = min(one.quantiles[0] for one in self.others)
        lasts = [one.quantiles[-1] for one in self.others]
        for day in DAYS:
            if first < 0 or day / 2 >= np.median(lasts) or max(lasts) >= day:
                continue
            hours = np.array([_by_hour(one, day) for one in self.others])
            mine, centre = _by_hour(own, day), np.median(hours, axis=0)
            reach = DAY_FLOOR + farthest([_distance(one, centre) for one in hours])
            apart, shift = min(
                (_distance(np.roll(mine, -by), centre), by) for by in range(-11, 13)
            )
            if _distance(mine, centre) >= DAY_OUTSIDE * reach and apart <= reach:
                moved = f"{abs(shift)} hours {'later' if shift > 0 else 'earlier'}"
                return f"{moved} in the day, likely another time zone"
        return ""


def _by_hour(one: Numbers, day: float) -> NDArray[np.float64]:
    """Return the share of rows by hour of the day."""
    hours = day / 24 * np.arange(1, 24)
    return np.diff([0.0, *np.interp(hours, one.ends, one.below), 1.0])


def _distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(np.abs(one - other).sum()) / 2  # total variation
