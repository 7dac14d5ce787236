"""The other silos, as one silo may see them: counts in coarse bins, never a figure.

Exact quantiles of a few silos are exact figures of single ones, so nothing but a
histogram is shown: bins of one fixed width, the same for each metric and silo, and
only where enough others were judged. It is made of counts from the start, so a page
that holds it can't hold another silo's figure.
"""

from __future__ import annotations

import collections
import dataclasses
import math
from collections.abc import Container, Iterable, Mapping
from typing import NamedTuple

from components.payloads.manifest import EVAL
from components.payloads.table import CANDIDATE, Figure

BINS_A_UNIT = 20  # a bin is 0.05 wide, in the metric's own unit
MIN_OTHERS = 5
# A value on an edge belongs to the bin above, also where its float lies just below.
ROUNDING = 1e-9
LAST = {"log_loss": 39}  # 1.95 and more: it has no upper end
LAST_OF_SHARE = BINS_A_UNIT - 1


class Bin(NamedTuple):
    """Other silos from `low` to below `high`, which is None where there is no end."""

    low: float
    high: float | None
    number: int
    own: bool  # whether this silo's figure lies in it


@dataclasses.dataclass(frozen=True)
class Distribution:
    """A metric of the other judged silos, beside the bin of one silo's own figure."""

    metric: str
    place: int
    counts: Mapping[int, int]

    @property
    def bins(self) -> list[Bin]:
        """Neighbouring bins, from the lowest to the highest that holds a silo."""
        held = [self.place, *(each for each, count in self.counts.items() if count)]
        last = LAST.get(self.metric)
        return [
            Bin(
                each / BINS_A_UNIT,
                None if each == last else (each + 1) / BINS_A_UNIT,
                self.counts.get(each, 0),
                each == self.place,
            )
            for each in range(min(held), max(held) + 1)
        ]

    @property
    def sides(self) -> tuple[int, int, int]:
        """How many silos lie in bins below this one's, in it, and above it."""
        counts = self.counts.items()
        return (
            sum(count for each, count in counts if each < self.place),
            self.counts.get(self.place, 0),
            sum(count for each, count in counts if each > self.place),
        )


class Others:
    """Histograms of all judged silos, from which each is taken out for itself.

    Args:
        figures: All figures of the evaluation.
        judged: The silos that the gates judged; no other silo is counted.
    """

    def __init__(self, figures: Iterable[Figure], judged: Container[str]) -> None:
        self._judged = judged
        self._counts: dict[tuple[str, float | None], collections.Counter[int]] = (
            collections.defaultdict(collections.Counter)
        )
        for figure in figures:
            if (
                figure.silo in judged
                and not figure.slice
                and (figure.model, figure.split) == (CANDIDATE, EVAL)
                and figure.is_number
            ):
                place = _place(figure.metric, figure.number)
                self._counts[figure.metric, figure.threshold][place] += 1

    def of(self, own: Figure | None) -> Distribution | None:
        """Return how the others fare where a silo has its own figure of all rows.

        None where that is no number, or fewer than `MIN_OTHERS` others have one.
        """
        if own is None or not own.is_number:
            return None
        place = _place(own.metric, own.number)
        counts = self._counts[own.metric, own.threshold].copy()
        if own.silo in self._judged:
            counts[place] -= 1
        if counts.total() < MIN_OTHERS:
            return None
        return Distribution(own.metric, place, counts)


def _place(metric: str, value: float) -> int:
    """Return the bin of a value, from 0."""
    last = LAST.get(metric, LAST_OF_SHARE)
    return max(0, min(math.floor(value * BINS_A_UNIT + ROUNDING), last))
