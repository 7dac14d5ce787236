"""What the silos gain together, of their benefits: counts, means, shares by size.

Means over silos have intervals by squares added (`scoring/intervals.py`), as silos
share no rows.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from components.payloads.benefit import (
    ALONE,
    BASE,
    PERSONAL,
    SERVED,
    SiloBenefit,
)
from components.payloads.interval import Interval
from components.payloads.manifest import EVAL, TRAIN
from components.payloads.table import Figure
from components.scoring import intervals

GAIN = "gain"  # the metric of a difference in AUC
Silos = Sequence[SiloBenefit]


@dataclasses.dataclass(frozen=True)
class Gains:
    """Who gains, of the silos whose model could be compared with `alone`, by AUC."""

    compared: int
    surely_better: int  # the 95 % interval of the gain lies above 0
    surely_worse: int  # it lies below 0
    possibly_worse: int  # it reaches below 0, the surely worse among them
    lower: int  # the gain itself is below 0
    mean: Interval | None
    served: dict[str, int]  # silos by what serves them, of all


class Third(NamedTuple):
    """A third of the silos, by their rows to train, and the sum of their gains."""

    name: str
    silos: int
    rows: int
    gain: float
    share: float | None  # of the sum over all silos; None where that is not above 0


def figure(one: SiloBenefit, model: str, metric: str = "auc") -> Figure | None:
    """Return a figure of a silo's model, or its gain in AUC over `alone` (`GAIN`)."""
    name = one.served if model == SERVED else model
    found = one.figures.get(name, {}).get(metric)
    if metric == GAIN:
        found = one.gains.get(model, {}).get("auc")
    place = (model, EVAL, one.silo, "", "", metric, None)
    return Figure(*place, *found, one.rows.get(EVAL, 0)) if found else None


def average(figures: Iterable[Figure | None]) -> Figure | None:
    """Return the mean of silos' figures; None where there are none."""
    known = [it for it in figures if it]
    parts = list(filter(None, map(intervals.of_figure, known)))
    if not parts:
        return None
    value, low, high = intervals.average(parts)
    return dataclasses.replace(known[0], silo="", value=value, low=low, high=high)


def worst_tenth(figures: Iterable[Figure | None]) -> Figure | None:
    """Return the mean of the lowest tenth of silos' figures."""
    known = sorted((it for it in figures if it), key=lambda it: it.number)
    return average(known[: math.ceil(len(known) / 10)])


def of(silos: Silos, model: str = SERVED) -> Gains:
    """Return what silos gain by a model, over what each would have alone."""
    known = [found for one in silos if (found := one.gains.get(model, {}).get("auc"))]
    return Gains(
        compared=len(known),
        surely_better=sum(it.low > 0 for it in known),
        surely_worse=sum(it.high < 0 for it in known),
        possibly_worse=sum(it.low < 0 for it in known),
        lower=sum(it.value < 0 for it in known),
        mean=intervals.average(known) if known else None,
        served={
            name: sum(one.served == name for one in silos)
            for name in (BASE, PERSONAL, ALONE)
        },
    )


def thirds(silos: Silos) -> list[Third]:
    """Return how the sum of the gains falls to silos by size; none below three."""
    sized = ((one.rows.get(TRAIN, 0), one.silo, one.gain) for one in silos)
    known = sorted((rows, silo, it.value) for rows, silo, it in sized if it)
    if len(known) < 3:
        return []
    total = math.fsum(gain for *_, gain in known)
    found: list[Third] = []
    for low, high in itertools.pairwise(len(known) * part // 3 for part in range(4)):
        rows, _, gains = zip(*known[low:high], strict=True)
        own = math.fsum(gains)
        name = ("Smallest third", "Middle third", "Largest third")[len(found)]
        share = own / total if total > 0 else None
        found.append(Third(name, high - low, sum(rows), own, share))
    return found
