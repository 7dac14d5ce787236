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
from collections.abc import Container, Iterable

from components.payloads.manifest import EVAL
from components.payloads.table import CANDIDATE, Figure

BINS_A_UNIT = 20
WIDTH = 1 / BINS_A_UNIT  # of a bin, in the metric's own unit
MIN_OTHERS = 5
# A value on an edge belongs to the bin above, also where its float lies just below.
ROUNDING = 1e-9
LAST = {"log_loss": 39}  # 1.95 and more: it has no upper end
LAST_OF_SHARE = BINS_A_UNIT - 1


@dataclasses.dataclass(frozen=True)
class Bin:
    """Other silos from `low` to below `high`, which is None where there is no end."""

    low: float
    high: float | None
    count: int
    own: bool  # whether this silo's figure lies in it


@dataclasses.dataclass(frozen=True)
class Distribution:
    """A metric of the other judged silos: neighbouring bins, from the lowest on.

    `lower`, `alike` and `higher` count silos in bins below, at and above this one's.
    """

    bins: tuple[Bin, ...]
    lower: int
    alike: int
    higher: int

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many silos lie below this one, with it and above it."""
        return self.lower, self.alike, self.higher

    @property
    def num_others(self) -> int:
        """How many silos it is made of."""
        return sum(self.counts)

    @property
    def most(self) -> int:
        """The count of the fullest bin."""
        return max(each.count for each in self.bins)


Counts = collections.Counter[int]


class Others:
    """Histograms of all judged silos, from which each is taken out for itself.

    Args:
        figures: All figures of the evaluation.
        judged: The silos that the gates judged; no other silo is counted.
    """

    def __init__(self, figures: Iterable[Figure], judged: Container[str]) -> None:
        self._judged = judged
        self._counts: dict[tuple[str, float | None], Counts] = {}
        for figure in figures:
            if (
                figure.silo in judged
                and not figure.slice
                and (figure.model, figure.split) == (CANDIDATE, EVAL)
                and figure.is_number
            ):
                key = (figure.metric, figure.threshold)
                counts = self._counts.setdefault(key, Counts())
                counts[_place(figure.metric, figure.number)] += 1

    def of(
        self, silo: str, metric: str, threshold: float | None, own: Figure | None
    ) -> Distribution | None:
        """Return how the others fare in a metric that lies between 0 and 1 or so.

        Args:
            silo: The silo that looks.
            metric: The metric, one of all rows of a silo.
            threshold: Of a rate; None for other metrics.
            own: The silo's own figure.

        Returns:
            The distribution; None where the silo has no figure to compare, or fewer
            than `MIN_OTHERS` others have one.
        """
        if own is None or not own.is_number:
            return None
        place = _place(metric, own.number)
        counts = Counts(self._counts.get((metric, threshold), {}))
        if silo in self._judged:
            counts[place] -= 1
        if sum(counts.values()) < MIN_OTHERS:
            return None
        held = [place, *(each for each, count in counts.items() if count)]
        last = _last(metric)
        return Distribution(
            bins=tuple(
                Bin(
                    low=each / BINS_A_UNIT,
                    high=None
                    if each == last and metric in LAST
                    else (each + 1) / BINS_A_UNIT,
                    count=counts[each],
                    own=each == place,
                )
                for each in range(min(held), max(held) + 1)
            ),
            lower=sum(count for each, count in counts.items() if each < place),
            alike=counts[place],
            higher=sum(count for each, count in counts.items() if each > place),
        )


def _last(metric: str) -> int:
    return LAST.get(metric, LAST_OF_SHARE)


def _place(metric: str, value: float) -> int:
    """Return the bin of a value, from 0."""
    return max(0, min(math.floor(value * BINS_A_UNIT + ROUNDING), _last(metric)))
