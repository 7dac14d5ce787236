"""The other silos, as one silo may see them: counts in coarse bins, never a figure.

Exact quantiles of a few silos are exact figures of single ones, so nothing but a
histogram is shown: bins of one fixed width, the same for each silo, and only where
enough others were judged. It is made of counts from the start, so a page
that holds it can't hold another silo's figure.
"""

from __future__ import annotations

import collections
import dataclasses
import math
from collections.abc import Container, Iterable, Mapping
from typing import NamedTuple

from components.dashboard import formats
from components.dashboard.gains import GAIN
from components.dashboard.section import Drawing, Label
from components.dashboard.sections.silos import METRICS
from components.payloads.benefit import SERVED
from components.payloads.manifest import EVAL
from components.payloads.table import CANDIDATE, Figure

MIN_OTHERS = 5
# A value on an edge belongs to the bin above, also where its float lies just below.
ROUNDING = 1e-9


# Bins a unit of the metric's own: a bin is 0.05 wide, of gains 0.01.
A_UNIT = collections.defaultdict(lambda: 20, {GAIN: 100})
# The outer bins where they have no end: all from 1.95, all below -0.10, all from 0.10.
LAST = {"log_loss": 39, GAIN: 10}
FIRST = {GAIN: -11}
LAST_OF_SHARE = 19
WIDTH = 320  # of a drawing, unit: SVG's own


class Bin(NamedTuple):
    """Other silos from `low` to below `high`; None where there is no such end."""

    low: float | None
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
        first, last = FIRST.get(self.metric), LAST.get(self.metric)
        a_unit = A_UNIT[self.metric]
        return [
            Bin(
                None if each == first else each / a_unit,
                None if each == last else (each + 1) / a_unit,
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
        figures: All figures of the evaluation, and the silos' gains.
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
                and figure.model in {CANDIDATE, SERVED}
                and figure.split == EVAL
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
    """Return the bin of a value."""
    place = math.floor(value * A_UNIT[metric] + ROUNDING)
    return max(FIRST.get(metric, 0), min(place, LAST.get(metric, LAST_OF_SHARE)))


def draw(own: Figure | None, others: Distribution) -> Drawing:
    """Return the histogram of a metric, with the bin of a silo's own figure marked."""
    bins = others.bins
    is_gain = others.metric == GAIN
    name = "Gain in AUC" if is_gain else METRICS[others.metric]
    value = formats.signed(own.number) if own and is_gain else formats.cell(own)
    width = WIDTH / len(bins)
    most = max(each.number for each in bins)
    shapes, counts = [("axis", f"M0,90H{WIDTH}")], []
    labels: list[Label] = []
    for place, each in enumerate(bins):
        middle, height = (place + 0.5) * width, 70 * each.number / most
        if each.number:
            left, right = (place + 0.06) * width, 0.88 * width
            outline = f"M{left:.1f},90v-{height:.1f}h{right:.1f}V90z"
            shapes.append(("own" if each.own else "bar", outline))
            labels.append(Label(middle, 86 - height, formats.count(each.number)))
        if each.own:
            labels.append(Label(middle, 70 - height, "▼"))
        if place % ((len(bins) + 5) // 6) == 0 and each.low is not None:
            labels.append(Label(place * width, 105, f"{each.low:.2f}"))
        if each.number or each.own:
            mine = " (yours)" if each.own else ""
            counts.append((f"{_range(each)}{mine}", formats.count(each.number)))
    lower, alike, higher = map(formats.count, others.sides)
    return Drawing(
        f"{name}, yours {value}",
        f"{name} of {formats.count(sum(others.sides))} other silos: {lower} in lower "
        f"ranges than yours, {alike} in yours, {higher} in higher ones.",
        126,
        tuple(shapes),
        tuple(labels),
        tuple(counts),
    )


def _range(each: Bin) -> str:
    if each.low is None:
        return f"below {each.high:.2f}"
    end = "or more" if each.high is None else f"to {each.high:.2f}"
    return f"{each.low:.2f} {end}"
